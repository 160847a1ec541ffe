// People who send and people who move, for the judge of deliveries: what they do and see is noted in a history. `live()`
// gives the nodes that one may go to now. Each runs until `stopped`, a promise, and stays where it is then.
import { setTimeout as pause } from 'node:timers/promises';
import { now, Visit } from './visit.mjs';

const messagesPerSecond = 20;

function elsewhere(random, live, node) {
    const others = live().filter((other) => other !== node);
    return random.pick(others.length ? others : live());
}

// A device of `user`: goes on to another node after `stay()` ms, or never, when its connection ends, and when startled.
// Often it is back soon, when what was sent meanwhile may still be on its way.
export class Receiver {
    // `overlaps`: opens the next connection before it closes the last, so that each is a device of its own. `leaves`
    // hears of each move as it begins.
    constructor(history, random, live, { user, device = user, protobuf, stay = () => undefined, overlaps = false, leaves = () => {} }) {
        Object.assign(this, { history, random, live, user, device, protobuf, stay, overlaps, leaves, visits: 0, moves: 0, startle: () => {} });
    }
    async run(stopped) {
        let isOver = false;
        stopped.then(() => { isOver = true; });
        for (let back; !isOver || !this.visit?.isOpen;) {
            const left = this.visit?.node;
            const isBack = this.live().includes(back);
            await this.move(isBack ? back : elsewhere(this.random, this.live, left));
            const isSoonBack = this.visit.isOpen && left !== undefined && !isBack && this.random.below(3) === 0;
            back = isSoonBack ? left : undefined;
            if (!this.visit.isOpen) { await pause(20); continue; }
            const startled = new Promise((startle) => { this.startle = startle; });
            const stay = isSoonBack && this.stay() !== undefined ? this.random.between(1, 60) : this.stay();
            await Promise.race([this.visit.ended, stopped, startled, ...(stay === undefined ? [] : [pause(stay, undefined, { ref: false })])]);
        }
    }
    async move(node) {
        const left = this.visit;
        if (left?.record.opened !== undefined) this.leaves(this.user);
        if (!this.overlaps) await left?.leave();
        this.visits += 1;
        const { user, protobuf } = this;
        const device = this.overlaps ? `${this.device}.${this.visits}` : this.device;
        this.visit = await Visit.open(node, { user, device, protobuf }, this.history.connections);
        if (this.overlaps) await left?.leave();
        this.moves += left && this.visit.isOpen ? 1 : 0;
    }
    end() { return this.visit?.leave(); }
}

// Sends numbered messages to random ones of `users`, in every way there is; goes to another node when its own dies.
export class Sender {
    constructor(history, random, live, { user, protobuf, users }) {
        Object.assign(this, { history, random, live, user, protobuf, users, streams: 0, pending: new Set() });
    }
    async run(stopped) {
        let isOver = false;
        stopped.then(() => { isOver = true; });
        while (!isOver) {
            this.visit = await Visit.open(elsewhere(this.random, this.live, this.visit?.node), this, []);
            if (!this.visit.isOpen) { await pause(20); continue; }
            this.streams += 1;
            this.stream = { name: `${this.user}.${this.streams}`, number: 0 };
            this.posted = { name: `${this.user}.${this.streams}.post`, number: 0, isBusy: false };
            while (this.visit.isOpen && !isOver) {
                this.say();
                await Promise.race([this.visit.ended, pause(1000 / messagesPerSecond)]);
            }
        }
    }
    // A quick succession to one user, some of them long.
    async burst(user) {
        const { visit } = this;
        const padding = 'x'.repeat(this.random.pick([0, 0, 4_000]));
        for (let i = 0; i < 30 && visit?.isOpen; ++i) {
            this.send([user], padding);
            await pause(1);
        }
    }
    say() {
        const way = this.random.below(20);
        if (way === 0) this.publish();
        else if (way === 1 && !this.posted.isBusy) this.post();
        else this.send(this.someUsers(way === 2 ? 3 : 1));
    }
    // The payload of the next message of `stream`, and what is noted of it: one for each user.
    next(way, stream, users) {
        const data = { stream: stream.name, number: ++stream.number };
        const sends = users.map((to) => ({ ...data, to, way, node: this.visit.node.name, sent: now() }));
        this.history.sends.push(...sends);
        return { data, sends };
    }
    someUsers(count) {
        const chosen = new Set();
        while (chosen.size < count) chosen.add(this.random.pick(this.users));
        return [...chosen];
    }
    send(users, padding) {
        const { data, sends } = this.next('rpc', this.stream, users);
        this.awaits(sends, this.visit.client.send(users.length === 1 ? users[0] : users, { ...data, padding }));
    }
    publish() {
        const [user] = this.someUsers(1);
        const { data } = this.next('publish', this.stream, [user]);
        this.visit.client.publish(`#${user}`, data).catch(() => {});
    }
    // One after the other: nothing orders two requests on their way.
    post() {
        const stream = this.posted;
        stream.isBusy = true;
        const { data, sends } = this.next('post', stream, this.someUsers(1));
        const answer = this.visit.node.send(sends[0].to, data).then(({ result, error }) => result ?? Promise.reject(error));
        this.awaits(sends, answer).then(() => { stream.isBusy = false; });
    }
    awaits(sends, answer) {
        const told = answer.then(
            ({ users }) => { for (const send of sends) Object.assign(send, { answered: now() }, users[send.to]); },
            ({ code, message }) => {
                if (code >= 100) for (const send of sends) Object.assign(send, { answered: now(), state: 'refused', refusal: `${code} ${message}` });
                else if (!/timeout|no answer/.test(message)) for (const send of sends) send.over = now();
            });
        this.pending.add(told);
        return told.then(() => this.pending.delete(told));
    }
    answered() { return Promise.all(this.pending); }
    end() { return this.visit?.leave(); }
}

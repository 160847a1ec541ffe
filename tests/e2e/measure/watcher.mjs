// Asks one node about users: one question after the other on one WebSocket, each as soon as the last is answered, or after a
// pause. What it says is at most one round trip and that pause late; it measures the round trip.
import { setTimeout as pause } from 'node:timers/promises';
import { RawClient } from '../support/wire.mjs';
import { within } from '../support/until.mjs';

export class Watcher {
    // `every`: ms between an answer and the next question. Many watchers without it would keep the machine busy by themselves.
    // `user`: who it is; nobody, if not given.
    static async on(node, every = 0, user = undefined) {
        const watcher = new Watcher();
        watcher.every = every;
        watcher.raw = await RawClient.open(node);
        watcher.raw.socket.removeAllListeners('message');
        watcher.raw.socket.on('message', (data) => {
            for (const line of data.toString().split('\n')) watcher.heard(line);
        });
        watcher.lastId = 0;
        watcher.roundTrips = [];
        await watcher.command({ connect: user ? { data: { user } } : {} });
        return watcher;
    }
    heard(line) {
        const reply = JSON.parse(line);
        if (reply.id) this.answered(reply);
        else if (Object.keys(reply).length === 0) this.raw.say('{}');
    }
    async command(asked) {
        const answer = new Promise((answered) => { this.answered = answered; });
        const start = performance.now();
        this.raw.say({ id: ++this.lastId, ...asked });
        const reply = await answer;
        this.roundTrips.push(performance.now() - start);
        return reply;
    }
    async online(users) {
        const { rpc } = await this.command({ rpc: { method: 'user_status', data: { users } } });
        return users.filter((user) => rpc.data.users[user].online).length;
    }
    // The names of the nodes that live, as this one sees them.
    async alive() {
        const { rpc } = await this.command({ rpc: { method: 'cluster' } });
        return rpc.data.nodes.filter(({ state }) => state === 'alive').map(({ name }) => name);
    }
    // The time at which `look` gave true.
    async when(what, look) {
        const asking = async () => {
            while (!await look()) if (this.every) await pause(this.every);
            return performance.now();
        };
        return within(what, asking(), 60_000);
    }
    // The time at which exactly `count` of `users` were online.
    sees(users, count) { return this.when(`${count} of ${users.length} users to be online`, async () => await this.online(users) === count); }
    close() { this.raw.close(); }
}

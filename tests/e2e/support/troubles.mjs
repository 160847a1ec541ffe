// Harm done to nodes: in turn killed and started again, ended as an operator does, stopped for some seconds; and between,
// any of them stopped for a moment that nobody notices. Noted in a history for the judge of deliveries.
import { setTimeout as pause } from 'node:timers/promises';
import { now } from './visit.mjs';

export class Troubles {
    // `hiccups` hears of each short stop as it begins.
    constructor(history, random, nodes, { hiccups = () => {} } = {}) {
        Object.assign(this, { history, random, nodes, hiccups, well: new Set(nodes), hiccuping: new Map() });
    }
    // Where people may go: a balancer that knows at once who is not well, but not of hiccups or whether who is back is ready.
    live() { return this.nodes.filter((node) => this.well.has(node)); }

    // Until `stopped`, a promise; returns when all are well again.
    run(stopped) { return Promise.all([this.harmInTurn(stopped), this.stopForMoments(stopped)]); }
    async stopForMoments(stopped) {
        let isOver = false;
        stopped.then(() => { isOver = true; });
        while (!isOver) {
            await pause(this.random.between(200, 3_000));
            const node = this.random.pick(this.live());
            const hiccup = this.hiccup(node);
            this.hiccuping.set(node, hiccup);
            await hiccup;
        }
    }
    async hiccup(node) {
        const trouble = this.begins(node, 'hiccup');
        node.freeze();
        this.hiccups(node);
        await pause(this.random.between(20, 400));
        node.thaw();
        trouble.until = now();
    }
    begins(node, kind) {
        const trouble = { node: node.name, kind, from: now(), until: undefined };
        this.history.troubles.push(trouble);
        return trouble;
    }
    async harmInTurn(stopped) {
        let isOver = false;
        stopped.then(() => { isOver = true; });
        for (let turn = 0; ; ++turn) {
            await Promise.race([stopped, pause(this.random.between(4_000, 8_000), undefined, { ref: false })]);
            if (isOver) return;
            const kind = ['kill', 'pause'][turn] ?? this.random.pick(['kill', 'kill', 'pause', 'terminate']);
            await this.harm(this.nodes[turn % this.nodes.length], kind);
        }
    }
    async harm(node, kind) {
        this.well.delete(node);
        await this.hiccuping.get(node);
        const trouble = this.begins(node, kind);
        if (kind === 'pause') {
            node.freeze();
            await pause(this.random.between(2_000, 8_000));
            node.thaw();
        } else {
            await (kind === 'kill' ? node.kill() : node.terminate());
            await pause(this.random.between(300, 1_500));
            await node.start();
        }
        trouble.until = now();
        this.well.add(node);
    }
}

// Harm done to nodes in turn: killed and started again, ended as an operator does, stopped for some seconds. Noted in a
// history for the judge of deliveries.
import { setTimeout as pause } from 'node:timers/promises';
import { now } from './visit.mjs';

export class Troubles {
    constructor(history, random, nodes) {
        Object.assign(this, { history, random, nodes, well: new Set(nodes) });
    }
    // Where people may go: a balancer that knows at once who is not well, but not whether who is back is ready.
    live() { return this.nodes.filter((node) => this.well.has(node)); }

    // Until `stopped`, a promise; returns when all are well again.
    async run(stopped) {
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
        const trouble = { node: node.name, kind, from: now(), until: undefined };
        this.history.troubles.push(trouble);
        this.well.delete(node);
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

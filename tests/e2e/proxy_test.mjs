// Two nodes that reach each other only through a bad TCP proxy (support/proxy.mjs), while people on both write to each other:
// in order, nobody twice, every receipt true (support/delivery_judge.mjs), and the mesh is whole again after each. The limits
// are generous; what it really took is printed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Cluster, together } from './support/cluster.mjs';
import { judge, limits, story } from './support/delivery_judge.mjs';
import { Receiver, Sender } from './support/movers.mjs';
import { Proxy } from './support/proxy.mjs';
import { seeded } from './support/random.mjs';
import { timed, until, within } from './support/until.mjs';
import { now } from './support/visit.mjs';

const healedWithin = 18_000;     // dials are at most 12 s apart

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
const numbers = (count) => Array.from({ length: count }, (_, i) => i);

// Two nodes, each with three people who stay and one who writes to all six all the time, and a proxy before each node.
class Pair {
    static async start() {
        const pair = new Pair();
        pair.cluster = new Cluster();
        pair.proxies = await Promise.all([Proxy.open(), Proxy.open()]);
        for (const [i, proxy] of pair.proxies.entries()) {
            const seeds = pair.proxies.slice(0, i).map((before) => before.address);
            const node = await pair.cluster.start(`n${i + 1}`, { seeds, more: ['--mesh-advertise', proxy.address] });
            proxy.target = node.mesh;
        }
        await pair.cluster.meshed();
        pair.history = { connections: [], sends: [], troubles: [] };
        return pair;
    }
    get nodes() { return this.cluster.nodes; }

    async write() {
        const random = seeded(1);
        const on = (node) => () => [node];
        const users = numbers(6).map((i) => `receiver-${i}`);
        const stopped = new Promise((stop) => { this.stop = stop; });
        this.receivers = users.map((user, i) => new Receiver(this.history, random.fork(), on(this.nodes[i % 2]), { user, protobuf: i % 3 === 0 }));
        this.runs = this.receivers.map((receiver) => receiver.run(stopped));
        await this.seen();
        this.senders = this.nodes.map((node, i) => new Sender(this.history, random.fork(), on(node), { user: `sender-${i}`, protobuf: i === 1, users }));
        this.runs.push(...this.senders.map((sender) => sender.run(stopped)));
        await until('messages both ways', () => [0, 1].every((i) => this.received(i) > 0));
    }
    received(at) { return this.history.connections.filter(({ node }) => node === `n${at + 1}`).reduce((sum, { got }) => sum + got.length, 0); }
    async seen() {
        await Promise.all(numbers(6).map((i) => this.cluster.locates(`receiver-${i}`, 1, [`n${i % 2 + 1}`])));
        await this.cluster.meshed();
    }
    // `harm()`, and whatever becomes of messages meanwhile, is to both nodes what being stopped is.
    async trouble(harm) {
        const troubles = this.nodes.map(({ name: node }) => ({ node, kind: 'pause', from: now(), until: undefined }));
        this.history.troubles.push(...troubles);
        await harm();
        for (const trouble of troubles) trouble.until = now();
    }
    // `harm()` that costs the link, and then all is as before, over a new connection.
    relinked(t, what, harm) {
        const accepted = () => this.proxies.reduce((sum, proxy) => sum + proxy.accepted, 0);
        return this.trouble(async () => {
            const before = accepted();
            await harm();
            await until('a new connection', () => accepted() > before, { every: 2 });
            await this.healed(t, what);
        });
    }
    // Until everything is as before, by itself.
    async healed(t, what) {
        const [, took] = await timed(() => this.seen());
        t.diagnostic(`all is as before ${seconds(took)} after ${what}`);
        assert.ok(took < healedWithin, `healed after ${seconds(took)}`);
        const before = [0, 1].map((i) => this.received(i));
        await until('messages both ways', () => [0, 1].every((i) => this.received(i) > before[i] + 20));
    }
    async judged(t) {
        this.stop();
        await within('all answers', Promise.all(this.senders.map((sender) => sender.answered())), 40_000);
        await pause(limits.stays + limits.soon);
        await Promise.all([...this.runs, ...this.receivers.map((receiver) => receiver.end()), ...this.senders.map((sender) => sender.end())]);
        const { faults, counts } = judge(this.history);
        t.diagnostic(Object.entries(counts).map(([what, count]) => `${what} ${count}`).join(', '));
        const told = Object.entries(faults).flatMap(([kind, list]) => list.slice(0, 5).map((fault) => `${kind}: ${story(fault, this.history.troubles, performance.timeOrigin)}`));
        assert.deepEqual(told, [], told.join('\n'));
        assert.ok(counts.written > 0, 'something was written');
        await this.cluster.chats();
    }
    async end() {
        this.stop?.();
        await this.cluster.end();
        for (const proxy of this.proxies) proxy.close();
    }
}

const scenarios = {};

// As a scenario: `body(pair, t)` while people write, and then their messages are judged.
function behindProxies(what, body) {
    scenarios[what] = async (t) => {
        const pair = await Pair.start();
        try {
            await pair.write();
            await body(pair, t);
            await pair.judged(t);
            for (const node of pair.nodes) assert.equal((await node.metrics()).of('divergences_total'), 0);
        } catch (error) {
            console.error(`---- ${what}\n${pair.cluster.logs()}`);
            throw error;
        } finally {
            await pair.end();
        }
    };
}
const nobodyDown = (pair) => { for (const node of pair.nodes) assert.doesNotMatch(node.log, /member_down/, `${node.name} counted nobody as down`); };

// A slow network is no trouble at all: what is promised holds, and nobody is even suspected.
for (const delay of [50, 500]) {
    behindProxies(`each way takes ${delay} ms`, async (pair, t) => {
        for (const proxy of pair.proxies) proxy.delay = delay;
        await pause(5_000);
        await pair.healed(t, `5 s of ${delay} ms`);
        for (const node of pair.nodes) assert.doesNotMatch(node.log, /member_suspected|link_down .*(silent|broken)/);
    });
}

behindProxies('nothing is carried for 2 s', async (pair, t) => {
    await pair.trouble(async () => {
        for (const proxy of pair.proxies) proxy.stall();
        await pause(2_000);
        for (const proxy of pair.proxies) proxy.goOn();
        await pair.healed(t, '2 s');
    });
    nobodyDown(pair);
});

behindProxies('nothing is carried until each counts the other as down', async (pair, t) => {
    await pair.trouble(async () => {
        const [, took] = await timed(async () => {
            for (const proxy of pair.proxies) proxy.stall();
            await Promise.all(pair.nodes.map((node) => node.says(/member_down/)));
        });
        t.diagnostic(`down after ${seconds(took)}`);
        for (const proxy of pair.proxies) proxy.goOn();
        await pair.healed(t, 'that');
    });
});

// Neither end may wait for ever for one that has nothing more to say: a new link is made.
behindProxies('half-closed, in each direction', async (pair, t) => {
    for (const way of ['there', 'back'])
        await pair.relinked(t, `the end of the way ${way}`, () => { for (const proxy of pair.proxies) proxy.halfClose(way); });
    nobodyDown(pair);
});

behindProxies('reset in the middle of a frame, again and again', async (pair, t) => {
    for (let round = 1; round <= 3; ++round) {
        const cut = { atLeast: 4_096, isDone: false };
        await pair.relinked(t, `reset ${round}`, async () => {
            for (const proxy of pair.proxies) proxy.resets(cut);
            await until('a long piece to be cut', async () => {
                await pair.senders[round % 2].burst(`receiver-${(round + 1) % 2}`);
                return cut.isDone;
            });
        });
    }
    nobodyDown(pair);
});

behindProxies('one byte at a time', async (pair, t) => {
    for (const proxy of pair.proxies) proxy.drips = true;
    const dripped = () => pair.proxies.reduce((sum, proxy) => sum + proxy.dripped, 0);
    await until('ten thousand single bytes', () => dripped() > 10_000);
    // The handshake too.
    await pair.relinked(t, 'a new link, by single bytes', () => { for (const proxy of pair.proxies) proxy.halfClose('there'); });
    t.diagnostic(`${dripped()} single bytes`);
    nobodyDown(pair);
});

// Mostly waiting, each with nodes and proxies of its own: all at once.
test('two nodes behind a bad proxy', { timeout: 180_000, concurrency: 32 }, (t) => together(t, scenarios));

// How fast real processes know of what happens to users: connect, kill -9, SIGSTOP, SIGCONT, SIGTERM.
import { setTimeout as pause } from 'node:timers/promises';
import { Cluster } from '../support/cluster.mjs';
import { timed } from '../support/until.mjs';
import { RawClient } from '../support/wire.mjs';
import { brake, milliseconds, note, quantile } from './figures.mjs';
import { Watcher } from './watcher.mjs';

const usersPerNode = 20;
// Watchers of many nodes pause between questions: n nodes are asked 5,000 times a second by each other at most.
const pauseOf = (nodes) => (nodes.length > 3 ? nodes.length / 5 : 0);

async function residents(node) {
    const users = Array.from({ length: usersPerNode }, (_, i) => `resident-${node.name}-${i}`);
    return { users, clients: await Promise.all(users.map((user) => RawClient.connected(node, user))) };
}

// When `users` number `count` on each of these nodes, in ms since `start`.
const seenBy = (watchers, users, count, start) => Promise.all(watchers.map(async (watcher) => await watcher.sees(users, count) - start));

async function connects(nodes, rounds) {
    const watchers = await Promise.all(nodes.map((node) => Watcher.on(node, pauseOf(nodes))));
    const seen = [], everywhere = [];
    for (let i = 0; i < rounds; ++i) {
        const at = i % nodes.length;
        const client = await RawClient.open(nodes[at]);
        // Changes are told in batches: no round may begin at the same point of a batch as the one before.
        await pause(Math.random() * 25);
        const start = performance.now();
        client.say({ id: 1, connect: { data: { user: `guest-${i}` } } });
        const times = await seenBy(watchers.filter((_, other) => other !== at), [`guest-${i}`], 1, start);
        seen.push(...times);
        everywhere.push(Math.max(...times));
        client.close();
    }
    milliseconds('connect: visible on one other node', seen);
    milliseconds(`connect: visible on all ${nodes.length - 1} others`, everywhere, 'p99 20 ms');
    const own = watchers.flatMap((watcher) => watcher.roundTrips);
    note(`from sending the connect command; own error at most one round trip (p50 ${quantile(own, 0.5).toFixed(2)} ms, p99 ${quantile(own, 0.99).toFixed(2)} ms) and ${pauseOf(nodes)} ms`);
    for (const watcher of watchers) watcher.close();
}

// Does `harm` to one node after the other and measures until its users are gone from the others. `after` puts it right.
async function gone(cluster, rounds, harm, after) {
    const times = [];
    for (let i = 0; i < rounds; ++i) {
        const node = cluster.nodes[i % cluster.nodes.length];
        const others = cluster.nodes.filter((other) => other !== node);
        const { users, clients } = await residents(node);
        const watchers = await Promise.all(others.map((other) => Watcher.on(other, pauseOf(cluster.nodes))));
        await seenBy(watchers, users, usersPerNode, 0);
        await cluster.well();
        await pause(Math.random() * 1000);    // heartbeats are a second apart
        const start = performance.now();
        harm(node);
        times.push(Math.max(...await seenBy(watchers, users, 0, start)));
        await after(node, watchers, users);
        for (const one of [...clients, ...watchers]) one.close();
        await cluster.meshed();
    }
    return times;
}

export async function measureChanges({ nodes, connects: connectRounds, kills, stops, terms }) {
    const cluster = new Cluster();
    try {
        for (let i = 1; i <= nodes; ++i) await cluster.start(`n${i}`);
        await cluster.meshed();
        await connects(cluster.nodes, connectRounds);

        const restarts = [];
        const restart = async (node) => {
            await node.exited;
            restarts.push((await timed(async () => { await node.start(); await cluster.meshed(); }))[1]);
        };
        milliseconds('kill -9: users gone everywhere', await gone(cluster, kills, (node) => node.life.child.kill('SIGKILL'), restart), '1 s');
        milliseconds('restart after it: process start to meshed', restarts);

        const returns = [];
        milliseconds('SIGSTOP: users hidden everywhere', await gone(cluster, stops, (node) => node.freeze(), async (node, watchers, users) => {
            const start = performance.now();
            node.thaw();
            returns.push(Math.max(...await seenBy(watchers, users, usersPerNode, start)));
            await pause(brake);
        }), nodes === 2 ? '7 s' : '5.5 s');
        milliseconds('SIGCONT: visible again everywhere', returns, '1 s');

        const exits = [];
        let exit;
        milliseconds('SIGTERM: users gone everywhere', await gone(cluster, terms, (node) => { exit = timed(() => node.terminate()); }, async (node) => {
            exits.push((await exit)[1]);
            await restart(node);
        }));
        milliseconds('SIGTERM: process ended', exits);
    } catch (error) {
        console.error(cluster.logs());
        throw error;
    } finally {
        await cluster.end();
    }
}

// What nodes say to each other when nothing happens: bytes of their WebSockets, by /metrics, and bytes of all packets, by the
// loopback interface, in a network that belongs to this measurement alone (main.mjs).
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Cluster } from '../support/cluster.mjs';
import { timed, until } from '../support/until.mjs';
import { load, note, single } from './figures.mjs';

const aims = new Map([[10, 2.5], [20, 5], [40, 10], [100, 25]]);
const settles = 10_000;    // ms: links that were opened twice are gone by then

// Bytes of IP packets that loopback carried; of /proc/net/dev, because /sys may show another network's.
const loopback = () => Number(/^\s*lo:\s*(\d+)/m.exec(readFileSync('/proc/net/dev', 'utf8'))[1]);
// Bytes that each node wrote to links, and the processor seconds it used.
const sent = async (nodes) => Promise.all(nodes.map(async (node) => (await node.metrics()).of('websocket_bytes_out_total')));
function processorSeconds(node) {
    const fields = readFileSync(`/proc/${node.pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function idle(size, seconds) {
    const cluster = new Cluster();
    try {
        const first = await cluster.start('n1');
        const others = Array.from({ length: size - 1 }, (_, i) => cluster.node(`n${i + 2}`, { seeds: [first.mesh] }));
        const names = cluster.nodes.map(({ name }) => name);
        const [, formed] = await timed(async () => {
            await Promise.all(others.map((node) => node.start()));
            for (const node of cluster.nodes) await until(`${node.name} to see all`, () => node.seesAlive(names), { within: 120_000, every: 200 });
        });
        await pause(settles);
        const before = { sent: await sent(cluster.nodes), packets: loopback(), used: cluster.nodes.map(processorSeconds), at: performance.now() };
        await pause(seconds * 1000);
        const after = { packets: loopback(), used: cluster.nodes.map(processorSeconds), at: performance.now(), sent: await sent(cluster.nodes) };
        const span = (after.at - before.at) / 1000;
        const each = after.sent.map((bytes, i) => (bytes - before.sent[i]) / span / 1000);
        const mean = each.reduce((sum, one) => sum + one, 0) / size;
        single(`idle, ${size} nodes: to links, each a second`, `${mean.toFixed(1)} kB`, aims.has(size) ? `${aims.get(size)} kB` : '');
        note(`most of a node ${Math.max(...each).toFixed(1)} kB; packets with TCP and IP heads and acknowledgements ${((after.packets - before.packets) / span / size / 1000).toFixed(1)} kB, as many come in; ` +
            `${(1000 * after.used.reduce((sum, used, i) => sum + used - before.used[i], 0) / span / size).toFixed(1)} ms of processor a second; formed in ${(formed / 1000).toFixed(1)} s; load ${load()}`);
    } catch (error) {
        console.error(cluster.logs());
        throw error;
    } finally {
        await cluster.end();
    }
}

export async function measureIdle({ sizes = [10, 20, 40], 'idle-seconds': seconds }) {
    for (const size of sizes) await idle(size, seconds);
}

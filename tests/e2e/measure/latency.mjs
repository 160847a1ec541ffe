// What it costs to wait for a receipt: a user's message from one node to another, and `wait: node` back. Both times are of
// the same messages, from the moment at which the sender's process gives them to its socket.
import { setTimeout as pause } from 'node:timers/promises';
import { Cluster } from '../support/cluster.mjs';
import { until } from '../support/until.mjs';
import { RawClient } from '../support/wire.mjs';
import { milliseconds, note, quantile, single } from './figures.mjs';

// A client that hands each reply and push to `hears` as it comes, and keeps nothing.
async function listening(node, user, hears) {
    const client = await RawClient.connected(node, user);
    client.socket.removeAllListeners('message');
    client.socket.on('message', (data) => {
        for (const line of data.toString().split('\n')) {
            const value = JSON.parse(line);
            if (Object.keys(value).length) hears(value);
            else client.say('{}');
        }
    });
    return client;
}

// Open loop: each message leaves at its time, whatever became of those before it.
async function stream(rate, seconds, say) {
    const start = performance.now();
    for (let i = 0; i < rate * seconds; ++i) {
        for (let early; (early = start + i * 1000 / rate - performance.now()) > 0;) await pause(early);
        say(i);
    }
}

export async function measureLatency({ rate, seconds }) {
    const cluster = new Cluster();
    try {
        for (const name of ['n1', 'n2']) await cluster.start(name);
        await cluster.meshed();
        const [n1, n2] = cluster.nodes;
        const sent = [], oneWay = [], receipts = [], states = new Map();
        const bob = await listening(n2, 'bob', ({ push }) => oneWay.push(performance.now() - sent[push.pub.data.i]));
        const ann = await listening(n1, 'ann', ({ id, rpc }) => {
            receipts.push(performance.now() - sent[id - 2]);
            const { state } = rpc.data.users.bob;
            states.set(state, (states.get(state) ?? 0) + 1);
        });
        await cluster.locates('bob', 1, ['n2']);
        await stream(rate, seconds, (i) => {
            const command = JSON.stringify({ id: i + 2, rpc: { method: 'send', data: { to: 'bob', data: { i }, wait: 'node' } } });
            sent.push(performance.now());
            ann.say(command);
        });
        await until('all answers', () => receipts.length === sent.length);
        ann.close();
        bob.close();
        milliseconds('message: sender to receiver on another node', oneWay);
        milliseconds('its receipt (wait: node)', receipts);
        single('p99 of the receipt / p99 of the message', (quantile(receipts, 0.99) / quantile(oneWay, 0.99)).toFixed(2), '1.5');
        note(`${rate} messages a second for ${seconds} s, each timed both ways: ${[...states].map(([state, count]) => `${count} ${state}`).join(', ')}; ${oneWay.length} received`);
    } catch (error) {
        console.error(cluster.logs());
        throw error;
    } finally {
        await cluster.end();
    }
}

// What others feel, and what memory it takes, while some do not behave: thousands of clients who read a byte a second, and
// a publisher who writes whatever his node takes.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Cluster } from '../support/cluster.mjs';
import { run } from '../support/grapevine_node.mjs';
import { within } from '../support/until.mjs';
import { RawClient } from '../support/wire.mjs';
import { load, note, single } from './figures.mjs';

const honestRate = 2_000, honestPairs = 10;
const floodBytes = 16 * 1024, floodRate = 2_000, hastyRate = 100_000;
const pad = 'x'.repeat(floodBytes);
const shown = (micros) => `${(micros / 1e3).toFixed(1)} ms`;
const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

// Ten pairs across both nodes, for so long; what `grapevine bench` measured of them.
async function honest(cluster, seconds) {
    const words = ['bench', 'p2p', ...cluster.nodes.flatMap((node) => ['--url', node.url]), '--pairs', honestPairs, '--rate', honestRate, '--seconds', seconds, '--json'];
    const life = run(words.map(String));
    await within('the bench to end', life.exited, 1000 * (seconds + 60));
    if (!life.out) throw new Error(life.log);
    return JSON.parse(life.out);
}
// Memory of the nodes, looked at every 200 ms; `end` gives the most.
function watch(nodes) {
    const most = nodes.map(() => 0);
    const timer = setInterval(() => nodes.forEach((node, i) => { most[i] = Math.max(most[i], node.memory()); }), 200);
    return { end: () => { clearInterval(timer); return most; } };
}
function tell(what, quiet, json, before, most, caps) {
    const wrong = ['lost', 'duplicate', 'reordered', 'damaged', 'errors'].map((fault) => json[fault]);
    single(`${what}: p99 of others`, shown(json.latency_us.p99), `${shown(2 * quiet.latency_us.p99)}`);
    single('lost, twice, reordered, damaged, errors', wrong.join(', '), '0');
    single('memory of the nodes grew by', most.map((bytes, i) => mebibytes(bytes - before[i])).join(', '), caps);
}

async function slowReaders(cluster, quiet, { 'slow-readers': count, 'abuse-seconds': seconds }) {
    const [n1, n2] = cluster.nodes;
    const before = cluster.nodes.map((node) => node.memory());
    const script = join(import.meta.dirname, '../support/slow_readers.py');
    const readers = spawn('python3', [script, n1.client, String(count), 'slow'], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
        let said = '';
        readers.stdout.on('data', (data) => { said = (said + data).slice(-200); });
        await within('all who read slowly to be there', new Promise((ready, failed) => {
            readers.stdout.once('data', ready);
            readers.once('exit', () => failed(new Error('slow_readers.py ended')));
        }), 120_000);
        const flooder = await RawClient.connected(n2, 'flooder');
        let at = 0;
        const began = performance.now();
        const flood = setInterval(() => {
            for (const due = (performance.now() - began) / 1000 * floodRate; at < due; ++at)
                flooder.say(`{"publish":{"channel":"#slow${at % count}","data":{"number":${at},"pad":"${pad}"}}}`);
        }, 5);
        const memory = watch(cluster.nodes);
        const json = await honest(cluster, seconds);
        clearInterval(flood);
        const most = memory.end();
        const closed = (await n1.metrics()).of('sessions_closed_total{reason="slow"}');
        tell(`${count} read a byte a second`, quiet, json, before, most, '256 MiB and what sessions take');
        note(`${at} messages of ${floodBytes} bytes for them in ${seconds} s, each different; ${closed} times one was closed; ${said.trim().split('\n').at(-1)}; load ${load()}`);
        flooder.close();
    } finally {
        readers.kill();
    }
}

async function fastPublisher(cluster, quiet, { 'abuse-seconds': seconds }) {
    const before = cluster.nodes.map((node) => node.memory());
    const words = ['bench', 'p2p', ...cluster.nodes.flatMap((node) => ['--url', node.url]), '--pairs', 1, '--rate', hastyRate, '--size', floodBytes,
        '--seconds', seconds, '--warmup', 0, '--json'];
    const life = run(words.map(String));
    const memory = watch(cluster.nodes);
    const json = await honest(cluster, seconds - 2);
    const most = memory.end();
    await within('the hasty one to end', life.exited, 60_000);
    const hasty = JSON.parse(life.out);
    tell('one publishes all that is taken', quiet, json, before, most, '128 MiB held, 16 MiB a link');
    note(`${hasty.sent + hasty.unsent} messages of ${floodBytes} bytes were due in ${seconds} s, its node took ${hasty.sent_in_all}, ${hasty.received_in_all} arrived, ${hasty.lost} were dropped ` +
        `(${hasty.reasons.map(({ why }) => why).join('; ') || 'no error'}); load ${load()}`);
}

export async function measureAbuse(options) {
    const cluster = new Cluster();
    try {
        for (const name of ['n1', 'n2']) await cluster.start(name);
        await cluster.meshed();
        const quiet = await honest(cluster, options['abuse-seconds'] / 4);
        single(`${honestRate} messages/s between ${honestPairs} pairs, nobody else: p99`, shown(quiet.latency_us.p99));
        await slowReaders(cluster, quiet, options);
        await fastPublisher(cluster, quiet, options);
    } catch (error) {
        console.error(cluster.logs());
        throw error;
    } finally {
        await cluster.end();
    }
}

// `grapevine bench`: every kind of load on two real nodes, and against nodes that lose, double, swap and damage what they are
// given: a judge that never says "wrong" proves nothing.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { onCluster } from './support/cluster.mjs';
import { run } from './support/grapevine_node.mjs';
import { scriptedNode } from './support/scripted_node.mjs';
import { until, within } from './support/until.mjs';

const start = (words) => run(['bench', ...words.map(String)]);

// Runs it to its end; with --json also what it says.
async function bench(...words) {
    const life = start(words);
    const code = await within(`bench ${words.join(' ')} to end`, life.exited, 60_000);
    return { code, out: life.out, err: life.log, json: words.includes('--json') && life.out ? JSON.parse(life.out) : undefined };
}
const urls = (...nodes) => nodes.flatMap((node) => ['--url', node.url]);
const brief = ['--seconds', '1', '--warmup', '0.2', '--json'];

function assertAllRight({ code, json, err }) {
    assert.equal(code, 0, `${err}\n${JSON.stringify(json)}`);
    assert.equal(err, '');
    for (const fault of ['errors', 'lost', 'duplicate', 'reordered', 'damaged', 'unanswered'])
        assert.equal(json[fault] ?? 0, 0, `${fault}: ${JSON.stringify(json)}`);
}
function assertOrdered({ count, p50, p90, p99, p99_9, max }) {
    assert.ok(count > 0 && p50 > 0, JSON.stringify({ count, p50 }));
    const quantiles = [p50, p90, p99, p99_9, max];
    assert.deepEqual(quantiles, [...quantiles].sort((a, b) => a - b));
}

onCluster('each kind of load measures what it says', { size: 2 }, async (cluster) => {
    const nodes = urls(...cluster.nodes);

    const closed = await bench('p2p', ...nodes, '--pairs', 4, '--window', 8, ...brief);
    assertAllRight(closed);
    assert.equal(closed.json.loop, 'closed');
    assert.equal(closed.json.latency_from, 'actual send time');
    assert.ok(closed.json.received > 100, JSON.stringify(closed.json));
    assert.equal(closed.json.received_in_all, closed.json.sent_in_all);
    assertOrdered(closed.json.latency_us);

    const open = await bench('p2p', ...nodes, '--rate', 1000, '--encoding', 'protobuf', '--answered', '--size', 34, ...brief);
    assertAllRight(open);
    assert.equal(open.json.latency_from, 'intended send time');
    assert.ok(open.json.sent + open.json.unsent >= 999 && open.json.sent <= 1001, JSON.stringify(open.json));
    assert.equal(open.json.accepted, open.json.sent_in_all);
    assertOrdered(open.json.sent_late_us);

    const channel = await bench('p2p', ...nodes, '--via', 'channel', '--size', 5000, '--answered', ...brief);
    assertAllRight(channel);

    const fanout = await bench('fanout', ...nodes, '--publishers', 4, '--subscribers', 40, '--channels', 2, '--window', 2, ...brief);
    assertAllRight(fanout);
    assert.equal(fanout.json.received_in_all, 20 * fanout.json.sent_in_all);

    const connect = await bench('connect', ...nodes, '--connections', 300, '--connect-rate', 600, '--seconds', 0.3, '--json');
    assertAllRight(connect);
    assert.equal(connect.json.connected, 300);
    assert.equal(connect.json.there_at_the_end, 300);
    assertOrdered(connect.json.connecting_us);

    const churn = await bench('churn', ...nodes, '--connections', 50, '--connect-rate', 200, '--rate', 500, ...brief);
    assertAllRight(churn);
    assert.ok(churn.json.connected > 100, JSON.stringify(churn.json));
    assert.ok(churn.json.there_at_the_end <= 51, JSON.stringify(churn.json));
    assert.ok(churn.json.received > 300, JSON.stringify(churn.json));
});

onCluster('people get a table, and ctrl-c what was measured so far', { size: 1 }, async (cluster) => {
    const short = await bench('p2p', ...urls(...cluster.nodes), '--seconds', 0.5, '--warmup', 0);
    assert.equal(short.code, 0, short.err);
    assert.equal(short.err, '', 'no progress where nobody watches');
    for (const what of [/^p2p: 10 pairs of users, 1 node, JSON, 128 bytes, unanswered$/m, /^closed loop, window 1: latency is service time/m,
        /^sent +[\d,]+ +[\d,]+\/s +[\d.]+ MB\/s$/m, /^latency +\d/m, /^errors 0 {2}lost 0 {2}duplicate 0 {2}reordered 0 {2}damaged 0 /m, /^generator: \d+ % of a core/m])
        assert.match(short.out, what);

    const [node] = cluster.nodes;
    const published = async () => (await node.metrics()).of('client_publishes_total');
    const before = await published();
    const life = start(['p2p', ...urls(node), '--seconds', 3000, '--warmup', 0, '--rate', 200]);
    await until('messages to flow', async () => await published() >= before + 100);
    life.child.kill('SIGINT');
    assert.equal(await within('bench to end', life.exited), 0, life.log);
    assert.match(life.out, /, then it was interrupted$/m);
    assert.match(life.out, /^errors 0 {2}lost 0 /m);
});

onCluster('nodes that die are errors, and what was for their people is missed', { size: 2 }, async (cluster) => {
    const life = start(['p2p', ...urls(...cluster.nodes), '--seconds', 3000, '--warmup', 0, '--rate', 5000, '--drain', 0.5, '--json']);
    const [first, second] = cluster.nodes;
    await until('messages to flow', async () => (await second.metrics()).of('client_publishes_total') >= 100);
    await second.kill();
    await first.kill();
    assert.ok([1, 6].includes(await within('bench to end', life.exited)), life.log);
    const json = JSON.parse(life.out);
    assert.equal(json.errors, 20, life.out);
    assert.match(json.reasons[0].why, /^(publisher|subscriber): /);
    assert.equal(json.received_in_all + json.lost + json.missed, json.sent_in_all);
});

onCluster('who stays when a node dies is judged on', { size: 2 }, async (cluster) => {
    const [first, second] = cluster.nodes;
    const life = start(['fanout', ...urls(first, second), '--processes', 2, '--subscribers', 10, '--rate', 200, '--seconds', 2, '--drain', 1, '--json']);
    await until('messages to flow', async () => (await first.metrics()).of('client_publishes_total') >= 100);
    await second.kill();
    assert.equal(await within('bench to end', life.exited), 1, life.log);
    const json = JSON.parse(life.out);
    assert.equal(json.errors, 5, life.out);
    for (const fault of ['lost', 'duplicate', 'reordered', 'damaged']) assert.equal(json[fault], 0, life.out);
    assert.ok(json.missed > 0, life.out);
    assert.equal(json.received_in_all + json.missed, 10 * json.sent_in_all);
});

onCluster('several processes are one generator', { size: 2 }, async (cluster) => {
    const nodes = urls(...cluster.nodes);
    const several = ['--processes', 3, ...brief];

    const fanout = await bench('fanout', ...nodes, '--publishers', 4, '--subscribers', 40, '--window', 2, ...several);
    assertAllRight(fanout);
    assert.equal(fanout.json.processes, 3);
    assert.equal(fanout.json.received_in_all, 40 * fanout.json.sent_in_all);
    assert.ok(fanout.json.sent_in_all > 20, 'windows open when other processes have received');

    const open = await bench('p2p', ...nodes, '--pairs', 5, '--rate', 1000, '--answered', ...several);
    assertAllRight(open);
    assert.ok(open.json.sent + open.json.unsent >= 990 && open.json.sent <= 1001, JSON.stringify(open.json));
    assert.equal(open.json.accepted, open.json.sent_in_all);

    const connect = await bench('connect', ...nodes, '--connections', 100, '--connect-rate', 500, '--seconds', 0.3, '--processes', 3, '--json');
    assertAllRight(connect);
    assert.equal(connect.json.there_at_the_end, 100);
});

// Of two that are one generator.
async function secondProcessOf({ pid }) {
    return Number((await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim());
}

onCluster('a process of the generator that dies is an error', { size: 1 }, async (cluster) => {
    const [node] = cluster.nodes;
    const life = start(['fanout', ...urls(node), '--processes', 2, '--subscribers', 10, '--rate', 200, '--seconds', 2, '--drain', 1, '--json']);
    await until('messages to flow', async () => (await node.metrics()).of('client_publishes_total') >= 20);
    process.kill(await secondProcessOf(life), 'SIGKILL');
    assert.equal(await within('bench to end', life.exited, 20_000), 1, life.log);
    assert.match(life.out, /a process of the generator ended by signal 9/);
});

onCluster('a process of the generator that does not report is an error', { size: 1 }, async (cluster) => {
    const [node] = cluster.nodes;
    const life = start(['fanout', ...urls(node), '--processes', 2, '--subscribers', 10, '--rate', 200, '--seconds', 1, '--drain', 0.5, '--json']);
    await until('messages to flow', async () => (await node.metrics()).of('client_publishes_total') >= 20);
    process.kill(await secondProcessOf(life), 'SIGSTOP');
    assert.equal(await within('bench to end', life.exited, 40_000), 1, life.log);
    assert.match(life.out, /1 of 2 processes of the generator did not report/);
});

// A node of its own that gives `#user` to that user; `lies(delivery, deliver)` may do it otherwise.
async function liar(lies) {
    const users = new Map();
    let heard = 0;
    const node = await scriptedNode('liar', (command, reply, socket) => {
        if (command.connect) users.set(`#${command.connect.data.user}`, socket);
        if (!command.publish) return false;
        const { channel, data } = command.publish;
        const deliver = (text) => users.get(channel)?.send(JSON.stringify({ push: { channel, pub: { data: text } } }));
        if (command.id) reply({ id: command.id, publish: {} });
        const isProbe = data.slice(17, 25) === 'pppppppp';
        if (isProbe) deliver(data);
        else lies(heard++, data, deliver);
        return true;
    });
    return node;
}

let kept;
for (const [what, lies, found] of [
    ['nothing', (_, data, deliver) => deliver(data), {}],
    ['one that is lost', (index, data, deliver) => { if (index !== 50) deliver(data); }, { lost: 1 }],
    ['the last ones, lost', (index, data, deliver) => { if (index < 50) deliver(data); }, { lost: 'some' }],
    ['one that comes twice', (index, data, deliver) => { deliver(data); if (index === 50) deliver(data); }, { duplicate: 1 }],
    ['two that change places', (index, data, deliver) => { if (index === 50) kept = data; else deliver(data); if (index === 51) deliver(kept); }, { reordered: 1 }],
    ['one that is cut', (index, data, deliver) => deliver(index === 50 ? data.slice(0, -1) : data), { damaged: 1, lost: 1 }],
    ['one for somebody else', (index, data, deliver) => { deliver(data); if (index === 50) deliver(data.slice(0, 8) + 'aaaaaaac' + data.slice(16)); }, { damaged: 1 }],
    ['one that was never sent', (index, data, deliver) => { deliver(data); if (index === 50) deliver(data.slice(0, 16) + 'bbbbbbbb' + data.slice(24)); }, { damaged: 1 }],
])
    test(`the judge finds ${what}`, async () => {
        const node = await liar(lies);
        const { code, json, err } = await bench('p2p', ...urls(node), '--pairs', 1, '--rate', 300, '--seconds', 0.5, '--warmup', 0, '--drain', 0.3, '--json');
        node.stop();
        assert.equal(code, Object.keys(found).length ? 6 : 0, `${err}${JSON.stringify(json)}`);
        for (const fault of ['lost', 'duplicate', 'reordered', 'damaged'])
            if (found[fault] === 'some') assert.ok(json[fault] > 1, JSON.stringify(json));
            else assert.equal(json[fault], found[fault] ?? 0, `${fault}: ${JSON.stringify(json)}`);
    });

test('a closed loop goes on when a message is overtaken', async () => {
    const node = await liar((index, data, deliver) => { if (index % 10 !== 5) deliver(data); });
    const { code, json } = await bench('p2p', ...urls(node), '--pairs', 1, '--window', 4, '--seconds', 0.5, '--warmup', 0, '--drain', 0.3, '--json');
    node.stop();
    assert.equal(code, 6);
    assert.ok(json.lost > 5 && json.received_in_all > 50, JSON.stringify(json));
});

test('what a node refuses or does not answer is counted', async () => {
    let asked = 0;
    const refusing = await scriptedNode('refusing', (command, reply) => {
        if (!command.publish || ++asked < 5) return false;
        reply({ id: command.id, error: { code: 103, message: 'permission denied' } });
        return true;
    });
    const words = ['--pairs', 1, '--answered', '--rate', 100, '--seconds', 0.3, '--warmup', 0, '--drain', 0.3, '--json'];
    const early = await bench('p2p', ...urls(refusing), ...words);
    refusing.stop();
    assert.equal(early.code, 1);
    assert.match(early.err, /^publish refused: permission denied \(103\)$/m);

    const silent = await liar((_, data, deliver) => deliver(data));
    let answers = 0;
    const emit = silent.commands.push.bind(silent.commands);
    silent.commands.push = (command) => { if (command.publish && ++answers > 20) delete command.id; return emit(command); };
    const { code, json } = await bench('p2p', ...urls(silent), ...words);
    silent.stop();
    assert.equal(code, 6, JSON.stringify(json));
    assert.ok(json.unanswered > 0 && json.lost === 0, JSON.stringify(json));
});

test('connections that subscribe, headers and phases are what was asked for', async () => {
    const node = await scriptedNode('asked');
    const words = ['connect', ...urls(node), '--connections', 20, '--channels', 4, '--header', 'Cookie: a=b', '--header', 'X-From: bench', '--phases', '--seconds', 0.2, '--json'];
    const { code, json, err } = await bench(...words);
    node.stop();
    assert.equal(code, 0, err);
    assert.equal(json.connection_channels, 4);
    assert.equal(json.connecting_us.count, 20);
    const channels = node.commands.filter(({ subscribe }) => subscribe).map(({ subscribe }) => subscribe.channel);
    assert.equal(channels.length, 20);
    assert.equal(new Set(channels).size, 4);
    assert.ok(node.requests.every(({ headers }) => headers.cookie === 'a=b' && headers['x-from'] === 'bench'));
    assert.deepEqual(err.trim().split('\n'), ['warming up', 'measuring', 'holding', 'leaving'].map((phase) => `phase ${phase}`));
});

test('a subscription that is not answered ends its connection', async () => {
    const node = await scriptedNode('deaf', (command) => Boolean(command.subscribe));
    const { code, json } = await bench('connect', ...urls(node), '--connections', 2, '--channels', 1, '--seconds', 0.1, '--json');
    node.stop();
    assert.equal(code, 1);
    assert.deepEqual(json.reasons, [{ why: 'connection: no answer in time', times: 2 }]);
});

test('an end that comes with the last word is noticed', async () => {
    const node = await scriptedNode('hasty', (command, reply, socket) => {
        reply({ id: command.id, connect: { client: 'c1', version: '0', ping: 25, pong: true, node: 'hasty' } });
        socket._socket.end();
        return true;
    });
    const { code, json } = await bench('connect', ...urls(node), '--connections', 100, '--seconds', 30, '--json');
    node.stop();
    assert.equal(code, 1);
    assert.equal(json.errors, 100, JSON.stringify(json));
    assert.equal(json.there_at_the_end, 0);
    assert.match(json.reasons[0].why, /^connection: the node ended the connection$/);
});

test('what cannot be run is said before anything begins', async () => {
    for (const [words, code, says] of [
        [['p2p', '--url', 'ws://127.0.0.1:1'], 3, /^--url ws:\/\/127\.0\.0\.1:1: nobody takes a connection there \(Connection refused\)/],
        [['p2p', '--url', 'ws://no-such-host.invalid:1'], 3, /no address for this host/],
        [['p2p', '--url', 'http://127.0.0.1:8000'], 2, /--url 'http:\/\/127\.0\.0\.1:8000': write for example ws:/],
        [['p2p', '--rate', '5', '--window', '5'], 2, /--rate excludes --window/],
        [['p2p', '--size', '33'], 2, /--size/],
        [['p2p', '--size', '65000'], 2, /--size 65000: .*give 64512 or less/],
        [['p2p', '--token', 't'], 2, /add --via channel/],
        [['fanout', '--channels', '2'], 2, /--channels 2: each needs a publisher/],
        [['connect', '--connections', '1000000'], 2, /1000000 connections need \d+ open files, and a process may have \d+/],
        [['connect', '--source', '192.0.2.1'], 2, /--source '192\.0\.2\.1'/],
        [['connect', '--user', 'a\nb'], 2, /--user/],
        [['connect', '--header', 'no colon'], 2, /--header 'no colon': .*'Name: value'/],
        [['connect', '--header', 'A: b\r\nC: d'], 2, /--header 'A: b\?\?C: d'/],
        [[], 2, /subcommand is required/],
    ]) {
        const ended = await bench(...words);
        assert.equal(ended.code, code, `${words}: ${ended.err}`);
        assert.match(ended.err, says);
        assert.equal(ended.out, '');
    }
    const help = await bench('p2p', '--help');
    assert.equal(help.code, 0);
    assert.match(help.out, /Examples:\n {2}grapevine bench p2p --window 64/);
});

test('what is no client listener is said', async () => {
    const node = await scriptedNode('elsewhere');
    const { port } = new URL(node.url);
    node.stop();
    const { createServer } = await import('node:http');
    const server = createServer((request, response) => response.writeHead(404).end()).listen(port, '127.0.0.1');
    const { code, err } = await bench('p2p', '--url', `ws://127.0.0.1:${port}`);
    server.close();
    assert.equal(code, 3);
    assert.match(err, /no client listener there: it answered HTTP 404/);
});

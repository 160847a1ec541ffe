// `grapevine chat` against a scripted node: what it sends, what it shows, when it moves on and how it ends.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { scriptedNode } from './support/scripted_node.mjs';

const program = process.env.GRAPEVINE;
if (!program) throw new Error('set GRAPEVINE to the program to test');

// Runs the program to its end. `input`: text for a pipe, or a path to read stdin from.
function chat(words, input, { keepOpen = false, stdin = 'pipe' } = {}) {
    const child = spawn(program, ['chat', '--user', 'alice', ...words], { stdio: [stdin, 'pipe', 'pipe'] });
    const run = { child, out: '', err: '' };
    child.stdout.on('data', (data) => { run.out += data; });
    child.stderr.on('data', (data) => { run.err += data; });
    if (child.stdin) { child.stdin.on('error', () => {}); if (input) child.stdin.write(input); if (!keepOpen) child.stdin.end(); }
    run.ended = new Promise((ended) => child.on('close', (code) => ended(code)));
    run.until = async (stream, pattern) => {
        while (!pattern.test(run[stream])) {
            await Promise.race([new Promise((heard) => child[stream === 'out' ? 'stdout' : 'stderr'].once('data', heard)), run.ended]);
            if (child.exitCode !== null && !pattern.test(run[stream])) assert.fail(`ended without ${pattern}: ${run.out}${run.err}`);
        }
    };
    return run;
}

const publications = (node) => node.commands.filter((command) => command.publish).map((command) => [command.publish.channel, command.publish.data]);

test('a pipe sends every line, waits for the answers and leaves with 1000', async () => {
    const node = await scriptedNode('n1');
    const run = chat(['--url', node.url], 'one "quoted"\n/msg bob hello bob\n/status bob\nlast without end');
    assert.equal(await run.ended, 0, run.err);
    assert.deepEqual(node.commands[0].connect.data, { user: 'alice' });
    assert.equal(node.commands[1].subscribe.channel, 'chat:lobby');
    assert.deepEqual(publications(node), [
        ['chat:lobby', { text: 'one "quoted"' }], ['#bob', { text: 'hello bob' }], ['chat:lobby', { text: 'last without end' }]]);
    assert.match(run.out, /bob is online: 2 sessions on n1, n3/);
    assert.deepEqual(await node.untilClosed(1), [1000]);
    node.stop();
});

test('a file and /dev/null are read like a pipe', async () => {
    const node = await scriptedNode('n1');
    const dir = mkdtempSync(join(tmpdir(), 'grapevine-'));
    writeFileSync(join(dir, 'lines'), Array.from({ length: 1000 }, (_, i) => `line ${i}\n`).join(''));
    assert.equal(await chat(['--url', node.url], null, { stdin: openSync(join(dir, 'lines')) }).ended, 0);
    assert.equal(await chat(['--url', node.url], null, { stdin: openSync('/dev/null') }).ended, 0);
    rmSync(dir, { recursive: true });
    assert.deepEqual(publications(node).map(([, data]) => data.text), Array.from({ length: 1000 }, (_, i) => `line ${i}`));
    node.stop();
});

test('messages are shown with channel and sender, and cannot move the cursor', async () => {
    const node = await scriptedNode('n1', (command, reply) => {
        if (!command.publish) return false;
        const push = (channel, data, user) => reply({ push: { channel, pub: { data, info: { user, client: 'c' } } } });
        push('chat:lobby', { text: 'hi' }, 'bob');
        push('#alice', { text: 'psst' }, 'bob');
        push('chat:lobby', { text: 'a\u001b[2Jb\nc\u009bd' }, 'e\u001bve');
        push('chat:lobby', [1, 2], 'app');
        reply({ id: command.id, publish: {} });
        return true;
    });
    const run = chat(['--url', node.url], 'go\n');
    assert.equal(await run.ended, 0, run.err);
    assert.deepEqual(run.out.split('\n'), [
        '[chat:lobby] bob: hi', '[direct] bob: psst', '[chat:lobby] e?ve: a?[2Jb?c?d', '[chat:lobby] app: [1,2]', '']);
    node.stop();
});

test('a ping is answered with the same bytes', async () => {
    const node = await scriptedNode('n1', (command, reply) => { if (command.publish) reply({}); return false; });
    assert.equal(await chat(['--url', node.url], 'go\n').ended, 0);
    assert.equal(node.pongs, 1);
    node.stop();
});

test('a refused message is named and ends with 4', async () => {
    const node = await scriptedNode('n1', (command, reply) => {
        if (!command.publish) return false;
        reply({ id: command.id, error: { code: 103, message: 'permission denied' } });
        return true;
    });
    const run = chat(['--url', node.url], 'secret plan\n');
    assert.equal(await run.ended, 4);
    assert.match(run.err, /refused: secret plan: permission denied \(103\)/);
    node.stop();
});

for (const [what, leave] of [['closes with 3001', (socket) => socket.close(3001, 'shutdown')], ['breaks off', (socket) => socket.terminate()]]) {
    test(`a node that ${what} is replaced by the next address, and nothing is sent twice`, async () => {
        const first = await scriptedNode('n1', (command, _, socket) => {
            if (command.publish?.data.text !== 'two') return false;
            leave(socket);
            return true;
        });
        const second = await scriptedNode('n2');
        const run = chat(['--url', first.url, '--url', second.url], 'one\n', { keepOpen: true });
        await run.until('err', /connected to n1/);
        run.child.stdin.write('two\n');
        await run.until('err', /back, on n2/);
        run.child.stdin.end('three\n');
        assert.equal(await run.ended, 4, run.err);
        assert.match(run.err, /1 message\(s\) under way may or may not have arrived/);
        assert.deepEqual(publications(second).map(([, data]) => data.text), ['three']);
        first.stop();
        second.stop();
    });
}

test('a node that sends it away for good ends it with 1', async () => {
    const node = await scriptedNode('n1', (command, _, socket) => { if (command.subscribe) socket.close(3503, 'force no reconnect'); return command.subscribe; });
    const run = chat(['--url', node.url], '', { keepOpen: true });
    assert.equal(await run.ended, 1);
    assert.match(run.err, /3503 force no reconnect/);
    node.stop();
});

test('a refused channel ends it with 1 and names the flag', async () => {
    const node = await scriptedNode('n1', (command, reply) => {
        if (command.subscribe) reply({ id: command.id, error: { code: 103, message: 'permission denied' } });
        return command.subscribe;
    });
    const run = chat(['--url', node.url, '--channel', 'vip'], '', { keepOpen: true });
    assert.equal(await run.ended, 1);
    assert.match(run.err, /--channel vip: permission denied \(103\)/);
    node.stop();
});

test('nobody there ends it with 3 and names the flag', async () => {
    const node = await scriptedNode('n1');
    node.stop();
    const run = chat(['--url', node.url], 'x\n');
    assert.equal(await run.ended, 3);
    assert.match(run.err, /--url ws:/);
});

test('a line that no message can carry is refused, and the next one goes out', async () => {
    const node = await scriptedNode('n1');
    const run = chat(['--url', node.url], 'x'.repeat(70_000) + '\nshort\n');
    assert.equal(await run.ended, 4);
    assert.deepEqual(publications(node).map(([, data]) => data.text), ['short']);
    node.stop();
});

test('/quit and SIGTERM leave with 1000', async () => {
    const node = await scriptedNode('n1');
    assert.equal(await chat(['--url', node.url], 'one\n/quit\nnever\n', { keepOpen: true }).ended, 0);
    const run = chat(['--url', node.url], '', { keepOpen: true });
    await run.until('err', /connected to n1/);
    run.child.kill('SIGTERM');
    assert.equal(await run.ended, 0);
    assert.deepEqual(publications(node).map(([, data]) => data.text), ['one']);
    assert.deepEqual(await node.untilClosed(2), [1000, 1000]);
    node.stop();
});

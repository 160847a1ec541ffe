// `grapevine send` against a scripted node: what it asks, what it shows, and what its exit code tells a script.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from './support/grapevine_node.mjs';
import { scriptedNode } from './support/scripted_node.mjs';
import { within } from './support/until.mjs';

// A node that answers `send` with this receipt, or as `answer(command, reply, socket)` does.
const nodeWith = (receipt, answer = (command, reply) => reply({ id: command.id, rpc: { data: receipt } })) => scriptedNode('n1', (command, reply, socket) => {
    if (!command.rpc) return false;
    answer(command, reply, socket);
    return true;
});
const user = (state, sessions = 0, nodes = [], more = {}) => ({ state, sessions, nodes, ...more });
const written = { users: { bob: user('written', 2, ['n1', 'n3']) } };
const asked = (node) => node.commands.filter((command) => command.rpc).map((command) => command.rpc);

// Runs the program to its end: [exit code, stdout, stderr].
async function send(urls, words, { input } = {}) {
    const life = run(['send', ...[urls].flat().flatMap((url) => ['--url', url]), ...words], { input: input === undefined ? 'ignore' : 'pipe' });
    life.child.stdin?.on('error', () => {});
    life.child.stdin?.end(input);
    return [await within('send to end', life.exited), life.out, life.log];
}

test('a text is sent once, written is awaited, and the receipt is a table', async () => {
    const node = await nodeWith(written);
    const [code, out, err] = await send(node.url, ['--to', 'bob', 'say "hi"\n']);
    assert.equal(code, 0, err);
    assert.deepEqual(asked(node), [{ method: 'send', data: { to: ['bob'], wait: 'node', qos: 0, data: 'say "hi"\n' } }]);
    assert.equal(node.commands[0].connect.data, undefined, 'nobody in particular');
    assert.equal(out, 'USER  STATE    SESSIONS  NODES\nbob   written  2         n1,n3\n');
    assert.deepEqual(await node.untilClosed(1), [1000]);
    node.stop();
});

test('every option reaches the node', async () => {
    const node = await nodeWith({});
    const words = ['--user', 'alice', '--to', 'bob', '--to', 'zoë', '--wait', 'client', '--qos', '1', '--idempotency-key', 'k 1', '--data', '{"a":\n[1]}'];
    const [code, out, err] = await send(node.url, words);
    assert.equal(code, 0, err);
    assert.deepEqual(node.commands[0].connect.data, { user: 'alice' });
    assert.deepEqual(asked(node)[0].data, { to: ['bob', 'zoë'], wait: 'client', qos: 1, idempotency_key: 'k 1', data: { a: [1] } });
    assert.equal(out, 'accepted\n');
    node.stop();
});

test('a text comes from standard input, and --json prints the receipt as it is', async () => {
    const node = await nodeWith(written);
    const [code, out, err] = await send(node.url, ['--to', 'bob', '--json', '-'], { input: 'one\ntwo\n' });
    assert.equal(code, 0, err);
    assert.equal(asked(node)[0].data.data, 'one\ntwo');
    assert.equal(out, JSON.stringify(written) + '\n');
    const [late] = await send(node.url, ['--to', 'bob', '-'], { input: 'x'.repeat(1_000_000) });
    assert.equal(late, 2);
    node.stop();
});

for (const [what, users, code] of [
    ['acknowledged', { bob: user('acked', 1, ['n1']), eve: user('written', 1, ['n2']) }, 0],
    ['written and not acknowledged', { bob: user('written', 1, ['n1'], { acknowledged: false }) }, 0],
    ['not connected', { bob: user('not_connected') }, 5],
    ['undeliverable for one', { bob: user('written', 1, ['n1']), eve: user('undeliverable') }, 5],
    ['unknown of one', { bob: user('unknown'), eve: user('not_connected') }, 4],
    ['unknown of the last', { eve: user('not_connected'), bob: user('unknown') }, 4],
    ['unheard of', { bob: { state: 'on fire' } }, 4],
    ['not said', { bob: {} }, 4],
])
    test(`${what} ends it with ${code}`, async () => {
        const node = await nodeWith({ users });
        const [ended, out] = await send(node.url, ['--to', 'bob', '--to', 'eve', 'hi']);
        assert.equal(ended, code, out);
        const late = users.bob.acknowledged === false ? ', not acknowledged' : '';
        for (const [name, { state }] of Object.entries(users)) assert.match(out, new RegExp(`^${name} +${state ?? 'unknown'}${late} `, 'm'));
        node.stop();
    });

test('what a stranger chose cannot move the cursor', async () => {
    const node = await nodeWith({ users: { 'b\u001bob': user('wri\u001btten', 1, ['n\n1']) } });
    const [code, out] = await send(node.url, ['--to', 'bob', 'hi']);
    assert.equal(code, 4);
    assert.match(out, /^b\?ob +wri\?tten +1 +n\?1$/m);
    node.stop();
});

test('a refusal ends it with 1 and says why', async () => {
    const node = await nodeWith({}, (command, reply) => reply({ id: command.id, error: { code: 106, message: 'limit exceeded' } }));
    const [code, out, err] = await send(node.url, ['--to', 'bob', 'hi']);
    assert.equal(code, 1);
    assert.equal(out, '');
    assert.match(err, /refused it: limit exceeded \(106\)/);
    node.stop();
});

test('a user that the node does not take ends it with 1 and names the flag', async () => {
    const node = await scriptedNode('n1', (command, reply) => { reply({ id: command.id, error: { code: 107, message: 'bad request' } }); return true; });
    const [code, , err] = await send(node.url, ['--user', 'alice', '--to', 'bob', 'hi']);
    assert.equal(code, 1);
    assert.match(err, /--user alice: bad request \(107\)/);
    node.stop();
});

test('the next address is tried while nothing was asked, and never after', async () => {
    const gone = await nodeWith(written);
    gone.stop();
    const breaks = await nodeWith({}, (_, __, socket) => socket.terminate());
    const node = await nodeWith(written);
    const [code, , err] = await send([gone.url, node.url], ['--to', 'bob', 'hi']);
    assert.equal(code, 0, err);
    const [unknown, , why] = await send([gone.url, breaks.url, node.url], ['--to', 'bob', 'hi']);
    assert.equal(unknown, 4, why);
    assert.match(why, /may or may not have arrived/);
    assert.equal(asked(node).length, 1);
    const [unreachable, , where] = await send(gone.url, ['--to', 'bob', 'hi']);
    assert.equal(unreachable, 3);
    assert.match(where, /--url ws:.*nobody listens/);
    breaks.stop();
    node.stop();
});

test('silence ends it within the timeout: 4 if it was asked, 3 if not', async () => {
    const mute = await nodeWith({}, () => {});
    const [code, , err] = await send(mute.url, ['--to', 'bob', '--timeout', '1', 'hi']);
    assert.equal(code, 4);
    assert.match(err, /--timeout.*may or may not have arrived/);
    mute.stop();
    const deaf = await scriptedNode('n1', () => true);
    const [unreachable, , why] = await send(deaf.url, ['--to', 'bob', '--timeout', '1', 'hi']);
    assert.equal(unreachable, 3);
    assert.match(why, /--url ws:.*--timeout/);
    deaf.stop();
});

test('pings and pushes meanwhile do no harm', async () => {
    const node = await nodeWith({}, (command, reply) => {
        reply({}, { push: { channel: '#alice', pub: { data: 1, tags: { message_id: 'x' } } } });
        reply({ id: command.id, rpc: { data: written } });
    });
    const [code, out] = await send(node.url, ['--user', 'alice', '--to', 'bob', 'hi']);
    assert.equal(code, 0, out);
    assert.equal(node.pongs, 1);
    node.stop();
});

test('more users than a message can hold is said before anything is sent', async () => {
    const node = await nodeWith(written);
    const users = Array.from({ length: 400 }, (_, i) => ['--to', `${i}-${'x'.repeat(200)}`]).flat();
    const [code, , err] = await send(node.url, [...users, 'hi']);
    assert.equal(code, 2);
    assert.match(err, /fewer --to/);
    assert.deepEqual(asked(node), []);
    node.stop();
});

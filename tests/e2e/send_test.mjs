// Sends with receipts through real nodes: what a sender is told is what happened, over every way to ask.
import assert from 'node:assert/strict';
import { withCode } from './support/clients.mjs';
import { onCluster, together } from './support/cluster.mjs';
import { run } from './support/grapevine_node.mjs';
import { http } from './support/http.mjs';
import { timed, until, within } from './support/until.mjs';
import { RawClient } from './support/wire.mjs';

const numbers = (count) => Array.from({ length: count }, (_, i) => i);
const written = (sessions, ...nodes) => ({ state: 'written', sessions, nodes });
const nowhere = { state: 'not_connected', sessions: 0, nodes: [] };
const patient = { timeout: 20_000 };
const sorted = ({ users }) => { for (const user of Object.values(users)) user.nodes.sort(); return { users }; };
const anId = /^[0-9a-f]{32}$/;

// Whoever waits for a user who is nowhere is told after about 2 s: he may be on his way from one node to another.
function parked(ms) { assert.ok(ms > 1_500 && ms < 4_000, `${ms} ms for a user who is nowhere`); }

// Each in JSON and in Protobuf at both ends: written means that it is there.
onCluster('a receipt says where a message was written', { size: 3 }, async (cluster, t) => {
    const [n1, n2, n3] = cluster.nodes;
    await together(t, Object.fromEntries([false, true].map((protobuf) => [protobuf ? 'Protobuf' : 'JSON', async () => {
        const named = (name) => `${name}-${protobuf ? 'p' : 'j'}`;
        const [bob, eve, zed] = ['bob', 'eve', 'zed'].map(named);
        const ann = await cluster.client(named('ann'), n1, { protobuf });
        const here = await cluster.client(named('here'), n1, { protobuf });
        const bobs = await Promise.all([cluster.client(bob, n2, { protobuf: !protobuf }), cluster.client(bob, n3, { protobuf }), cluster.client(bob, n3)]);
        const eves = [await cluster.client(eve, n2, { protobuf })];
        await cluster.locates(bob, 3, ['n2', 'n3']);
        await cluster.locates(eve, 1, ['n2']);

        assert.deepEqual(await ann.send(eve, { text: 'hi' }), { users: { [eve]: written(1, 'n2') } });
        await eves[0].hears(`#${eve}`, { text: 'hi' });  // written to his connection; reading it is his
        assert.deepEqual(eves[0].messages, [{ channel: `#${eve}`, data: { text: 'hi' }, from: ann.user, client: ann.id, id: undefined }]);
        assert.deepEqual(await ann.send(here.user, 1), { users: { [here.user]: written(1, 'n1') } });
        assert.deepEqual(sorted(await ann.send([bob], 'all of you')), { users: { [bob]: written(3, 'n2', 'n3') } });
        await Promise.all(bobs.map((one) => one.hears(`#${bob}`, 'all of you')));

        const [alone, ms] = await timed(() => ann.send(zed, 1));
        assert.deepEqual(alone, { users: { [zed]: nowhere } });
        parked(ms);
        const mixed = sorted(await ann.send([eve, zed, bob, eve], 2));
        assert.deepEqual(mixed, { users: { [eve]: written(1, 'n2'), [zed]: nowhere, [bob]: written(3, 'n2', 'n3') } });
        assert.deepEqual(Object.keys(mixed.users), [eve, zed, bob]);

        assert.deepEqual(await ann.send(eve, 'no waiting', { wait: 'none' }), {});
        await eves[0].hears(`#${eve}`, 'no waiting');
        await ann.publish(`#${eve}`, 'a');
        await Promise.all([ann.send(eve, 'b'), ann.publish(`#${eve}`, 'c'), ann.send(eve, 'd', { wait: 'none' }), ann.publish(`#${eve}`, 'e')]);
        await eves[0].hears(`#${eve}`, 'e');
        assert.deepEqual(eves[0].received(`#${eve}`).slice(-5), ['a', 'b', 'c', 'd', 'e'], 'in the order they were said');
    }])));
});

// `wait: client` and `qos: 1` give the message a name; who acknowledges it is believed, who does not is told of.
onCluster('acknowledgements are waited for and told of', { size: 2 }, async (cluster, t) => {
    const [n1, n2] = cluster.nodes;
    const ann = await cluster.client('ann', n1, patient);
    await together(t, Object.fromEntries([false, true].map((protobuf) => [protobuf ? 'Protobuf' : 'JSON', async () => {
        const [yes, no] = ['yes', 'no'].map((name) => `${name}-${protobuf ? 'p' : 'j'}`);
        const acks = await cluster.client(yes, n2, { protobuf, acknowledges: true });
        const mute = await cluster.client(no, n2, { protobuf });
        await cluster.locates(yes, 1, ['n2']);
        await cluster.locates(no, 1, ['n2']);

        const { users: { [yes]: told } } = await ann.send(yes, 'please', { wait: 'client' });
        assert.match(told.message_id, anId);
        assert.deepEqual(told, { state: 'acked', sessions: 1, nodes: ['n2'], message_id: told.message_id, acknowledged: true });
        assert.deepEqual(acks.messages.map(({ data, id }) => [data, id]), [['please', told.message_id]]);

        const [{ users: { [no]: silent } }, ms] = await timed(() => ann.send(no, 'please', { wait: 'client' }));
        assert.deepEqual(silent, { state: 'written', sessions: 1, nodes: ['n2'], message_id: silent.message_id, acknowledged: false });
        assert.ok(ms > 9_000 && ms < 12_000, `${ms} ms`);
        await mute.hears(`#${no}`, 'please');
        assert.deepEqual(mute.messages.map(({ data, id }) => [data, id]), [['please', silent.message_id]]);

        const { users: { [no]: once } } = await ann.send(no, 'keep it', { qos: 1 });
        assert.deepEqual([once.state, once.acknowledged], ['written', false]);
        assert.equal((await mute.hears(`#${no}`, 'keep it')).id, once.message_id);
        await mute.acknowledge(once.message_id);

        await assert.rejects(mute.acknowledge('no such name'), withCode(107));
        await mute.acknowledge('f'.repeat(32));  // of nobody's message: no error, and nothing happens
    }])));
    const nobody = await cluster.client(undefined, n2);
    await assert.rejects(nobody.acknowledge('f'.repeat(32)), withCode(107));
});

// At least once: who loses his connection before he acknowledged gets it again, under the same name.
onCluster('a message at least once follows its user', { size: 3 }, async (cluster) => {
    const [n1, n2, n3] = cluster.nodes;
    const ann = await cluster.client('ann', n1, patient);
    const first = await cluster.client('bob', n2);
    await cluster.locates('bob', 1, ['n2']);
    const receipt = ann.send('bob', 'important', { wait: 'client', qos: 1 });
    const { id } = await first.hears('#bob', 'important');
    first.close();
    const second = await cluster.client('bob', n3, { acknowledges: true });
    assert.equal((await second.hears('#bob', 'important')).id, id);
    const { users: { bob } } = await receipt;
    assert.deepEqual([bob.state, bob.acknowledged, bob.message_id], ['acked', true, id]);
    assert.equal(second.messages.length, 1);
});

// The same key from the same sender is the same message, for 5 minutes; from another it is another.
onCluster('an idempotency key sends once', { size: 2 }, async (cluster) => {
    const [n1, n2] = cluster.nodes;
    const [ann, eve] = [await cluster.client('ann', n1), await cluster.client('eve', n1, { protobuf: true })];
    const bob = await cluster.client('bob', n2);
    await cluster.locates('bob', 1, ['n2']);
    const key = { idempotency_key: 'order 4711' };
    const receipts = await Promise.all(numbers(5).map(() => ann.send('bob', 'from ann', key)));
    for (const receipt of receipts) assert.deepEqual(receipt, { users: { bob: written(1, 'n2') } });
    bob.close();
    await cluster.locates('bob', 0, []);
    assert.deepEqual(await ann.send('bob', 'from ann', key), receipts[0], 'the first receipt, whatever is true now');
    const again = await cluster.client('bob', n2);
    await cluster.locates('bob', 1, ['n2']);
    assert.deepEqual(await eve.send('bob', 'from eve', key), { users: { bob: written(1, 'n2') } });
    assert.deepEqual(await n1.send('bob', 'from a back end', key), { result: { users: { bob: written(1, 'n2') } } });
    assert.deepEqual(await n1.send('bob', 'from a back end', key), { result: { users: { bob: written(1, 'n2') } } });
    await ann.publish('#bob', 'the last');
    await again.hears('#bob', 'the last');
    assert.deepEqual(bob.received('#bob'), ['from ann']);
    assert.deepEqual(again.received('#bob'), ['from eve', 'from a back end', 'the last']);
});

// A back end gets the same receipts over HTTP. Many wait at once, each for its own; who leaves harms nobody.
onCluster('POST /api/send answers each caller', { size: 2 }, async (cluster) => {
    const [n1, n2] = cluster.nodes;
    const people = await Promise.all(numbers(20).map((i) => cluster.client(`user-${i}`, cluster.nodes[i % 2], { protobuf: i % 3 === 0, acknowledges: i === 7 })));
    await cluster.settled();
    const answers = await Promise.all(people.map(({ user }, i) => n1.send([user, `nobody-${i}`], { i })));
    for (const [i, { result }] of answers.entries())
        assert.deepEqual(result, { users: { [`user-${i}`]: written(1, `n${i % 2 + 1}`), [`nobody-${i}`]: nowhere } });
    for (const [i, person] of people.entries()) {
        assert.equal((await person.hears(`#user-${i}`, { i })).from, undefined);
        assert.equal(person.messages.length, 1);
    }
    assert.deepEqual(await n2.send('user-3', 1, { wait: 'none' }), { result: {} });
    const { result: { users: { 'user-7': acked } } } = await n2.send('user-7', 1, { wait: 'client' });
    assert.equal(acked.state, 'acked');

    await assert.rejects(http(n1.admin, 'POST', '/api/send', { body: { to: 'nobody', data: 1, wait: 'node' }, within: 100 }));
    const [{ result }, ms] = await timed(() => n1.send('nobody', 2));
    assert.deepEqual(result, { users: { nobody: nowhere } });
    parked(ms);

    // A node that leaves answers who still waits: nobody is left to guess.
    const waiting = n1.send('nobody', 3);
    await until('the request to wait', async () => (await n1.metrics()).of('receipts') === 1);
    assert.equal(await n1.terminate(), 0);
    assert.deepEqual(Object.keys((await waiting).result.users), ['nobody']);
});

// What is wrong is said in words over HTTP and with a code over rpc; nothing of it is sent, and nothing is held for it.
onCluster('bad sends are refused', { size: 1 }, async (cluster) => {
    const [n1] = cluster.nodes;
    const people = [await cluster.client('ann', n1), await cluster.client('eve', n1, { protobuf: true })];
    const bob = await cluster.client('bob', n1);
    const faults = [
        [[], 107, /object/], ['send', 107, /object/], [{}, 107, /"to" is missing/], [{ to: 'bob' }, 107, /"data" is missing/],
        [{ to: 'bob', data: null }, 107, /"data" is missing/], [{ to: [], data: 1 }, 107, /"to" is empty/], [{ to: 7, data: 1 }, 107, /"to"/],
        [{ to: '#bob', data: 1 }, 107, /"to"/], [{ to: ['bob', ''], data: 1 }, 107, /"to"/], [{ to: 'u'.repeat(255), data: 1 }, 107, /254 bytes/],
        [{ to: 'bob', data: 1, wait: 'for ever' }, 107, /"wait"/], [{ to: 'bob', data: 1, qos: 2 }, 107, /"qos"/],
        [{ to: 'bob', data: 1, idempotency_key: '' }, 107, /"idempotency_key"/],
        [{ to: 'bob', data: 1, idempotency_key: 'k'.repeat(65) }, 106, /"idempotency_key" is longer than 64 bytes/],
        [{ to: numbers(1001).map(String), data: 1 }, 106, /more than 1000 users/],
    ];
    for (const [body, code, words] of faults) {
        const answer = await n1.post('/api/send', JSON.stringify(body));
        assert.equal(answer.status, 200);
        const { error } = answer.json();
        assert.equal(error?.code, code, answer.text);
        assert.match(error.message, words);
        for (const person of people) await assert.rejects(person.rpc('send', body), withCode(code));
    }
    for (const [body, words] of [['', /object/], ['{"to":"bob","data":1', /object/], ['{"to":"bob","to":"eve","data":1}', /"to" is given twice/], [Buffer.from('{"to":"\xff","data":1}', 'latin1'), /object/]])
        assert.match((await n1.post('/api/send', body)).json().error.message, words);
    const long = (await n1.post('/api/send', { to: 'bob', data: 'x'.repeat(65_536) })).json();
    assert.equal(long.error.code, 106);
    assert.match(long.error.message, /"data" is longer than 65536 bytes/);
    assert.deepEqual(await n1.send('bob', 'x'.repeat(65_534)), { result: { users: { bob: written(1, 'n1') } } });
    assert.equal((await n1.get('/api/send')).status, 405);
    assert.equal((await n1.post('/api/send', { to: 'bob', data: 1 }, { headers: { Origin: 'http://evil.example' } })).status, 403);

    // A million names: more than a request may hold, and what it may hold is refused without looking at them.
    const names = (count) => JSON.stringify({ to: Array(count).fill('u'), data: 1 });
    assert.equal((await n1.post('/api/send', names(1_000_000))).status, 413);
    const [most, ms] = await timed(() => n1.post('/api/send', names(250_000)));
    assert.equal(most.json().error.code, 106);
    assert.ok(ms < 500, `${ms} ms to refuse it`);
    const raw = await RawClient.connected(n1, 'raw');
    raw.say({ id: 2, rpc: { method: 'send', data: JSON.parse(names(1_000_000)) } });
    assert.equal((await raw.ends()).code, 3501);

    assert.deepEqual(await people[0].send(numbers(1000).map(String), 1, { wait: 'none' }), {});
    await people[0].send('bob', 'the last');
    await bob.hears('#bob', 'the last');
    assert.equal(bob.messages.length, 2);
});

// `grapevine send`: its table, its JSON, and an exit code for each result.
onCluster('grapevine send tells scripts what became of it', { size: 2 }, async (cluster) => {
    const [n1, n2] = cluster.nodes;
    const bob = await cluster.client('bob', n2, { acknowledges: true });
    const eve = await cluster.client('eve', n2, { protobuf: true });
    await cluster.locates('bob', 1, ['n2']);
    await cluster.locates('eve', 1, ['n2']);
    const send = async (...words) => {
        const life = run(['send', '--url', n1.url, ...words]);
        const code = await within('send to end', life.exited);
        return { code, out: life.out, said: life.out + life.log };
    };

    const one = await send('--to', 'bob', '--user', 'ann', 'lunch?');
    assert.equal(one.code, 0, one.said);
    assert.match(one.out, /^USER +STATE +SESSIONS +NODES\nbob +written +1 +n2\n$/);
    assert.equal((await bob.hears('#bob', 'lunch?')).from, 'ann');
    const json = await send('--to', 'bob', '--to', 'eve', '--json', '--data', '{"order":4711}');
    assert.deepEqual(JSON.parse(json.out), { users: { bob: written(1, 'n2'), eve: written(1, 'n2') } });
    await eve.hears('#eve', { order: 4711 });

    const acked = await send('--to', 'bob', '--wait', 'client', 'please');
    assert.equal(acked.code, 0, acked.said);
    assert.match(acked.out, /^bob +acked +1 +n2$/m);
    const key = ['--user', 'ann', '--to', 'bob', '--idempotency-key', 'k1', '--json', 'once'];
    const [first, second] = [await send(...key), await send(...key)];
    assert.deepEqual([first.code, second.code, second.out], [0, 0, first.out]);
    assert.equal((await send('--to', 'nobody', '--wait', 'none', 'hi')).code, 0);

    const missed = await send('--to', 'bob', '--to', 'nobody', 'hi');
    assert.equal(missed.code, 5, missed.said);
    assert.match(missed.out, /^bob +written +1 +n2\nnobody +not_connected +0 +-$/m);
    await bob.hears('#bob', 'hi');
    assert.deepEqual(bob.received('#bob'), ['lunch?', { order: 4711 }, 'please', 'once', 'hi']);

    // Its node does not answer: the message may be there or not, and that is what is said.
    n2.freeze();
    const unknown = await send('--to', 'eve', 'are you there?');
    n2.thaw();
    assert.equal(unknown.code, 4, unknown.said);
    assert.match(unknown.out, /^eve +unknown +/m);
    await eve.hears('#eve', 'are you there?');

    await Promise.all(cluster.nodes.map((node) => node.kill()));
    const alone = await send('--to', 'bob', 'hi');
    assert.equal(alone.code, 3, alone.said);
});

// Three nodes, clients of the real SDK in JSON and Protobuf: who reaches whom, and what is refused.
import assert from 'node:assert/strict';
import { withCode } from './support/clients.mjs';
import { onCluster } from './support/cluster.mjs';
import { until } from './support/until.mjs';
import { RawClient, protobufConnect } from './support/wire.mjs';

const numbers = (count) => Array.from({ length: count }, (_, i) => i);

// A channel is one place whatever node and whatever encoding its people use: everybody gets everything, the publisher
// too, once, and what one person said in the order said.
onCluster('a channel spans nodes and encodings, in order', { size: 3 }, async (cluster) => {
    const [n1, n2, n3] = cluster.nodes;
    const people = await Promise.all([
        cluster.client('ann', n1), cluster.client('bob', n2, { protobuf: true }), cluster.client('cid', n3),
        cluster.client('dan', n1, { protobuf: true }), cluster.client('eve', n2)]);
    await Promise.all(people.map((person) => person.subscribe('chat:lobby')));
    await cluster.settled();

    const perPerson = 100;
    await Promise.all(people.map((person) => Promise.all(numbers(perPerson).map((number) => person.publish('chat:lobby', { by: person.user, number, text: 'zażółć "gęślą" \\ 🍇' })))));
    for (const reader of people) {
        for (const writer of people) await reader.hears('chat:lobby', { by: writer.user, number: perPerson - 1, text: 'zażółć "gęślą" \\ 🍇' });
        assert.equal(reader.messages.length, people.length * perPerson);
        for (const writer of people) {
            const heard = reader.messages.filter((message) => message.data.by === writer.user);
            assert.deepEqual(heard.map((message) => message.data.number), numbers(perPerson));
            assert.ok(heard.every((message) => message.from === writer.user && message.client === writer.id), 'each says who sent it');
        }
    }
});

// `#bob` reaches bob on every node where he is, once on each of his sessions, with who sent it; nobody else sees it.
onCluster('a user is reached on all nodes where he is', { size: 3 }, async (cluster) => {
    const [n1, n2, n3] = cluster.nodes;
    const ann = await cluster.client('ann', n1);
    const bobs = await Promise.all([cluster.client('bob', n2), cluster.client('bob', n3, { protobuf: true }), cluster.client('bob', n3)]);
    const eve = await cluster.client('eve', n3);
    await cluster.locates('bob', 3, ['n2', 'n3']);

    await ann.publish('#bob', { text: 'psst' });
    await ann.publish('#bob', { text: 'that was all' });
    for (const bob of bobs) {
        const { from, client } = await bob.hears('#bob', { text: 'that was all' });
        assert.deepEqual({ from, client }, { from: 'ann', client: ann.id });
        assert.deepEqual(bob.received('#bob'), [{ text: 'psst' }, { text: 'that was all' }]);
    }
    // To himself, from one place to the others, as applications sync their windows.
    await bobs[0].publish('#bob', { text: 'note to myself' });
    await Promise.all(bobs.map((bob) => bob.hears('#bob', { text: 'note to myself' })));
    assert.deepEqual(eve.messages, []);
    assert.deepEqual(ann.messages, []);

    bobs[1].close();
    await cluster.locates('bob', 2, ['n2', 'n3']);
    bobs[2].close();
    await cluster.locates('bob', 1, ['n2']);
    bobs[0].close();
    await cluster.locates('bob', 0, []);
});

// What comes for somebody in one turn of a node leaves in few frames, and the SDK takes them apart.
onCluster('messages and replies of a turn share frames', { size: 2 }, async (cluster) => {
    const [n1, n2] = cluster.nodes;
    const [ann, bob, raw] = [await RawClient.connected(n1, 'ann'), await RawClient.connected(n2, 'bob'), await RawClient.open(n2, { subprotocols: ['centrifuge-protobuf'] })];
    raw.say(protobufConnect('bob'));
    const bobs = [await cluster.client('bob', n2), await cluster.client('bob', n2, { protobuf: true })];
    const eve = await cluster.client('eve', n2);
    await cluster.locates('bob', 4, ['n2']);
    await cluster.locates('eve', 1, ['n2']);

    const count = 60, before = ann.textFrames;
    const said = (number) => [{ id: 100 + number, publish: { channel: '#bob', data: { number } } }, { id: 500 + number, publish: { channel: '#eve', data: { number } } }];
    ann.say(numbers(count).flatMap(said).map((command) => JSON.stringify(command)).join('\n'));
    await Promise.all([...bobs.map((person) => person.hears('#bob', { number: count - 1 })), eve.hears('#eve', { number: count - 1 })]);
    for (const [person, channel] of [[bobs[0], '#bob'], [bobs[1], '#bob'], [eve, '#eve']])
        assert.deepEqual(person.received(channel), numbers(count).map((number) => ({ number })));
    await until('all replies', () => ann.texts.filter((reply) => reply.id >= 100 && reply.publish).length === 2 * count);
    assert.ok(ann.textFrames - before < 5, `${ann.textFrames - before} frames for ${2 * count} replies`);
    const pushes = () => bob.texts.filter((reply) => reply.push?.pub).map((reply) => reply.push.pub.data.number);
    await until('all pushes', () => pushes().length === count);
    assert.deepEqual(pushes(), numbers(count));
    [ann, bob, raw].forEach((client) => client.close());
});

// One user with one session gets a burst in a few frames.
onCluster('a burst for one session leaves in few frames', { size: 2 }, async (cluster) => {
    const [n1, n2] = cluster.nodes;
    const [ann, bob] = [await RawClient.connected(n1, 'ann'), await RawClient.connected(n2, 'bob')];
    await cluster.locates('bob', 1, ['n2']);
    const count = 100, before = bob.textFrames;
    ann.say(numbers(count).map((number) => JSON.stringify({ publish: { channel: '#bob', data: { number } } })).join('\n'));
    const pushes = () => bob.texts.filter((reply) => reply.push?.pub).map((reply) => reply.push.pub.data.number);
    await until('all pushes', () => pushes().length === count);
    assert.deepEqual(pushes(), numbers(count));
    // Of at most 4 KiB; they may have come in more than one turn.
    assert.ok(bob.textFrames - before < count / 2, `${bob.textFrames - before} frames for ${count} messages`);
    [ann, bob].forEach((client) => client.close());
});

// `$system` is the operator's voice: over HTTP on any node it reaches every session of every node, and no client has it.
onCluster('$system reaches everybody and is not for clients', { size: 3 }, async (cluster) => {
    const people = await Promise.all(cluster.nodes.flatMap((node, i) => [
        cluster.client(`user-${i}`, node), cluster.client(undefined, node, { protobuf: true })]));
    for (const [i, node] of cluster.nodes.entries()) {
        assert.deepEqual(await node.publish('$system', { notice: i }), { result: {} });
        await Promise.all(people.map((person) => person.hears('$system', { notice: i })));
    }
    await assert.rejects(people[0].publish('$system', { text: 'me too' }), withCode(103));
    await assert.rejects(people[0].publish('$else', {}), withCode(103));
    for (const person of people) assert.equal(person.received('$system').length, cluster.nodes.length);
});

// What a client may not have is refused with the published code, and the connection goes on.
onCluster('what is refused has its code', { size: 1 }, async (cluster) => {
    const [n1] = cluster.nodes;
    for (const protobuf of [false, true]) {
        const ann = await cluster.client('ann', n1, { protobuf });
        const refused = (promise, code) => assert.rejects(promise, withCode(code));
        await refused(ann.subscribe('#bob'), 103);
        await refused(ann.subscribe('$other'), 103);
        await refused(ann.sdk.presence('chat:lobby'), 103);
        await refused(ann.sdk.presenceStats('chat:lobby'), 103);
        await refused(ann.sdk.history('chat:lobby', { limit: 1 }), 108);
        await refused(ann.rpc('no_such_method'), 104);
        await refused(ann.rpc('user_status', { users: 'ann' }), 107);
        await refused(ann.rpc('user_status', { users: numbers(257).map(String) }), 106);
        await refused(ann.publish('#', {}), 107);
        await refused(ann.publish('', {}), 107);
        assert.deepEqual(ann.lost, []);
        assert.equal((await ann.status('ann')).ann.online, true);
        ann.close();
    }
    // The SDK does not let these out, so they are said on the wire.
    const raw = await RawClient.connected(n1, 'ann');
    const codes = [];
    for (const [id, channel] of [[2, '#ann'], [3, '$system'], [4, 'chat:lobby'], [5, 'chat:lobby'], [6, '#bob']])
        codes.push((await raw.ask({ id, subscribe: { channel } })).error?.code);
    assert.deepEqual(codes, [105, 105, undefined, 105, 103]);
    raw.close();
});

// `user_status` answers for all nodes from the local table, `cluster` tells the members as `/api/cluster` does.
onCluster('rpc tells where users are and which nodes there are', { size: 3 }, async (cluster) => {
    const [n1, n2, n3] = cluster.nodes;
    const ann = await cluster.client('ann', n1);
    await Promise.all([cluster.client('bob', n2), cluster.client('bob', n2, { protobuf: true }), cluster.client('bob', n3)]);
    await cluster.locates('bob', 3, ['n2', 'n3']);
    await cluster.locates('ann', 1, ['n1']);

    for (const node of cluster.nodes) {
        const asker = await cluster.client('asker', node, { protobuf: node === n2 });
        const users = await asker.status('bob', 'nobody', 'ann');
        users.bob.nodes.sort();
        assert.deepEqual(users, {
            bob: { online: true, sessions: 3, nodes: ['n2', 'n3'] }, nobody: { online: false, sessions: 0, nodes: [] }, ann: { online: true, sessions: 1, nodes: ['n1'] } });
        const state = await asker.rpc('cluster');
        assert.equal(state.self, node.name);
        assert.equal(state.cluster, 'e2e');
        assert.deepEqual(state.nodes.map((member) => [member.name, member.state]).sort(), [['n1', 'alive'], ['n2', 'alive'], ['n3', 'alive']]);
        assert.deepEqual((await node.members()).map((member) => member.id).sort(), state.nodes.map((member) => member.id).sort());
        asker.close();
    }
    assert.deepEqual(ann.lost, []);
});

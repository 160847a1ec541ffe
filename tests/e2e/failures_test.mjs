// Nodes that are killed, frozen, ended and started again: nobody sees ghosts, nobody is lost, and chat goes on. The
// limits are generous; what it really took is printed (scripts/measure measures it properly).
import assert from 'node:assert/strict';
import { onCluster } from './support/cluster.mjs';
import { timed, until } from './support/until.mjs';

const ms = (value) => `${value.toFixed(0)} ms`;

// Twelve people behind a load balancer, in one channel, on all the nodes.
async function crowd(cluster) {
    const people = await Promise.all(Array.from({ length: 12 }, (_, i) => {
        const first = i % cluster.nodes.length;
        const nodes = [...cluster.nodes.slice(first), ...cluster.nodes.slice(0, first)];
        return cluster.client(`person-${i}`, nodes, { protobuf: i % 2 === 1 });
    }));
    await Promise.all(people.map((person) => person.subscribe('chat:lobby')));
    return people;
}

// Every node sees each of them once, where they are now, and they all hear each other.
async function allThereOnce(cluster, people) {
    await until('everybody to be connected', () => people.every((person) => person.isConnected));
    await Promise.all(people.map((person) => person.sdk.subscriptions()['chat:lobby'].ready()));
    await Promise.all(people.map((person) => cluster.locates(person.user, 1, [person.node])));
    await cluster.settled();
    for (const person of people) person.messages.length = 0;
    await Promise.all(people.map((person) => person.publish('chat:lobby', { from: person.user })));
    for (const person of people) {
        await Promise.all(people.map((other) => person.hears('chat:lobby', { from: other.user })));
        assert.equal(person.messages.length, people.length, `${person.user} heard everybody once`);
    }
}

// A killed process's users are gone from everybody's table in about a second at most, its clients come back on the other
// nodes, and its next life under the same name and addresses joins without bringing back who was there before.
onCluster('kill -9 of a node, and its restart', { size: 3 }, async (cluster, t) => {
    const [n1, n2, n3] = cluster.nodes;
    const people = await crowd(cluster);
    await allThereOnce(cluster, people);
    await cluster.client('bob', n2);    // has nowhere else to go
    await cluster.locates('bob', 1, ['n2']);
    const left = people.filter((person) => person.node === 'n2');
    const before = (await n1.member('n2')).epoch;

    const [, gone] = await timed(async () => {
        await n2.kill();
        await cluster.locates('bob', 0, [], [n1, n3]);
    });
    t.diagnostic(`killed node's users gone everywhere after ${ms(gone)}`);
    assert.ok(gone < 5_000, `gone after ${ms(gone)}`);
    await allThereOnce(cluster, people);
    assert.ok(left.every((person) => person.node !== 'n2'));
    assert.ok(people.filter((person) => !left.includes(person)).every((person) => person.lost.length === 0), 'the others noticed nothing');

    await n2.start();
    await cluster.meshed();
    assert.notEqual((await n1.member('n2')).epoch, before);
    await allThereOnce(cluster, people);
    await cluster.chats();
    assert.equal((await n1.members()).length, 3);
});

// A frozen process answers nobody: its users are hidden within 6 s, and seen again at once when it goes on, because
// nothing was forgotten; its clients never noticed.
onCluster('SIGSTOP and SIGCONT of a node', { size: 3 }, async (cluster, t) => {
    const [n1, n2, n3] = cluster.nodes;
    const bob = await cluster.client('bob', n2);
    const ann = await cluster.client('ann', n1, { protobuf: true });
    await Promise.all([ann, bob].map((person) => person.subscribe('chat:lobby')));
    await cluster.locates('bob', 1, ['n2']);
    await cluster.locates('ann', 1, ['n1']);

    const [, hidden] = await timed(async () => {
        n2.freeze();
        await cluster.locates('bob', 0, [], [n1, n3]);
    });
    t.diagnostic(`stopped node's users hidden everywhere after ${ms(hidden)}`);
    assert.ok(hidden < 15_000, `hidden after ${ms(hidden)}`);
    assert.equal((await n1.member('n2')).state, 'down');
    await cluster.chats([n1, n3]);

    const [, back] = await timed(async () => {
        n2.thaw();
        await cluster.locates('bob', 1, ['n2'], [n1, n3]);
    });
    t.diagnostic(`visible again ${ms(back)} after SIGCONT`);
    assert.ok(back < 10_000, `back after ${ms(back)}`);
    await cluster.meshed();
    await cluster.settled();
    await ann.publish('#bob', { text: 'there you are' });
    await bob.hears('#bob', { text: 'there you are' });
    await bob.publish('chat:lobby', { text: 'was I away?' });
    await ann.hears('chat:lobby', { text: 'was I away?' });
    assert.deepEqual([bob.lost, ann.lost], [[], []]);
});

// What is said to users of a frozen node waits within bounds, then is dropped and counted. Neither those who say it nor
// the others who hear it notice, and the node that sends does not grow without end.
onCluster('a frozen node costs nobody but its own users', { size: 3 }, async (cluster, t) => {
    const [n1, n2, n3] = cluster.nodes;
    const [writer, frozen, reader] = await Promise.all([cluster.client('writer', n1), cluster.client('frozen', n2), cluster.client('reader', n3)]);
    await Promise.all([frozen, reader].map((person) => person.subscribe('flood')));
    await cluster.settled();
    const memory = n1.memory();
    n2.freeze();
    const pad = 'x'.repeat(48 * 1024), inFlight = 8, count = 1_500;
    let most = 0, slowest = 0;
    for (let i = 0; i < count; ++i) {
        const [, took] = await timed(async () => {
            await writer.publish('flood', { i, pad });
            if (i % inFlight === 0) await until('the reader to keep up', () => reader.messages.length > i - inFlight, { every: 1 });
        });
        slowest = Math.max(slowest, took);
        most = Math.max(most, n1.memory() - memory);
    }
    await until('the reader to have everything', () => reader.messages.length === count);
    t.diagnostic(`${(count * pad.length / 2 ** 20).toFixed(0)} MiB published past a frozen node: slowest ${ms(slowest)}, n1 grew by ${(most / 2 ** 20).toFixed(1)} MiB at most`);
    assert.ok(reader.messages.every(({ data }, i) => data.i === i), 'in order');
    assert.ok(most < 48 * 2 ** 20, `n1 grew by ${most} bytes`);
    assert.deepEqual([writer.lost, reader.lost], [[], []]);

    n2.thaw();
    await cluster.meshed();
    // Who could not read the backlog fast enough was closed as slow, and comes back.
    await until('the one on the frozen node to hear again', async () => {
        await writer.publish('flood', { after: 'all' });
        return frozen.messages.some(({ data }) => data.after);
    });
    assert.ok(frozen.lost.every((code) => code === 3008), frozen.lost.join());
    const order = frozen.messages.map(({ data }) => data.i).filter((i) => i !== undefined);
    assert.ok(order.every((i, at) => at === 0 || order[at - 1] < i), 'what did arrive is in order, once');
});

// SIGTERM is a goodbye: clients are sent elsewhere (3001), the others see `left` at once, and the process ends with 0.
onCluster('SIGTERM of a node', { size: 3 }, async (cluster, t) => {
    const [n1, n2, n3] = cluster.nodes;
    const people = await crowd(cluster);
    await allThereOnce(cluster, people);
    const leaving = people.filter((person) => person.node === 'n2');
    assert.ok(leaving.length > 0);

    const exit = timed(() => n2.terminate());
    const [, seen] = await timed(() => until('both others to see n2 left', async () =>
        (await Promise.all([n1, n3].map((node) => node.member('n2')))).every((member) => member === undefined || member.state === 'left'), { every: 2 }));
    const [code, took] = await exit;
    t.diagnostic(`left after ${ms(seen)}, process ended after ${ms(took)}`);
    assert.equal(code, 0);
    assert.ok(seen < 3_000, `left after ${ms(seen)}`);
    assert.ok(took < 6_000, `ended after ${ms(took)}`);
    assert.doesNotMatch(n1.log + n3.log, /member_suspected|member_down/);
    await allThereOnce(cluster, people);
    for (const person of people) assert.deepEqual(person.lost, leaving.includes(person) ? [3001] : [], person.user);

    await n2.start();
    await cluster.meshed();
    await cluster.chats();
});

// Five times a node is killed and started again at once, faster than anybody can be sure that it is dead, while people
// move to and fro: at the end everybody is seen exactly once by everybody.
onCluster('killed and restarted over and over', { size: 3 }, async (cluster) => {
    const people = await crowd(cluster);
    for (let round = 0; round < 5; ++round) {
        const node = cluster.nodes[round % 3];
        await node.kill();
        await node.start();
    }
    await cluster.meshed();
    await allThereOnce(cluster, people);

    // And all at once: a whole cluster that lost its power.
    await Promise.all(cluster.nodes.map((node) => node.kill()));
    await Promise.all(cluster.nodes.map((node) => node.start()));
    await cluster.meshed();
    await allThereOnce(cluster, people);
    const counts = ['n1', 'n2', 'n3'].map((name) => [name, people.filter((person) => person.node === name).length]);
    for (const node of cluster.nodes) {
        await until(`${node.name} to count ${JSON.stringify(counts)} users`, async () =>
            JSON.stringify((await node.members()).map((member) => [member.name, member.users]).sort()) === JSON.stringify(counts));
        assert.equal((await node.metrics()).of('divergences_total'), 0);
    }
});

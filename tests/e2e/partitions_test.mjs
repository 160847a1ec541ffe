// Networks that break between nodes, whole and in part: three or four real nodes, each on a host of its own whose cable and
// packets are taken away (support/own_network.mjs). Who cannot be reached is hidden, who can be reached through another node
// is not, and soon after the network is whole again everything is as before. The limits are generous; what it really took is
// printed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Cluster, together } from './support/cluster.mjs';
import { enterOwnNetwork, OwnNetwork } from './support/own_network.mjs';
import { timed, until } from './support/until.mjs';

await enterOwnNetwork();

const hiddenWithin = 20_000;     // 3 s of silence, 8 s of suspicion, and a slow machine
const healedWithin = 18_000;     // dials are at most 12 s apart

const scenarios = {};
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

// As a scenario: `body({cluster, network, nodes, people, t})` with `size` meshed nodes n1, n2, ..., each on a host, and on each a person: u1, u2, ...
function onHosts(what, { size = 3 }, body) {
    scenarios[what] = async (t) => {
        const network = new OwnNetwork();
        const cluster = new Cluster();
        try {
            for (let i = 1; i <= size; ++i) {
                const host = network.host();
                const [listen, meshListen, adminListen] = [host.control, host.address, host.control].map((address) => `${address}:0`);
                const node = cluster.node(`n${i}`, { listen, meshListen, adminListen, more: ['--open', 'client', '--open', 'admin'], wrapper: host.wrapper });
                node.host = host;
                await node.start();
            }
            await cluster.meshed();
            const people = await Promise.all(cluster.nodes.map((node, i) => cluster.client(`u${i + 1}`, node, { protobuf: i % 2 === 1 })));
            await seen(cluster, people);
            await body({ cluster, network, nodes: cluster.nodes, people, t });
            for (const { user, lost } of people) assert.deepEqual(lost, [], `${user} noticed nothing of it`);
            for (const node of cluster.nodes) assert.equal((await node.metrics()).of('divergences_total'), 0);
        } catch (error) {
            console.error(cluster.logs());
            throw error;
        } finally {
            await cluster.end();
            network.remove();
        }
    };
}

// Until these see those of them who are on their side, and nobody else.
async function seen(cluster, people, sides = [cluster.nodes]) {
    await Promise.all(sides.flatMap((side) => people.map((person) =>
        (side.some((node) => node.name === person.node) ? cluster.locates(person.user, 1, [person.node], side) : cluster.locates(person.user, 0, [], side)))));
}

// Takes the network apart, until each side hides the others and is itself whole; chats on each; puts it together, until all is
// as before, without a restart and without anybody's doing.
async function partedAndHealed({ cluster, network, nodes, people, t }, sides) {
    const [, hidden] = await timed(async () => {
        network.part(...sides.map((side) => side.map((node) => node.host)));
        await seen(cluster, people, sides);
    });
    t.diagnostic(`the other side hidden everywhere after ${seconds(hidden)}`);
    assert.ok(hidden < hiddenWithin, `hidden after ${seconds(hidden)}`);
    for (const [i, side] of sides.entries()) await cluster.chats(side, `chat:side-${i}`);
    // What changes meanwhile must not be lost.
    const late = await cluster.client('late', nodes[0]);
    await cluster.locates('late', 1, ['n1'], sides[0]);

    const [, healed] = await timed(async () => {
        network.heal();
        await seen(cluster, [...people, late]);
        await cluster.meshed();
    });
    t.diagnostic(`all is as before ${seconds(healed)} after the network is whole`);
    assert.ok(healed < healedWithin, `healed after ${seconds(healed)}`);
    await cluster.chats();
}

onHosts('a node parted from two others, and healed', {}, (all) => partedAndHealed(all, [[all.nodes[0]], all.nodes.slice(1)]));
onHosts('three parted from each other, and healed', {}, (all) => partedAndHealed(all, all.nodes.map((node) => [node])));
onHosts('two and two, and healed', { size: 4 }, (all) => partedAndHealed(all, [all.nodes.slice(0, 2), all.nodes.slice(2)]));

// What a node logged since this was called.
function sinceNow(node) {
    const begin = node.log.length;
    return () => node.log.slice(begin);
}

// That nobody is hidden from anybody until `over`, a promise, gives its value: asked all the time, over every node.
async function nobodyHiddenUntil(over, cluster, people) {
    const askers = await Promise.all(cluster.nodes.map((node) => cluster.asker(node)));
    const done = over.then((value) => ({ value }));
    for (let looks = 1; ; ++looks) {
        for (const [i, asker] of askers.entries()) {
            const status = await asker.status(...people.map((person) => person.user));
            for (const { user, node } of people) assert.deepEqual(status[user].nodes, [node], `${user}, as ${cluster.nodes[i].name} sees it`);
        }
        const end = await Promise.race([done, pause(50)]);
        if (end) return { value: end.value, looks };
    }
}

// Packets of n1 to n2 are lost, and nothing else. Each still hears of the other from n3, and then reaches it through n3: a link
// like any other. Nobody is hidden for a moment.
onHosts('packets lost one way between two nodes', {}, async ({ cluster, network, nodes, people, t }) => {
    const [n1, n2] = nodes;
    const [u1, u2] = people;
    const logs = nodes.map(sinceNow);
    const [others1, others2] = [[n1, 'n2'], [n2, 'n1']].map(([node, other]) => ({ node, other, log: sinceNow(node) }));
    const hasLink = (way) => ({ node, other, log }) => until(`${node.name} to have a link to ${other} ${way}`, () =>
        log().split('\n').find((line) => line.includes('link_up') && line.includes(`node=${other} `) && line.includes(way)), { within: 60_000 });

    network.lose(n1.host, n2.host);
    const [{ looks }, took] = await timed(() => nobodyHiddenUntil(Promise.all([others1, others2].map(hasLink('through another node'))), cluster, people));
    t.diagnostic(`a link through n3 after ${seconds(took)}; seen by everybody at each of ${looks} looks`);
    await cluster.meshed();
    for (let i = 0; i < 20; ++i) {
        const [there, back] = await Promise.all([u1.send('u2', { there: i }), u2.send('u1', { back: i })]);
        assert.deepEqual([there.users.u2, back.users.u1], [{ state: 'written', sessions: 1, nodes: ['n2'] }, { state: 'written', sessions: 1, nodes: ['n1'] }]);
    }
    await Promise.all([u2.hears('#u2', { there: 19 }), u1.hears('#u1', { back: 19 })]);
    assert.deepEqual(u2.received('#u2'), Array.from({ length: 20 }, (_, there) => ({ there })));
    assert.deepEqual(u1.received('#u1'), Array.from({ length: 20 }, (_, back) => ({ back })));
    await cluster.chats();

    for (const one of [others1, others2]) one.log = sinceNow(one.node);
    network.heal();
    const [, healed] = await timed(() => nobodyHiddenUntil(Promise.all([others1, others2].map(hasLink('direct'))), cluster, people));
    t.diagnostic(`a direct link again ${seconds(healed)} after the network is whole`);
    assert.ok(healed < healedWithin, `healed after ${seconds(healed)}`);
    await cluster.meshed();
    await cluster.chats();
    for (const [i, log] of logs.entries()) assert.doesNotMatch(log(), /member_down/, `${nodes[i].name} counted nobody as down`);
});

// A cable that is out for 3 s hides nobody: that is less than silence and suspicion together. For 20 s it hides who was behind it.
// At the node's own end the system says at once that there is no network: that is not a host that says that nobody listens.
for (const where of ['own end', 'switch']) {
    onHosts(`a node's cable out for 3 s, then 20 s, at its ${where}`, {}, async ({ cluster, network, nodes, people, t }) => {
        const [n1, n2, n3] = nodes;
        const logs = nodes.map(sinceNow);
        network.unplug(n2.host, where);
        await nobodyHiddenUntil(pause(3_000), cluster, people);
        network.plug(n2.host, where);
        const [, short] = await timed(() => nobodyHiddenUntil(cluster.meshed(), cluster, people));
        t.diagnostic(`all alive ${seconds(short)} after 3 s without cable`);
        await cluster.chats();
        for (const [i, log] of logs.entries()) assert.doesNotMatch(log(), /member_down/, `${nodes[i].name} counted nobody as down`);

        const out = pause(20_000);
        const [, hidden] = await timed(async () => {
            network.unplug(n2.host, where);
            await seen(cluster, people, [[n1, n3], [n2]]);
        });
        t.diagnostic(`hidden everywhere after ${seconds(hidden)} without cable`);
        assert.ok(hidden < hiddenWithin, `hidden after ${seconds(hidden)}`);
        await cluster.chats([n1, n3]);
        await out;
        const [, long] = await timed(async () => {
            network.plug(n2.host, where);
            await seen(cluster, people);
            await cluster.meshed();
        });
        t.diagnostic(`all is as before ${seconds(long)} after 20 s without cable`);
        assert.ok(long < healedWithin, `healed after ${seconds(long)}`);
        await cluster.chats();
    });
}

// They mostly wait, each in a network of its own: all at once.
test('networks that break between nodes', { timeout: 180_000, concurrency: 32 }, (t) => together(t, scenarios));

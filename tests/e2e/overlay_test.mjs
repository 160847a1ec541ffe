// A cluster with more nodes than links: each keeps links to its neighbours, and to those whom its people talk to.
import assert from 'node:assert/strict';
import { onCluster } from './support/cluster.mjs';
import { timed, until } from './support/until.mjs';

const count = 16;
const flags = ['--full-mesh-up-to', '8', '--link-idle', '10'];
const patience = { within: 40_000, every: 100 };

const others = async (node) => (await node.members()).filter(({ self }) => !self);
const unlinked = async (node) => (await others(node)).filter(({ linked }) => !linked);
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

// Until each of these sees the others alive, linked or not, and nobody else.
function allAlive(nodes) {
    const names = nodes.map(({ name }) => name).sort().join();
    return Promise.all(nodes.map((node) => until(`${node.name} to see ${nodes.length} alive`, async () =>
        (await node.members()).filter(({ state }) => state === 'alive').map(({ name }) => name).sort().join() === names, patience)));
}
// Until each counts one user on each of `on`, and none on any other.
function allCount(seeing, on) {
    const wanted = on.map(({ name }) => name).sort().join();
    return Promise.all(seeing.map((node) => until(`${node.name} to count the users of ${on.length}`, async () =>
        (await node.members()).filter(({ users }) => users > 0).map(({ name }) => name).sort().join() === wanted, patience)));
}

onCluster(`${count} nodes that keep links to their neighbours alone`, { size: 0, timeout: 200_000 }, async (cluster, t) => {
    const first = await cluster.start('n1', { more: flags });
    const { nodes } = cluster;
    await Promise.all(Array.from({ length: count - 1 }, (_, i) => cluster.node(`n${i + 2}`, { seeds: [first.mesh], more: flags }).start()));
    await allAlive(nodes);

    const [, rest] = await timed(() => Promise.all(nodes.map((node) => until(`${node.name} to let links rest`, async () =>
        (await unlinked(node)).length > 0 && (await unlinked(node)).every(({ link, state }) => link === 'not needed' && state === 'alive'), patience))));
    const links = (await Promise.all(nodes.map(async (node) => count - 1 - (await unlinked(node)).length))).reduce((sum, of) => sum + of) / 2;
    t.diagnostic(`links: ${links} of ${count * (count - 1) / 2}, ${seconds(rest)} later`);
    assert.ok(links < count * (count - 1) / 2 * 0.8, `${links} links are left`);

    // Who comes is seen without a link, and reached over one that is made for it.
    const people = await Promise.all(nodes.map((node, i) => cluster.client(`person-${i}`, node, { protobuf: i % 2 === 1 })));
    await allCount(nodes, nodes);
    const here = nodes[3];
    const [far] = await unlinked(here);
    const there = people.find((person) => person.node === far.name);
    await there.subscribe('chat:den');
    await until('the subscription to be known', async () => (await here.member(far.name)).channels > 0, patience);
    const receipt = await people[3].send(there.user, 'hello');
    assert.deepEqual(receipt.users[there.user], { state: 'written', sessions: 1, nodes: [far.name] });
    await there.hears(`#${there.user}`, 'hello');
    await people[3].publish('chat:den', 'to all of you');
    await there.hears('chat:den', 'to all of you');
    assert.ok((await here.member(far.name)).linked, 'the message made a link');
    await until('the link to rest again', async () => !(await here.member(far.name)).linked, patience);
    for (const node of nodes) assert.equal((await node.metrics()).of('suspicions_total'), 0, `${node.name} suspected somebody`);

    // One is killed, one is stopped: both are hidden everywhere, and nobody else for a moment.
    const [killed, stopped] = [nodes[7], nodes[11]];
    const well = nodes.filter((node) => node !== killed && node !== stopped);
    const [, gone] = await timed(async () => {
        await killed.kill();
        await allCount(well, nodes.filter((node) => node !== killed));
    });
    people[7].close();
    const [, hidden] = await timed(async () => {
        stopped.freeze();
        await allCount(well, well);
    });
    t.diagnostic(`killed: hidden after ${seconds(gone)}; stopped: after ${seconds(hidden)}`);
    for (const node of well)
        for (const [, down] of node.log.matchAll(/member_down node=(\S+)/g))
            assert.ok([killed.name, stopped.name].includes(down), `${node.name} counted ${down} as down, which was well`);

    stopped.thaw();
    await killed.start();
    await allAlive(nodes);
    await cluster.chats([killed, stopped, well[0], well[9]]);
    for (const node of nodes) assert.equal((await node.metrics()).of('divergences_total'), 0);
});

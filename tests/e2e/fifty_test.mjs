// Many real nodes, which find each other through the first alone; some are killed, stopped, started again.
// GRAPEVINE_E2E_NODES: how many, 50 if not set.
import assert from 'node:assert/strict';
import { onCluster } from './support/cluster.mjs';
import { timed, until } from './support/until.mjs';

const count = Number(process.env.GRAPEVINE_E2E_NODES ?? 50);
assert.ok(count >= 25, 'GRAPEVINE_E2E_NODES must be 25 at least: of fewer, too many would be harmed at once');
const patience = { within: 60_000, every: 200 };    // asking so many is work too

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

// Until each of `seeing` sees exactly `seen`, alive and linked.
function allAlive(seeing, seen = seeing) {
    const names = seen.map((node) => node.name);
    return Promise.all(seeing.map((node) => until(`${node.name} to see ${names.length} alive`, () => node.seesAlive(names), patience)));
}

// Until each of `seeing` counts one user on each of `on`, and none on any other: of who is down, users are hidden.
function allCount(seeing, on) {
    const wanted = on.map(({ name }) => [name, 1]).sort().join();
    return Promise.all(seeing.map((node) => until(`${node.name} to count the users of ${on.length}`, async () =>
        (await node.members()).filter(({ users }) => users > 0).map(({ name, users }) => [name, users]).sort().join() === wanted, patience)));
}

onCluster(`${count} nodes: five killed, two stopped, all alive again`, { size: 0, timeout: 280_000 }, async (cluster, t) => {
    const took = async (what, action) => t.diagnostic(`${what}: ${seconds((await timed(action))[1])}`);
    const first = await cluster.start('n1');
    const { nodes } = cluster;
    await took(`all ${count} alive on all`, async () => {
        const others = Array.from({ length: count - 1 }, (_, i) => cluster.node(`n${i + 2}`, { seeds: [first.mesh] }));
        await Promise.all(others.map((node) => node.start()));
        await allAlive(nodes);
    });

    // One person on each node, who hears of everybody in a channel and is told something by the next.
    const people = await Promise.all(nodes.map((node, i) => cluster.client(`person-${i}`, node, { protobuf: i % 2 === 1 })));
    await took('the person on each seen by all', () => allCount(nodes, nodes));
    for (const [i, person] of people.entries()) {
        const next = people[(i + 1) % count];
        const receipt = await person.send(next.user, i);
        assert.deepEqual(receipt.users[next.user], { state: 'written', sessions: 1, nodes: [next.node] });
        await next.hears(`#${next.user}`, i);
    }

    // The first of them was everybody's seed.
    const killed = [first, ...nodes.slice(5, 9)];
    const stopped = nodes.slice(20, 22);
    const well = nodes.filter((node) => !killed.includes(node) && !stopped.includes(node));
    for (const [i, node] of nodes.entries()) if (killed.includes(node)) people[i].close();
    const logs = well.map((node) => ({ node, from: node.log.length }));
    await took('five killed, two stopped: hidden by all others', async () => {
        for (const node of stopped) node.freeze();
        await Promise.all(killed.map((node) => node.kill()));
        await allCount(well, well);
    });
    for (const { node, from } of logs)
        for (const [, down] of node.log.slice(from).matchAll(/member_down node=(\S+)/g))
            assert.ok([...killed, ...stopped].some(({ name }) => name === down), `${node.name} counted ${down} as down, which was well`);

    await took('going on, started again: all alive on all', async () => {
        for (const node of stopped) node.thaw();
        await Promise.all(killed.map((node) => node.start()));
        await allAlive(nodes);
    });
    await took('the person on each that was not killed seen by all', () => allCount(nodes, nodes.filter((node) => !killed.includes(node))));
    const staying = people.filter((_, i) => !killed.includes(nodes[i]));
    for (const person of staying) assert.deepEqual(person.lost, [], `${person.user} noticed nothing`);
    await cluster.chats([killed[0], stopped[0], well[0]]);
    for (const node of nodes) assert.equal((await node.metrics()).of('divergences_total'), 0);
});

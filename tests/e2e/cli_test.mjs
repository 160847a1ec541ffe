// `grapevine chat` and `grapevine status` against real nodes: what the README promises a newcomer.
import assert from 'node:assert/strict';
import { onCluster } from './support/cluster.mjs';
import { run } from './support/grapevine_node.mjs';
import { until, within } from './support/until.mjs';

const chat = (user, nodes) => run(['chat', '--user', user, ...nodes.flatMap((node) => ['--url', node.url])], { input: 'pipe' });
const types = (life, line) => life.child.stdin.write(`${line}\n`);
const shows = (life, stream, pattern) => until(`${pattern} in:\n${life.out}\n${life.log}`, () => pattern.test(life[stream]));

// Two people on two nodes read each other in the lobby and in private; when bob's node is killed his terminal moves to
// the next, and alice still reaches him.
onCluster('two people chat, and a killed node is survived', { size: 3 }, async (cluster) => {
    const [n1, n2, n3] = cluster.nodes;
    const alice = chat('alice', [n1]);
    const bob = chat('bob', [n2, n3]);
    await shows(alice, 'log', /connected to n1/);
    await shows(bob, 'log', /connected to n2/);
    await cluster.locates('alice', 1, ['n1']);
    await cluster.locates('bob', 1, ['n2']);
    await cluster.settled();

    types(alice, 'hello lobby');
    await Promise.all([alice, bob].map((reader) => shows(reader, 'out', /^\[chat:lobby\] alice: hello lobby$/m)));
    types(bob, '/msg alice psst');
    await shows(alice, 'out', /^\[direct\] bob: psst$/m);
    types(alice, '/status bob');
    await shows(alice, 'out', /^bob is online: 1 session on n2$/m);

    await n2.kill();
    await shows(bob, 'log', /back, on n3/);
    await cluster.locates('bob', 1, ['n3']);
    await cluster.settled();
    types(alice, '/msg bob still there?');
    await shows(bob, 'out', /^\[direct\] alice: still there\?$/m);
    types(bob, 'yes');
    await shows(alice, 'out', /^\[chat:lobby\] bob: yes$/m);

    types(bob, '/quit');
    alice.child.stdin.end();
    assert.deepEqual(await within('both to leave', Promise.all([alice.exited, bob.exited])), [0, 0]);
    await Promise.all(['alice', 'bob'].map((user) => cluster.locates(user, 0, [])));
});

// `status` shows the members as one node sees them, and its exit code tells scripts whether all are alive.
onCluster('status shows the members and tells scripts', { size: 3 }, async (cluster) => {
    const [n1, n2] = cluster.nodes;
    const status = async (...words) => {
        const life = run(['status', '--admin', `http://${n1.admin}`, ...words]);
        return [await within('status to end', life.exited), life.out + life.log];
    };
    await until('tables to be compared', async () => (await n1.members()).every(({ self, seconds_since_equal: since, rtt_us: rtt }) => self || (since !== undefined && rtt)));
    const [code, table] = await status();
    assert.equal(code, 0, table);
    // Of each other node: which end dialled, round trip, what waits, epoch, table version, how long ago both were equal.
    assert.match(table, /^NODE +LINK +PROTOCOL +RTT +QUEUED +EPOCH +TABLE +EQUAL$/m);
    for (const name of ['n2', 'n3']) assert.match(table, new RegExp(`^${name} +(dialled|accepted) +\\d+ +\\d+\\.\\d\\d ms +\\d+ B +\\d+ +\\d+ +\\d+\\.\\d s$`, 'm'));
    for (const name of ['n1', 'n2', 'n3']) assert.match(table, new RegExp(`${name}.*alive`));
    const [, json] = await status('--json');
    assert.deepEqual(JSON.parse(json).nodes.map((member) => member.state), ['alive', 'alive', 'alive']);
    await n2.kill();
    await until('n1 to see it down', async () => (await n1.member('n2')).state === 'down');
    const [broken, now] = await status();
    assert.equal(broken, 4, now);
    assert.match(now, /n2.*down/);
});

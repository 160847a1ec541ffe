// The secret: how it is changed while people chat, that it is nowhere to be seen, and what an operator sees of those who
// do not know it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { onCluster } from './support/cluster.mjs';
import { run } from './support/grapevine_node.mjs';
import { until, within } from './support/until.mjs';

const old = 'what all nodes of this cluster know';
const fresh = 'what all nodes of this cluster will know';

async function status(node, ...words) {
    const life = run(['status', '--admin', `http://${node.admin}`, ...words]);
    await within('status to end', life.exited);
    return life.out + life.log;
}

// What anybody on the machine, in the logs or on the admin listener can see of a node.
async function seen(node) {
    const of = (what) => readFileSync(`/proc/${node.pid}/${what}`, 'utf8');
    const pages = await Promise.all(['/api/cluster', '/metrics', '/readyz'].map((path) => node.get(path)));
    return [of('cmdline'), of('environ'), node.log, node.life.out, await status(node), ...pages.map((page) => page.text)].join('\n');
}

// Three rounds of restarts, as docs/operating.md says; people on other nodes do not notice more than a restart, nobody
// is ever refused, and at the end the old secret opens nothing.
onCluster('the secret is changed while the cluster runs', { size: 3 }, async (cluster) => {
    const [one, two] = [cluster.secretFile, cluster.secret('fresh', fresh)];
    for (const files of [[one, two], [two, one], [two]])
        for (const node of cluster.nodes) {
            assert.equal(await node.terminate(), 0);
            Object.assign(node, { secretFile: undefined, more: files.flatMap((file) => ['--secret-file', file]) });
            await node.start();
            await cluster.meshed();
        }
    await cluster.chats();
    for (const node of cluster.nodes) {
        for (const life of node.lives) assert.doesNotMatch(life.log, /secret/);
        assert.deepEqual((await node.get('/api/cluster')).json().refusals, []);
        const everything = await seen(node);
        for (const secret of [old, fresh]) assert.ok(!everything.includes(secret), everything);
    }
    const late = await cluster.start('late', { secretFile: one, seeds: [cluster.nodes[0].mesh] });
    await late.says(/have different secrets: check --secret-file on both/);
    assert.deepEqual((await late.members()).map((member) => member.name), ['late']);
});

// Who dials for ever with a wrong secret is shown on both ends, with the words that say what to do, counted by reason and
// side, and logged once.
onCluster('a refusal is shown on both ends, and counted', { size: 1 }, async (cluster) => {
    const [n1] = cluster.nodes;
    const stranger = await cluster.start('mallory', { seeds: [n1.mesh], host: '127.0.0.99', secretFile: cluster.secret('wrong', 'a guess') });
    const text = '"mallory" and "n1" have different secrets: check --secret-file on both';
    const refusal = async (node) => (await node.get('/api/cluster')).json().refusals.find(({ reason }) => reason === 'wrong_secret');
    await until('n1 to refuse several times', async () => (await refusal(n1))?.times >= 3, { within: 20_000 });

    const ours = await refusal(n1);
    assert.deepEqual([ours.name, ours.by, ours.text], ['mallory', 'us', text]);
    assert.ok(ours.seconds_since_last <= ours.seconds_since_first);
    const theirs = await refusal(stranger);
    assert.deepEqual([theirs.name, theirs.by, theirs.text, theirs.address], ['n1', 'peer', text, n1.mesh]);
    assert.match(await status(n1), /wrong_secret {2}mallory at 127\.0\.0\.\d+, refused by us, \d+ times, last \d+ s ago\n +"mallory" and "n1" have different secrets/);
    assert.match(await status(stranger), /wrong_secret {2}n1 at [\d.:]+ refused us, /);
    assert.equal(n1.log.match(/link_refused /g).length, 1, n1.log);
    assert.equal(stranger.log.match(/link_refused_by_peer /g).length, 1, stranger.log);
    for (const [node, by] of [[n1, 'us'], [stranger, 'peer']])
        assert.match((await node.get('/metrics')).text, new RegExp(`^grapevine_link_refusals_total\\{by="${by}",reason="wrong_secret"\\} [1-9]`, 'm'));
    // Clients see members, and not who tried to become one.
    const bob = await cluster.client('bob', n1);
    assert.equal((await bob.rpc('cluster')).refusals, undefined);
    for (const node of [n1, stranger]) assert.ok(!(await seen(node)).includes('a guess'));
});

// What `status` shows fits a terminal of 100 columns, has no colours in a pipe, and says of each link what it speaks.
onCluster('status fits the screen', { size: 3 }, async (cluster) => {
    const [n1] = cluster.nodes;
    await until('tables to have been compared', async () => (await n1.members()).every((member) => member.self || member.seconds_since_equal !== undefined));
    const text = await status(n1);
    assert.doesNotMatch(text, /\x1b/);
    for (const line of text.split('\n')) assert.ok(line.length <= 100, `${line.length} columns: ${line}`);
    for (const name of ['n2', 'n3']) assert.match(text, new RegExp(`^${name} +(dialled|accepted) +2 +[\\d.]+ ms +\\d+ B +\\d{16} +\\d+ +[\\d.]+ s$`, 'm'));
});

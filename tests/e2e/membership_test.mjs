// Who gets into the cluster and who does not: strangers, namesakes, nodes whose seeds are not up yet; and what an
// operator reads when something in the command line is wrong.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { onCluster, together } from './support/cluster.mjs';
import { run } from './support/grapevine_node.mjs';
import { addressOf } from './support/http.mjs';
import { until, within } from './support/until.mjs';

// A port where nobody listens yet.
async function freeAddress(host) {
    const server = createServer().listen(0, host);
    await new Promise((listening) => server.once('listening', listening));
    const { port } = server.address();
    await new Promise((closed) => server.close(closed));
    return `${host}:${port}`;
}

// Whoever does not know the secret, or belongs to another cluster, never becomes a member, by whichever side dials; both
// logs say why and what to check, and it is counted. Meanwhile those inside chat on.
onCluster('strangers stay outside, and both sides are told why', { size: 2 }, async (cluster, t) => {
    const [n1, n2] = cluster.nodes;
    const refuses = async (stranger, text) => {
        await Promise.all([n1.says(text), stranger.says(text)]);
        await until('both to count it', async () => (await stranger.metrics()).of('links_refused_total') > 0 && (await n1.metrics()).of('links_refused_total') > 0);
        assert.equal(await n1.member(stranger.name), undefined);
        assert.deepEqual((await stranger.members()).map((member) => member.name), [stranger.name]);
    };
    const seeds = [n1.mesh];
    const inside = await cluster.client('bob', n1);
    const outside = { seeds, host: '127.0.0.99' };
    await together(t, {
        'another secret': async () => {
            const stranger = await cluster.start('mallory', { ...outside, secretFile: cluster.secret('wrong', 'a guess') });
            await refuses(stranger, /"mallory\\" and \\"n1\\" have different secrets: check --secret-file on both/);
            // It is not told about users either.
            const asker = await cluster.client('eve', stranger);
            assert.equal((await asker.status('bob')).bob.online, false);
            await asker.publish('#bob', { text: 'let me in' });
        },
        'no secret': async () => refuses(await cluster.start('naive', { ...outside, secretFile: undefined }), /"naive\\" and \\"n1\\" have different secrets: check --secret-file on both/),
        'another cluster': async () => refuses(await cluster.start('elsewhere', { ...outside, cluster: 'other' }), /"elsewhere\\" belongs to cluster \\"other\\", \\"n1\\" to \\"e2e\\": check --cluster and --seeds/),
    });
    assert.deepEqual(inside.messages, []);
    await cluster.chats([n1, n2]);
});

// A name is one node. A second process with the name of one that is alive ends by itself and says which flag to change,
// and the first does not notice.
onCluster('a second process with the same --name ends', { size: 2 }, async (cluster) => {
    const [n1, n2] = cluster.nodes;
    const bob = await cluster.client('bob', n1);
    const namesake = await cluster.start('n1', { seeds: [n1.mesh, n2.mesh] });
    assert.equal(await within('the newcomer to end', namesake.exited), 1);
    assert.match(namesake.log, /another process named 'n1' is alive in cluster 'e2e'; choose another --name/);
    await cluster.meshed([n1, n2]);
    await cluster.locates('bob', 1, ['n1'], [n1, n2]);
    assert.deepEqual(bob.lost, []);
    await cluster.chats([n1, n2]);
});

// One that does not answer any more may be replaced under its name. When the old process goes on after all, it is the
// one that has to end: there are never two.
onCluster('a frozen process that was replaced ends when it goes on', { size: 2 }, async (cluster) => {
    const [n1, n2] = cluster.nodes;
    await cluster.client('ghost', n2);
    await cluster.locates('ghost', 1, ['n2'], [n1, n2]);
    n2.freeze();
    const replacement = await cluster.start('n2', { seeds: [n1.mesh] });
    await cluster.meshed([n1, replacement]);
    await cluster.locates('ghost', 0, [], [n1, replacement]);
    n2.thaw();
    assert.equal(await within('the old process to end', n2.exited), 1);
    assert.match(n2.log, /another process named 'n2' is alive in cluster 'e2e'; choose another --name/);
    await cluster.meshed([n1, replacement]);
    await cluster.chats([n1, replacement]);
});

// A taken port is the operator's mistake to see at once: exit code 2 and the flag to change.
onCluster('a port already taken', { size: 1 }, async (cluster) => {
    const [n1] = cluster.nodes;
    for (const [flag, taken] of [['--listen', n1.client], ['--mesh-listen', n1.mesh], ['--admin-listen', n1.admin]]) {
        const others = ['--listen', '--mesh-listen', '--admin-listen'].filter((other) => other !== flag).flatMap((other) => [other, '127.0.0.1:0']);
        const life = run(['node', '--name', 'late', flag, taken, ...others]);
        assert.equal(await within('it to end', life.exited), 2, life.log);
        assert.match(life.log, new RegExp(`^grapevine: ${flag} ${taken}: .*(in use|taken)`, 'm'));
        assert.equal(life.out, '');
    }
    await cluster.chats();
});

// Nodes may be started in any order: seeds that nobody serves yet, that do not resolve, that resolve to several
// addresses or that name the node itself are all fine, and a node says that it is not ready until it knows the others.
onCluster('seeds that come up later, and a seed that is the node itself', { size: 0 }, async (cluster) => {
    const meshListen = await freeAddress('127.0.0.1');
    const { port } = addressOf(meshListen);
    const early = await cluster.start('early', { seeds: [meshListen] });
    assert.equal((await early.get('/readyz')).status, 503);
    assert.match((await early.get('/readyz')).text, /waiting/);
    assert.equal((await early.get('/healthz')).status, 200);
    await cluster.client('ann', early);    // clients are served all the same

    const late = await cluster.start('late', { meshListen, seeds: [meshListen, `localhost:${port}`, 'no-such-host.invalid:7947', early.mesh] });
    await cluster.meshed();
    assert.match(late.log, /self_dialled/);
    assert.deepEqual((await late.members()).map((member) => member.name).sort(), ['early', 'late']);
    await cluster.locates('ann', 1, ['early']);
    await cluster.chats();
});

// A node whose seeds never answer does not wait for ever: after five seconds it calls itself ready, alone.
onCluster('seeds that nobody ever serves', { size: 0 }, async (cluster) => {
    const alone = await cluster.start('alone', { seeds: [await freeAddress('127.0.0.1')] });
    assert.equal((await alone.get('/readyz')).status, 503);
    await until('it to be ready', () => alone.isReady());
    await cluster.chats();
});

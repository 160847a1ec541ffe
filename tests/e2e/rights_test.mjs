// What the file of --config allows, for clients of the SDK and for back ends, on one node and across two.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Cluster, onCluster } from './support/cluster.mjs';
import { withCode } from './support/clients.mjs';
import { run } from './support/grapevine_node.mjs';
import { within } from './support/until.mjs';

const rules = `
[[channel.namespaces]]
name = "chat"
allow_subscribe_for_client = true
allow_publish_for_subscriber = true

[[channel.namespaces]]
name = "news"
allow_subscribe_for_client = true
allow_subscribe_for_anonymous = true

[channel.users]
allow_publish_for_client = true
`;

const ruled = {
    size: 2,
    timeout: 60_000,
    options(cluster) {
        writeFileSync(rulesFile(cluster), rules);
        return { more: ['--config', rulesFile(cluster)] };
    },
};
const rulesFile = (cluster) => join(cluster.dir, 'rules.toml');

for (const protobuf of [false, true]) onCluster(`rights hold across nodes, ${protobuf ? 'Protobuf' : 'JSON'}`, ruled, async (cluster) => {
    const [n1, n2] = cluster.nodes;
    const ann = await cluster.client('ann', n1, { protobuf });
    const bob = await cluster.client('bob', n2, { protobuf });
    const nobody = await cluster.client(undefined, n1, { protobuf });

    await assert.rejects(ann.subscribe('zoo:lions'), withCode(102));
    await assert.rejects(ann.publish('zoo:lions', 1), withCode(102));
    await assert.rejects(ann.subscribe('lobby'), withCode(103));
    await assert.rejects(nobody.subscribe('chat:den'), withCode(103));
    await assert.rejects(ann.publish('chat:den', 'too early'), withCode(103));
    await assert.rejects(nobody.publish('#bob', 'psst'), withCode(103));
    await assert.rejects(nobody.sdk.rpc('send', nobody.payload.write({ to: 'bob', data: 'psst' })), withCode(103), 'also as rpc');
    await assert.rejects(ann.publish('$system', 'all hear me'), withCode(103));

    for (const one of [ann, bob]) await one.subscribe('chat:den');
    for (const one of [ann, bob, nobody]) await one.subscribe('news:today');
    await cluster.settled();
    await ann.publish('chat:den', 'hello');
    await bob.hears('chat:den', 'hello');
    await assert.rejects(ann.publish('news:today', 'fake'), withCode(103));
    assert.deepEqual(await n2.publish('news:today', 'true'), { result: {} });
    for (const one of [ann, bob, nobody]) await one.hears('news:today', 'true');
    const { error } = await n2.publish('zoo:lions', 1);
    assert.deepEqual([error.code, /--config/.test(error.message)], [102, true]);
    await ann.publish('#bob', 'only you');
    await bob.hears('#bob', 'only you');
    assert.deepEqual([bob.received('chat:den'), bob.received('news:today')], [['hello'], ['true']]);
});

onCluster('a file is checked and shown without a node', ruled, async (cluster) => {
    const file = rulesFile(cluster);
    const said = async (...words) => {
        const life = run(words);
        return { code: await within('the command to end', life.exited), ...life };
    };
    const fine = await said('config', 'check', file);
    assert.deepEqual([fine.code, fine.out], [0, `${file}: fine, 2 namespaces\n`]);
    const shown = await said('config', 'show', file);
    assert.match(shown.out, /name = "news"\nallow_subscribe_for_client = true\nallow_subscribe_for_anonymous = true\nallow_publish_for_client = false/);
    writeFileSync(`${file}.shown`, shown.out);
    assert.equal((await said('config', 'show', `${file}.shown`)).out, shown.out, 'what is shown is a file too');
    writeFileSync(`${file}.wrong`, '[channel.without_namespace]\nallow_subscribe = true\n');
    const wrong = await said('config', 'check', `${file}.wrong`);
    assert.equal(wrong.code, 2);
    assert.match(wrong.log, /\.wrong:2:1: there is no 'allow_subscribe' in a namespace, only .*allow_subscribe_for_client/);
    assert.equal((await said('node', '--config', `${file}.wrong`)).code, 2);
});

// As for every option: the command line wins over the environment.
test('options come from the environment too', { timeout: 30_000 }, async () => {
    const cluster = new Cluster();
    try {
        const node = cluster.node('n1', { wrapper: ['env', 'GRAPEVINE_CLUSTER=other', 'GRAPEVINE_LEAVE_LINGER=601'] });
        await node.start({ mayEnd: true });
        assert.equal(node.life.end, 2);
        assert.match(node.log, /--leave-linger|GRAPEVINE_LEAVE_LINGER/);
        const life = run(['config', 'show'], { wrapper: ['env', 'GRAPEVINE_LEAVE_LINGER=601'] });
        assert.equal(await within('the command to end', life.exited), 0, 'what a node is told concerns nobody else');
        const open = await cluster.start('n4', { listen: '0.0.0.0:0', wrapper: ['env', 'GRAPEVINE_OPEN=admin,client'], seeds: [] });
        assert.ok(open.isRunning, 'a list, separated by a comma');
        const wise = await cluster.start('n2', { wrapper: ['env', 'GRAPEVINE_NAME=n3', 'GRAPEVINE_LINK_IDLE=20'], seeds: [] });
        assert.deepEqual((await wise.members()).map((member) => member.name), ['n2']);
    } finally {
        await cluster.end();
    }
});

// Who is subscribed, and who comes and goes, as the SDK tells it: over three nodes of which one falls silent, and dies.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onCluster } from './support/cluster.mjs';
import { withCode } from './support/clients.mjs';
import { RawClient } from './support/wire.mjs';
import { until } from './support/until.mjs';

const rules = `
[[channel.namespaces]]
name = "chat"
allow_subscribe_for_client = true
allow_publish_for_subscriber = true
presence = true
allow_presence_for_subscriber = true
join_leave = true

[[channel.namespaces]]
name = "quiet"
allow_subscribe_for_client = true

[channel.users]
allow_publish_for_client = true
`;

const ruled = {
    size: 3,
    timeout: 90_000,
    options(cluster) {
        const file = join(cluster.dir, 'rules.toml');
        writeFileSync(file, rules);
        return { more: ['--config', file] };
    },
};

// Subscribes, and keeps who comes and goes: `join bob`, `leave bob`, ...
async function watch(client, channel) {
    const subscription = client.sdk.newSubscription(channel, { joinLeave: true });
    const heard = [];
    for (const way of ['join', 'leave'])
        subscription.on(way, ({ info }) => { heard.push(`${way} ${info.user}`); assert.match(info.client, /^[0-9a-f-]{36}$/); });
    subscription.subscribe();
    await subscription.ready();
    return heard;
}
const usersOf = ({ clients }) => Object.values(clients).map((info) => info.user).sort();

for (const protobuf of [false, true]) onCluster(`presence, join and leave across nodes, ${protobuf ? 'Protobuf' : 'JSON'}`, ruled, async (cluster) => {
    const [n1, n2, n3] = cluster.nodes;
    const [ann, bob, eve] = await Promise.all([['ann', n1], ['bob', n2], ['eve', n3]].map(([user, node]) => cluster.client(user, node, { protobuf })));
    const tablet = await cluster.client('bob', n3, { protobuf: !protobuf });
    await assert.rejects(ann.sdk.presence('chat:den'), withCode(103));
    await assert.rejects(ann.sdk.presence('quiet:den'), withCode(108));
    await assert.rejects(ann.sdk.presenceStats('zoo:den'), withCode(102));

    const heard = await watch(ann, 'chat:den');
    await until('ann to hear of herself', () => heard.length === 1);
    await cluster.settled();
    for (const one of [bob, tablet, eve]) await one.subscribe('chat:den');
    await cluster.settled();
    await until('ann to hear of all', () => heard.length === 4);
    assert.deepEqual([...heard].sort(), ['join ann', 'join bob', 'join bob', 'join eve']);

    for (const one of [ann, bob, eve, tablet]) {
        const presence = await one.sdk.presence('chat:den');
        assert.deepEqual(usersOf(presence), ['ann', 'bob', 'bob', 'eve']);
        assert.deepEqual(Object.keys(presence.clients).sort(), [ann, bob, eve, tablet].map((each) => each.id).sort());
        assert.equal(presence.clients[eve.id].client, eve.id);
        assert.deepEqual(await one.sdk.presenceStats('chat:den'), { numClients: 4, numUsers: 3 });
    }
    await assert.rejects(ann.sdk.presence('chat:attic'), withCode(103), 'she is not in that one');
    for (const node of cluster.nodes) {
        const { result } = (await node.post('/api/presence', { channel: 'chat:den' })).json();
        assert.deepEqual(usersOf({ clients: result.presence }), ['ann', 'bob', 'bob', 'eve']);
        assert.deepEqual(Object.keys(result), ['presence'], 'complete');
        assert.deepEqual((await node.post('/api/presence_stats', { channel: 'chat:den' })).json(), { result: { num_clients: 4, num_users: 3 } });
        assert.deepEqual((await node.post('/api/presence', { channel: 'chat:nobody' })).json(), { result: { presence: {} } });
    }
    const refused = async (body, code, message) => {
        const { error } = (await n2.post('/api/presence', body)).json();
        assert.deepEqual([error.code, message.test(error.message)], [code, true], error.message);
    };
    await refused({ channel: 'zoo:den' }, 102, /--config/);
    await refused({ channel: 'quiet:den' }, 108, /presence = true/);
    await refused({ channel: '#bob' }, 108, /'#'/);
    await refused({}, 107, /1 to 255 bytes/);
    await refused('[]', 107, /channel/);
    assert.equal((await n2.get('/api/presence')).status, 405);

    tablet.close();
    bob.sdk.getSubscription('chat:den').unsubscribe();
    await until('ann to hear that both left', () => heard.length === 6);
    assert.deepEqual(heard.slice(4), ['leave bob', 'leave bob']);
    assert.deepEqual(usersOf(await ann.sdk.presence('chat:den')), ['ann', 'eve']);

    await bob.publish('#ann', 'still here');
    await ann.hears('#ann', 'still here');
    n3.freeze();
    const asked = Date.now();
    const raw = (await n1.post('/api/presence', { channel: 'chat:den' })).json().result;
    const took = Date.now() - asked;
    assert.ok(took > 800 && took < 2000, `${took} ms`);
    assert.deepEqual([usersOf({ clients: raw.presence }), raw.incomplete], [['ann'], true]);
    await n3.kill();
    const whole = await until('the dead node not to count', async () => {
        const { result } = (await n1.post('/api/presence', { channel: 'chat:den' })).json();
        return result.incomplete ? undefined : result;
    }, { within: 20_000 });
    assert.deepEqual(usersOf({ clients: whole.presence }), ['ann']);
    assert.deepEqual(await ann.sdk.presenceStats('chat:den'), { numClients: 1, numUsers: 1 });
    assert.equal(heard.length, 6, 'nobody is left who could say that eve went');
});

// Clients are told that a node leaves by their own node, others by that node's last words.
onCluster('a node that leaves says that its clients do', ruled, async (cluster) => {
    const [n1, , n3] = cluster.nodes;
    const ann = await cluster.client('ann', n1);
    const heard = await watch(ann, 'chat:den');
    await cluster.settled();
    const eve = await RawClient.connected(n3, 'eve');
    eve.say({ id: 9, subscribe: { channel: 'chat:den' } });
    await until('ann to hear of eve', () => heard.includes('join eve'));
    n3.terminate();
    await until('ann to hear that eve left', () => heard.includes('leave eve'));
    assert.deepEqual(heard, ['join ann', 'join eve', 'leave eve']);
});

// Without a file whoever is subscribed may ask, and nobody is told who comes and goes.
onCluster('without rules subscribers may ask', { size: 1 }, async (cluster) => {
    const ann = await cluster.client('ann', cluster.nodes[0]);
    await assert.rejects(ann.sdk.presence('lobby'), withCode(103));
    const heard = await watch(ann, 'lobby');
    assert.deepEqual(usersOf(await ann.sdk.presence('lobby')), ['ann']);
    assert.deepEqual(heard, []);
});

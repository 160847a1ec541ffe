// Nodes that ask for tokens, and the SDK: who comes in, who stays, who may subscribe, and how keys are changed meanwhile.
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onCluster } from './support/cluster.mjs';
import { withCode } from './support/clients.mjs';
import { run } from './support/grapevine_node.mjs';
import { secondsFromNow, unsigned, withPair, withSecret } from './support/tokens.mjs';
import { until, within } from './support/until.mjs';
import { RawClient } from './support/wire.mjs';

const secret = randomBytes(32).toString('hex');
const sign = withSecret(secret);

const guarded = (more = [], size = 1) => ({
    size,
    timeout: 60_000,
    options(cluster) {
        cluster.sign = sign;
        return { more: ['--token-hmac-secret-file', cluster.secret('hmac', secret), ...more] };
    },
});

// The code with which the SDK gives up.
async function refusal(cluster, sdk, node = cluster.nodes[0], protobuf = false) {
    const coming = cluster.client(undefined, node, { protobuf, sdk });
    const client = cluster.clients.at(-1);
    await assert.rejects(coming);
    await until('the client to be sent away', () => client.lost.length > 0);
    assert.equal(client.sdk.state, 'disconnected');
    return client.lost.at(-1);
}

for (const protobuf of [false, true]) {
    const as = protobuf ? 'Protobuf' : 'JSON';

    onCluster(`a token says who one is, and others see it, ${as}`, guarded([], 2), async (cluster) => {
        const [n1, n2] = cluster.nodes;
        const alice = await cluster.client('somebody else', n1, { protobuf, sdk: { token: sign({ sub: 'alice', info: { name: 'Alice' }, subs: { news: { info: { role: 'editor' }, data: { at: 7 } } } }) } });
        const bob = await cluster.client('bob', n2, { protobuf });
        await bob.subscribe('news');
        await cluster.settled();
        await alice.publish('news', 'hello');
        const heard = await bob.hears('news', 'hello');
        assert.deepEqual([heard.from, heard.connInfo, heard.chanInfo], ['alice', { name: 'Alice' }, { role: 'editor' }]);
        await alice.hears('news', 'hello');
        await alice.publish('#bob', 'psst');
        const told = await bob.hears('#bob', 'psst');
        assert.deepEqual([told.from, told.connInfo, told.chanInfo], ['alice', { name: 'Alice' }, undefined]);
        assert.equal((await alice.send('bob', 'sent')).users.bob.state, 'written');
        assert.deepEqual((await bob.hears('#bob', 'sent')).connInfo, { name: 'Alice' });
    });

    onCluster(`channels of a token are subscribed by the node, ${as}`, guarded(), async (cluster) => {
        const alice = await cluster.client('alice', cluster.nodes[0], { protobuf, sdk: { token: sign({ sub: 'alice', channels: ['den'], subs: { news: { data: { at: 7 } } } }) } });
        const subscribed = [];
        const again = cluster.client('alice', cluster.nodes[0], { protobuf, sdk: { token: sign({ sub: 'alice', subs: { news: { data: { at: 7 } } } }) } });
        cluster.clients.at(-1).sdk.on('subscribed', ({ channel, data }) => subscribed.push([channel, data?.length === 0 ? undefined : data && cluster.clients.at(-1).payload.read(data)]));
        await again;
        assert.deepEqual(subscribed.sort(), [['#alice', undefined], ['$system', undefined], ['news', { at: 7 }]]);
        for (const channel of ['den', 'news']) {
            assert.deepEqual(await cluster.nodes[0].publish(channel, 1), { result: {} });
            await alice.hears(channel, 1);
        }
    });

    onCluster(`an expired token is replaced by getToken, before and while one is connected, ${as}`, guarded(), async (cluster) => {
        const [n1] = cluster.nodes;
        let made = 0;
        const late = await cluster.client('alice', n1, { protobuf, sdk: { token: sign({ sub: 'alice', exp: secondsFromNow(-5) }), getToken: async () => { ++made; return sign({ sub: 'alice' }); } } });
        assert.deepEqual([made, late.lost], [1, []], 'one token later it is in');
        let refreshed = 0;
        const short = await cluster.client('bob', n1, { protobuf, sdk: { token: sign({ sub: 'bob', exp: secondsFromNow(2) }), getToken: async () => { ++refreshed; return sign({ sub: 'bob', exp: secondsFromNow(2) }); } } });
        const id = short.id;
        await until('three refreshes', () => refreshed >= 3, { within: 20_000 });
        assert.deepEqual([short.isConnected, short.id, short.lost], [true, id, []]);
        const eve = await cluster.client('eve', n1, { protobuf, sdk: { token: sign({ sub: 'eve', exp: secondsFromNow(2) }), getToken: async () => sign({ sub: 'root' }) } });
        await until('who would go on as somebody else to be sent away', () => eve.lost.length > 0);
        assert.deepEqual(eve.lost, [3500]);
    });

    onCluster(`a subscription's token opens a channel, ${as}`, guarded(['--config', '/dev/null']), async (cluster) => {
        const [n1] = cluster.nodes;
        const alice = await cluster.client('alice', n1, { protobuf });
        await assert.rejects(alice.subscribe('den'), withCode(103));
        await assert.rejects(alice.subscribe('den', { token: sign({ sub: 'bob', channel: 'den' }) }), withCode(103));
        await assert.rejects(alice.subscribe('den', { token: sign({ sub: 'alice', channel: 'attic' }) }), withCode(103));
        await alice.subscribe('den', { token: sign({ sub: 'alice', channel: 'den' }) });
        let made = 0;
        const getToken = async ({ channel }) => { ++made; return sign({ sub: 'alice', channel, exp: secondsFromNow(2) }); };
        await alice.subscribe('attic', { token: sign({ sub: 'alice', channel: 'attic', exp: secondsFromNow(-5) }), getToken });
        await until('it to be refreshed', () => made >= 3, { within: 20_000 });
        assert.equal(alice.sdk.getSubscription('attic').state, 'subscribed');
        for (const channel of ['den', 'attic']) {
            assert.deepEqual(await n1.publish(channel, 1), { result: {} });
            await alice.hears(channel, 1);
        }
    });
}

onCluster('who has no good token does not come in', guarded(['--token-audience', 'web']), async (cluster) => {
    const [n1] = cluster.nodes;
    const good = { sub: 'alice', aud: 'web' };
    for (const [what, token] of Object.entries({
        'none': '',
        'another secret': withSecret(randomBytes(32).toString('hex'))(good),
        'alg none': unsigned(good),
        'another audience': sign({ ...good, aud: 'app' }),
        'no audience': sign({ sub: 'alice' }),
        "a subscription's": sign({ ...good, channel: 'news' }),
        'no token at all': 'hello',
    })) {
        assert.equal(await refusal(cluster, token === '' ? { data: { user: 'alice' }, token } : { token }), 3500, what);
    }
    assert.equal((await n1.metrics()).of('sessions_closed_total{reason="invalid_token"}'), 7);
    assert.deepEqual((await cluster.client('x', n1, { sdk: { token: sign(good) } })).lost, []);
});

// The public key is known to everybody, so it must not do as a secret.
onCluster('a public key is no secret', { size: 0 }, async (cluster) => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' });
    writeFileSync(join(cluster.dir, 'rsa.pem'), pem);
    await cluster.start('n1', { more: ['--token-key-file', join(cluster.dir, 'rsa.pem')] });
    for (const key of [pem, pem.trimEnd()]) assert.equal(await refusal(cluster, { token: withSecret(key)({ sub: 'root' }) }), 3500);
});

onCluster('keys change while two loops run', { size: 0 }, async (cluster) => {
    const keys = { old: generateKeyPairSync('ed25519'), new: generateKeyPairSync('ed25519') };
    const set = join(cluster.dir, 'jwks');
    const write = (...names) => {
        writeFileSync(`${set}.next`, JSON.stringify({ keys: names.map((kid) => ({ ...keys[kid].publicKey.export({ format: 'jwk' }), kid })) }));
        renameSync(`${set}.next`, set);
    };
    write('old');
    const node = await cluster.start('n1', { more: ['--token-jwks-file', set, '--workers', '2'] });
    const comes = (name, user) => cluster.client(user, node, { sdk: { token: withPair(keys[name], name)({ sub: user }) } });
    // As many as surely fill both loops: each goes to the loop that has fewer.
    const many = (name) => Promise.all([1, 2, 3, 4].map((number) => comes(name, `${name}-${number}`)));
    const before = await many('old');
    assert.equal(await refusal(cluster, { token: withPair(keys.new, 'new')({ sub: 'x' }) }), 3500);
    write('old', 'new');
    await node.says(/token_keys_read keys=2/);
    const both = [...await many('new'), ...await many('old')];
    write('new');
    await node.says(/token_keys_read keys=1/);
    const after = await many('new');
    for (let i = 0; i < 4; ++i) assert.equal(await refusal(cluster, { token: withPair(keys.old, 'old')({ sub: 'x' }) }), 3500);
    for (const one of [...before, ...both, ...after]) assert.deepEqual([one.isConnected, one.lost], [true, []], 'who is in stays');
});

onCluster('the command line shows a token too', guarded(), async (cluster) => {
    const [n1] = cluster.nodes;
    const bob = await cluster.client('bob', n1);
    const send = async (...words) => within('send to end', run(['send', '--url', n1.url, '--to', 'bob', '--user', 'root', ...words, 'hello']).exited);
    assert.equal(await send(), 1, 'sent away for good');
    assert.equal(await send('--token', sign({ sub: 'alice' })), 0);
    assert.equal((await bob.hears('#bob', 'hello')).from, 'alice');
});

onCluster('strangers and pages of others come in where they may', { size: 0 }, async (cluster) => {
    const more = ['--token-hmac-secret-file', cluster.secret('hmac', secret), '--allow-anonymous', '--allowed-origin', 'https://*.example.com,http://localhost:*'];
    const node = await cluster.start('n1', { more });
    const nobody = await cluster.client(undefined, node);
    assert.equal((await nobody.status('root')).root.online, false);
    const root = await cluster.client('root', node);
    assert.equal((await nobody.status('root')).root.online, false, 'what a client says of itself does not count');
    root.close();
    const from = (origin) => RawClient.open(node, { origin });
    for (const origin of ['https://app.example.com', 'https://a.b.example.com', 'HTTPS://APP.EXAMPLE.COM', 'http://localhost:5173', `http://${node.client}`]) (await from(origin)).close();
    for (const origin of ['https://example.com', 'https://app.example.com.evil.net', 'https://evil.net/.example.com', 'http://app.example.com', 'null'])
        await assert.rejects(from(origin), /403/, origin);
    for (const [words, message] of [[['--allowed-origin', 'app.example.com'], /--allowed-origin 'app.example.com': write scheme/], [['--allow-anonymous'], /--allow-anonymous is for nodes that ask for tokens/]]) {
        const wrong = cluster.node('wrong', { more: words, seeds: [] });
        await wrong.start({ mayEnd: true });
        assert.equal(await within('it to end', wrong.exited), 2);
        assert.match(wrong.log, message);
    }
});

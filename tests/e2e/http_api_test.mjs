// What operators and back ends get over HTTP: publishing from any node, readable errors, health, metrics; and what web
// pages in a browser of the same machine do not get.
import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { onCluster } from './support/cluster.mjs';
import { http } from './support/http.mjs';
import { RawClient, RawSocket } from './support/wire.mjs';
import { until } from './support/until.mjs';

// Whatever node a back end asks, the channel's subscribers and the user are reached on theirs; the payload arrives as it
// was, but for the space around its values' line ends.
onCluster('POST /api/publish reaches channels, users and everybody', { size: 3 }, async (cluster) => {
    const people = await Promise.all(cluster.nodes.map((node, i) => cluster.client(`user-${i}`, node, { protobuf: i === 1 })));
    await Promise.all(people.map((person) => person.subscribe('news:today')));
    await cluster.settled();
    const payloads = [{ text: 'zażółć \u2028 "quoted" \\' }, [1, 2.5e-7, null, true], 'just text', 12345678901234, {}, { deep: { deeper: [[]] } }];
    for (const node of cluster.nodes) {
        for (const [i, data] of payloads.entries()) {
            assert.deepEqual(await node.publish('news:today', { i, by: node.name, data }), { result: {} });
            await Promise.all(people.map((person) => person.hears('news:today', { i, by: node.name, data })));
        }
        assert.deepEqual(await node.publish('#user-2', { only: 'you', by: node.name }), { result: {} });
        const { from } = await people[2].hears('#user-2', { only: 'you', by: node.name });
        assert.equal(from, undefined);
        assert.deepEqual(await node.publish('$system', { all: 'of you', by: node.name }), { result: {} });
        await Promise.all(people.map((person) => person.hears('$system', { all: 'of you', by: node.name })));
    }
    assert.deepEqual(people.map((person) => person.received(`#${person.user}`).length), [0, 0, 3]);
    assert.deepEqual(await cluster.nodes[0].publish('nobody:here', {}), { result: {} });
    assert.deepEqual(await cluster.nodes[0].publish('#nobody', {}), { result: {} });

    const raw = await RawClient.connected(cluster.nodes[2], 'user-2');
    await cluster.locates('user-2', 2, ['n3']);
    await cluster.nodes[0].post('/api/publish', '{\n "channel": "#user-2",\n "data": {\r\n"lines":\n\t[1,\n2]\n}\n}');
    const pushed = await until('several lines of JSON to arrive in one', () => raw.texts.find((reply) => reply.push?.channel === '#user-2'));
    assert.deepEqual(pushed.push.pub.data, { lines: [1, 2] });
});

// A wrong request is answered with code 107 and what is wrong, in the shape that Centrifugo's libraries read.
onCluster('what cannot be published is explained', { size: 1 }, async (cluster) => {
    const [n1] = cluster.nodes;
    const refused = async (body, message, code = 107) => {
        const answer = await n1.post('/api/publish', body);
        assert.equal(answer.status, 200);
        assert.match(answer.headers['content-type'], /^application\/json/);
        const { error } = answer.json();
        assert.equal(error?.code, code, answer.text);
        assert.match(error.message, message);
    };
    for (const body of ['', 'hello', '{', '[]', '{"channel": 5, "data": 1}', '{"data": 1}', '{"channel": "a", "data": }', Buffer.from([0x7b, 0xff, 0x7d])])
        await refused(body, /JSON object|channel/);
    await refused({ channel: '', data: 1 }, /channel/);
    await refused({ channel: 'x'.repeat(256), data: 1 }, /1 to 255 bytes/);
    await refused({ channel: 'a\nb', data: 1 }, /control characters/);
    await refused({ channel: 'a' }, /"data" is missing/);
    await refused({ channel: '#', data: 1 }, /no user/);
    await refused({ channel: '$other', data: 1 }, /\$system/, 102);
    await refused({ channel: 'a', data: 'x'.repeat(65536) }, /65536/, 106);
    assert.deepEqual(await n1.publish('x'.repeat(255), 'x'.repeat(65534)), { result: {} });
    assert.equal((await n1.get('/api/publish')).status, 405);
    assert.equal((await n1.post('/metrics', '')).status, 405);
    assert.equal((await n1.get('/no/such/thing')).status, 404);
    assert.equal((await n1.post('/api/publish', Buffer.alloc(1024 * 1024 + 1, 0x20))).status, 413);
});

// Many requests on one connection, and many at once.
onCluster('HTTP connections are kept alive', { size: 1 }, async (cluster) => {
    const [n1] = cluster.nodes;
    const ann = await cluster.client('ann', n1);
    const before = await n1.metrics();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let i = 0; i < 50; ++i) {
        assert.equal((await n1.get('/healthz', { agent })).text, 'ok\n');
        assert.deepEqual((await n1.post('/api/publish', { channel: '#ann', data: i }, { agent })).json(), { result: {} });
    }
    agent.destroy();
    await ann.hears('#ann', 49);
    assert.deepEqual(ann.received('#ann'), Array.from({ length: 50 }, (_, i) => i));
    await Promise.all(Array.from({ length: 50 }, (_, i) => n1.publish('#ann', 50 + i)));
    await until('the other 50', () => ann.received('#ann').length === 100);
    const after = await n1.metrics();
    const connections = after.of('connections_accepted_total') - before.of('connections_accepted_total');
    assert.equal(connections, 1 + 50 + 1, 'one for the hundred, one for each of the fifty, one for these metrics');
});

// /metrics keeps to the grammar of Prometheus and its counters move with what happens.
onCluster('/metrics can be read and moves', { size: 2 }, async (cluster) => {
    const [n1, n2] = cluster.nodes;
    const text = await n1.get('/metrics');
    assert.equal(text.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    const before = await n1.metrics();
    const [ann, bob] = [await cluster.client('ann', n1), await cluster.client('bob', n2)];
    await bob.subscribe('chat:lobby');
    await cluster.settled();
    await ann.publish('chat:lobby', 1);
    await bob.hears('chat:lobby', 1);
    await assert.rejects(ann.publish('$system', 1));
    const after = await n1.metrics();
    const moved = (key) => after.of(key) - before.of(key);
    assert.ok(before.size > 50 && after.size === before.size);
    assert.equal(after.of('members{state="alive"}'), 2);
    assert.equal(after.of('ready'), 1);
    assert.equal(moved('client_publishes_total'), 1);
    assert.equal(moved('forwards_sent_total'), 1);
    assert.equal(moved('command_errors_total'), 1);
    for (const key of ['sessions_connected_total', 'commands_total', 'published_total', 'deltas_sent_total', 'changes_applied_total', 'websocket_messages_in_total', 'websocket_bytes_out_total', 'http_requests_total'])
        assert.ok(moved(key) > 0, key);
    assert.ok((await n2.metrics()).of('messages_delivered_total') >= 1);
    ann.close();
    bob.close();
    await until('only the askers to be left', async () => (await n2.metrics()).of('sessions') === 1);
});

// Any page in a browser of this machine can send requests to loopback: they name a foreign Origin, or, by a name that
// was made to lead here, a foreign Host.
onCluster('foreign Origin and Host are refused', { size: 1 }, async (cluster) => {
    const [n1] = cluster.nodes;
    const publish = (headers) => n1.post('/api/publish', { channel: 'a', data: 1 }, { headers });
    assert.equal((await publish({ Origin: 'http://evil.example' })).status, 403);
    assert.equal((await publish({ Origin: 'null' })).status, 403);
    assert.equal((await publish({ Host: 'evil.example:9000' })).status, 403);
    assert.equal((await publish({ Host: '127.0.0.1.evil.example' })).status, 403);
    assert.equal((await n1.get('/metrics', { headers: { Host: 'evil.example' } })).status, 403);
    // Nothing to learn from these: proxies and schedulers ask with a Host of their own, or by HTTP/1.0 with none.
    for (const path of ['/healthz', '/readyz']) {
        assert.equal((await n1.get(path, { headers: { Host: 'n1.example:9000' } })).status, 200);
        assert.match(await new RawSocket(n1.admin).say(`GET ${path} HTTP/1.0\r\n\r\n`).answer(), /^HTTP\/1\.1 200 /);
    }
    assert.equal((await publish({ Origin: `http://${n1.admin}` })).status, 200);
    assert.equal((await publish({ Host: 'localhost:1234' })).status, 200);

    const handshake = (origin) => RawClient.open(n1, { origin });
    await assert.rejects(handshake('http://evil.example'), /403/);
    await assert.rejects(handshake('null'), /403/);
    (await handshake(`http://${n1.client}`)).close();
    assert.equal((await http(n1.client, 'GET', '/healthz')).status, 200);
    assert.equal((await http(n1.client, 'GET', '/nothing')).status, 404);
    assert.equal((await http(n1.mesh, 'GET', '/')).status, 404);
});

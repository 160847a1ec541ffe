// What comes from those who do not behave, on each listener: each costs its sender only, gets a clear error or close
// code and is counted. Afterwards the same nodes serve a chat.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { withCode } from './support/clients.mjs';
import { onCluster, together } from './support/cluster.mjs';
import { timed, until } from './support/until.mjs';
import {
    RawClient, RawSocket, bytes, closeCodeOf, fixed64, frame, framesOf, message, number, protobufConnect, protobufPublish,
} from './support/wire.mjs';

const text = 1, binary = 2, ping = 9, pong = 10;
const repeat = (length) => 'x'.repeat(length);
const listeners = ({ client, mesh, admin }) => Object.entries({ client, mesh, admin });
const startOfTls = Buffer.from('16030100a5010000a10303', 'hex');

// A HELLO as proto/mesh.proto numbers it, in a Batch of one Frame.
const hello = ({ cluster, min, max }) => message(1, message(1,
    bytes(1, cluster), number(2, min), number(3, max), fixed64(4, 4711), fixed64(5, 1), fixed64(6, 1), bytes(7, 'future'), bytes(8, randomBytes(16))));

onCluster('bad input costs its sender only', { size: 2 }, async (cluster, t) => {
    const [n1, n2] = cluster.nodes;
    const before = await n1.metrics();
    const memory = n1.memory();

    // What was said is the last thing this connection says: the node closes with `code`.
    const closes = async (code, says, { subprotocols = [] } = {}) => {
        const raw = await RawClient.open(n1, { subprotocols });
        for (const what of says) raw.say(what);
        assert.equal((await raw.ends()).code, code);
    };
    const connect = { id: 1, connect: { data: { user: 'eve' } } };
    const protobuf = { subprotocols: ['centrifuge-protobuf'] };
    const upgraded = (headers) => RawSocket.upgraded(n1.client, '/connection/websocket', headers);

    await together(t, {
        'garbage on every listener': async () => {
            for (const [name, at] of listeners(n1)) {
                for (const garbage of [randomBytes(1000), startOfTls, 'hello\r\n\r\n', Buffer.alloc(20_000), 'GET / HTTP/9.9\r\n\r\n']) {
                    const answer = await new RawSocket(at).say(garbage).answer();
                    assert.match(answer, /^(HTTP\/1\.1 (400|431|501|505) [^]*)?$/, `${name}: ${answer.slice(0, 100)}`);
                }
            }
        },
        'half a handshake is closed after 5 s': async () => {
            const halves = ['', 'GET /connection/websocket HTT', 'GET /connection/websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n'];
            await Promise.all(listeners(n1).flatMap(([name, at]) => halves.map(async (half) => {
                const [answer, took] = await timed(() => new RawSocket(at).say(half).answer());
                assert.match(answer, /^(HTTP\/1\.1 408 [^]*)?$/, name);
                assert.ok(took > 4_000 && took < 15_000, `${name}: closed after ${took} ms`);
            })));
        },
        'a header of 9 KiB is too large': async () => {
            for (const [name, at] of listeners(n1)) {
                const answer = await new RawSocket(at).say(`GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Large: ${repeat(9 * 1024)}\r\n\r\n`).answer();
                assert.match(answer, /^HTTP\/1\.1 431 /, name);
            }
        },
        'a frame that announces 1 GB': async () => {
            const client = await upgraded();
            client.say(frame(text, '{"id":1,"connect":{}}'), frame(text, '{', { announced: 2 ** 30 }));
            await client.answer();
            assert.equal(closeCodeOf(client.received), 3501);
            const peer = await RawSocket.upgraded(n1.mesh, '/mesh/e2e');
            peer.say(frame(binary, 'x', { announced: 2 ** 30 }));
            await peer.answer();
            assert.equal(closeCodeOf(peer.received), 1002);
        },
        'the other kind of frame': async () => {
            await closes(3506, [connect, Buffer.from('{}')]);
            await closes(3506, [protobufConnect('eve'), '{}'], protobuf);
        },
        'what is no WebSocket frame': async () => {
            for (const broken of [Buffer.from([0x81, 0x02, 0x7b, 0x7d]), Buffer.from([0xf1, 0x80, 0, 0, 0, 0]), frame(3, ''), frame(9, repeat(126))]) {
                const raw = await upgraded();
                raw.say(broken);
                await raw.answer();
                assert.equal(closeCodeOf(raw.received), 1002, broken.toString('hex'));
            }
        },
        'malformed commands': async () => {
            for (const wrong of ['{', 'hello', '[]', '5', '{"id":2}', '{"id":2,"publish":{"channel":"a"', '{"publish":{}}}', '{"id":-1,"rpc":{}}'])
                await closes(3501, [connect, wrong]);
            for (const wrong of [Buffer.from([5, 1]), Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]), randomBytes(100).fill(0xff, 0, 1)])
                await closes(3501, [protobufConnect('eve'), wrong], protobuf);
            const raw = await upgraded();
            raw.say(frame(text, Buffer.from('{"id":1,"connect":{"data":{"user":"\xff"}}}', 'latin1')));
            await raw.answer();
            assert.ok([1007, 3501].includes(closeCodeOf(raw.received)));
        },
        'connect comes first, and once': async () => {
            await closes(3501, [{ id: 1, subscribe: { channel: 'chat:lobby' } }]);
            await closes(3501, [connect, { id: 2, connect: {} }]);
            await closes(3501, [protobufPublish(1, 'chat:lobby', '{}')], protobuf);
        },
        'who does not connect in 10 s is stale': async () => {
            const silent = await RawClient.open(n1);
            const [{ code }, took] = await timed(() => silent.ends());
            assert.equal(code, 3502);
            assert.ok(took > 8_000, `closed after ${took} ms`);
        },
        'a message of 64 KiB and one byte': async () => {
            const sized = (size) => { const start = '{"id":2,"publish":{"channel":"a","data":"', end = '"}}'; return start + repeat(size - start.length - end.length) + end; };
            const raw = await RawClient.connected(n1, 'eve');
            raw.say(sized(65_536));
            await until('64 KiB to be accepted', () => raw.texts.find((reply) => reply.id === 2)?.publish);
            raw.say(sized(65_537));
            assert.equal((await raw.ends()).code, 3501);
        },
        'limits and names are errors of their command': async () => {
            const raw = await RawClient.connected(n1, 'eve');
            const codes = async (commands) => Promise.all(commands.map(async (command, i) => (await raw.ask({ id: 1000 + i, ...command })).error?.code));
            for (let i = 0; i < 128; ++i) assert.deepEqual(await raw.ask({ id: 2 + i, subscribe: { channel: `c:${i}` } }), { id: 2 + i, subscribe: {} });
            assert.deepEqual(await codes([
                { subscribe: { channel: 'one:more' } }, { subscribe: { channel: repeat(256) } }, { publish: { channel: repeat(256), data: 1 } },
                { publish: { channel: repeat(255), data: 1 } }, { publish: { channel: `#${repeat(255)}`, data: 1 } }, { subscribe: { channel: '' } },
                { publish: { channel: 'a' } }, { unsubscribe: { channel: repeat(256) } }, { publish: { channel: 'a', data: [[]] } },
                { subscribe: { channel: 'a\u0007b' } },
            ]), [106, 107, 107, undefined, 107, 107, 107, 107, undefined, 107]);
            raw.close();
            const nested = await RawClient.connected(n1, 'eve');
            nested.say(`{"id":2,"publish":{"channel":"a","data":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`);
            await until('deep nesting to be refused', () => nested.texts.some((reply) => reply.error?.code === 107) || nested.socket.readyState === nested.socket.CLOSED);
            nested.close();
            const nameless = await RawClient.open(n1);
            assert.equal((await nameless.ask({ id: 1, connect: { data: { user: repeat(255) } } })).error?.code, 107);
            assert.equal((await nameless.ask({ id: 2, connect: { data: { user: '#eve' } } })).error?.code, 107);
            assert.equal((await nameless.ask({ id: 3, connect: { data: { user: repeat(254) } } })).error, undefined);
            nameless.close();
        },
        'payloads of a Protobuf client that JSON subscribers could not read': async () => {
            const reader = await RawClient.connected(n2, 'reader');
            await reader.ask({ id: 2, subscribe: { channel: 'payloads' } });
            await cluster.settled([n1, n2]);
            const writer = await RawClient.open(n1, protobuf);
            writer.say(protobufConnect('writer'));
            const refused = ['{', '{}{}', 'text', '', '"\n"', '[1,]', Buffer.from('"\xff"', 'latin1'), randomBytes(50).fill(0)];
            for (const [i, payload] of refused.entries()) writer.say(protobufPublish(100 + i, 'payloads', payload));
            writer.say(protobufPublish(200, 'payloads', '{\n  "lines":\r\n [1,\n\n2] }\n'));
            // Whatever comes in a frame of its own is one JSON value for each line: anything else would have thrown.
            const pushed = await until('the good one to arrive', () => reader.texts.find((reply) => reply.push));
            assert.deepEqual(pushed.push.pub.data, { lines: [1, 2] });
            assert.equal(pushed.push.pub.info.user, 'writer');
            await until('all to be answered', () => writer.frames.length > 0 && Buffer.concat(writer.frames).toString('latin1').split('bad request').length - 1 === refused.length);
            assert.equal(reader.socket.readyState, reader.socket.OPEN);
            assert.equal(reader.texts.filter((reply) => reply.push).length, 1);
            // The same through the SDK.
            const sdk = await cluster.client('sdk', n1, { protobuf: true });
            await assert.rejects(sdk.sdk.publish('payloads', new TextEncoder().encode('not json')), withCode(107));
            reader.close();
            writer.close();
        },
        'garbage from what says it is a node': async () => {
            for (const garbage of [frame(binary, randomBytes(100).fill(0xff, 0, 1)), frame(text, 'hello'), frame(binary, ''), frame(binary, message(1, message(8, number(1, 1))))]) {
                const peer = await RawSocket.upgraded(n1.mesh, '/mesh/e2e');
                peer.say(garbage);
                await peer.answer();
                assert.ok(closeCodeOf(peer.received) >= 1000, garbage.toString('hex'));
            }
            const silent = await RawSocket.upgraded(n1.mesh, '/mesh/e2e');
            const [, took] = await timed(() => silent.answer());
            assert.ok(took > 1_000, `a silent peer was closed after ${took} ms`);
        },
        'a peer of another protocol version or cluster': async () => {
            for (const [said, answer] of [
                [{ cluster: 'e2e', min: 99, max: 99 }, /"future" speaks mesh protocol 99 to 99, "n1" speaks \d+ to \d+: upgrade "n1"/],
                [{ cluster: 'other', min: 1, max: 1 }, /"future" belongs to cluster "other", "n1" to "e2e": check --cluster and --seeds/],
            ]) {
                const peer = await RawSocket.upgraded(n1.mesh, '/mesh/e2e');
                peer.say(frame(binary, hello(said)));
                await peer.answer();
                const [refusal] = framesOf(peer.received);
                assert.equal(refusal.opcode, binary);
                assert.match(refusal.payload.toString(), answer);
                assert.match(n1.log, new RegExp(answer.source.replaceAll('"', '\\\\"')));
            }
        },
    });

    const after = await n1.metrics();
    for (const key of [
        'handshakes_refused_total{reason="invalid_head"}', 'handshakes_refused_total{reason="head_too_large"}', 'handshakes_refused_total{reason="head_timeout"}',
        'oversize_total', 'protocol_errors_total', 'command_errors_total', 'frames_rejected_total', 'links_refused_total',
        'sessions_closed_total{reason="bad_request"}', 'sessions_closed_total{reason="stale"}', 'sessions_closed_total{reason="inappropriate_protocol"}'])
        assert.ok(after.of(key) > before.of(key), `${key} counts it`);
    assert.ok(n1.memory() - memory < 32 * 1024 * 1024, 'memory stays bounded');
    assert.deepEqual((await n1.members()).map((member) => member.name).sort(), ['n1', 'n2']);
    await cluster.meshed([n1, n2]);
    await cluster.chats();
});

// Only the latest ping has to be answered: who pings and reads nothing cannot make the node keep answers.
onCluster('pings of a client that does not read', { size: 1 }, async (cluster, t) => {
    const [n1] = cluster.nodes;
    const raw = await RawSocket.upgraded(n1.client, '/connection/websocket');
    raw.say(frame(text, '{"id":1,"connect":{"data":{"user":"pinger"}}}'));
    await raw.hears(/"connect":\{/);
    const memory = n1.memory();
    raw.socket.pause();
    const many = Buffer.concat(Array.from({ length: 1_000 }, () => frame(ping, repeat(125))));
    let most = 0;
    for (let i = 0; i < 160; ++i) {
        await new Promise((taken) => raw.socket.write(many, taken));
        most = Math.max(most, n1.memory() - memory);
    }
    t.diagnostic(`${(160 * many.length / 2 ** 20).toFixed(0)} MiB of pings, the node grew by ${(most / 2 ** 20).toFixed(1)} MiB at most`);
    assert.ok(most < 8 * 2 ** 20, `the node grew by ${most} bytes`);
    raw.socket.resume();
    raw.say(frame(ping, 'the last'));
    await until('the last ping to be answered', () => framesOf(raw.received).some(({ opcode, payload }) => opcode === pong && payload.toString() === 'the last'));
    raw.close();
});

// A client that never reads is closed (3008; reset if it does not even take that) and counted; it costs the node no memory
// but its queue, and neither the other subscriber of the channel nor the publisher notices.
onCluster('clients that do not read', { size: 2 }, async (cluster, t) => {
    const [n1, n2] = cluster.nodes;
    const reader = await cluster.client('reader', n1);
    await reader.subscribe('flood');
    const deaf = async (user) => {
        const raw = await RawSocket.upgraded(n1.client, '/connection/websocket');
        raw.say(frame(text, `{"id":1,"connect":{"data":{"user":"${user}"}}}\n{"id":2,"subscribe":{"channel":"flood"}}`));
        await raw.hears(/"subscribe":\{\}/);
        raw.socket.pause();
        return raw;
    };
    const [wakes, sleeps] = await Promise.all([deaf('wakes'), deaf('sleeps')]);
    const writer = await cluster.client('writer', n2);
    await cluster.settled();
    const memory = n1.memory();
    const bothSlow = until('both to be found slow', async () => (await n1.metrics()).of('sessions_closed_total{reason="slow"}') === 2);
    // Reads on once it was given up: the code still reaches it, or its time for that was over.
    const waking = bothSlow.then(() => { wakes.socket.resume(); return wakes.answer(); });

    const pad = repeat(16 * 1024), inFlight = 16, count = 3_000;
    let most = 0;
    for (let i = 0; i < count; ++i) {
        await writer.publish('flood', { i, pad });
        if (i % inFlight === 0) await until('the reader to keep up', () => reader.messages.length > i - inFlight, { every: 1 });
        if (i % 100 === 0) most = Math.max(most, n1.memory() - memory);
    }
    await until('the reader to have everything', () => reader.messages.length === count);
    assert.ok(reader.messages.every(({ data }, i) => data.i === i), 'in order');
    await bothSlow;
    t.diagnostic(`${(count * pad.length / 2 ** 20).toFixed(0)} MiB published, the node grew by ${(most / 2 ** 20).toFixed(1)} MiB at most`);
    assert.ok(most < 24 * 2 ** 20, `the node grew by ${most} bytes`);

    await until('both to be closed or reset', async () => {
        const metrics = await n1.metrics();
        const [closed, reset] = [metrics.of('slow_closed_total'), metrics.of('resets_total')];
        assert.equal(closed + reset, 2, `${closed} closed, ${reset} reset`);
        return true;
    });
    await waking;
    sleeps.socket.resume();
    await sleeps.answer();
    // The code, or cut off in the middle: nothing else.
    for (const { received } of [wakes, sleeps]) assert.ok([3008, undefined].includes(closeCodeOf(received)), `closed with ${closeCodeOf(received)}`);
    await Promise.all(['wakes', 'sleeps'].map((user) => cluster.locates(user, 0, [])));
    assert.deepEqual([reader.lost, writer.lost], [[], []]);
    await cluster.chats();
});

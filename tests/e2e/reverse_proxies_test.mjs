// Clusters behind nginx and HAProxy as docs/proxies.md configures them: the SDK over TLS, nodes that are stopped, killed and
// ended, and connections on which nobody says anything. The limits are generous; what it really took is printed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Cluster, together } from './support/cluster.mjs';
import { freePort } from './support/dns.mjs';
import { http } from './support/http.mjs';
import { Haproxy, Nginx } from './support/reverse_proxies.mjs';
import { timed, until } from './support/until.mjs';

const ms = (value) => `${value.toFixed(0)} ms`;
const scenarios = {};

// As a scenario: `body(cluster, t)` with three meshed nodes that have the same ports, and proxies made with `cluster.behind`.
function behindProxies(what, body) {
    scenarios[what] = async (t) => {
        const cluster = new Cluster();
        const proxies = [];
        cluster.behind = async (Kind, nodes, times) => {
            const proxy = await Kind.start(nodes, times);
            proxies.push(proxy);
            return proxy;
        };
        try {
            const [listen, admin] = [await freePort(), await freePort()];
            for (const i of [1, 2, 3]) await cluster.start(`n${i}`, { listen: `127.0.0.${10 + i}:${listen}`, adminListen: `127.0.0.${10 + i}:${admin}` });
            await cluster.meshed();
            await body(cluster, t);
        } catch (error) {
            console.error(`${cluster.logs()}\n${proxies.map((proxy) => `---- ${proxy.name}\n${proxy.log}`).join('\n')}`);
            throw error;
        } finally {
            await cluster.end();
            await Promise.all(proxies.map((proxy) => proxy.stop()));
        }
    };
}

// Where each of these people is, once each is connected and in one place that `isRight`.
async function places(cluster, people, isRight = () => true) {
    const [node] = cluster.running;
    return until('each to be in one place', async () => {
        if (!people.every((person) => person.isConnected)) return false;
        const status = await (await cluster.asker(node)).status(...people.map((person) => person.user));
        const found = people.map((person) => status[person.user]);
        return found.every(({ sessions, nodes }) => sessions === 1 && isRight(nodes[0])) && found.map(({ nodes }) => nodes[0]);
    }, { every: 20 });
}

async function hearEachOther(cluster, people, nodes = cluster.running) {
    await Promise.all(people.map((person) => person.sdk.subscriptions()['chat:lobby'].ready(30_000)));
    await cluster.settled(nodes);
    for (const person of people) person.messages.length = 0;
    await Promise.all(people.map((person) => person.publish('chat:lobby', { from: person.user })));
    for (const person of people) {
        await Promise.all(people.map((other) => person.hears('chat:lobby', { from: other.user })));
        assert.equal(person.messages.length, people.length, `${person.user} heard everybody once`);
    }
    for (const [i, person] of people.entries()) {
        const next = people[(i + 1) % people.length];
        await person.publish(`#${next.user}`, { for: next.user });
        assert.equal((await next.hears(`#${next.user}`, { for: next.user })).from, person.user);
    }
}

let count = 0;
async function newcomers(cluster, proxy, number) {
    return Promise.all(Array.from({ length: number }, () => cluster.client(`person-${++count}`, proxy, { protobuf: count % 2 === 1 })));
}

// New people come, one at a time, until one of them is on `name`; then they go.
async function servesAgain(cluster, proxy, name) {
    await until(`somebody to get to ${name}`, async () => {
        const [somebody] = await newcomers(cluster, proxy, 1);
        const [place] = await places(cluster, [somebody]);
        somebody.close();
        return place === name;
    });
}

// Who was on the node, and comes back elsewhere.
const othersThan = (name) => (place) => place !== name;
const at = (people, where, name) => people.filter((_, i) => where[i] === name);

for (const Kind of [Nginx, Haproxy]) behindProxies(`nodes that come and go behind ${Kind.name}`, async (cluster, t) => {
    const [n1, n2, n3] = cluster.nodes;
    const proxy = await cluster.behind(Kind, cluster.nodes);
    const people = await newcomers(cluster, proxy, 9);
    await Promise.all(people.map((person) => person.subscribe('chat:lobby')));
    let where = await places(cluster, people);
    t.diagnostic(`at first on ${[...where].sort()}`);
    assert.deepEqual([...new Set(where)].sort(), ['n1', 'n2', 'n3'], 'everybody has somebody');
    await hearEachOther(cluster, people);

    // What is refused and what is not is as without a proxy: pages of this host, however many cookies it has.
    const own = `https://${proxy.authority}`;
    const cookies = { Cookie: `c=${'x'.repeat(8_100)}`, 'User-Agent': 'x'.repeat(200) };
    assert.equal((await http(n1.client, 'GET', '/', { headers: cookies })).status, 431, 'too much for a node');
    (await proxy.socket({ Origin: own, ...cookies })).close();
    await assert.rejects(proxy.socket({ Origin: 'https://evil.example' }), /403/);
    const moved = await proxy.getPlain('/connection/websocket?a=b');
    assert.equal(moved.status, 301);
    assert.match(moved.headers.location, /^https:\/\/127\.0\.0\.1\S*\/connection\/websocket\?a=b$/);

    // Stopped: it takes connections, and never says a word.
    const stuck = at(people, where, 'n3');
    n3.freeze();
    const [late, slowest] = await timed(() => newcomers(cluster, proxy, 6));
    t.diagnostic(`with a stopped node, 6 new clients were connected after ${ms(slowest)}`);
    await places(cluster, late, othersThan('n3'));
    if (Kind === Haproxy) {
        const [, took] = await timed(() => places(cluster, stuck, othersThan('n3')));
        t.diagnostic(`its clients were elsewhere after ${ms(slowest + took)}`);
        await hearEachOther(cluster, people, [n1, n2]);
    }
    for (const person of late) person.close();
    n3.thaw();
    await cluster.meshed();
    await servesAgain(cluster, proxy, 'n3');
    where = await places(cluster, people);

    const killed = at(people, where, 'n2');
    const [, back] = await timed(async () => {
        await n2.kill();
        await places(cluster, people, othersThan('n2'));
    });
    t.diagnostic(`the ${killed.length} clients of a killed node were elsewhere after ${ms(back)}`);
    assert.ok(back < 10_000, `back after ${ms(back)}`);
    await hearEachOther(cluster, people);
    await n2.start();
    await cluster.meshed();
    await servesAgain(cluster, proxy, 'n2');

    // A goodbye: nobody who comes meanwhile notices.
    where = await places(cluster, people);
    const leaving = at(people, where, 'n1');
    assert.ok(leaving.length > 0);
    for (const person of people) person.lost.length = 0;
    const callers = { opened: 0, refused: [], isOver: false };
    const calling = Promise.all(Array.from({ length: 4 }, async () => {
        while (!callers.isOver) {
            try {
                (await proxy.socket()).close();
                callers.opened += 1;
            } catch (error) {
                callers.refused.push(error.message);
            }
        }
    }));
    await until('callers', () => callers.opened > 20);
    const [, left] = await timed(async () => {
        assert.equal(await n1.terminate(), 0);
        await places(cluster, people, othersThan('n1'));
    });
    const soFar = callers.opened;
    await until('more callers', () => callers.opened > soFar + 20);
    callers.isOver = true;
    await calling;
    t.diagnostic(`the ${leaving.length} clients of a node that left were elsewhere after ${ms(left)}; of ${callers.opened} callers meanwhile ${callers.refused.length} were refused`);
    assert.deepEqual(callers.refused, []);
    for (const person of people) assert.deepEqual(person.lost, leaving.includes(person) ? [3001] : [], person.user);
    await hearEachOther(cluster, people);

    // There again, but with nobody heard of yet: it takes clients, and is sent none.
    if (Kind === Haproxy) await until('the proxy to notice', () => proxy.log.includes('nodes/n1 is DOWN'));
    (await n1.asker.client).close();
    Object.assign(n1, { cluster: 'another', seeds: ['127.0.0.99:7947'] });
    await n1.start();
    const early = await newcomers(cluster, proxy, 6);
    assert.equal(await n1.isReady(), false);
    assert.equal((await http(n1.client, 'GET', '/healthz')).status, 200);
    assert.equal((await n1.metrics()).of('sessions'), 0);
    await until('it to be ready, alone', () => n1.isReady());
    assert.ok(early.every((person) => person.isConnected));
    await until('somebody to get there', async () => {
        const [somebody] = await newcomers(cluster, proxy, 1);
        const isThere = (await n1.metrics()).of('sessions') > 0;
        somebody.close();
        return isThere;
    });
});

// A node pings each client every 25 s: a proxy that waits longer than that never ends a connection on which nobody says anything,
// and one that does not ends them.
behindProxies('connections on which nobody says anything', async (cluster, t) => {
    const [n1] = cluster.nodes;
    const quiet = await Promise.all([Nginx, Haproxy].flatMap((Kind) => ['28s', '7s'].map(async (patience) => {
        const proxy = await cluster.behind(Kind, cluster.nodes, [['60s', patience]]);
        const [person] = await newcomers(cluster, proxy, 1);
        const ends = [];
        person.sdk.on('connecting', () => ends.push(performance.now()));
        return { person, patience, ends, name: proxy.name, began: performance.now() };
    })));
    await pause(32_000);
    for (const { person, patience, ends, name, began } of quiet) {
        t.diagnostic(`${name} that waits ${patience}: ${ends.map((end) => `ended after ${ms(end - began)}`).join(', ') || 'not ended'}`);
        if (patience === '28s') {
            assert.deepEqual(ends, [], name);
            await n1.publish(`#${person.user}`, { at: 'last' });
            await person.hears(`#${person.user}`, { at: 'last' });
        } else {
            assert.ok(ends.length >= 1 && ends[0] - began > 6_000, name);
        }
    }
});

test('behind reverse proxies', { timeout: 200_000, concurrency: 32 }, (t) => together(t, scenarios));

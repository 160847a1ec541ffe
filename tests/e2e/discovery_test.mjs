// Nodes that know nothing of each other but a DNS name, and a DNS server whose answers change while they run.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { onCluster, together } from './support/cluster.mjs';
import { DnsServer, freePort } from './support/dns.mjs';
import { timed, until } from './support/until.mjs';

const name = 'mesh.test';
const hostOf = (address) => address.slice(0, address.lastIndexOf(':'));
const hostsOf = (nodes) => nodes.map((node) => hostOf(node.mesh));
const lookups = async (node) => (await node.metrics()).of('seed_lookups_total');
const count = (node, pattern) => node.log.match(new RegExp(pattern, 'g'))?.length ?? 0;

// Waits for `more` further whole answers at this node.
async function afterLookups(node, more) {
    const before = await lookups(node);
    await until(`${node.name} to look up ${more} times`, async () => await lookups(node) >= before + more);
}

// Nodes at `hosts`, one port for all, that look for each other by the name alone.
async function byName(cluster, prefix, hosts, dns, seeds) {
    const port = await freePort();
    return hosts.map((host, i) => cluster.node(`${prefix}${i + 1}`, { host, meshListen: `${host}:${port}`, seeds: seeds ?? [`${name}:${port}`], more: dns.options }));
}
const startAll = (nodes) => Promise.all(nodes.map((node) => node.start()));

// `body` with a DNS server of its own.
async function withDns(answers, services, body) {
    const dns = await DnsServer.start(answers, services);
    try {
        await body(dns);
    } finally {
        await dns.end();
    }
}

onCluster('discovery by DNS', { size: 0 }, async (cluster, t) => await together(t, {
    // One name for all, the own address among the answers. Then the name goes, then the server, and nothing happens; the
    // next node that DNS tells of is found, though it looks for nobody.
    'one name, none, a timeout, and one more': async () => {
        const hosts = ['127.0.1.1', '127.0.1.2', '127.0.1.3'];
        await withDns({ [name]: hosts }, [], async (dns) => {
            const nodes = await byName(cluster, 'all-', hosts, dns);
            await startAll(nodes);
            await cluster.meshed(nodes);
            await Promise.all(nodes.map((node) => node.says(/self_dialled/)));

            await dns.change({});
            await Promise.all(nodes.map((node) => node.says(/seed_answered .* answer=none addresses=0 new=0 gone=3/)));
            dns.freeze();
            await Promise.all(nodes.map((node) => node.says(/seed_answered .* answer=incomplete/)));
            dns.thaw();

            const [late] = await byName(cluster, 'late-', ['127.0.1.4'], dns, []);
            late.mesh = nodes[0].mesh.replace('127.0.1.1', '127.0.1.4');
            await late.start();
            await dns.change({ [name]: [...hosts, '127.0.1.4'] });
            await cluster.meshed([...nodes, late]);
            for (const node of nodes) {
                assert.equal(count(node, 'member_suspected'), 0, node.log);
                assert.equal(readdirSync(`/proc/${node.pid}/task`).length, 1, 'names need no thread');
                assert.ok(count(node, 'self_dialled') <= 2, node.log);    // once for each time that the name lists it
            }
            await cluster.chats([...nodes, late], 'chat:one-name');
        });
    },
    // Nobody answers questions at first: the nodes serve all the same, and find each other when DNS does.
    'a timeout at the start': async () => {
        const hosts = ['127.0.2.1', '127.0.2.2'];
        await withDns({ [name]: hosts }, [], async (dns) => {
            const nodes = await byName(cluster, 'patient-', hosts, dns);
            dns.freeze();
            await startAll(nodes);
            const [, took] = await timed(() => nodes[0].says(/seed_answered .* answer=incomplete/));
            assert.ok(took < 9_000, `${took} ms until it gave up`);
            for (const node of nodes) assert.deepEqual((await node.members()).map((member) => member.name), [node.name]);
            dns.thaw();
            await cluster.meshed(nodes);
        });
    },
    // Every node comes back with another address, one after the other, while the DNS answer is one step behind at first.
    'a rolling restart that changes every address': async () => {
        const hosts = ['127.0.3.1', '127.0.3.2', '127.0.3.3'];
        await withDns({ [name]: hosts }, [], async (dns) => {
            const nodes = await byName(cluster, 'rolling-', hosts, dns);
            await startAll(nodes);
            await cluster.meshed(nodes);
            for (const [i, node] of nodes.entries()) {
                if (i === 1) await node.kill(); else await node.terminate();
                node.mesh = node.mesh.replace('127.0.3.', '127.0.3.10');
                await node.start();
                await dns.change({ [name]: hostsOf(nodes) });
                await cluster.meshed(nodes);
            }
            await cluster.chats(nodes, 'chat:rolling');
        });
    },
    // An address where no node is costs a connection now and then, and none when the name does not list it any more.
    'a stale address': async () => {
        const port = await freePort();
        const hosts = ['127.0.4.1', '127.0.4.2'];
        const stale = '127.0.4.9';
        let connections = 0;
        const nobody = createServer((socket) => { ++connections; socket.destroy(); }).listen(port, stale);
        await new Promise((listening) => nobody.once('listening', listening));
        await withDns({ [name]: [...hosts, stale] }, [], async (dns) => {
            const nodes = hosts.map((host, i) => cluster.node(`stale-${i + 1}`, { host, meshListen: `${host}:${port}`, seeds: [`${name}:${port}`], more: dns.options }));
            await startAll(nodes);
            await cluster.meshed(nodes);
            await until('both to try it more than once', () => connections >= 4);
            await dns.change({ [name]: hosts });
            await Promise.all(nodes.map((node) => node.says(/seed_answered .* addresses=2 new=0 gone=1/)));
            await afterLookups(nodes[0], 1);    // a dial that was under way
            const before = connections;
            await afterLookups(nodes[0], 6);    // longer than the wait after two failures
            assert.equal(connections, before);
            assert.ok(await nodes[0].seesAlive(nodes.map((node) => node.name)));
        }).finally(() => nobody.close());
    },
    // Hosts and ports from SRV records; the targets' addresses change.
    'an SRV name': async () => {
        const ports = [await freePort(), await freePort()];
        const service = '_grapevine._tcp.mesh.test';
        const services = ports.map((port, i) => ({ name: service, target: `t${i + 1}.test`, port }));
        await withDns({ 't1.test': ['127.0.5.1'], 't2.test': ['127.0.5.2'] }, services, async (dns) => {
            const nodes = ports.map((port, i) => cluster.node(`srv-${i + 1}`, { host: `127.0.5.${i + 1}`, meshListen: `127.0.5.${i + 1}:${port}`, seeds: [`srv:${service}`], more: dns.options }));
            await startAll(nodes);
            await cluster.meshed(nodes);
            await nodes[1].kill();
            nodes[1].mesh = nodes[1].mesh.replace('127.0.5.2', '127.0.5.3');
            nodes[1].seeds = [];    // it has to be found
            await dns.change({ 't1.test': ['127.0.5.1'], 't2.test': ['127.0.5.3'] });
            await nodes[1].start();
            await cluster.meshed(nodes);
            await cluster.chats(nodes, 'chat:srv');
        });
    },
    // An answer that does not fit a UDP packet, and in which all but one are dead.
    'an answer that is cut short': async () => {
        const dead = Array.from({ length: 199 }, (_, i) => `127.0.7.${i + 1}`);
        await withDns({ [name]: [...dead, '127.0.6.1'] }, [], async (dns) => {
            const nodes = await byName(cluster, 'many-', ['127.0.6.1', '127.0.6.2'], dns);
            await startAll(nodes);
            await cluster.meshed(nodes);
            await nodes[1].says(/seed_answered .* answer=complete addresses=200 new=200/);
        });
    },
}));

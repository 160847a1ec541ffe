// A test with a cluster of its own.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client } from './clients.mjs';
import { GrapevineNode } from './grapevine_node.mjs';
import { until } from './until.mjs';

export class Cluster {
    constructor() {
        this.nodes = [];
        this.clients = [];
        this.lasts = 0;
        this.rounds = 0;
        this.sign = undefined;   // makes a token of claims, where nodes ask for them
        this.dir = mkdtempSync(join(tmpdir(), 'grapevine-e2e-'));
        this.secretFile = this.secret('secret', 'what all nodes of this cluster know');
    }
    secret(file, text) {
        writeFileSync(join(this.dir, file), `${text}\n`, { mode: 0o600 });
        return join(this.dir, file);
    }
    // A node that is not started yet; by default it knows the secret and the nodes made before it. Each has a loopback
    // address of its own, where no outgoing connection can take the port of one that is down.
    node(name, options = {}) {
        const seeds = this.nodes.map((node) => node.mesh);
        const node = new GrapevineNode({ name, secretFile: this.secretFile, seeds, host: `127.0.0.${11 + this.nodes.length}`, ...options });
        this.nodes.push(node);
        return node;
    }
    start(name, options) { return this.node(name, options).start(); }
    get running() { return this.nodes.filter((node) => node.isRunning); }

    // Until each of `nodes` sees exactly these, alive and linked.
    async meshed(nodes = this.running) {
        const names = nodes.map((node) => node.name);
        await Promise.all(nodes.map((node) => until(`${node.name} to see ${names} alive`, () => node.seesAlive(names))));
        await Promise.all(nodes.map((node) => until(`${node.name} to be ready`, () => node.isReady())));
    }
    // Until none of them doubts its own senses.
    async well(nodes = this.running) { await Promise.all(nodes.map((node) => until(`${node.name} to be well`, () => node.isWell(), { every: 100 }))); }
    client(user, nodes, options) {
        const client = new Client(nodes, user, this.sign && !options?.sdk ? { ...options, sdk: { token: this.sign({ sub: user }) } } : options);
        this.clients.push(client);
        return client.connect();
    }
    // Until every one of `nodes` says of `user` that it has `sessions` on the nodes `where`.
    async locates(user, sessions, where, nodes = this.running) {
        await Promise.all(nodes.map(async (node) => {
            const asker = await this.asker(node);
            let status;
            await until(`${node.name} to see ${sessions} sessions of ${user} on [${where}]`, async () => {
                status = (await asker.status(user))[user];
                return status.sessions === sessions && [...status.nodes].sort().join() === [...where].sort().join();
            }, { every: 2 });
            assert.equal(status.online, sessions > 0);
        }));
    }
    // Somebody without a name who asks this process.
    asker(node) {
        if (node.asker?.pid !== node.pid) node.asker = { pid: node.pid, client: this.client(undefined, node) };
        return node.asker.client;
    }
    // Until all these nodes know what each of them has told before: its users and channels are told in order, so a user
    // who comes now is seen after them.
    async settled(nodes = this.running) {
        await Promise.all(nodes.map(async (node) => {
            const last = await this.client(`last-${++this.lasts}`, node);
            await this.locates(last.user, 1, [node.name], nodes);
            last.close();
        }));
    }
    // That people on all these nodes reach each other: in a channel, and each the next by name.
    async chats(nodes = this.running, channel = 'chat:proof') {
        const round = ++this.rounds;
        const people = await Promise.all(nodes.map((node, i) => this.client(`person-${i}-of-round-${round}`, node, { protobuf: i % 2 === 1 })));
        await Promise.all(people.map((person) => person.subscribe(channel)));
        await this.settled(nodes);
        for (const [i, person] of people.entries()) {
            await person.publish(channel, { says: i });
            await Promise.all(people.map((other) => other.hears(channel, { says: i })));
            const next = people[(i + 1) % people.length];
            await person.publish(`#${next.user}`, { to: next.user });
            assert.equal((await next.hears(`#${next.user}`, { to: next.user })).from, person.user);
        }
        for (const person of people) person.close();
    }
    async end() {
        for (const client of this.clients) client.close();
        await Promise.all(this.running.map((node) => node.kill()));
        rmSync(this.dir, { recursive: true, force: true });
    }
    logs() { return this.nodes.flatMap((node) => node.lives.map((life) => `---- ${node.name} (${life.end ?? 'running'})\n${life.log}`)).join('\n'); }
}

// `body(cluster, t)` with `size` meshed nodes n1, n2, ..., each made with `options(cluster)`. However it ends, its processes do too; if it fails, the nodes' logs are shown.
export function onCluster(what, { size = 3, timeout = 120_000, options = () => ({}) }, body) {
    test(what, { timeout, concurrency: 32 }, async (t) => {
        const cluster = new Cluster();
        try {
            for (let i = 1; i <= size; ++i) await cluster.start(`n${i}`, options(cluster));
            await cluster.meshed();
            await body(cluster, t);
        } catch (error) {
            console.error(cluster.logs());
            throw error;
        } finally {
            await cluster.end();
        }
    });
}

// Runs these at once, each reported by its name; throws if one failed.
export async function together(t, parts) {
    const failed = [];
    await Promise.all(Object.entries(parts).map(([name, part]) => t.test(name, async (own) => {
        try {
            await part(own);
        } catch (error) {
            failed.push(name);
            throw error;
        }
    })));
    assert.deepEqual(failed, []);
}

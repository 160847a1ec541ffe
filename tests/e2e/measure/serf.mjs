// The same happenings to N Grapevine nodes and to N agents of Serf, one cluster after the other, on the same machine: how long
// until every other process shows them. Both are asked in the same way and as often.
import { setTimeout as pause } from 'node:timers/promises';
import { Cluster } from '../support/cluster.mjs';
import { until } from '../support/until.mjs';
import { RawClient } from '../support/wire.mjs';
import { brake, load, milliseconds, note } from './figures.mjs';
import { SerfAgent, serfVersion } from './serf_agent.mjs';
import { Watcher } from './watcher.mjs';

// Ms between an answer and the next question to a process: n processes are asked 5,000 times a second at most.
const pauseOf = (size) => Math.max(1, size / 5);
const last = (times, start) => Math.max(...times) - start;
const anyMoment = () => pause(Math.random() * 1000);
const line = (what, size, system) => `${system} ${size}: ${what}`;

// When `look` gave true, asked every `every` ms.
async function when(what, every, look) {
    await until(what, look, { every, within: 90_000 });
    return performance.now();
}

// ---- Grapevine: on each node a user, which is what is shown and hidden, and who asks what the node shows
class Grapevine {
    constructor(size) { Object.assign(this, { system: 'grapevine', cluster: new Cluster(), size, watchers: new Map() }); }
    get nodes() { return this.cluster.nodes; }
    async form() {
        for (let i = 1; i <= this.size; ++i) await this.cluster.start(`n${i}`);
        await this.cluster.meshed();
        for (const node of this.nodes) await this.settle(node);
    }
    async settle(node) {
        this.watchers.set(node, await Watcher.on(node, pauseOf(this.size), `resident-${node.name}`));
    }
    others(node) { return this.nodes.filter((other) => other !== node && other.isRunning); }
    async allSee(node, count) { return Promise.all(this.others(node).map((other) => this.watchers.get(other).sees([`resident-${node.name}`], count))); }
    async change(node, round) {
        const guest = await RawClient.open(node);
        await anyMoment();
        const start = performance.now();
        guest.say({ id: 1, connect: { data: { user: `guest-${round}` } } });
        const times = await Promise.all(this.others(node).map((other) => this.watchers.get(other).sees([`guest-${round}`], 1)));
        guest.close();
        return [last(times, start)];
    }
    harm(node, signal) { node.life.child.kill(signal); }
    gone(node) { return this.allSee(node, 0); }
    back(node) { return this.allSee(node, 1); }
    async restart(node) {
        this.watchers.get(node).close();
        await node.exited;
        await node.start();
        await this.cluster.meshed();
        await this.settle(node);
        await this.back(node);
    }
    // From the start of a new process until all others show it alive.
    async join(round) {
        const node = this.cluster.node(`joiner-${round}`);
        const others = this.others(node);
        const start = performance.now();
        node.start().catch(() => {});
        const times = await Promise.all(others.map((other) => this.watchers.get(other).when('the joiner', async () => (await this.watchers.get(other).alive()).includes(node.name))));
        await this.cluster.meshed();
        await node.terminate();
        this.nodes.pop();
        return last(times, start);
    }
    logs() { return this.cluster.logs(); }
    end() { for (const one of this.watchers.values()) one.close(); return this.cluster.end(); }
}

// ---- Serf
class Serf {
    constructor(size, profile) { Object.assign(this, { system: `serf (${profile})`, size, profile, nodes: [] }); }
    async form() {
        for (let i = 1; i <= this.size; ++i) await this.add(i).start();
        await Promise.all(this.nodes.map((agent) => when('all agents to see all', 50, async () => Object.values(await agent.members()).filter(({ Status }) => Status === 'alive').length === this.size)));
        await Promise.all(this.nodes.map((agent) => this.listen(agent)));
    }
    add(number) {
        const agent = new SerfAgent(number, { join: this.nodes[0]?.bind, profile: this.profile });
        this.nodes.push(agent);
        return agent;
    }
    listen(agent) {
        agent.heard = new Map();
        return agent.rpc.listen(({ Name }) => agent.heard.set(Name, performance.now()));
    }
    others(agent) { return this.nodes.filter((other) => other !== agent); }
    all(agent, what, holds) {
        return Promise.all(this.others(agent).map((other) => when(what, pauseOf(this.size), async () => holds((await other.members(agent.name))[agent.name]))));
    }
    // A tag, which is state as a user's place is; and a user event, which is a message.
    async change(agent, round) {
        await anyMoment();
        const start = performance.now();
        agent.tag(String(round));
        const tagged = last(await this.all(agent, 'the tag', (member) => member.Tags.round === String(round)), start);
        const event = `event-${round}`;
        const said = performance.now();
        agent.event(event);
        await Promise.all(this.others(agent).map((other) => until('the event', () => other.heard.has(event), { every: 1 })));
        return [tagged, last(this.others(agent).map((other) => other.heard.get(event)), said)];
    }
    harm(agent, signal) { agent.child.kill(signal); }
    gone(agent) { return this.all(agent, 'to be failed', (member) => member.Status === 'failed'); }
    back(agent) { return this.all(agent, 'to be alive', (member) => member.Status === 'alive'); }
    async restart(agent) {
        agent.rpc.close();
        await agent.exited;
        agent.join = this.others(agent)[0].bind;
        await agent.start();
        await this.back(agent);
        await this.listen(agent);
    }
    async join(round) {
        const agent = new SerfAgent(100 + round, { join: this.nodes[0].bind, profile: this.profile });
        const start = performance.now();
        agent.spawn();
        const times = await this.all(agent, 'the joiner', (member) => member?.Status === 'alive');
        await agent.ready();
        await agent.rpc.ask('leave', {}).catch(() => {});
        await agent.kill();
        return last(times, start);
    }
    logs() { return this.nodes.map(({ name, log }) => `---- ${name}\n${log}`).join('\n'); }
    end() { return Promise.all(this.nodes.map((agent) => agent.kill())); }
}

async function measure(cluster, { connects, kills, stops, joins }) {
    const { size, system } = cluster;
    try {
        await cluster.form();
        const nodeOf = (round) => cluster.nodes[round % cluster.nodes.length];
        const changes = [];
        for (let i = 0; i < connects; ++i) changes.push(await cluster.change(nodeOf(i), i));
        const names = system === 'grapevine' ? ['a user connects'] : ['a tag changes', 'a user event'];
        for (const [i, name] of names.entries()) milliseconds(line(name, size, system), changes.map((times) => times[i]));

        const joined = [];
        for (let i = 0; i < joins; ++i) joined.push(await cluster.join(i));
        milliseconds(line('a process joins', size, system), joined);

        const lost = async (rounds, signal, after) => {
            const times = [];
            for (let i = 0; i < rounds; ++i) {
                const node = nodeOf(i + 1);    // the first is the one that joiners know
                await anyMoment();
                const start = performance.now();
                cluster.harm(node, signal);
                times.push(last(await cluster.gone(node), start));
                await after(node);
            }
            return times;
        };
        milliseconds(line('kill -9: gone', size, system), await lost(kills, 'SIGKILL', (node) => cluster.restart(node)));
        milliseconds(line('SIGSTOP: gone', size, system), await lost(stops, 'SIGSTOP', async (node) => {
            cluster.harm(node, 'SIGCONT');
            await cluster.back(node);
            await pause(brake);    // an agent of Serf that was stopped trusts its senses again, too
        }));
        note(`load ${load()}`);
    } catch (error) {
        console.error(cluster.logs());
        throw error;
    } finally {
        await cluster.end();
    }
}

export async function measureSerf({ sizes = [3, 5, 10, 20], connects, kills, stops, joins, 'serf-profile': profile }) {
    note(`${serfVersion()}; each process is asked every ${sizes.map((size) => pauseOf(size)).join(', ')} ms (${sizes.join(', ')} processes), which is the error`);
    for (const size of sizes)
        for (const cluster of [new Grapevine(size), new Serf(size, profile)]) await measure(cluster, { connects, kills, stops, joins });
}

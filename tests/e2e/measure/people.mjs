// Everybody in one channel: joins, then a message at a rate, which all must get once; and once more with a node that is
// killed meanwhile, whose people do not come back: the others must miss nothing. `grapevine bench` is the judge.
import { setTimeout as pause } from 'node:timers/promises';
import { Cluster } from '../support/cluster.mjs';
import { run } from '../support/grapevine_node.mjs';
import { timed, until, within } from '../support/until.mjs';
import { load, note, single } from './figures.mjs';

const joinsPerSecond = 4_000;
const messagesPerSecond = 1;
const drainSeconds = 15;
const grouped = (number) => number.toLocaleString('en-US');
const shown = (micros) => (micros < 1_000_000 ? `${(micros / 1e3).toFixed(0)} ms` : `${(micros / 1e6).toFixed(2)} s`);

async function gathering(nodes, people, seconds) {
    const words = ['bench', 'fanout', ...nodes.flatMap((node) => ['--url', node.url]), '--processes', nodes.length, '--publishers', 1, '--subscribers', people,
        '--rate', messagesPerSecond, '--connect-rate', joinsPerSecond, '--warmup', 0, '--seconds', seconds, '--drain', drainSeconds, '--json'];
    const life = run(words.map(String));
    const [, took] = await timed(() => until('everybody to be there', async () => life.end !== undefined || (await nodes[0].metrics()).of('client_publishes_total') >= 3,
        { within: 1000 * (people / joinsPerSecond + 60), every: 250 }));
    if (life.end !== undefined) throw new Error(`bench ended with ${life.end}: ${life.log}${life.out}`);
    return { life, took };
}
async function verdict(life, seconds) {
    await within('the bench to end', life.exited, 1000 * (seconds + drainSeconds + 30));
    return JSON.parse(life.out);
}

async function asTheyStay(cluster, people, seconds) {
    const { nodes } = cluster;
    const { life, took } = await gathering(nodes, people, seconds);
    const cpu = () => nodes.reduce((sum, node) => sum + node.cpuSeconds(), 0);
    const [from, began] = [cpu(), performance.now()];
    await pause(1000 * seconds / 2);
    const used = (cpu() - from) / ((performance.now() - began) / 1000);
    const memory = nodes.reduce((sum, node) => sum + node.memory(), 0);
    const json = await verdict(life, seconds);
    const { latency_us: latency } = json;
    single('got, of all deliveries', `${grouped(json.received_in_all)}`, `${grouped(people * json.sent_in_all)}`);
    single('lost, twice, reordered, damaged, errors', `${json.lost}, ${json.duplicate}, ${json.reordered}, ${json.damaged}, ${json.errors}`, '0');
    for (const q of ['p50', 'p99', 'max']) single(`from publish to receipt, ${q}`, shown(latency[q]));
    note(`joined at ${grouped(joinsPerSecond)}/s, all heard the first message ${(took / 1000).toFixed(1)} s after the first dial; generator ${(100 * json.cpu_share).toFixed(0)} % of a core, ` +
        `waited for one ${(100 * json.cpu_waiting_share).toFixed(0)} % of the time`);
    note(`nodes together: ${(100 * used).toFixed(0)} % of a core, ${(memory / 2 ** 20).toFixed(0)} MiB of own memory (${Math.round(memory / people)} B a person); load ${load()}`);
}

async function asOneDies(cluster, people, seconds) {
    const { nodes } = cluster;
    const { life } = await gathering(nodes, people, seconds);
    await pause(1000 * seconds / 3);
    const last = nodes.at(-1);
    await last.kill();
    const json = await verdict(life, seconds);
    const left = people - json.errors;
    single(`killed: ${last.name}; people who stay`, grouped(left), grouped(people - Math.floor(people / nodes.length)));
    single('lost, twice, reordered, damaged by them', `${json.lost}, ${json.duplicate}, ${json.reordered}, ${json.damaged}`, '0');
    for (const q of ['p50', 'p99', 'max']) single(`from publish to receipt, ${q}`, shown(json.latency_us[q]));
    note(`${json.sent_in_all} messages, ${grouped(json.received_in_all)} received; ${grouped(json.missed)} for those whose node was dead; load ${load()}`);
}

export async function measurePeople({ people, 'people-nodes': size, 'people-seconds': seconds }) {
    for (const measure of [asTheyStay, asOneDies]) {
        const cluster = new Cluster();
        try {
            for (let i = 1; i <= size; ++i) await cluster.start(`n${i}`);
            await cluster.meshed();
            note(`${grouped(people)} people in one channel on ${size} nodes, ${messagesPerSecond} message a second for ${seconds} s`);
            await measure(cluster, people, seconds);
        } catch (error) {
            console.error(cluster.logs());
            throw error;
        } finally {
            await cluster.end();
        }
    }
}

// How Grapevine's cost grows: with subscribers, nodes, users known, bytes of a message, threads.
import { benchmark } from './core.mjs';
import { knowsProcesses, runLoad } from './generator.mjs';
import { products } from './products.mjs';

const millionths = 1e6;
// One generator has 20,000 descriptors at most on many machines.
const subscribersOfOneProcess = 15_000;

const loaded = (product, { scenario, words, nodes }) => ({ dir, onServers, settings: { seconds, warmup } }) => onServers(products[product], nodes, dir, async (cluster) => {
    const run = await runLoad(products[product], { scenario, words: [...words, '--warmup', warmup], seconds, ...cluster });
    const { report } = run;
    const moved = report.received_per_second * run.seconds;
    return {
        rate: report.received_per_second, cpu: (run.user + run.system) / moved * millionths, user: run.user / moved * millionths,
        megabytes: report.received_per_second * report.payload_bytes / 1e6, p99: report.latency_us.p99 / 1000,
        wasBottleneck: report.generator_was_bottleneck, reasons: report.reasons,
        faults: { lost: report.lost, duplicate: report.duplicate, reordered: report.reordered, damaged: report.damaged, errors: report.errors },
    };
});

const grouped = (number) => number.toLocaleString('en');
const tens = (from, to) => Array.from({ length: Math.round(Math.log10(to / from)) + 1 }, (_, i) => from * 10 ** i);

export const curves = {
    subscribers: {
        title: 'Subscribers of one channel on two nodes', says: 'eight publishers with a message each on its way, 128 bytes, JSON; figures are those of a delivery',
        x: 'subscribers', isLog: true, figures: { rate: 'deliveries/s', cpu: 'CPU a delivery, µs', user: 'of that user space, µs' },
        points: ({ isQuick }) => {
            const sizes = [10, 100, 1_000, 10_000, ...(isQuick ? [] : [30_000])];
            const canFork = knowsProcesses();
            const possible = sizes.filter((size) => size <= subscribersOfOneProcess || canFork);
            if (possible.length !== sizes.length) console.log('30,000 subscribers are left out: they need a generator of several processes (--processes), which this one does not have');
            return possible.map((size) => ({
                key: { x: size }, name: grouped(size), guess: 8 + size / 2000,
                run: loaded('json', { scenario: 'fanout', nodes: 2, words: ['--publishers', 8, '--subscribers', size, '--connect-rate', 4_000, ...(size > subscribersOfOneProcess ? ['--processes', 2] : [])] }),
            }));
        },
    },
    nodes: {
        title: 'Nodes', says: '32 pairs, each with 64 messages on their way from one node to the next, 128 bytes, JSON; all nodes share the machine',
        x: 'nodes', isLog: true, figures: { rate: 'messages/s of all', cpu: 'CPU a message, µs' },
        points: () => [2, 4, 8, 16].map((nodes) => ({
            key: { x: nodes }, name: `${nodes}`, guess: 10,
            run: loaded('json', { scenario: 'p2p', nodes, words: ['--pairs', 32, '--window', 64] }),
        })),
    },
    table: {
        title: 'Users known', says: 'on one thread, no sockets: where a random user is; memory of the table; two nodes link up and one learns all users of the other',
        x: 'users', isLog: true, figures: { lookup: 'a lookup, ns', bytes: 'bytes an entry', join: 'until joined, ms' }, logY: ['join'],
        points: ({ isQuick }) => tens(1_000, isQuick ? 1_000_000 : 10_000_000).map((users) => ({
            key: { x: users }, name: grouped(users), guess: 2 + users / 400_000,
            async run() {
                const lookup = await benchmark(`BM_Lookup/${users}`);
                const join = await benchmark(`BM_Join/${users}/iterations:1`);
                return { lookup: lookup.cpu_time, bytes: lookup.bytes_per_entry, join: join.real_time };
            },
        })),
    },
    size: {
        title: 'Bytes of a message', says: 'ten pairs across two nodes, each with 16 messages on their way, JSON; 34 bytes are the least that the judge needs',
        x: 'bytes', isLog: true, figures: { rate: 'messages/s', megabytes: 'payload, MB/s', cpu: 'CPU a message, µs' }, logY: ['rate', 'cpu'],
        points: () => [34, 128, 512, 2_048, 8_192, 32_768, 61_440].map((size) => ({
            key: { x: size }, name: grouped(size),
            run: loaded('json', { scenario: 'p2p', nodes: 2, words: ['--window', 16, '--size', size] }),
        })),
    },
    workers: {
        title: 'Threads of a node', says: 'one node, ten pairs with 64 messages each on their way and 1,000 subscribers of a channel; 128 bytes, JSON',
        x: 'workers', figures: { rate: 'messages/s', cpu: 'CPU a message, µs', user: 'of that user space, µs' },
        points: () => [['json', 1], ['workers', 2]].flatMap(([product, workers]) => [
            { key: { x: workers, series: 'user to user' }, name: `${workers}, user to user`, run: loaded(product, { scenario: 'p2p', nodes: 1, words: ['--window', 64] }) },
            { key: { x: workers, series: '1,000 subscribers' }, name: `${workers}, 1,000 subscribers`, run: loaded(product, { scenario: 'fanout', nodes: 1, words: ['--publishers', 8, '--subscribers', 1_000] }) },
        ]),
    },
};

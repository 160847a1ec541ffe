// What every product is asked to do, and what is read from it.
import { benchmark } from './core.mjs';
import { runLoad, settledMemory } from './generator.mjs';
import { memoryOf } from './processes.mjs';
import { products } from './products.mjs';

// A browser's request is about as long; nothing of it may stay.
export const headers = [
    'User-Agent: grapevine-bench (X11; Linux x86_64) like a browser',
    'Accept-Encoding: gzip, deflate, br, zstd', 'Accept-Language: en-GB,en;q=0.9,de;q=0.8,fr;q=0.7', 'Cache-Control: no-cache',
    `Cookie: session=${'0123456789abcdef'.repeat(20)}; preferences=${'theme-dark.'.repeat(28)}`,
].flatMap((header) => ['--header', header]);

const millionths = 1e6;
// Connections that come and go before memory is read, so that what is allocated once is there.
const warmingUp = 200;

function messages(options) {
    return {
        nodes: 2, ...options,
        async measure(product, cluster, { seconds, warmup }) {
            const { scenario, words } = options;
            const run = await runLoad(product, { scenario, words: [...words, '--size', 128, '--warmup', warmup], seconds, ...cluster });
            const { report } = run;
            const moved = report.received_per_second * run.seconds;
            return {
                rate: report.received_per_second,
                cpu: (run.user + run.system) / moved * millionths,
                user: run.user / moved * millionths,
                system: run.system / moved * millionths,
                ...latency(report.latency_us), late: report.sent_late_us && report.sent_late_us.p99 / 1000,
                ...common(report),
            };
        },
    };
}

// In milliseconds; nothing of what nobody got in the time measured.
const latency = ({ count, p50, p99, p99_9 }) => (count ? { p50: p50 / 1000, p99: p99 / 1000, p99_9: p99_9 / 1000 } : {});

function common(report) {
    return {
        generator: report.cpu_share, generatorWaited: report.cpu_waiting_share, wasBottleneck: report.generator_was_bottleneck,
        faults: { lost: report.lost ?? 0, duplicate: report.duplicate ?? 0, reordered: report.reordered ?? 0, damaged: report.damaged ?? 0, unanswered: report.unanswered ?? 0, errors: report.errors },
        reasons: report.reasons,
    };
}

const idle = {
    title: 'Connect, subscribe, stay', nodes: 1,
    says: 'connections that come at 2,000 a second, each with 1 KB of request headers and one subscription, ten to a channel, and then do nothing; one node',
    products: ['json', 'protobuf', 'nats', 'bun'],
    figures: ['connectCpu', 'connectUser', 'memory'],
    async measure(product, cluster, { connections }) {
        const words = (count) => ['--connections', count, '--connect-rate', 2000, '--channels', Math.max(1, count / 10), ...headers];
        await runLoad(product, { scenario: 'connect', words: words(warmingUp), seconds: 0.1, ...cluster });
        const before = await settledMemory(cluster.pids);
        let after;
        const holding = async () => { await settledMemory(cluster.pids); after = memoryOf(cluster.pids); };
        const run = await runLoad(product, { scenario: 'connect', words: words(connections), seconds: 60, onHolding: holding, ...cluster });
        const came = run.report.connected;
        return {
            connectCpu: (run.user + run.system) / came * millionths,
            connectUser: run.user / came * millionths,
            memory: (after - before) / came,
            p99: run.report.connecting_us.p99 / 1000,
            ...common(run.report),
        };
    },
};

const core = {
    title: 'The machines alone', nodes: 0,
    says: 'one message of 128 bytes from the bytes of a command on one node to those of a push on the other, codecs and flows included, no sockets: half of it, for each side',
    products: ['json', 'protobuf'], figures: ['side'],
    async measure(product) {
        const { items_per_second: both } = await benchmark(`BM_MessageToUser/${product === products.json ? 0 : 1}`);
        return { side: millionths / both / 2 };
    },
};

const crossing = ['json', 'protobuf', 'answered', 'answeredProtobuf', 'workers', 'nats', 'bunRedis'];
const paced = ['json', 'protobuf', 'nats', 'bunRedis'];
const spreading = ['json', 'protobuf', 'workers', 'nats', 'bunRedis'];

export const scenarios = {
    cross: messages({
        title: 'User to user across nodes, closed loop', says: 'ten pairs, each with 64 messages on their way from one node to the other',
        scenario: 'p2p', words: ['--window', 64], products: crossing, figures: ['rate', 'cpu', 'user', 'p99'],
    }),
    crowd: messages({
        title: 'A thousand pairs across nodes, closed loop', says: 'each with one message on its way, as people write: little comes together that could be sent together',
        scenario: 'p2p', words: ['--pairs', 1_000, '--window', 1], products: crossing, figures: ['rate', 'cpu', 'user', 'p99'],
    }),
    same: messages({
        title: 'User to user on one node, closed loop', says: 'the same with one node', nodes: 1,
        scenario: 'p2p', words: ['--window', 64], products: ['json', 'protobuf', 'answered', 'workers', 'nats', 'bun'], figures: ['rate', 'cpu', 'user', 'p99'],
    }),
    at20000: messages({
        title: 'Across nodes at 20,000 messages a second', says: 'open loop, ten pairs: latency counts from when a message was due',
        scenario: 'p2p', words: ['--rate', 20_000], products: paced, figures: ['cpu', 'user', 'p50', 'p99', 'p99_9', 'late'],
    }),
    at5000: messages({
        title: 'Across nodes at 5,000 messages a second', says: 'the same at a quarter of the rate',
        scenario: 'p2p', words: ['--rate', 5_000], products: paced, figures: ['cpu', 'user', 'p50', 'p99', 'p99_9', 'late'],
    }),
    fanout1000: messages({
        title: 'To 1,000 subscribers on two nodes', says: 'one channel, eight publishers with a message each on its way; figures are those of a delivery',
        scenario: 'fanout', words: ['--publishers', 8, '--subscribers', 1_000], products: spreading, figures: ['rate', 'cpu', 'user', 'p99'],
    }),
    fanout10000: messages({
        title: 'To 10,000 subscribers on two nodes', says: 'the same with ten times as many',
        scenario: 'fanout', words: ['--publishers', 8, '--subscribers', 10_000, '--connect-rate', 4_000], products: spreading, figures: ['rate', 'cpu', 'user', 'p99'],
    }),
    idle,
    core,
};

// `unit` follows the name in tables and plots.
export const units = {
    rate: { name: 'messages/s' },
    cpu: { name: 'CPU a message', unit: 'µs' },
    user: { name: 'of that user space', unit: 'µs' },
    p50: { name: 'p50', unit: 'ms' },
    p99: { name: 'p99', unit: 'ms' },
    p99_9: { name: 'p99.9', unit: 'ms' },
    late: { name: 'sent late, p99', unit: 'ms' },
    connectCpu: { name: 'CPU a connect and subscribe', unit: 'µs' },
    connectUser: { name: 'of that user space', unit: 'µs' },
    side: { name: 'CPU a message and side', unit: 'µs' },
    memory: { name: 'memory of a connection', unit: 'bytes' },
};

// What Grapevine must reach. `of` gives the figure from the medians' makers: a ratio is made of figures of the same round.
const best = ['json', 'protobuf'];
export const aims = [
    { says: 'across nodes, closed loop: messages/s of nats-server', scenario: 'cross', figure: 'rate', products: best, against: 'nats', atLeast: 3 },
    { says: 'across nodes, closed loop: CPU a message of nats-server', scenario: 'cross', figure: 'cpu', products: best, against: 'nats', atMost: 1 / 3 },
    { says: 'the same answered: messages/s (no aim)', scenario: 'cross', figure: 'rate', products: ['answered', 'answeredProtobuf'], against: 'nats' },
    { says: 'the same answered: CPU a message (no aim)', scenario: 'cross', figure: 'cpu', products: ['answered', 'answeredProtobuf'], against: 'nats' },
    { says: 'a thousand pairs across nodes: messages/s of nats-server', scenario: 'crowd', figure: 'rate', products: best, against: 'nats', atLeast: 3 },
    { says: 'a thousand pairs across nodes: CPU a message of nats-server', scenario: 'crowd', figure: 'cpu', products: best, against: 'nats', atMost: 1 / 3 },
    { says: 'across nodes at 20,000/s: p99 of nats-server', scenario: 'at20000', figure: 'p99', products: best, against: 'nats', atMost: 1 / 3 },
    { says: 'one node, closed loop: messages/s of Bun', scenario: 'same', figure: 'rate', products: best, against: 'bun', atLeast: 0.7 },
    { says: 'to 1,000 subscribers: CPU a delivery of Bun + Redis', scenario: 'fanout1000', figure: 'cpu', products: best, against: 'bunRedis', atMost: 1 },
    { says: 'to 10,000 subscribers: CPU a delivery of Bun + Redis', scenario: 'fanout10000', figure: 'cpu', products: best, against: 'bunRedis', atMost: 1 },
    { says: 'to 1,000 subscribers: user-space part, µs', scenario: 'fanout1000', figure: 'user', products: best, atMost: 0.3 },
    { says: 'idle memory of a connection, bytes', scenario: 'idle', figure: 'memory', products: best, atMost: 2600 },
    { says: 'connect and subscribe: CPU of Bun', scenario: 'idle', figure: 'connectCpu', products: best, against: 'bun', atMost: 1.5 },
    { says: 'connect and subscribe: user-space part, µs', scenario: 'idle', figure: 'connectUser', products: best, atMost: 25 },
    { says: 'the machines alone: a message on each side, µs', scenario: 'core', figure: 'side', products: best, atMost: 0.25 },
];

export const productsOf = (scenario, withPeers) => scenario.products.filter((name) => withPeers || products[name].isOwn);

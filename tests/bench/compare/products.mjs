// What is compared: how each is started with one server or two, and how the generator speaks with it.
import { spawnSync } from 'node:child_process';
import { Cluster } from '../../e2e/support/cluster.mjs';
import { bunVersion, redisVersion, startBun } from '../peers/bun.mjs';
import { natsVersion, startNats } from '../peers/nats.mjs';

const grapevine = process.env.GRAPEVINE;
const peerLoad = process.env.PEER_LOAD;

async function startGrapevine(size, more) {
    const cluster = new Cluster();
    try {
        for (let i = 1; i <= size; ++i) await cluster.start(`n${i}`, { more });
        await cluster.meshed();
    } catch (error) {
        await cluster.end();
        throw new Error(`${error.message}\n${cluster.logs()}`);
    }
    return { urls: cluster.nodes.map((node) => node.url), pids: cluster.nodes.map((node) => node.pid), stop: () => cluster.end() };
}

// `start(dir, size)` gives urls, the processes to look at, and how to end them; `load` is the generator's words before the
// scenario's, `more` those behind them.
const own = (label, colour, { encoding = 'json', answered = false, workers = 1 } = {}) => ({
    label, colour, isOwn: true,
    start: (dir, size) => startGrapevine(size, ['--workers', workers]),
    load: (scenario) => [grapevine, ['bench', scenario]],
    more: ['--encoding', encoding, ...(answered ? ['--answered'] : [])],
});
const peer = (label, colour, dialect, start) => ({
    label, colour, isOwn: false, start,
    load: (scenario) => [peerLoad, [scenario, '--dialect', dialect]],
    more: [],
});

export const products = {
    json: own('Grapevine, JSON', '#2f81f7'),
    protobuf: own('Grapevine, Protobuf', '#1f9e89', { encoding: 'protobuf' }),
    answered: own('Grapevine, JSON, answered', '#7d9fd1', { answered: true }),
    answeredProtobuf: own('Grapevine, Protobuf, answered', '#79b8ad', { encoding: 'protobuf', answered: true }),
    workers: own('Grapevine, JSON, 2 workers', '#8957e5', { workers: 2 }),
    nats: peer('nats-server', '#e0823d', 'nats', startNats),
    bun: peer('Bun', '#b8960c', 'topics', startBun),
    bunRedis: peer('Bun + Redis', '#d1495b', 'topics', startBun),
};

// What is measured, as it calls itself; of a peer that is not here, why.
export function versions(withPeers) {
    const say = (ask) => { try { return ask(); } catch (error) { return error.message; } };
    const { stdout } = spawnSync(grapevine, ['--version'], { encoding: 'utf8' });
    const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout?.trim();
    const ours = `${stdout.trim()}${commit ? ` (${commit})` : ''}`;
    return withPeers ? [ours, say(natsVersion), say(bunVersion), say(redisVersion)] : [ours];
}

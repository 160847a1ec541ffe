// Started by scripts/bench, which says what it does.
import { execSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { rounded } from './figures.mjs';
import { runRounds } from './rounds.mjs';

const count = (standard) => ({ type: 'string', default: standard });
const { values } = parseArgs({
    options: {
        peers: { type: 'boolean', default: false }, curves: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false },
        rounds: count(undefined), seconds: count(undefined), only: count(undefined), json: count(undefined), out: count(undefined), redraw: { type: 'boolean', default: false },
    },
});
const settings = {
    rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
    seconds: Number(values.seconds ?? (values.quick ? 1 : 5)),
    warmup: values.quick ? 0.3 : 1,
    connections: values.quick ? 2_000 : 10_000,
    isQuick: values.quick,
};
for (const name of ['rounds', 'seconds'])
    if (!(settings[name] > 0)) throw new Error(`--${name} '${values[name]}': a number above 0`);
const out = values.out ?? (values.quick ? 'build/benchmarks-quick' : 'docs/benchmarks');

// Everything that is written meanwhile, by anybody, is here.
const scratch = mkdtempSync(join(tmpdir(), 'grapevine-bench-'));
process.env.TMPDIR = scratch;
process.env.PATH += ':/usr/sbin:/sbin';    // where servers are, also for users who are not root
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

const { products, versions } = await import('./products.mjs');
const { productsOf, scenarios } = await import('./scenarios.mjs');
const { curves } = await import('./curves.mjs');
const { writePage } = await import('./page.mjs');

const parts = { ...(values.curves && !values.peers && !values.only ? {} : scenarios), ...(values.curves ? curves : {}) };
const wanted = values.only?.split(',') ?? Object.keys(parts);
for (const name of wanted)
    if (!scenarios[name] && !curves[name]) throw new Error(`--only ${name}: there is ${[...Object.keys(scenarios), ...Object.keys(curves)].join(', ')}`);

const file = join(out, 'figures.json');
const all = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};

function save() {
    mkdirSync(out, { recursive: true });
    writeFileSync(file, `${JSON.stringify(all, null, 1)}\n`);
    if (values.json) writeFileSync(values.json, `${JSON.stringify(all, null, 1)}\n`);
}

// What belongs to every figure: where, when, of what, and how it was measured.
const about = (withPeers) => ({
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0].model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}`,
    versions: versions(withPeers),
    command: ['scripts/bench', ...process.argv.slice(2)].join(' '),
    rounds: settings.rounds, seconds: settings.seconds, connections: settings.connections,
});

const shown = {
    rate: (value) => `${rounded(value)}/s`, cpu: (value) => `${rounded(value)} µs`, p99: (value) => `p99 ${rounded(value)} ms`,
    connectCpu: (value) => `${rounded(value)} µs a connect`, memory: (value) => `${rounded(value)} bytes a connection`,
    side: (value) => `${rounded(value)} µs a side`,
    lookup: (value) => `${rounded(value)} ns a lookup`, bytes: (value) => `${rounded(value)} bytes an entry`, join: (value) => `joined in ${rounded(value)} ms`,
};
const faultsOf = (figures) => Object.entries(figures.faults ?? {}).filter(([, times]) => times).map(([fault, times]) => `${fault} ${times}`);
const show = (figures) => [
    ...Object.entries(shown).filter(([name]) => figures[name] !== undefined).map(([name, write]) => write(figures[name])),
    ...faultsOf(figures).map((fault) => fault.toUpperCase()),
    ...(figures.wasBottleneck ? ['the generator was the bottleneck'] : []),
].join('  ');

// A server for one measurement alone: what one leaves behind does not weigh on the next.
async function onServers(product, nodes, dir, measure) {
    if (nodes === 0) return measure();
    const cluster = await product.start(dir, nodes);
    try {
        return await measure(cluster);
    } finally {
        await cluster.stop();
    }
}

async function measureScenarios(names) {
    const tasks = names.flatMap((name) => productsOf(scenarios[name], values.peers).map((key) => ({
        key: { scenario: name, product: key },
        name: `${scenarios[name].title} - ${products[key].label}`,
        guess: settings.seconds + (name === 'idle' ? settings.connections / 1000 + 8 : 3) + (name === 'fanout10000' ? 4 : 0),
        run: (dir) => onServers(products[key], scenarios[name].nodes, dir, (cluster) => scenarios[name].measure(products[key], cluster, settings)),
    })));
    const before = values.only && all.comparison;
    const keep = before ? before.results.filter((result) => !names.includes(result.scenario)) : [];
    const again = (before?.again ?? []).map((one) => ({ ...one, scenarios: one.scenarios.filter((name) => !names.includes(name)) })).filter((one) => one.scenarios.length);
    const write = ({ results, load }) => {
        const now = { ...about(values.peers), load };
        all.comparison = keep.length ? { ...before, again: [...again, { ...now, scenarios: names }], results: [...keep, ...results] } : { ...now, results };
        save();
    };
    write(await runRounds(tasks, settings.rounds, scratch, { show, onRound: write }));
}

async function measureCurves(names) {
    all.curves ??= {};
    for (const name of names) {
        const curve = curves[name];
        const tasks = curve.points(settings).map((point) => ({
            key: point.key, name: `${curve.title}: ${point.name}`, guess: point.guess ?? settings.seconds + 4,
            run: (dir) => point.run({ dir, onServers, settings }),
        }));
        all.curves[name] = { ...about(false), ...await runRounds(tasks, settings.rounds, scratch, { show }) };
        save();
    }
}

if (!values.redraw) {
    const compared = wanted.filter((name) => scenarios[name]);
    const grown = wanted.filter((name) => curves[name]);
    if (compared.length) await measureScenarios(compared);
    if (grown.length) await measureCurves(grown);
}
const written = await writePage(all, out);
console.log(`written: ${written.join(' ')}`);
process.exit(0);

// Writes README.md and the plots from what was measured.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { curves } from './curves.mjs';
import { plain, rounded, spread, summary } from './figures.mjs';
import { bars, lines } from './plots.mjs';
import { products } from './products.mjs';
import { aims, scenarios, units } from './scenarios.mjs';

const table = (heads, rows) => [`| ${heads.join(' | ')} |`, `|${heads.map(() => '---').join('|')}|`, ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n');

function figuresOf(results, scenario, product, figure) {
    return results.filter((one) => one.scenario === scenario && one.product === product && one[figure] !== undefined);
}
const summaryOf = (results, scenario, product, figure) => summary(figuresOf(results, scenario, product, figure).map((one) => one[figure]));
const measuredProducts = (results, scenario) => scenarios[scenario].products.filter((product) => results.some((one) => one.scenario === scenario && one.product === product));

// From here on others used the machine too.
const busyLoad = 1;

function aboutText({ date, machine, versions, command, rounds, seconds, load }) {
    return [`\`${command}\` on ${date}`, rounds === 1 ? `one round of ${seconds} s: no spread` : `${rounds} rounds of ${seconds} s each, medians (lowest–highest)`, machine, `load before it began ${load}${load > busyLoad ? ' (others used the machine too)' : ''}`, versions.join(', ')].join('; ') + '.';
}

const headOf = (figure) => [units[figure].name, units[figure].unit].filter(Boolean).join(', ');

// ---- aims
function reached(results, aim, product) {
    const own = figuresOf(results, aim.scenario, product, aim.figure);
    const values = aim.against
        ? own.flatMap((one) => figuresOf(results, aim.scenario, aim.against, aim.figure).filter((other) => other.round === one.round).map((other) => one[aim.figure] / other[aim.figure]))
        : own.map((one) => one[aim.figure]);
    return summary(values);
}
// A round in which something went wrong, or the generator was the bottleneck, on either side: the figure is no comparison.
function isDoubtful(results, aim, product) {
    return results.some((one) => one.scenario === aim.scenario && [product, aim.against].includes(one.product) &&
        (one.wasBottleneck || Object.values(one.faults ?? {}).some((times) => times)));
}
function aimRow(results, aim) {
    const write = (value) => (aim.against ? `${plain(value)}×` : plain(value));
    const wanted = aim.atLeast ? `at least ${write(aim.atLeast)}` : aim.atMost ? `at most ${write(aim.atMost)}` : '–';
    const cells = aim.products.map((product) => {
        const found = reached(results, aim, product);
        if (!found) return 'not measured';
        const isMet = aim.atLeast ? found.median >= aim.atLeast : aim.atMost ? found.median <= aim.atMost : undefined;
        const doubt = isDoubtful(results, aim, product) ? ' (?)' : '';
        return `${spread(found, write)}${doubt}${isMet === undefined ? '' : isMet ? ' ✓' : ' ✗'}`;
    });
    return [aim.says, ...cells, wanted];
}
function faultsRow(results) {
    const own = results.filter((one) => products[one.product]?.isOwn && one.faults);
    const wrong = own.reduce((sum, { faults }) => sum + faults.lost + faults.duplicate + faults.reordered + faults.damaged + faults.unanswered + faults.errors, 0);
    return ['lost, duplicate, reordered, damaged or unanswered messages and errors of Grapevine, all runs', `${wrong} in ${own.length} runs${wrong === 0 ? ' ✓' : ' ✗'}`, '', '0'];
}

// ---- tables
function scenarioTable(results, name) {
    const { title, says, figures } = scenarios[name];
    const heads = ['', ...figures.map(headOf), 'generator'];
    const rows = measuredProducts(results, name).map((product) => {
        const runs = results.filter((one) => one.scenario === name && one.product === product);
        const failed = runs.find((one) => one.error);
        if (runs.every((one) => one.error)) return [products[product].label, `failed: ${failed.error.split('\n')[0]}`, ...figures.slice(1).map(() => ''), ''];
        const wrong = Object.entries(runs.reduce((sum, { faults = {} }) => { for (const [fault, times] of Object.entries(faults)) sum[fault] = (sum[fault] ?? 0) + times; return sum; }, {}))
            .filter(([, times]) => times).map(([fault, times]) => `**${fault} ${times}**`);
        if (failed) wrong.push(`**a round failed: ${failed.error.split('\n')[0]}**`);
        const share = summary(runs.map((one) => one.generator));
        const was = runs.some((one) => one.wasBottleneck) ? ' (the bottleneck)' : '';
        return [[products[product].label, ...wrong].join(' '), ...figures.map((figure) => spread(summaryOf(results, name, product, figure))), share ? `${plain(share.median * 100)} %${was}` : '–'];
    });
    return `### ${title}\n\n${says[0].toUpperCase()}${says.slice(1)}.\n\n${table(heads, rows)}\n`;
}

function curveTable(name, { results, ...about }) {
    const { title, says, x, figures } = curves[name];
    const keys = [...new Map(results.map(({ x: at, series = '' }) => [`${at} ${series}`, { at, series }])).values()];
    const isSeries = keys.some(({ series }) => series);
    const of = ({ at, series }) => results.filter((one) => one.x === at && (one.series ?? '') === series);
    const rows = keys.map((key) => [key.at.toLocaleString('en'), ...(isSeries ? [key.series] : []), ...Object.keys(figures).map((figure) => spread(summary(of(key).map((one) => one[figure]))))]);
    return `### ${title}\n\n${says[0].toUpperCase()}${says.slice(1)}.\n\n![${title}](curve-${name}.svg)\n\n${table([x, ...(isSeries ? [''] : []), ...Object.values(figures)], rows)}\n\n${aboutText(about)}\n`;
}

// ---- plots
function panel(results, scenario, figure, title, scale = 1, axis) {
    const rows = measuredProducts(results, scenario).map((product) => {
        const found = summaryOf(results, scenario, product, figure);
        return found && { label: products[product].label, colour: products[product].colour, median: found.median * scale, low: found.low * scale, high: found.high * scale, text: rounded(found.median * scale) };
    }).filter(Boolean);
    return rows.length ? [{ title, axis: axis ?? headOf(figure), rows }] : [];
}
const plots = {
    throughput: { title: 'Messages a second, closed loops (more is better)', panels: (all) => [...panel(all, 'cross', 'rate', 'User to user across nodes'), ...panel(all, 'same', 'rate', 'User to user on one node')] },
    cpu: {
        title: 'CPU of all servers and brokers, a message (less is better)', panels: (all) => [...panel(all, 'cross', 'cpu', 'User to user across nodes, closed loop'), ...panel(all, 'same', 'cpu', 'User to user on one node, closed loop'),
            ...panel(all, 'at20000', 'cpu', 'Across nodes at 20,000 a second'), ...panel(all, 'at5000', 'cpu', 'Across nodes at 5,000 a second')],
    },
    latency: {
        title: 'Latency across nodes (less is better)', panels: (all) => [...panel(all, 'at20000', 'p50', 'At 20,000 a second'), ...panel(all, 'at20000', 'p99', 'At 20,000 a second'),
            ...panel(all, 'at5000', 'p50', 'At 5,000 a second'), ...panel(all, 'at5000', 'p99', 'At 5,000 a second')],
    },
    fanout: {
        title: 'To all subscribers of a channel, two nodes', panels: (all) => ['fanout1000', 'fanout10000'].flatMap((name) => [...panel(all, name, 'rate', `${scenarios[name].title}: more is better`, 1, 'deliveries/s'), ...panel(all, name, 'cpu', `${scenarios[name].title}: less is better`, 1, 'CPU a delivery, µs')]),
    },
    connections: {
        title: 'Connections (less is better)', panels: (all) => [...panel(all, 'idle', 'memory', 'Memory of a connection that has one subscription', 1 / 1000, 'kB of user space'), ...panel(all, 'idle', 'connectCpu', 'Connect and subscribe', 1, 'CPU, µs')],
    },
};

const blue = products.json.colour, violet = products.workers.colour;
function curvePlot(name, results) {
    const { title, x, isLog, figures, logY } = curves[name];
    const series = [...new Set(results.map((one) => one.series ?? ''))];
    const panels = Object.entries(figures).map(([figure, axis]) => ({
        axis, isLogY: (logY ?? []).includes(figure),
        rows: series.flatMap((of, i) => [...new Set(results.map((one) => one.x))].map((at) => {
            const found = summary(results.filter((one) => one.x === at && (one.series ?? '') === of).map((one) => one[figure]));
            return found && { x: at, series: of, colour: i ? violet : blue, ...found };
        })).filter(Boolean),
    })).filter(({ rows }) => rows.length);
    return panels.length ? lines(title, x, isLog, panels) : undefined;
}

export async function writePage(all, out) {
    mkdirSync(out, { recursive: true });
    const written = [];
    const write = (file, text) => { writeFileSync(join(out, file), text); written.push(join(out, file)); };
    const parts = ['# Benchmarks', '', 'Written by `scripts/bench`; [docs/bench.md](../bench.md#comparing) says how it measures and what may be compared. The figures are in [figures.json](figures.json).', ''];
    const { comparison } = all;
    if (comparison) {
        const { results } = comparison;
        parts.push(aboutText(comparison), '');
        for (const { scenarios: names, ...about } of comparison.again ?? [])
            parts.push(`Measured in a run of their own: ${names.map((name) => scenarios[name].title).join('; ')}. ${aboutText(about)}`, '');
        const wanted = aims.filter((aim) => aim.products.some((product) => reached(results, aim, product)));
        if (wanted.length) parts.push('## What it must reach', '', 'Ratios are of figures of the same round.', '', table(['', 'JSON', 'Protobuf', 'aim'], [...wanted.map((aim) => aimRow(results, aim)), faultsRow(results)]), '');
        const drawn = [];
        for (const [name, { title, panels }] of Object.entries(plots)) {
            const found = panels(results);
            if (!found.length) continue;
            write(`${name}.svg`, await bars(title, found));
            drawn.push(`![${title}](${name}.svg)`);
        }
        parts.push('## Side by side', '', 'CPU is user and system time of all servers and brokers while it was measured, a message that arrived; memory is RssAnon. `generator` is the generator\'s share of a core.', '', drawn.join('\n\n'), '');
        for (const name of Object.keys(scenarios)) if (measuredProducts(results, name).length) parts.push(scenarioTable(results, name));
    }
    if (all.curves && Object.keys(all.curves).length) {
        parts.push('## How cost grows', '');
        for (const name of Object.keys(curves)) {
            if (!all.curves[name]) continue;
            const drawn = await curvePlot(name, all.curves[name].results);
            if (drawn) write(`curve-${name}.svg`, drawn);
            parts.push(curveTable(name, all.curves[name]));
        }
    }
    write('README.md', parts.join('\n'));
    return written;
}

// One run of the load generator: what it reports, and what the servers took while it measured.
import { spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { within } from '../../e2e/support/until.mjs';
import { Process, cpuOf, memoryOf } from './processes.mjs';

// More than the generator's own patience in all phases together.
const overtime = 120_000;
// Memory has come to rest when it changed by less than this in a second; after the last second it is taken as it is.
const restBytes = 128 * 1024;
const restSeconds = 12;

const wrongDelivery = 6;

export async function settledMemory(pids) {
    let last = memoryOf(pids);
    for (let second = 0; second < restSeconds; ++second) {
        await pause(1000);
        const now = memoryOf(pids);
        if (Math.abs(now - last) < restBytes) return now;
        last = now;
    }
    return last;
}

// `onHolding` is called when connections that only stay have come; the run ends once it is done.
export async function runLoad(product, { scenario, words, seconds, urls, pids, onHolding }) {
    const [program, before] = product.load(scenario);
    const life = new Process('the load generator', program,
        [...before, ...urls.flatMap((url) => ['--url', url]), ...words, ...product.more, '--seconds', seconds, '--json', '--phases']);
    const marks = {};
    let read = 0, holding;
    const onPhase = (phase) => {
        // Of several processes: from when the last begins until the first is done.
        if (phase === 'measuring') marks.from = { cpu: cpuOf(pids), at: performance.now() };
        if (phase === 'draining' || phase === 'holding') marks.until ??= { cpu: cpuOf(pids), at: performance.now() };
        if (phase === 'holding' && onHolding) holding ??= onHolding().finally(() => life.child.kill('SIGINT'));
        holding?.catch(() => {});    // it is awaited below
    };
    // A server that died has no CPU to read.
    const astray = new Promise((_, failed) => {
        life.onLog = () => {
            const lines = life.log.split('\n');
            for (; read < lines.length - 1; ++read) {
                const phase = /^phase (.*)$/.exec(lines[read])?.[1];
                try {
                    if (phase) onPhase(phase);
                } catch (error) {
                    failed(new Error(`a server has ended: ${error.message}`));
                }
            }
        };
    });
    let code;
    try {
        code = await within('the load generator to end', Promise.race([life.exited, astray]), seconds * 1000 + overtime);
        await holding;
    } finally {
        await life.end('SIGKILL');
    }
    const said = life.log.split('\n').filter((line) => line && !line.startsWith('phase ')).join(' | ');
    if (!life.out) throw new Error(`the load generator ended with ${code}: ${said}`);
    const report = JSON.parse(life.out);
    if (code !== 0 && code !== wrongDelivery && !report.errors) throw new Error(`the load generator ended with ${code}: ${said}`);
    if (!marks.until) throw new Error('the load generator did not say when it measured');
    return {
        report,
        seconds: (marks.until.at - marks.from.at) / 1000,
        user: marks.until.cpu.user - marks.from.cpu.user,
        system: marks.until.cpu.system - marks.from.cpu.system,
    };
}

// Whether the generator this machine has can do with several processes.
export function knowsProcesses() {
    const { stdout } = spawnSync(process.env.GRAPEVINE, ['bench', 'fanout', '--help'], { encoding: 'utf8' });
    return stdout.includes('--processes');
}

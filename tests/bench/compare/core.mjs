// The machines alone, without sockets: one line of core_bench (Google Benchmark).
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Missing } from './processes.mjs';

// The slowest: ten million users join.
const endWithin = 240_000;
const core = process.env.CORE_BENCH;

export function benchmark(filter) {
    if (!core || !existsSync(core)) throw new Missing(`${core || 'CORE_BENCH'} is not built: cmake --build --preset release --target core_bench`);
    return new Promise((done, failed) => {
        const child = spawn('setpriv', ['--pdeathsig', 'KILL', core, `--benchmark_filter=^${filter}$`, '--benchmark_format=json'], { timeout: endWithin, killSignal: 'SIGKILL' });
        let out = '';
        child.stdout.on('data', (data) => { out += data; });
        child.once('error', failed);
        child.once('close', (code) => {
            const found = code === 0 && out ? JSON.parse(out).benchmarks[0] : undefined;
            if (found && !found.error_occurred) done(found);
            else failed(new Error(`core_bench ended with ${code}${found ? `: ${found.error_message}` : ''}`));
        });
    });
}

// Processes that are measured: started, waited for until they are ready, looked at in /proc, ended with this one.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { until, within } from '../../e2e/support/until.mjs';

// Until a server of a peer answers, and until it has gone.
const readyWithin = 20_000;
const endWithin = 10_000;
const ticksPerSecond = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout) || 100;

const running = new Set();
process.on('exit', () => { for (const child of running) child.kill('SIGKILL'); });

// Something that is needed is not here; the text names what brings it.
export class Missing extends Error {}

export class Process {
    // `from`: what brings the command if it is not here.
    constructor(what, command, words, { from } = {}) {
        Object.assign(this, { what, out: '', log: '' });
        this.child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...words.map(String)], { stdio: ['ignore', 'pipe', 'pipe'] });
        this.child.stdout.on('data', (data) => { this.out += data; });
        this.child.stderr.on('data', (data) => { this.log += data; this.onLog?.(); });
        running.add(this.child);
        this.exited = new Promise((ended, failed) => {
            this.child.once('error', failed);
            this.child.once('close', (code, signal) => { running.delete(this.child); this.ended = code ?? signal; ended(this.ended); });
        });
        this.exited.catch((error) => { this.ended = error.message; });
        this.from = from;
    }
    get pid() { return this.child.pid; }
    // What `condition` gives once that is true; an error with its log if the process ends before or does not get there.
    async ready(condition) {
        const value = await until(`${this.what} to be ready`, async () => {
            if (this.ended !== undefined) return { gone: true };
            const found = await condition();
            return found ? { found } : undefined;
        }, { within: readyWithin });
        if (!value.gone) return value.found;
        const why = this.log.trim() || this.out.trim();
        throw new Missing(`${this.what} ended with ${this.ended}${why ? `: ${why.split('\n').slice(-3).join(' | ')}` : ''}${this.from ? ` (it comes from ${this.from}: scripts/install measure)` : ''}`);
    }
    async end(signal = 'SIGTERM') {
        if (this.ended === undefined) this.child.kill(signal);
        await within(`${this.what} to end`, this.exited.catch(() => {}), endWithin).catch(() => { this.child.kill('SIGKILL'); });
    }
}

// Whether `command` can be run; gives the first line it says.
export function versionOf(command, words, from) {
    const { error, stdout, stderr } = spawnSync(command, words, { encoding: 'utf8' });
    if (error) throw new Missing(`${command} is not here: ${from}; scripts/install measure brings it`);
    return (stdout || stderr).split('\n')[0].trim();
}

// Seconds of processor time that these processes took so far.
export function cpuOf(pids) {
    const sum = { user: 0, system: 0 };
    for (const pid of pids) {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        sum.user += Number(fields[11]) / ticksPerSecond;
        sum.system += Number(fields[12]) / ticksPerSecond;
    }
    return sum;
}

// Bytes of memory that belong to these processes alone: RssAnon.
export function memoryOf(pids) {
    const read = (pid) => Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
    return 1024 * pids.reduce((sum, pid) => sum + read(pid), 0);
}

// The load of the machine belongs to every figure of real processes.
export const load = () => Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]);

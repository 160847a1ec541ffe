// One `grapevine node`: a name with any number of lives, each a process that is started, frozen, killed by its pid.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { http } from './http.mjs';
import { parseMetrics } from './metrics.mjs';
import { until, within } from './until.mjs';

export const program = process.env.GRAPEVINE;
if (!program || !existsSync(program)) throw new Error(`GRAPEVINE must name the program to test, not '${program ?? ''}': build it, or run ctest`);

// Whatever becomes of the test, its processes end with it: at exit, and by the kernel if this process is killed.
const alive = new Set();
process.on('exit', () => { for (const child of alive) child.kill('SIGKILL'); });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));
const endWithParent = ['setpriv', '--pdeathsig', 'KILL'];

// Every test of nodes is also one of nodes with several loops.
const workers = process.env.GRAPEVINE_WORKERS;

// Runs the program, through `wrapper` if given, with `env` besides. `exited` gives the code or the signal that ended it.
export function run(words, { input = 'ignore', wrapper = [], env = {} } = {}) {
    const [command, ...before] = [...endWithParent, ...wrapper, program];
    const more = workers && words[0] === 'node' && !words.includes('--workers') ? ['--workers', workers] : [];
    const child = spawn(command, [...before, ...words, ...more], { stdio: [input, 'pipe', 'pipe'], env: { ...process.env, ...env } });
    const life = { child, pid: child.pid, out: '', log: '' };
    child.stdout.on('data', (data) => { life.out += data; });
    child.stderr.on('data', (data) => { life.log += data; });
    alive.add(child);
    life.exited = new Promise((ended, failed) => {
        child.once('error', failed);
        child.once('close', (code, signal) => { alive.delete(child); life.end = code ?? signal; ended(life.end); });
    });
    return life;
}

export class GrapevineNode {
    // Every address may be given; port 0 takes any free port, and a restart takes the same again.
    constructor({ name, cluster = 'e2e', secretFile, seeds = [], host = '127.0.0.1', listen = `${host}:0`, meshListen = `${host}:0`, adminListen = `${host}:0`, more = [], wrapper = [] }) {
        Object.assign(this, { name, cluster, secretFile, seeds, client: listen, mesh: meshListen, admin: adminListen, more, wrapper, lives: [] });
    }
    get pid() { return this.life?.pid; }
    get log() { return this.life?.log ?? ''; }
    get exited() { return this.life.exited; }
    get isRunning() { return this.life !== undefined && this.life.end === undefined; }
    get url() { return `ws://${this.client}/connection/websocket`; }

    words() {
        return ['node', '--name', this.name, '--cluster', this.cluster, ...(this.secretFile ? ['--secret-file', this.secretFile] : []),
            '--listen', this.client, '--mesh-listen', this.mesh, '--admin-listen', this.admin,
            ...(this.seeds.length ? ['--seeds', this.seeds.join(',')] : []), ...this.more];
    }

    // Starts a process and returns once it listens. Of one that ends instead, `exited` gives the code.
    async start({ mayEnd = false } = {}) {
        const life = this.life = run(this.words(), { wrapper: this.wrapper });
        this.lives.push(life);
        await until(`${this.name} to listen`, () => life.out.includes('\n') || life.end !== undefined, { every: 2 });
        const listening = /^listening name=\S+ client=(\S+) mesh=(\S+) admin=(\S+)$/m.exec(life.out);
        if (listening) [, this.client, this.mesh, this.admin] = listening;
        else if (!mayEnd) throw new Error(`${this.name} ended with ${life.end} instead of listening:\n${life.log}`);
        return this;
    }
    freeze() { this.life.child.kill('SIGSTOP'); }
    thaw() { this.life.child.kill('SIGCONT'); }
    async kill() {
        this.life.child.kill('SIGKILL');
        await within(`${this.name} to die`, this.exited);
    }
    // Ends it as an operator does; gives the exit code.
    terminate() {
        this.life.child.kill('SIGTERM');
        return within(`${this.name} to leave`, this.exited);
    }
    // Its own memory in bytes: RssAnon.
    memory() { return 1024 * Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))[1]); }
    // User and system time of its process so far.
    cpuSeconds() {
        const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
        return (Number(fields[11]) + Number(fields[12])) / 100;    // USER_HZ
    }
    says(pattern) { return until(`${this.name} to log ${pattern}`, () => pattern.exec(this.log)); }

    get(path, options) { return http(this.admin, 'GET', path, options); }
    post(path, body, options) { return http(this.admin, 'POST', path, { body, ...options }); }
    // The API answers errors with status 200: gives `{result}` or `{error: {code, message}}`.
    async publish(channel, data) { return (await this.post('/api/publish', { channel, data })).json(); }
    async send(to, data, options = {}) { return (await this.post('/api/send', { to, data, wait: 'node', ...options }, { within: 20_000 })).json(); }
    async isReady() { return (await this.get('/readyz')).status === 200; }
    async members() { return (await this.get('/api/cluster')).json().nodes; }
    async member(name) { return (await this.members()).find((member) => member.name === name); }
    // It trusts its senses: whoever was stopped or found wrong takes its time before it suspects others.
    async isWell() { return (await this.metrics()).of('health') === 0; }
    async metrics() { return parseMetrics((await this.get('/metrics')).text); }

    // Whether this node holds all of `names` as linked and alive, itself included, and nobody else as alive.
    async seesAlive(names) {
        const seen = (await this.members()).filter((member) => member.state === 'alive' && (member.self || member.linked)).map((member) => member.name);
        return seen.sort().join() === [...names].sort().join();
    }
}

// nginx and HAProxy before a cluster, with the files of docs/examples: only file names, addresses and ports are replaced, and
// times where a test says so.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from './dns.mjs';
import { addressOf, http } from './http.mjs';
import { WebSocket } from './packages.mjs';
import { until, within } from './until.mjs';

const examples = new URL('../../../docs/examples/', import.meta.url);
const host = '127.0.0.1';

const alive = new Set();
process.on('exit', () => { for (const child of alive) child.kill('SIGTERM'); });

// Files of a key and of a certificate that it signed itself, and of both.
function makeCertificate(dir) {
    const [key, cert, both] = ['key', 'crt', 'pem'].map((kind) => join(dir, `certificate.${kind}`));
    const { status, stderr, error } = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc',
        '-days', '2', '-subj', '/CN=chat.example', '-addext', `subjectAltName=IP:${host}`, '-keyout', key, '-out', cert], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`openssl: ${error?.message ?? stderr}`);
    writeFileSync(both, readFileSync(cert, 'utf8') + readFileSync(key, 'utf8'), { mode: 0o600 });
    return { key, cert, both };
}

// An example with each pair's first replaced by its second. What is not there any more is a test that has drifted from it.
function example(file, pairs) {
    return pairs.reduce((text, [from, to]) => {
        if (!text.includes(from)) throw new Error(`docs/examples/${file} has no '${from}' for the test to replace`);
        return text.replaceAll(from, to);
    }, readFileSync(new URL(file, examples), 'utf8'));
}

class ReverseProxy {
    // `nodes`: three, all with the same ports. `times`: pairs of what is in the file and what is wanted.
    static async start(nodes, times = []) {
        const proxy = new this();
        const dir = mkdtempSync(join(tmpdir(), 'grapevine-proxy-'));
        Object.assign(proxy, { dir, log: '', plain: await freePort(), secure: await freePort(), files: makeCertificate(dir) });
        proxy.ca = readFileSync(proxy.files.cert);
        const [client, admin] = [nodes[0].client, nodes[0].admin].map((at) => addressOf(at).port);
        const words = proxy.configure(client, admin, [...nodes.map((node, i) => [`10.0.0.${11 + i}`, addressOf(node.client).host]), ...times]);
        proxy.run(words);
        await until(`${proxy.name} to lead to a node (${proxy.log})`, () => proxy.end !== undefined || proxy.leads());
        if (proxy.end !== undefined) throw new Error(`${proxy.name} ended with ${proxy.end}:\n${proxy.log}`);
        return proxy;
    }
    run(words) {
        const child = this.child = spawn('setpriv', ['--pdeathsig', 'TERM', ...words],
            { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PATH: `${process.env.PATH}${delimiter}/usr/sbin` } });
        alive.add(child);
        for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { this.log += data; });
        this.ended = new Promise((ended) => child.once('close', (code, signal) => { alive.delete(child); ended(this.end = code ?? signal); }));
    }
    write(file, text) {
        writeFileSync(join(this.dir, file), text);
        return join(this.dir, file);
    }
    async leads() { return (await this.get('/healthz')).status === 200; }

    // As a node is to a client: see clients.mjs.
    get authority() { return `${host}:${this.secure}`; }
    get url() { return `wss://${this.authority}/connection/websocket`; }
    get socketOptions() { return { ca: this.ca }; }

    // {status, text} of a request, as a browser makes it.
    get(path, headers = {}) {
        return new Promise((answered, failed) => {
            const call = request({ host, port: this.secure, path, headers, ca: this.ca, agent: false, timeout: 5_000 }, (response) => {
                let text = '';
                response.on('data', (data) => { text += data; });
                response.on('end', () => answered({ status: response.statusCode, text }));
            });
            call.on('timeout', () => call.destroy(new Error('no answer within 5 s')));
            call.on('error', failed);
            call.end();
        });
    }
    getPlain(path) { return http(`${host}:${this.plain}`, 'GET', path); }
    // A WebSocket that was opened; throws if it was refused.
    async socket(headers = {}) {
        const socket = new WebSocket(this.url, [], { ...this.socketOptions, headers });
        try {
            await within('the WebSocket to open', new Promise((opened, failed) => { socket.once('open', opened); socket.once('error', failed); }));
            return socket;
        } catch (error) {
            socket.terminate();
            throw error;
        }
    }
    async stop() {
        this.child.kill('SIGTERM');
        await within(`${this.name} to end`, this.ended);
        rmSync(this.dir, { recursive: true, force: true });
    }
}

export class Nginx extends ReverseProxy {
    get name() { return 'nginx'; }
    // The example is a file of conf.d: around it is what Debian's nginx.conf has, but for where it keeps files.
    configure(client, admin, pairs) {
        this.write('grapevine.conf', example('nginx.conf', [[':8000', `:${client}`], [':9000', `:${admin}`], ['listen 443', `listen ${this.authority}`],
            ['listen 80', `listen ${host}:${this.plain}`], ['/etc/ssl/grapevine/chat.example.crt', this.files.cert],
            ['/etc/ssl/grapevine/chat.example.key', this.files.key], ...pairs]));
        const kept = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${this.dir}/${what};`).join(' ');
        const main = this.write('nginx.conf', `daemon off; user ${userInfo().username}; worker_processes 2; pid ${this.dir}/nginx.pid; error_log stderr;
            events { worker_connections 1000; }
            http { access_log ${this.dir}/access.log; ${kept} include ${this.dir}/grapevine.conf; }\n`);
        return ['nginx', '-p', this.dir, '-e', 'stderr', '-c', main];
    }
}

export class Haproxy extends ReverseProxy {
    get name() { return 'HAProxy'; }
    // The example goes behind the `global` section of Debian's haproxy.cfg, which says whose process it is.
    configure(client, admin, pairs) {
        const main = this.write('global.cfg', 'global\n    maxconn 1000\n    log stdout format raw local0\n');
        const more = this.write('haproxy.cfg', example('haproxy.cfg', [[':8000', `:${client}`], ['port 9000', `port ${admin}`], ['bind :443', `bind ${this.authority}`],
            ['bind :80', `bind ${host}:${this.plain}`], ['/etc/ssl/grapevine/chat.example.pem', this.files.both], ...pairs]));
        return ['haproxy', '-db', '-f', main, '-f', more];
    }
}

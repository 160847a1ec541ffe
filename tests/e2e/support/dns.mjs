// A real DNS server whose answers a test changes: dnsmasq, certain about everything below `test`.
import { spawn } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { until, within } from './until.mjs';

const alive = new Set();
process.on('exit', () => { for (const child of alive) child.kill('SIGKILL'); });

// A port that is free on 127.0.0.1 now, and so most likely on its neighbours.
export async function freePort() {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    const { port } = server.address();
    await new Promise((closed) => server.close(closed));
    return port;
}

export class DnsServer {
    // `services` are SRV records: {name, target, port}.
    static async start(answers, services = []) {
        const dns = new DnsServer();
        dns.port = await freePort();
        dns.dir = mkdtempSync(join(tmpdir(), 'grapevine-dns-'));
        dns.hosts = join(dns.dir, 'hosts');
        dns.write(answers);
        const words = ['--keep-in-foreground', '--conf-file=/dev/null', '--pid-file=', `--user=${userInfo().username}`, `--port=${dns.port}`,
            '--listen-address=127.0.0.1', '--bind-interfaces', '--no-resolv', '--no-hosts', '--local=/test/', `--addn-hosts=${dns.hosts}`,
            ...services.map(({ name, target, port }) => `--srv-host=${name},${target},${port}`)];
        dns.child = spawn('setpriv', ['--pdeathsig', 'KILL', 'dnsmasq', ...words],
            { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, PATH: `${process.env.PATH}${delimiter}/usr/sbin` } });
        alive.add(dns.child);
        dns.log = '';
        dns.child.stderr.on('data', (data) => { dns.log += data; });
        dns.ended = new Promise((ended) => dns.child.once('close', (code) => { alive.delete(dns.child); ended(code); }));
        dns.resolver = new Resolver({ timeout: 500, tries: 1 });
        dns.resolver.setServers([dns.address]);
        await dns.says(answers);
        return dns;
    }
    get address() { return `127.0.0.1:${this.port}`; }
    // The options of a node that asks this server, every second.
    get options() { return ['--dns-server', this.address, '--dns-every', '1']; }

    // {name: [address, ...]}: from now on this is all there is.
    write(answers) {
        writeFileSync(this.hosts, Object.entries(answers).flatMap(([name, addresses]) => addresses.map((address) => `${address} ${name}\n`)).join(''));
        this.names = [...new Set([...(this.names ?? []), ...Object.keys(answers)])];
    }
    async change(answers) {
        this.write(answers);
        this.child.kill('SIGHUP');
        await this.says(answers);
    }
    async says(answers) {
        await until(`dnsmasq to answer ${JSON.stringify(answers)} (${this.log})`, async () => {
            for (const name of this.names) {
                const said = await this.resolver.resolve4(name).catch((error) => {
                    if (error.code === 'ENOTFOUND' || error.code === 'ENODATA') return [];
                    throw error;
                });
                if ([...said].sort().join() !== [...answers[name] ?? []].sort().join()) return false;
            }
            return true;
        });
    }
    // Silent until it is thawed: what is asked meanwhile times out.
    freeze() { this.child.kill('SIGSTOP'); }
    thaw() { this.child.kill('SIGCONT'); }
    async end() {
        this.child.kill('SIGKILL');
        await within('dnsmasq to end', this.ended);
        rmSync(this.dir, { recursive: true, force: true });
    }
}

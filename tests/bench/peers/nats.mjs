// nats-server (Debian package nats-server): one, or a cluster of two with a route between them, each with a WebSocket listener.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Process, versionOf } from '../compare/processes.mjs';
import { http } from '../../e2e/support/http.mjs';

const from = 'the Debian package nats-server';

export const natsVersion = () => versionOf('nats-server', ['--version'], from);

// It says where it listens in a file.
function ports(dir, pid) {
    try {
        return JSON.parse(readFileSync(join(dir, `nats-server_${pid}.ports`), 'utf8'));
    } catch {
        return undefined;
    }
}

export async function startNats(dir, size) {
    natsVersion();
    const servers = [];
    const stop = () => Promise.all(servers.map(({ life }) => life.end()));
    try {
        for (let i = 1; i <= size; ++i) {
            const config = join(dir, `nats-${i}.conf`);
            const routes = servers.map(({ at }) => `"nats-route://${new URL(at.cluster[0]).host}"`);
            writeFileSync(config, `server_name: n${i}
listen: "127.0.0.1:-1"
http: "127.0.0.1:-1"
ports_file_dir: "${dir}"
cluster { name: bench, listen: "127.0.0.1:-1", routes: [${routes}] }
websocket { listen: "127.0.0.1:-1", no_tls: true }
`);
            const life = new Process(`nats-server n${i}`, 'nats-server', ['-c', config], { from });
            servers.push({ life });
            servers.at(-1).at = await life.ready(() => ports(dir, life.pid));
        }
        for (const { life, at } of servers)
            await life.ready(async () => (await http(new URL(at.monitoring[0]).host, 'GET', '/routez')).json().num_routes >= size - 1);
    } catch (error) {
        await stop();
        throw error;
    }
    return {
        urls: servers.map(({ at }) => `ws://${new URL(at.websocket[0]).host}/`),
        pids: servers.map(({ life }) => life.pid),
        stop,
    };
}

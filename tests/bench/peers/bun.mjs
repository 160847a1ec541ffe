// Servers of topics run by Bun (npm package bun): one alone, or two bridged by Redis (Debian package redis-server).
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Missing, Process, versionOf } from '../compare/processes.mjs';

const server = fileURLToPath(new URL('topics_server.js', import.meta.url));
// npm's own way to the program is a script that runs on installation, which is not done here: the package of the platform has it.
const platform = `bun-${process.platform}-${process.arch === 'arm64' ? 'aarch64' : process.arch}`;
const bun = fileURLToPath(new URL(`../node_modules/@oven/${platform}/bin/bun`, import.meta.url));

function present() {
    if (!existsSync(bun)) throw new Missing(`the npm package @oven/${platform} is not here: scripts/install measure brings it`);
    return bun;
}
const fromRedis = 'the Debian package redis-server';

export const bunVersion = () => `Bun ${versionOf(present(), ['--version'], 'the npm package bun')}`;
export const redisVersion = () => versionOf('redis-server', ['--version'], fromRedis).replace(/ sha=.*/, '');

// One that nobody listens on now. Redis does not take any that is free by itself.
function freePort() {
    return new Promise((found, failed) => {
        const probe = createServer().once('error', failed).listen(0, '127.0.0.1', () => {
            const { port } = probe.address();
            probe.close(() => found(port));
        });
    });
}

async function startRedis(dir) {
    redisVersion();
    const port = await freePort();
    const life = new Process('redis-server', 'redis-server',
        ['--port', port, '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no'], { from: fromRedis });
    await life.ready(() => life.out.includes('Ready to accept connections'));
    return { life, port };
}

// `size` servers; with more than one, and Redis between them.
export async function startBun(dir, size) {
    present();
    const lives = [];
    const stop = () => Promise.all(lives.map((life) => life.end()));
    try {
        const redis = size > 1 ? await startRedis(dir) : undefined;
        if (redis) lives.push(redis.life);
        const urls = [];
        for (let i = 1; i <= size; ++i) {
            const life = new Process(`the Bun server ${i}`, bun, [server, ...(redis ? [redis.port] : [])], { from: 'the npm package bun' });
            lives.push(life);
            const [, port] = await life.ready(() => /^listening (\d+)$/m.exec(life.out));
            urls.push(`ws://127.0.0.1:${port}/`);
        }
        return { urls, pids: lives.map((life) => life.pid), stop };
    } catch (error) {
        await stop();
        throw error;
    }
}

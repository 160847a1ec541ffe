// What an idle session costs its node: growth of the process's own memory (RssAnon) over many sessions. Kernel memory
// of the sockets is not in it.
import { fork } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { Cluster } from '../support/cluster.mjs';
import { timed, until, within } from '../support/until.mjs';
import { note, single } from './figures.mjs';

// Once it did not change for a second.
async function settledMemory(node) {
    for (let last = -1; ; await pause(1000)) {
        const now = node.memory();
        if (now === last) return now;
        last = now;
    }
}

export async function measureMemory({ sessions, processes }) {
    const cluster = new Cluster();
    const crowds = [];
    try {
        for (const name of ['n1', 'n2', 'n3']) await cluster.start(name);
        await cluster.meshed();
        const [n1, ...others] = cluster.nodes;
        await cluster.chats();    // what is allocated once is there
        const before = await settledMemory(n1);
        const othersBefore = await Promise.all(others.map((node) => settledMemory(node)));

        const share = Math.ceil(sessions / processes);
        const [opened, took] = await timed(() => Promise.all(Array.from({ length: processes }, (_, i) => {
            const crowd = fork(new URL('sessions_process.mjs', import.meta.url), [n1.client, String(i * share), String(Math.min(share, sessions - i * share))]);
            crowds.push(crowd);
            return within('all sessions to open', new Promise((done, failed) => {
                crowd.once('message', done);
                crowd.once('exit', (code) => failed(new Error(`a process of clients ended with ${code}`)));
            }), 300_000);
        })));
        await until('all to be counted', async () => (await n1.member('n1')).users >= sessions);
        await until('the others to know', async () => (await others[0].member('n1')).users >= sessions && (await others[1].member('n1')).users >= sessions);
        const after = await settledMemory(n1);
        const othersAfter = await Promise.all(others.map((node) => settledMemory(node)));
        single(`idle memory of a session, ${sessions} of them`, `${Math.round((after - before) / sessions)} B`, '4096 B');
        note(`RssAnon of the node from ${(before / 2 ** 20).toFixed(1)} to ${(after / 2 ** 20).toFixed(1)} MiB; ${opened[0].requestBytes} bytes of request, a user name and one of ${sessions / 10} channels each`);
        note(`on the other nodes: ${othersAfter.map((value, i) => `${Math.round((value - othersBefore[i]) / sessions)} B`).join(' and ')} for each of them; opened in ${(took / 1000).toFixed(1)} s`);
    } catch (error) {
        console.error(cluster.logs());
        throw error;
    } finally {
        for (const crowd of crowds) crowd.kill();
        await cluster.end();
    }
}

// Nodes with several loops (--workers): clients are spread over them, and one that stands still holds up nobody else.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onCluster } from './support/cluster.mjs';
import { until, within } from './support/until.mjs';

const workers = 3;
const numbers = (count) => Array.from({ length: count }, (_, i) => i);

// Thread ids of the loops besides the first, by name.
function loopsOf(pid) {
    const named = readdirSync(`/proc/${pid}/task`).map((tid) => [readFileSync(`/proc/${pid}/task/${tid}/comm`, 'utf8').trim(), Number(tid)]);
    return new Map(named.filter(([name]) => /^loop \d+$/.test(name)));
}

// Stops a thread as a debugger does; gives what lets it go on, or nothing where that is not allowed.
async function stopThread(tid) {
    const script = join(dirname(fileURLToPath(import.meta.url)), 'support', 'stop_thread.py');
    const child = spawn('python3', [script, String(tid)], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = new Promise((end) => child.once('close', end));
    const stopped = await within('the thread to stop', Promise.race([new Promise((heard) => child.stdout.once('data', () => heard(true))), ended.then(() => false)]));
    return stopped ? async () => { child.stdin.end(); await ended; } : undefined;
}

onCluster('a node of several loops stands, one of them stops, and all goes on', { size: 0 }, async (cluster, t) => {
    const more = ['--workers', String(workers)];
    const n1 = await cluster.start('n1', { more });
    const n2 = await cluster.start('n2', { more });
    await cluster.meshed();
    const bobs = await Promise.all(numbers(12).map((i) => cluster.client('bob', n1, { protobuf: i % 2 === 0 })));
    const ann = await cluster.client('ann', n2);
    await Promise.all([...bobs, ann].map((person) => person.subscribe('chat:lobby')));
    await cluster.locates('bob', 12, ['n1']);
    const receipt = await ann.send('bob', { text: 'to all of you' });
    assert.equal(receipt.users.bob.sessions, 12, JSON.stringify(receipt));
    await Promise.all(bobs.map((bob) => bob.hears('#bob', { text: 'to all of you' })));
    assert.equal((await n1.metrics()).of('loops'), workers);

    const loops = loopsOf(n1.pid);
    assert.deepEqual([...loops.keys()].sort(), ['loop 1', 'loop 2']);
    const goOn = await stopThread(loops.get('loop 1'));
    if (!goOn) return t.skip('this user may not stop a thread of another process');
    for (const number of numbers(50)) await ann.publish('chat:lobby', { number });
    // A third of the clients is on the loop that stands still.
    const heard = () => bobs.filter((bob) => bob.received('chat:lobby').length === 50).length;
    await until('the others to hear all of it', () => heard() === 8);
    await n1.says(/loop_stalled loop=1/);
    assert.equal((await n1.metrics()).of('loops_stalled'), 1);
    // Who comes now is put elsewhere, and the other node has not noticed.
    const late = await Promise.all(numbers(6).map((i) => cluster.client(`late-${i}`, n1)));
    await cluster.locates('late-0', 1, ['n1']);
    assert.equal((await n2.member('n1')).state, 'alive');
    assert.equal(heard(), 8);
    await goOn();
    await until('those on the loop that stood still to hear it late', () => heard() === 12);
    for (const bob of bobs) assert.deepEqual(bob.received('chat:lobby').map(({ number }) => number), numbers(50));
    await n1.says(/loop_runs_again loop=1/);
    for (const person of late) person.close();
    assert.equal(await n1.terminate(), 0);
    await until('all to be told so', () => bobs.every((bob) => bob.lost.includes(3001)));
});

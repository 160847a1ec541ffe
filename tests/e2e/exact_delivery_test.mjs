// Messages to users who hop between nodes that are killed, ended, stopped and started again: in order, at most once, and
// every receipt is true. Moves, short stops and quick successions of messages are made to coincide: that is when it is
// difficult. GRAPEVINE_E2E_SECONDS: how long, 20 if not set; GRAPEVINE_E2E_SEED repeats the choices of a run.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { onCluster } from './support/cluster.mjs';
import { judge, limits, story } from './support/delivery_judge.mjs';
import { Receiver, Sender } from './support/movers.mjs';
import { seeded } from './support/random.mjs';
import { Troubles } from './support/troubles.mjs';
import { within } from './support/until.mjs';

const seconds = Number(process.env.GRAPEVINE_E2E_SECONDS ?? 20);
const seed = Number(process.env.GRAPEVINE_E2E_SEED ?? Date.now() % 1_000_000);
const numbers = (count) => Array.from({ length: count }, (_, i) => i);

// Ten who hop about every second, sometimes stay for longer; the first two have another device that stays put, the last
// two open the next connection before they close the last.
function receiversOf(history, random, live, leaves) {
    const users = numbers(10).map((i) => `receiver-${i}`);
    const stay = (own) => () => (own.below(10) === 0 ? own.between(3_500, 6_000) : own.between(300, 1_500));
    const hopping = users.map((user, i) => {
        const own = random.fork();
        return new Receiver(history, own, live, { user, protobuf: i % 2 === 1, stay: stay(own), overlaps: i >= 8, leaves });
    });
    const staying = users.slice(0, 2).map((user, i) => new Receiver(history, random.fork(), live, { user, device: `${user} at home`, protobuf: i === 0 }));
    return { users, hopping, receivers: [...hopping, ...staying] };
}

function table({ counts, faults }, moves, troubles) {
    const of = (kind) => troubles.filter((trouble) => trouble.kind === kind).length;
    return Object.entries({
        sent: 0, written: 0, unknown: 0, not_connected: 0, undeliverable: 0, unanswered: 0, ...counts,
        ...Object.fromEntries(Object.entries(faults).map(([name, list]) => [name, list.length])),
        moves, kills: of('kill'), terminations: of('terminate'), pauses: of('pause'), hiccups: of('hiccup'),
    });
}

onCluster(`exact delivery to people who move, for ${seconds} s, seed ${seed}`, { size: 3, timeout: seconds * 1_000 + 120_000 }, async (cluster, t) => {
    const history = { connections: [], sends: [], troubles: [] };
    const random = seeded(seed);
    const own = random.fork();
    const hiccups = (node) => { for (const receiver of hopping) if (receiver.visit?.node === node && own.below(2) === 0) receiver.startle(); };
    const troubles = new Troubles(history, random.fork(), cluster.nodes, { hiccups });
    const live = () => troubles.live();
    const leaves = (user) => { if (own.below(2) === 0) own.pick(senders).burst(user); };
    const { users, hopping, receivers } = receiversOf(history, random, live, leaves);
    const senders = numbers(10).map((i) => new Sender(history, random.fork(), live, { user: `sender-${i}`, protobuf: i % 2 === 1, users: [...users, 'nobody'] }));

    const stopped = pause(seconds * 1_000);
    const runs = [troubles, ...receivers, ...senders].map((one) => one.run(stopped));
    try {
        await within('the run to end', Promise.all(runs), seconds * 1_000 + 30_000);
        await within('all answers', Promise.all(senders.map((sender) => sender.answered())), 40_000);
        await pause(limits.stays + limits.soon);
    } finally {
        await Promise.allSettled(runs);
        await Promise.all([...receivers, ...senders].map((one) => one.end()));
    }

    const verdict = judge(history);
    const moves = hopping.reduce((sum, receiver) => sum + receiver.moves, 0);
    for (const [what, count] of table(verdict, moves, history.troubles)) t.diagnostic(`${what.padEnd(36)} ${String(count).padStart(7)}`);
    const told = Object.entries(verdict.faults).flatMap(([kind, list]) => list.slice(0, 5).map((fault) => `${kind}: ${story(fault, history.troubles, performance.timeOrigin)}`));
    assert.deepEqual(told, [], told.join('\n'));
    assert.ok(verdict.counts.written > 0 && moves > 0 && history.troubles.length > 0, 'something happened');
});

// A stopped node has much to read before it comes to what its user heard elsewhere meanwhile; he is back before that.
onCluster('who comes back does not hear again what was on its way', { size: 3 }, async (cluster) => {
    const [n1, n2, n3] = cluster.nodes;
    const ann = await cluster.client('ann', n1, { timeout: 20_000 });
    await cluster.client('eve', n2);
    const before = await cluster.client('bob', n2);
    await cluster.settled();
    await cluster.locates('bob', 1, ['n2']);
    n2.freeze();
    before.socket.terminate();
    before.close();
    const meanwhile = await cluster.client('bob', n3);
    await cluster.locates('bob', 2, ['n2', 'n3'], [n1]);
    await Promise.all(numbers(200).map(() => n1.publish('#eve', 'x'.repeat(60_000))));
    const receipts = numbers(10).map((i) => ann.send('bob', i));
    await meanwhile.hears('#bob', 9);
    meanwhile.close();
    await cluster.locates('bob', 1, ['n2'], [n1]);
    const coming = cluster.client('bob', n2);
    n2.thaw();
    const back = await coming;
    await cluster.settled();
    await ann.send('bob', 'the last');
    await back.hears('#bob', 'the last');
    assert.deepEqual(back.received('#bob'), ['the last']);
    // n2 has read the end of the connection he left before it reads all this.
    for (const receipt of await Promise.all(receipts)) assert.deepEqual(receipt, { users: { bob: { state: 'written', sessions: 1, nodes: ['n3'] } } });
});

// Ten messages are on their way to where he was when ten more are said, and it is known where he is: the first go first.
onCluster('what is denied goes before what was said later', { size: 3 }, async (cluster) => {
    const [n1, n2, n3] = cluster.nodes;
    const ann = await cluster.client('ann', n1, { timeout: 20_000 });
    const before = await cluster.client('bob', n2);
    await cluster.settled();
    await cluster.locates('bob', 1, ['n2']);
    n1.freeze();
    const receipts = numbers(10).map((i) => ann.send('bob', i));    // n1 reads them before it hears that he left
    before.close();
    await cluster.locates('bob', 0, [], [n2, n3]);
    n2.freeze();
    const bob = await cluster.client('bob', n3);
    n1.thaw();
    await cluster.locates('bob', 1, ['n3'], [n1]);
    receipts.push(...numbers(10).map((i) => ann.send('bob', 10 + i)));
    await ann.status('bob');
    n2.thaw();
    for (const receipt of await Promise.all(receipts)) assert.deepEqual(receipt, { users: { bob: { state: 'written', sessions: 1, nodes: ['n3'] } } });
    await bob.hears('#bob', 19);
    assert.deepEqual(bob.received('#bob'), numbers(20));
});

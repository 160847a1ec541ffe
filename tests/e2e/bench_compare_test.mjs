// What scripts/bench makes of measurements: medians and spreads, rounds in turn, and what happens when something cannot be measured.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { spread, summary } from '../bench/compare/figures.mjs';
import { Missing, Process, cpuOf, memoryOf } from '../bench/compare/processes.mjs';
import { runRounds } from '../bench/compare/rounds.mjs';

test('a figure is the median of its rounds, with the lowest and the highest', () => {
    assert.deepEqual(summary([3, 1, 2]), { median: 2, low: 1, high: 3, rounds: 3 });
    assert.deepEqual(summary([1, 4]), { median: 2.5, low: 1, high: 4, rounds: 2 });
    assert.equal(summary([undefined, NaN]), undefined);
    assert.equal(spread(summary([123_456, 100_000, 150_000])), '123,000 (100,000–150,000)');
    assert.equal(spread(summary([0.126])), '0.13');
    assert.equal(spread(undefined), '–');
});

test('what is compared is measured in turn; what fails does not stop the others', async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'grapevine-bench-test-'));
    const order = [], saved = [];
    const task = (name, run) => ({ key: { product: name }, name, guess: 1, run: (dir) => { order.push(name); assert.ok(dir.startsWith(scratch)); return run(order.length); } });
    const tasks = [
        task('good', (at) => ({ rate: at })),
        task('unlucky', (at) => { if (at === 2) throw new Error('once'); return { rate: at }; }),
        task('absent', () => { throw new Missing('it is not here'); }),
    ];
    const { results } = await runRounds(tasks, 3, scratch, { show: String, onRound: ({ results: soFar }) => saved.push(soFar.length) });
    assert.deepEqual(order, ['good', 'unlucky', 'absent', 'unlucky', 'good', 'good', 'unlucky']);
    assert.deepEqual(results.filter(({ product }) => product === 'unlucky'), [
        { product: 'unlucky', round: 1, error: 'once' }, { product: 'unlucky', round: 2, rate: 4 }, { product: 'unlucky', round: 3, rate: 7 }]);
    assert.deepEqual(saved, [3, 5, 7]);
    assert.deepEqual(readdirSync(scratch), [], 'nothing is left behind');
    rmSync(scratch, { recursive: true });
});

test('processes are looked at while they live, and one that cannot start says what brings it', async () => {
    const busy = new Process('a busy loop', 'sh', ['-c', 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo done; exec sleep 60']);
    await busy.ready(() => busy.out.includes('done'));
    const { user, system } = cpuOf([busy.pid]);
    assert.ok(user + system > 0.02, `${user} ${system}`);
    assert.ok(memoryOf([busy.pid]) > 10_000);
    await busy.end();
    assert.throws(() => cpuOf([busy.pid]), /ENOENT/);
    const broken = new Process('a server', 'sh', ['-c', 'echo no port >&2; exit 3'], { from: 'the package p' });
    await assert.rejects(broken.ready(() => false), (error) => error instanceof Missing && /a server ended with 3: no port .*the package p/.test(error.message));
});

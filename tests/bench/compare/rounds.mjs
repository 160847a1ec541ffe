// Runs tasks round by round, each in every round, and says how far it is: what is compared is measured side by side, and
// what the machine does besides falls on all of it.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Missing, load } from './processes.mjs';

const span = (seconds) => (seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`);

// In each round another one of those that are compared begins: what is hot, or warm, after one does not always fall on the same.
function inTurn(tasks, round) {
    const groups = new Map(tasks.map((task) => [task.key.scenario, []]));
    for (const task of tasks) groups.get(task.key.scenario).push(task);
    return [...groups.values()].flatMap((group) => {
        const first = (round - 1) % group.length;
        return [...group.slice(first), ...group.slice(0, first)];
    });
}

// `tasks`: [{name, guess, run(dir)}], where `run` gives figures and `guess` is how many seconds it may take. Gives one
// result for each task and round; of a task that failed its `error`. If what it needs is missing, its later rounds are left out.
export async function runRounds(tasks, rounds, scratch, { show, onRound = () => {} }) {
    const results = [];
    const impossible = new Set();
    const before = load();    // later it is also our own
    let done = 0, took = 0, guessed = 0;
    for (let round = 1; round <= rounds; ++round) {
        const order = inTurn(tasks, round);
        for (const [at, task] of order.entries()) {
            ++done;
            if (impossible.has(task)) continue;
            const start = performance.now();
            const dir = join(scratch, `task-${done}`);
            mkdirSync(dir);
            let figures, error;
            try {
                figures = await task.run(dir);
            } catch (thrown) {
                error = thrown.message;
                if (thrown instanceof Missing) impossible.add(task);
            } finally {
                rmSync(dir, { recursive: true, force: true });
            }
            took += (performance.now() - start) / 1000;
            guessed += task.guess;
            const remaining = (all) => all.filter((one) => !impossible.has(one)).reduce((sum, one) => sum + one.guess, 0);
            const left = (remaining(order.slice(at + 1)) + (rounds - round) * remaining(tasks)) * took / guessed;
            const number = `${String(done).padStart(String(tasks.length * rounds).length)}/${tasks.length * rounds}`;
            console.log(`[${number}] round ${round}/${rounds}  ${task.name}: ${error ? `FAILED: ${error}` : show(figures)}   (${span(left)} left)`);
            results.push({ ...task.key, round, ...(error ? { error } : figures) });
        }
        onRound({ results, load: before });
    }
    return { results, load: before };
}

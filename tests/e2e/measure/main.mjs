// Started by scripts/measure, which says what it does.
import { parseArgs } from 'node:util';
import { measureChanges } from './changes.mjs';
import { head } from './figures.mjs';
import { measureMemory } from './memory.mjs';

const count = (standard) => ({ type: 'string', default: String(standard) });
const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { connects: count(500), kills: count(10), stops: count(3), terms: count(5), sessions: count(10_000), processes: count(2) },
});
const rounds = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
const parts = positionals.length ? positionals : ['changes', 'memory'];
for (const part of parts) if (!['changes', 'memory'].includes(part)) throw new Error(`no part '${part}': changes or memory`);

head();
if (parts.includes('changes')) await measureChanges(rounds);
if (parts.includes('memory')) await measureMemory(rounds);

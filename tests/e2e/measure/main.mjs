// Started by scripts/measure, which says what it does.
import { parseArgs } from 'node:util';
import { measureChanges } from './changes.mjs';
import { head } from './figures.mjs';
import { measureLatency } from './latency.mjs';
import { measureMemory } from './memory.mjs';

const count = (standard) => ({ type: 'string', default: String(standard) });
const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { connects: count(500), kills: count(10), stops: count(3), terms: count(5), sessions: count(10_000), processes: count(2), rate: count(200), seconds: count(20) },
});
const rounds = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
const measures = { changes: measureChanges, latency: measureLatency, memory: measureMemory };
const parts = positionals.length ? positionals : Object.keys(measures);
for (const part of parts) if (!measures[part]) throw new Error(`no part '${part}': ${Object.keys(measures).join(', ')}`);

head();
for (const [part, measure] of Object.entries(measures)) if (parts.includes(part)) await measure(rounds);

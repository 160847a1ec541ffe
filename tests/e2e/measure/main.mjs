// Started by scripts/measure, which says what it does.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { enterOwnNetwork } from '../support/own_network.mjs';
import { measureAbuse } from './abuse.mjs';
import { measureChanges } from './changes.mjs';
import { head } from './figures.mjs';
import { measureIdle } from './idle.mjs';
import { measureLatency } from './latency.mjs';
import { measureMemory } from './memory.mjs';
import { measurePeople } from './people.mjs';
import { measureSerf } from './serf.mjs';

const count = (standard) => ({ type: 'string', default: String(standard) });
const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
        nodes: count(3), connects: count(500), kills: count(10), stops: count(3), terms: count(5), joins: count(3), sessions: count(10_000), processes: count(2), rate: count(200), seconds: count(20),
        sizes: { type: 'string' }, 'idle-seconds': count(60), people: count(100_000), 'people-nodes': count(6), 'people-seconds': count(30), 'slow-readers': count(10_000), 'abuse-seconds': count(60), 'serf-profile': { type: 'string', default: 'lan' },
    },
});
const numeric = ([name, value]) => (name === 'serf-profile' ? [name, value] : [name, name === 'sizes' ? value.split(',').map(Number) : Number(value)]);
const rounds = Object.fromEntries(Object.entries(values).map(numeric));
const usual = { changes: measureChanges, latency: measureLatency, memory: measureMemory };
const measures = { ...usual, abuse: measureAbuse, idle: measureIdle, people: measurePeople, serf: measureSerf };
const parts = positionals.length ? positionals : Object.keys(usual);
for (const part of parts) if (!measures[part]) throw new Error(`no part '${part}': ${Object.keys(measures).join(', ')}`);

if (parts.includes('idle')) {
    // Whoever else uses loopback would be counted too.
    await enterOwnNetwork();
    spawnSync('ip', ['link', 'set', 'lo', 'up']);
}
head();
for (const [part, measure] of Object.entries(measures)) if (parts.includes(part)) await measure(rounds);

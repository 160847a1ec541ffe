// Numbers for people: quantiles, and a table that is printed as it grows.
import { readFileSync } from 'node:fs';

export const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))];

const columns = [46, 10, 10, 10, 8, 14];
const row = (cells) => console.log(cells.map((cell, i) => (i === 0 ? String(cell).padEnd(columns[i]) : String(cell).padStart(columns[i]))).join(' '));

export const head = () => row(['', 'p50', 'p99', 'max', 'rounds', 'aim']);
export const milliseconds = (what, values, aim = '') => {
    const shown = (value) => `${value.toFixed(value < 1 ? 2 : value < 100 ? 1 : 0)} ms`;
    row([what, shown(quantile(values, 0.5)), shown(quantile(values, 0.99)), shown(Math.max(...values)), values.length, aim]);
};
export const single = (what, value, aim = '') => row([what, value, '', '', '', aim]);
// Ms after which a node that was stopped judges others as before: it saw all of them fall silent at once, and for 15 s lets
// nobody be down for that (the brake, docs/mesh.md).
export const brake = 16_000;
// The load of the machine belongs to every figure of real processes.
export const load = () => readFileSync('/proc/loadavg', 'utf8').split(' ')[0];
export const note = (text) => console.log(`    ${text}`);

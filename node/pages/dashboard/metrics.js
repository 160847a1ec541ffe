// What a node counts, as Prometheus reads it, and how fast that grows.
import { setAttribute } from './dom.js';

const samplesMax = 120;    // one a second is drawn for two minutes

const whole = new Intl.NumberFormat([], { maximumFractionDigits: 0 });
const small = new Intl.NumberFormat([], { maximumFractionDigits: 1 });
const large = new Intl.NumberFormat([], { notation: 'compact', maximumSignificantDigits: 3 });
export const numberOf = (value) => (value >= 1_000_000 ? large : value < 10 && value % 1 !== 0 ? small : whole).format(value);

// `of('name')`: its value, or the sum over its labels.
export function readMetrics(text) {
    const sums = new Map();
    for (const [, name, value] of text.matchAll(/^grapevine_(\w+)(?:\{[^}]*\})? (\S+)$/gm)) sums.set(name, (sums.get(name) ?? 0) + Number(value));
    return { of: (name) => sums.get(name) ?? 0 };
}

const counted = { delivered: 'messages_delivered_total', published: 'client_publishes_total', forwarded: 'forwards_received_total' };

export class Rates {
    now = { delivered: 0, published: 0, forwarded: 0 };
    #samples = [];
    #before;

    // `life`: a process that was started anew counts from zero.
    add(metrics, life) {
        const counts = Object.fromEntries(Object.entries(counted).map(([key, name]) => [key, metrics.of(name)]));
        const at = performance.now();
        if (this.#before?.life === life) {
            const seconds = (at - this.#before.at) / 1_000;
            for (const key of Object.keys(counted)) this.now[key] = Math.max(0, counts[key] - this.#before.counts[key]) / seconds;
            this.#samples.push(this.now.delivered);
            if (this.#samples.length > samplesMax) this.#samples.shift();
        }
        this.#before = { counts, at, life };
    }
    // The newest is at the right; the highest of all touches the top.
    draw(svg) {
        const highest = Math.max(1, ...this.#samples);
        const from = samplesMax - this.#samples.length;
        setAttribute(svg.firstElementChild, 'points', this.#samples.map((rate, i) => `${from + i},${(38 - 36 * rate / highest).toFixed(1)}`).join(' '));
        setAttribute(svg, 'aria-label', `Messages delivered here in the last two minutes: at most ${numberOf(highest)} a second`);
    }
}

// Figures of several rounds: the median, and between which two the others were.
export function summary(values) {
    const sorted = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
    if (!sorted.length) return undefined;
    const middle = sorted.length >> 1;
    const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    return { median, low: sorted[0], high: sorted.at(-1), rounds: sorted.length };
}

const digits = (value) => (value >= 100 ? 0 : value >= 10 ? 1 : 2);
export const plain = (value) => (value >= 1000 ? Math.round(value).toLocaleString('en') : String(Number(value.toFixed(digits(value)))));

// Three figures of a big number are what it is worth.
export const rounded = (value) => (value >= 1000 ? Number(value.toPrecision(3)).toLocaleString('en') : plain(value));

// "412,000 (398,000–431,000)"; of one round, or of rounds that agree, only the figure.
export function spread(all, write = rounded) {
    if (!all) return '–';
    const [median, low, high] = [all.median, all.low, all.high].map(write);
    return low === high ? median : `${median} (${low}–${high})`;
}

// Choices that a seed repeats (mulberry32).
export function seeded(seed) {
    let state = seed >>> 0;
    const fraction = () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
    const below = (count) => Math.floor(fraction() * count);
    return {
        below,
        between: (low, high) => low + fraction() * (high - low),
        pick: (list) => list[below(list.length)],
        // Another one that does not disturb this one's choices.
        fork: () => seeded(below(2 ** 32)),
    };
}

// Waiting for a condition with a generous limit: tests never sleep for a fixed time.
import { setTimeout as pause } from 'node:timers/promises';

// What `condition` gives as soon as that is true; fails, naming `what`, if it is not within `within` ms.
export async function until(what, condition, { within = 30_000, every = 10 } = {}) {
    const end = performance.now() + within;
    for (let last; ; await pause(every)) {
        try {
            const value = await condition();
            if (value) return value;
            last = value;
        } catch (error) {
            last = error;
        }
        if (performance.now() > end) throw new Error(`waited ${within} ms for: ${what}${last instanceof Error ? ` (last: ${last.message})` : ''}`);
    }
}

// The value of `promise`; fails, naming `what`, if it has none within `within` ms.
export async function within(what, promise, limit = 30_000) {
    const timer = new AbortController();
    const late = pause(limit, undefined, { signal: timer.signal }).then(() => { throw new Error(`waited ${limit} ms for: ${what}`); });
    late.catch(() => {});
    try {
        return await Promise.race([promise, late]);
    } finally {
        timer.abort();
    }
}

// What `action` gives, and the milliseconds it took.
export async function timed(action) {
    const start = performance.now();
    const value = await action();
    return [value, performance.now() - start];
}

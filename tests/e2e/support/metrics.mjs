// The text format of Prometheus (version 0.0.4), read strictly: what the grammar does not allow is an error.
const label = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"`;
const help = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) .*$/;
const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)$/;
const sample = new RegExp(String.raw`^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{${label}(?:,${label})*,?\})? ([-+]?(?:\d+(?:\.\d+)?(?:e[-+]?\d+)?|Inf|NaN))( -?\d+)?$`, 'i');

// Samples by name and labels as written, without `grapevine_`: `members{state="alive"}`.
export function parseMetrics(text) {
    const fail = (line, why) => { throw new Error(`/metrics: ${why}: ${line}`); };
    if (!text.endsWith('\n')) fail(text.slice(-80), 'the last line does not end');
    const types = new Map();
    const values = new Map();
    for (const line of text.slice(0, -1).split('\n')) {
        if (help.test(line)) continue;
        const typed = type.exec(line);
        const read = sample.exec(line);
        if (typed) {
            if (types.has(typed[1])) fail(line, 'a second TYPE');
            types.set(typed[1], typed[2]);
        } else if (read) {
            const [, name, labels = '', value] = read;
            if (!types.has(name)) fail(line, 'no TYPE before it');
            if (types.get(name) === 'counter' && !name.endsWith('_total')) fail(line, 'a counter that does not end in _total');
            const key = name.replace(/^grapevine_/, '') + labels;
            if (values.has(key)) fail(line, 'a second sample');
            values.set(key, Number(value));
        } else {
            fail(line, 'not the Prometheus text format');
        }
    }
    return {
        size: values.size,
        keys: () => [...values.keys()],
        of(key) {
            if (!values.has(key)) throw new Error(`/metrics has no ${key}`);
            return values.get(key);
        },
    };
}

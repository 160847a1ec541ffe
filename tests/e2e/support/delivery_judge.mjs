// Whether messages to users were delivered exactly: compares what was sent and told with what was received. Pure: times
// are milliseconds of one clock, and nothing is asked of anybody.
//
//   connections  {user, device, node, attempted, opened, closed, got: [{stream, number, at}]}    of receivers
//   sends        {stream, number, to, way, node, sent, answered, state, sessions, nodes, over}   one for each user it was for
//   troubles     {node, kind, from, until}    'pause' and 'hiccup' (too short to be noticed): stopped; 'kill', 'terminate'
//
// `opened`, `closed`, `answered` and `until` are missing if that never happened. `over`: when the sender's connection ended
// and with it the hope for an answer. Numbers of one stream grow in the order in which one node was given its messages. A
// `way` other than rpc and post has no receipt.
export const limits = {
    soon: 200,       // between what a node says and what its client has seen; and a closed connection may be open to its node
    known: 1_000,    // a session is known to all nodes
    rest: 10_000,    // after which a node that was in trouble is like any other; after a hiccup it is at once
    stays: 3_000,    // a connection that lives so much longer has everything that was written to it
    answer: 5_000,   // a receipt comes within
};

const stops = ['pause', 'hiccup'];
const keyOf = ({ stream, number }, user) => `${stream}/${number}>${user}`;
const words = ({ way, stream, number, to, node, state, sessions, nodes }) =>
    `${way} ${stream}/${number} to ${to} through ${node}${state ? `: ${state}${nodes ? `, ${sessions} on [${nodes}]` : ''}` : ''}`;

export function judge({ connections, sends, troubles }) {
    const faults = { duplicates: [], reorders: [], lies: [], losses: [], late: [] };
    const counts = { sent: sends.length, received: 0, 'written, lost with its connection': 0, 'unknown, nobody in trouble': 0 };
    const fault = (kind, what, ...about) => faults[kind].push({ what, about });
    const bySend = new Map(sends.map((send) => [keyOf(send, send.to), send]));
    const byUser = grouped(connections, 'user');
    const heardBy = new Map();    // connections by message
    for (const connection of connections)
        for (const message of connection.got) {
            const key = keyOf(message, connection.user);
            heardBy.set(key, [...heardBy.get(key) ?? [], connection]);
            counts.received += 1;
            if (!bySend.has(key)) fault('lies', `${key} was never sent`, connection);
        }
    const heard = (send) => heardBy.get(keyOf(send, send.to)) ?? [];

    const inTrouble = (from, until, { node, rest = 0 }) => troubles.some((trouble) =>
        (node === undefined || trouble.node === node) && trouble.from <= until && (trouble.until ?? Infinity) + (trouble.kind === 'hiccup' ? 0 : rest) >= from);
    // When what a node said at `time` has surely reached its clients, and what they did has reached it: after it ran for
    // that long without a stop.
    const settled = (node, time) => troubles
        .filter((trouble) => trouble.node === node && stops.includes(trouble.kind) && (trouble.until ?? Infinity) >= time - limits.soon)
        .sort((a, b) => a.from - b.from)
        .reduce((settles, { from, until = Infinity }) => (from <= settles ? Math.max(settles, until + limits.soon) : settles), time + limits.soon);
    const closedBy = ({ closed = Infinity }) => closed;
    const mayBeWritten = (connection, send) => connection.attempted <= send.answered && settled(connection.node, closedBy(connection)) >= send.sent;
    const isExcused = (connection, send) => connection.opened === undefined || closedBy(connection) <= settled(connection.node, send.answered);
    // Nobody can have missed this connection, between these nodes, when it was sent, and until `end`.
    const isSteady = (connection, send, end) => connection.opened <= send.sent - limits.known && closedBy(connection) > end &&
        ![connection.node, send.node].some((node) => inTrouble(send.sent - limits.known, end, { node, rest: limits.rest }));

    function judgeWritten(send) {
        const at = (byUser.get(send.to) ?? []).filter((connection) => send.nodes.includes(connection.node) && mayBeWritten(connection, send));
        const possible = at.filter((connection) => heard(send).includes(connection) || isExcused(connection, send));
        const unproved = send.nodes.filter((node) => !possible.some((connection) => connection.node === node));
        if (unproved.length || send.nodes.length === 0 || possible.length < send.sessions)
            fault('lies', `written to ${send.sessions} on [${send.nodes}], which ${possible.length} can have received`, send, ...at);
        else if (heard(send).length === 0) counts['written, lost with its connection'] += 1;
        for (const connection of byUser.get(send.to) ?? [])
            if (isSteady(connection, send, send.answered + limits.stays) && !heard(send).includes(connection))
                fault('losses', `${connection.device} on ${connection.node} did not get what is said to be written`, send, connection);
    }
    function judgeNotWritten(send) {
        if (heard(send).length) fault('lies', `${send.state} and yet received`, send, ...heard(send));
        const steady = (byUser.get(send.to) ?? []).filter((connection) => isSteady(connection, send, send.answered));
        if (steady.length) fault('lies', `${send.state} though ${send.to} was there`, send, ...steady);
    }
    const judges = {
        written: judgeWritten,
        not_connected: judgeNotWritten,
        undeliverable: judgeNotWritten,
        refused: (send) => heard(send).length && fault('lies', 'refused and yet received', send, ...heard(send)),
        unknown: (send) => { if (!inTrouble(send.sent, send.answered, { rest: limits.rest })) counts['unknown, nobody in trouble'] += 1; },
    };
    for (const send of sends) {
        const count = send.way !== 'rpc' && send.way !== 'post' ? 'without a receipt' : send.state ?? 'unanswered';
        counts[count] = (counts[count] ?? 0) + 1;
        if (count === 'without a receipt') continue;
        const end = send.answered ?? send.over ?? Infinity;
        if (end - send.sent > limits.answer && !inTrouble(send.sent, send.sent + limits.answer, { node: send.node }))
            fault('late', `answered after ${(end - send.sent).toFixed(0)} ms`, send);
        if (send.state === undefined) continue;
        if (judges[send.state]) judges[send.state](send);
        else fault('lies', `no such state: ${send.state}`, send);
    }

    for (const [device, own] of grouped(connections, 'device')) {
        const seen = new Set();
        const last = new Map();
        const got = own.flatMap((connection) => connection.got.map((message) => ({ ...message, connection })));
        for (const { stream, number, connection } of got.sort((a, b) => a.at - b.at)) {
            const key = keyOf({ stream, number }, connection.user);
            const about = [bySend.get(key), ...heardBy.get(key)];
            if (seen.has(key)) fault('duplicates', `${device} got ${key} twice`, ...about);
            else if (number < last.get(stream)) fault('reorders', `${device} got ${key} after ${last.get(stream)}`, ...about);
            else last.set(stream, number);
            seen.add(key);
        }
    }
    return { counts, faults };
}

function grouped(list, member) {
    const groups = new Map();
    for (const one of list) groups.set(one[member], [...groups.get(one[member]) ?? [], one]);
    return groups;
}

// A fault with everything that has to do with it, by the clock of the nodes' logs. `origin`: of the times, as a Date has it.
export function story({ what, about }, troubles, origin) {
    const time = (at) => (at === undefined ? 'never' : new Date(origin + at).toISOString().slice(11, 23));
    const lines = about.filter((one) => one !== undefined).map((one) => (one.way
        ? `  ${time(one.sent)} ${words(one)}; answered ${time(one.answered)}${one.over === undefined ? '' : `, over ${time(one.over)}`}`
        : `  ${time(one.attempted)} ${one.device} to ${one.node}: open ${time(one.opened)}, closed ${time(one.closed)}; received ${one.got.length}` +
            about.filter(({ way }) => way).map(({ stream, number }) => one.got.filter((message) => message.stream === stream && message.number === number)
                .map(({ at }) => `, this at ${time(at)}`).join('')).join('')));
    const [first] = about.filter((one) => one?.way);
    const near = troubles.filter(({ from, until = Infinity }) => first && from <= (first.answered ?? first.sent) + 5_000 && until >= first.sent - 15_000)
        .map(({ node, kind, from, until }) => `  ${time(from)} ${kind} of ${node} until ${time(until)}`);
    return [what, ...lines, ...near].join('\n');
}

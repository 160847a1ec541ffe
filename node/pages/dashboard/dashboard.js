// One node's view of its cluster, asked for each second: figures, the graph, the members, refused links.
import { byId, make, setAttribute, setText, showAll, showState, toneOf } from './dom.js';
import { drawGraph } from './graph.js';
import { Rates, numberOf, readMetrics } from './metrics.js';

const askEvery = 1_000;       // ms
const answerWithin = 3_000;
const clock = () => new Date().toLocaleTimeString();
const plural = (count, one, many = `${one}s`) => `${numberOf(count)}\u00a0${count === 1 ? one : many}`;

const rates = new Rates();
let name = 'The node';        // once it has said it
let silentSince;
let last;                     // what was shown last

async function get(path) {
    const answer = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(answerWithin) });
    if (!answer.ok) throw new Error(`${path} is answered with ${answer.status}: ${(await answer.text()).slice(0, 200).trim()}`);
    return answer;
}
async function ask() {
    try {
        const [cluster, metrics] = await Promise.all([
            get('api/cluster').then((answer) => answer.json()),
            get('metrics').then((answer) => answer.text())]);
        show(cluster, readMetrics(metrics));
    } catch (error) {
        silent(error);
    }
    setTimeout(ask, askEvery);
}

function silent(error) {
    silentSince ??= clock();
    const why = error.name === 'TimeoutError' ? `nothing came within ${answerWithin / 1000} s` : error instanceof TypeError ? 'it cannot be reached' : error.message;
    showState(byId('answers'), 'bad', `${name} does not answer`);
    setText(byId('silent'), `${name} does not answer since ${silentSince}: ${why}. ${last ? `What is below was so at ${last.at}. ` : ''}This page asks again each second.`);
    byId('silent').hidden = false;
    byId('shown').classList.add('old');
}

function show(cluster, metrics) {
    silentSince = undefined;
    last = { cluster, at: clock() };
    name = cluster.self;
    byId('silent').hidden = true;
    byId('shown').hidden = false;
    byId('shown').classList.remove('old');
    document.title = `${name} · Grapevine cluster`;
    setText(byId('cluster'), `Cluster ${cluster.cluster}, as ${name} sees it`);
    showState(byId('answers'), cluster.ready ? 'good' : 'warn', cluster.ready ? `${name} is ready` : `${name} is not ready yet`);
    setText(byId('as-of'), `as of ${last.at}`);
    rates.add(metrics, cluster.nodes.find((node) => node.self)?.epoch);
    showFigures(cluster, metrics);
    drawGraph(byId('graph'), byId('graph-words'), cluster);
    showMembers(cluster.nodes);
    showRefusals(cluster.refusals ?? []);
}

// ---- figures

function showFigures({ nodes }, metrics) {
    const of = (state) => nodes.filter((node) => node.state === state).length;
    const shown = nodes.filter(({ state }) => state === 'alive' || state === 'suspect');
    const sum = (key) => shown.reduce((total, node) => total + node[key], 0);
    const total = nodes.length - of('left');
    setText(byId('alive'), `${of('alive')} of ${total}`);
    const others = ['joining', 'suspect', 'down', 'left'].filter(of).map((state) => `${of(state)} ${state}`);
    setText(byId('alive-more'), others.join(', ') || 'all well');
    setText(byId('users'), numberOf(sum('users')));
    setText(byId('sessions'), numberOf(sum('sessions')));
    setText(byId('sessions-more'), `${numberOf(metrics.of('sessions'))} here`);

    const { delivered, published, forwarded } = rates.now;
    setText(byId('delivered'), `${numberOf(delivered)}/s`);
    setText(byId('delivered-more'), `${numberOf(published)}/s published, ${numberOf(forwarded)}/s from others`);
    rates.draw(byId('rates'));

    const pending = metrics.of('convergence_pending');
    setText(byId('lag'), `${metrics.of('convergence_lag_seconds').toFixed(1)} s`);
    setText(byId('lag-more'), pending ? `${plural(pending, 'table')} not yet equal` : 'since all were equal');

    const [links, handshakes, messages] = ['links_refused_total', 'handshakes_refused_total', 'user_messages_refused_total'].map((key) => metrics.of(key));
    setText(byId('refused'), numberOf(links + handshakes + messages));
    setText(byId('refused-more'), `${plural(links, 'link')}, ${plural(handshakes, 'handshake')}, ${plural(messages, 'message')}`);
}

// ---- members

const bytes = (count) => count === undefined ? '' : count < 10_240 ? `${count} B` : count < 10_485_760 ? `${Math.floor(count / 1024)} KiB` : `${Math.floor(count / 1_048_576)} MiB`;
const started = (epoch) => epoch ? new Date(epoch / 1000).toLocaleString([], { dateStyle: 'short', timeStyle: 'medium' }) : '';
const columns = [
    { head: 'Sessions', number: true, text: (node) => numberOf(node.sessions) },
    { head: 'Users', number: true, text: (node) => numberOf(node.users) },
    { head: 'Channels', number: true, text: (node) => numberOf(node.channels) },
    { head: 'Link', text: (node) => node.self ? '' : node.link ?? 'none' },
    { head: 'Round trip', number: true, text: (node) => node.rtt_us === undefined ? '' : `${(node.rtt_us / 1000).toFixed(2)} ms` },
    { head: 'Waiting', number: true, text: (node) => node.self ? '' : bytes(node.queued_bytes) },
    { head: 'Last equal', number: true, text: (node) => node.seconds_since_equal === undefined ? '' : `${node.seconds_since_equal.toFixed(1)} s ago` },
    { head: 'Started', text: (node) => started(node.epoch) },
];
const columnHead = (text, number) => make('th', { role: 'columnheader', scope: 'col', class: number ? 'number' : '' }, text);
byId('columns').append(columnHead('Node'), columnHead('State'), ...columns.map(({ head, number }) => columnHead(head, number)));

function memberRow() {
    return make('tr', { role: 'row' },
        make('th', { role: 'rowheader', scope: 'row' }),
        make('td', { role: 'cell', 'data-label': 'State' }, make('span', { class: 'state' })),
        ...columns.map(({ head, number }) => make('td', { role: 'cell', 'data-label': head, class: number ? 'number' : '' })));
}
function showMembers(nodes) {
    showAll(byId('members'), nodes, ({ name: node }) => node, memberRow, (row, node) => {
        const [head, state, ...cells] = row.children;
        setText(head, node.self ? `${node.name} (this node)` : node.name);
        showState(state.firstChild, toneOf(node.state), node.state);
        for (const [at, cell] of cells.entries()) {
            const text = columns[at].text(node);
            setText(cell, text);
            cell.classList.toggle('empty', text === '');
        }
    });
}

// ---- refusals

const ago = (seconds) => seconds < 120 ? `${Math.floor(seconds)} s` : seconds < 7_200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3_600)} h`;

function showRefusals(refusals) {
    byId('no-refusals').hidden = refusals.length > 0;
    showAll(byId('refusals'), refusals, ({ by, reason, name: node, address }) => [by, reason, node, address].join(' '),
        () => make('li', {}, make('p', { class: 'what' }), make('p', { class: 'hint' })),
        ({ children: [what, why] }, { by, reason, name: node, address, times, seconds_since_last: since, text }) => {
            setText(what, `${node ? `${node} at ` : ''}${address} ${by === 'peer' ? 'refused us' : 'was refused'}: ${reason}`);
            setText(why, `${text} (${plural(times, 'time')}, last ${ago(since)} ago)`);
        });
}

new ResizeObserver(() => { if (last) drawGraph(byId('graph'), byId('graph-words'), last.cluster); }).observe(byId('graph').parentElement);
setAttribute(byId('as-of'), 'aria-live', 'off');
ask();

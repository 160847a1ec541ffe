// The judge of exact_delivery_test.mjs judged: it lets true histories pass and catches every kind of fault.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge, story } from './support/delivery_judge.mjs';

const message = (number, at, stream = 'ann.1') => ({ stream, number, at });
const visit = (node, opened, closed, got = [], more = {}) => ({ user: 'bob', device: 'bob', node, attempted: opened - 5, opened, closed, got, ...more });
const sent = (number, at, state, nodes = [], more = {}) => ({
    stream: 'ann.1', number, to: 'bob', way: 'rpc', node: 'n1', sent: at, answered: at + 5, state, sessions: nodes.length, nodes, ...more });
const unanswered = (number, at, more = {}) => sent(number, at, undefined, [], { answered: undefined, sessions: undefined, nodes: undefined, ...more });
const trouble = (kind, node, from, until) => ({ kind, node, from, until });

// `expected`: how many of each kind of fault; none of the others.
function judged(what, { connections = [], sends = [], troubles = [] }, expected = {}) {
    test(what, () => {
        const { faults } = judge({ connections, sends, troubles });
        const found = Object.fromEntries(Object.entries(faults).filter(([, list]) => list.length).map(([kind, list]) => [kind, list.length]));
        assert.deepEqual(found, expected, JSON.stringify(faults, null, 1));
        for (const fault of Object.values(faults).flat()) assert.ok(story(fault, troubles, 0).includes(fault.what));
    });
}

// ---- duplicates and order
const both = [sent(1, 20_000, 'written', ['n2']), sent(2, 20_100, 'written', ['n2'])];
judged('each once and in order', { connections: [visit('n2', 15_000, undefined, [message(1, 20_003), message(2, 20_103)])], sends: both });
judged('twice on one connection', { connections: [visit('n2', 15_000, undefined, [message(1, 20_003), message(1, 20_004), message(2, 20_103)])], sends: both }, { duplicates: 1 });
judged('again on the next connection of the device', {
    connections: [visit('n2', 15_000, 20_200, [message(1, 20_003), message(2, 20_103)]), visit('n3', 20_300, undefined, [message(2, 20_310)])], sends: both }, { duplicates: 1 });
judged('on two devices, once each', {
    connections: [visit('n2', 15_000, undefined, [message(1, 20_003), message(2, 20_103)]), visit('n2', 15_000, undefined, [message(1, 20_003), message(2, 20_103)], { device: 'home' })],
    sends: both });
judged('the later first', { connections: [visit('n2', 15_000, undefined, [message(2, 20_103), message(1, 20_104)])], sends: both }, { reorders: 1 });
judged('the later first, on another connection', {
    connections: [visit('n2', 15_000, 20_200, [message(2, 20_103)]), visit('n3', 20_300, undefined, [message(1, 20_310)])], sends: both }, { reorders: 1 });
judged('two streams have no order', {
    connections: [visit('n2', 15_000, undefined, [message(7, 20_003), message(1, 20_103, 'ann.2')])],
    sends: [sent(7, 20_000, 'written', ['n2']), sent(1, 20_100, 'written', ['n2'], { stream: 'ann.2' })] });

// ---- written
const written = sent(1, 20_000, 'written', ['n2']);
judged('written to nobody at all', { sends: [written] }, { lies: 1 });
judged('written without a node', { sends: [sent(1, 20_000, 'written', [])] }, { lies: 1 });
judged('written on a node where the user was not', { connections: [visit('n3', 15_000, undefined, [message(1, 20_003)])], sends: [written] }, { lies: 1 });
judged('written, and a connection that stays does not get it', { connections: [visit('n2', 19_900)], sends: [written] }, { lies: 1 });
judged('written, and a connection that ends 2 s later did not get it', { connections: [visit('n2', 19_900, 22_005)], sends: [written] }, { lies: 1 });
judged('written to a connection that ended just then', { connections: [visit('n2', 19_900, 20_050)], sends: [written] });
judged('written to a connection that had ended long before', { connections: [visit('n2', 15_000, 18_000)], sends: [written] }, { lies: 1 });
judged('written to a connection that the node could not know to have ended: it was stopped', {
    connections: [visit('n2', 15_000, 18_000)], sends: [written], troubles: [trouble('pause', 'n2', 17_900, 19_900)] });
judged('written to a connection whose end the node could not read between one stop and the next', {
    connections: [visit('n2', 15_000, 18_000)], sends: [written],
    troubles: [trouble('hiccup', 'n2', 19_850, 19_990), trouble('pause', 'n2', 17_900, 19_700)] });
judged('written to a connection whose end the node could read between two stops', {
    connections: [visit('n2', 15_000, 18_000)], sends: [written],
    troubles: [trouble('pause', 'n2', 17_900, 19_700), trouble('hiccup', 'n2', 19_950, 19_990)] }, { lies: 1 });
judged('written to a connection that waits for a stopped node', {
    connections: [visit('n2', 19_900, 22_005)], sends: [written], troubles: [trouble('pause', 'n2', 20_004, 25_000)] });
judged('written to a connection that came later', { connections: [visit('n2', 21_000, undefined)], sends: [written] }, { lies: 1 });
judged('written to an attempt that its client gave up', { connections: [{ ...visit('n2', 19_990, 22_000), opened: undefined }], sends: [written] });
judged('written to more sessions than there were', {
    connections: [visit('n2', 15_000, undefined, [message(1, 20_003)])], sends: [{ ...written, sessions: 2 }] }, { lies: 1 });
judged('written on two nodes, one of which had nobody', {
    connections: [visit('n2', 15_000, undefined, [message(1, 20_003)])], sends: [sent(1, 20_000, 'written', ['n2', 'n3'])] }, { lies: 1 });
judged('received what was never sent', { connections: [visit('n2', 15_000, undefined, [message(1, 20_003)])] }, { lies: 1 });
judged('received what was for another', {
    connections: [visit('n2', 15_000, undefined, [message(1, 20_003)], { user: 'eve' }), visit('n2', 15_000, undefined, [message(1, 20_003)])], sends: [written] }, { lies: 1 });

// ---- not_connected, undeliverable, refused
for (const state of ['not_connected', 'undeliverable']) {
    const nowhere = sent(1, 20_000, state, [], { answered: 22_000 });
    judged(`${state}, and nobody has it`, { connections: [visit('n2', 15_000, 20_500), visit('n3', 20_600, 21_900)], sends: [nowhere] });
    judged(`${state} and yet received`, { connections: [visit('n2', 20_600, 21_900, [message(1, 20_700)])], sends: [nowhere] }, { lies: 1 });
    judged(`${state} though the user was there`, { connections: [visit('n2', 18_900, 22_100)], sends: [nowhere] }, { lies: 1 });
    judged(`${state}: the user had just come`, { connections: [visit('n2', 19_100, 22_100)], sends: [nowhere] });
    judged(`${state}: the user left before the answer`, { connections: [visit('n2', 15_000, 21_900)], sends: [nowhere] });
    for (const node of ['n1', 'n2'])
        judged(`${state}: ${node} had been in trouble`, { connections: [visit('n2', 18_900, 22_100)], sends: [nowhere], troubles: [trouble('kill', node, 9_000, 9_500)] });
    judged(`${state}, another node was in trouble`, {
        connections: [visit('n2', 18_900, 22_100)], sends: [nowhere], troubles: [trouble('kill', 'n3', 9_000, 9_500)] }, { lies: 1 });
}
for (const [kind, when, expected] of [['hiccup', 18_000, { lies: 1 }], ['hiccup', 20_500, {}]])
    judged(`not_connected, and the node was stopped for a moment at ${when}`, {
        connections: [visit('n2', 17_500, 22_100)], sends: [sent(1, 20_000, 'not_connected', [], { answered: 22_000 })], troubles: [trouble(kind, 'n2', when, when + 200)] }, expected);
judged('refused and yet received', { connections: [visit('n2', 15_000, undefined, [message(1, 20_003)])], sends: [sent(1, 20_000, 'refused')] }, { lies: 1 });
judged('a state that does not exist', { sends: [sent(1, 20_000, 'lost')] }, { lies: 1 });
judged('unknown may be received or not', {
    connections: [visit('n2', 15_000, undefined, [message(1, 20_003)])], sends: [sent(1, 20_000, 'unknown'), sent(2, 20_100, 'unknown')] });

// ---- losses
const home = (got, more) => visit('n3', 15_000, undefined, got, { device: 'home', ...more });
const onPhone = visit('n2', 15_000, 20_500, [message(1, 20_003)]);
judged('a device that stays does not get what is written', { connections: [onPhone, home([])], sends: [written] }, { losses: 1 });
judged('a device that had just come may miss it', { connections: [onPhone, home([], { opened: 19_500 })], sends: [written] });
judged('a device whose node had been in trouble may miss it', { connections: [onPhone, home([])], sends: [written], troubles: [trouble('pause', 'n3', 5_000, 9_100)] });
judged('a publication without a receipt may be missed', { connections: [home([])], sends: [unanswered(1, 20_000, { way: 'publish' })] });

// ---- answers
judged('no answer', { sends: [unanswered(1, 20_000)] }, { late: 1 });
judged('no answer over HTTP', { sends: [unanswered(1, 20_000, { way: 'post' })] }, { late: 1 });
judged('a late answer', { sends: [sent(1, 20_000, 'unknown', [], { answered: 25_100 })] }, { late: 1 });
judged('no answer, and the connection ended', { sends: [unanswered(1, 20_000, { over: 20_100 })] });
judged('a late answer of a node that was stopped', { sends: [sent(1, 20_000, 'unknown', [], { answered: 27_000 })], troubles: [trouble('pause', 'n1', 20_001, 26_900)] });
judged('a late answer while another node was stopped', {
    sends: [sent(1, 20_000, 'unknown', [], { answered: 27_000 })], troubles: [trouble('pause', 'n2', 20_001, 26_900)] }, { late: 1 });

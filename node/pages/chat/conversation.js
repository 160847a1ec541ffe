// One conversation: a channel, a user, or what operators say; and how its entries are drawn.
import { byId, make, setAttribute, showState } from './dom.js';

const entriesMax = 500;    // kept of a conversation; older ones are forgotten

export class Conversation {
    constructor(key) {
        this.key = key;
        this.isDirect = key.startsWith('@');
        this.isReadOnly = key.startsWith('$');
        this.isChannel = !this.isDirect && !this.isReadOnly;
        this.name = this.isDirect ? key.slice(1) : key;
        this.title = this.isReadOnly ? 'Announcements' : key;
        this.state = 'not joined';
        this.entries = [];
        this.unread = 0;
    }
}

// `entry`: {text} is a note of this page, {from, text, mine, receipt} what somebody said.
export function addEntry(conversation, entry, isShown) {
    entry.at = new Date();
    conversation.entries.push(entry);
    const isFull = conversation.entries.length > entriesMax;
    if (isFull) conversation.entries.shift();
    if (!isShown) return;
    const log = byId('log');
    const wasAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    if (isFull) log.firstChild.remove();
    log.append(drawn(entry));
    if (wasAtEnd || entry.mine) log.scrollTop = log.scrollHeight;
}

// All of it anew: not news for those who listen.
export function redraw({ entries }) {
    const log = byId('log');
    setAttribute(log, 'aria-live', 'off');
    log.replaceChildren(...entries.map(drawn));
    log.scrollTop = log.scrollHeight;
    requestAnimationFrame(() => setAttribute(log, 'aria-live', 'polite'));
}

const time = (at) => at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });

function drawn(entry) {
    const { from, text, mine, at, receipt } = entry;
    if (from === undefined) return make('li', { class: 'note' }, `${time(at)} · ${text}`);
    const item = make('li', { class: mine ? 'message mine' : 'message' },
        make('p', { class: 'head' }, make('b', {}, from), ` · ${time(at)}`),
        make('p', { class: 'body' }, text));
    if (receipt) {
        entry.line = make('p', { class: 'receipt state' });
        showReceipt(entry);
        item.append(entry.line);
    }
    return item;
}

// What became of it is known only later.
export function showReceipt({ line, receipt: { state, sessions, nodes = [] } }) {
    if (!line) return;
    const where = nodes.length ? ` on ${nodes.join(', ')}` : '';
    const words = {
        sending: ['warn', 'on its way …'],
        written: ['good', `written to ${sessions} ${sessions === 1 ? 'session' : 'sessions'}${where}`],
        acked: ['good', `acknowledged${where}`],
        not_connected: ['bad', 'not connected: it reached nobody'],
        undeliverable: ['bad', 'undeliverable: it reached nobody'],
        unknown: ['warn', 'unknown: it may have arrived or not'],
    };
    showState(line, ...(words[state] ?? ['bad', state]));
}

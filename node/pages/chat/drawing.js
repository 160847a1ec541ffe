// How a state, a person and a choice look in the chat.
import { byId, make, setAttribute, showState } from './dom.js';
import { hostOf } from './connection.js';

// Tone and words of the connection.
export const stateWords = {
    connecting: ({ url }) => ['warn', `Connecting to ${hostOf(url)} …`],
    connected: ({ url, node, user }) => ['good', `${user || 'Somebody without a name'} on ${node} (${hostOf(url)})`],
    waiting: ({ url, lost, why, pause }) => ['bad', `${hostOf(lost)}: ${why}. Reconnecting to ${hostOf(url)} in ${(pause / 1000).toFixed(1)} s`],
    ended: () => ['none', 'Not connected'],
};

export function showPerson(element, { online, nodes = [] } = {}) {
    if (online === undefined) showState(element, 'none', 'not known yet');
    else if (online) showState(element, 'good', `online, ${nodes.join(', ')}`);
    else showState(element, 'none', 'offline');
}

// A row with a button of two texts; after the choice one goes on writing.
export function pickRow(choose) {
    return make('li', {}, make('button', { type: 'button', class: 'pick', onclick: () => { choose(); setMenu(false); byId('text').focus(); } },
        make('span'), make('span')));
}

// On a phone the menu is in the place of the conversation.
export function setMenu(shown) {
    byId('chat').classList.toggle('menu', shown);
    setAttribute(byId('menu'), 'aria-expanded', shown ? 'true' : 'false');
    if (shown) byId('back').focus();
}

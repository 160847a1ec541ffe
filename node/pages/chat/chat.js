// The page: who one is, which conversations are open, what was said in them, who is there.
import { byId, make, setAttribute, setText, showAll, showState, toneOf } from './dom.js';
import { Connection, hostOf, ownUrl, urlOf } from './connection.js';
import { Conversation, addEntry, redraw, showReceipt } from './conversation.js';
import { pickRow, setMenu, showPerson, stateWords } from './drawing.js';

const askEvery = 5_000;          // ms; who is online, which nodes there are
const peopleMax = 256;           // asked about at once: limits::users_per_query
const conversationsMax = 128;    // channels of a session: limits::channels_per_session
const everybody = '$system';

let connection;
let me = { user: '', client: '' };
let current;                     // the conversation that is shown
let nodes = [];                  // as the node tells of its cluster
let wasConnected = false;
const conversations = new Map(); // by key: a channel, or @user
const people = new Map();        // by name: {user, online, nodes} as far as known

// ---- conversations

function open(key, { show = true } = {}) {
    let conversation = conversations.get(key);
    if (!conversation) {
        if (conversations.size >= conversationsMax) return complain(`${conversationsMax} conversations are open: leave one first.`);
        conversation = new Conversation(key);
        conversations.set(key, conversation);
        if (conversation.isDirect) meet(conversation.name);
        if (conversation.isChannel && connection.isOpen) join(conversation);
    }
    if (show) pick(conversation);
    drawConversations();
    return conversation;
}
function pick(conversation) {
    current = conversation;
    conversation.unread = 0;
    setText(byId('title'), conversation.title);
    setText(byId('leave'), conversation.isChannel ? 'Leave' : 'Close');
    setAttribute(byId('composer'), 'hidden', conversation.isReadOnly);
    setAttribute(byId('text'), 'placeholder', conversation.isDirect ? `Message to ${conversation.name}` : `Message in ${conversation.name}`);
    complain('');
    redraw(conversation);
    drawConversations();
    drawPresence();
    if (connection.isOpen) look();
}
function leave(conversation) {
    conversations.delete(conversation.key);
    if (conversation.isChannel && connection.isOpen) connection.call('unsubscribe', { channel: conversation.key }).catch(() => {});
    if (current === conversation) {
        pick(conversations.values().next().value);
        byId('text').focus();
    }
    drawConversations();
}
async function join(conversation) {
    conversation.state = 'joining';
    drawAbout();
    try {
        await connection.call('subscribe', { channel: conversation.key });
        conversation.state = 'joined';
        look();
    } catch (error) {
        conversation.state = error.code === 105 ? 'joined' : error.code ? `refused: ${error.message} (${error.code})` : 'not joined';
    }
    drawConversations();
}
function add(conversation, entry) {
    addEntry(conversation, entry, conversation === current);
    if (conversation !== current && entry.from !== undefined) ++conversation.unread;
    drawConversations();
}

// ---- what is said

async function say(text) {
    const conversation = current;
    if (conversation.isDirect) return send(conversation, text);
    await connection.call('publish', { channel: conversation.key, data: { text } });
}
// The entry is there at once; what became of the message follows.
function send(conversation, text) {
    const entry = { from: me.user, text, mine: true, receipt: { state: 'sending' } };
    add(conversation, entry);
    const told = (receipt) => {
        entry.receipt = receipt;
        showReceipt(entry);
    };
    connection.rpc('send', { to: conversation.name, data: { text }, wait: 'client' })
        .then((answer) => told(answer.users[conversation.name]))
        .catch((error) => told(error.code ? { state: `refused: ${error.message} (${error.code})` } : { state: 'unknown' }));
}
const textOf = (data) => typeof data === 'string' ? data : typeof data?.text === 'string' ? data.text : JSON.stringify(data);

function heard({ channel, pub, unsubscribe, join: joined, leave: left }) {
    if (pub) return published(channel, pub);
    const conversation = conversations.get(channel);
    if (!conversation) return;
    if (joined || left) return look();
    if (unsubscribe?.code >= 2500) return join(conversation);
    if (unsubscribe) {
        conversation.state = `the node ended it: ${unsubscribe.reason || unsubscribe.code}`;
        drawConversations();
    }
}
function published(channel, { data, info, tags }) {
    const from = info?.user ?? '';
    const isPersonal = channel.startsWith('#');
    if (tags?.message_id) connection.rpc('ack', { id: tags.message_id }).catch(() => {});
    const conversation = isPersonal || channel === everybody ? open(isPersonal && from ? `@${from}` : everybody, { show: false }) : conversations.get(channel);
    if (!conversation) return;    // left just now, or no room
    if (from && from !== me.user) meet(from);
    add(conversation, { from: from || (info ? 'somebody without a name' : 'the operators'), text: textOf(data), mine: from !== '' && from === me.user });
}

// ---- who is there

function meet(user) {
    if (user === '' || people.has(user) || people.size >= peopleMax) return;
    people.set(user, { user });
    drawPeople();
    if (connection.isOpen) look();
}
let asked;
// Soon, and then each few seconds; several wishes of one moment are one question.
function look(after = 50) {
    clearTimeout(asked);
    asked = setTimeout(async () => {
        if (!connection.isOpen) return;
        await Promise.all([askPeople(), askNodes(), askPresence(current)]);
        if (connection.isOpen) look(askEvery);
    }, after);
}
async function askPeople() {
    if (people.size === 0) return;
    const answer = await connection.rpc('user_status', { users: [...people.keys()] }).catch(() => undefined);
    for (const [user, status] of Object.entries(answer?.users ?? {})) people.set(user, { user, ...status });
    drawPeople();
}
async function askNodes() {
    const answer = await connection.rpc('cluster', {}).catch(() => undefined);
    if (answer?.nodes) nodes = answer.nodes;
    drawNodes();
}
// Channels whose presence is not told are not asked again: 103 not to us, 104 and 108 not here.
async function askPresence(conversation) {
    if (!conversation.isChannel || conversation.state !== 'joined' || conversation.hidesPresence) return;
    try {
        const { presence = {}, incomplete } = await connection.call('presence', { channel: conversation.key });
        const users = new Set(Object.values(presence).map(({ user }) => user || 'somebody without a name'));
        conversation.present = { users: [...users].sort(), incomplete };
    } catch (error) {
        if ([103, 104, 108].includes(error.code)) conversation.hidesPresence = true;
    }
    drawPresence();
}

// ---- drawing

function drawConversations() {
    showAll(byId('conversations'), [...conversations.values()], ({ key }) => key, (conversation) => pickRow(() => pick(conversation)), (row, { title, unread, key }) => {
        const [name, count] = row.firstChild.children;
        setText(name, title);
        setText(count, unread ? `${unread} new` : '');
        count.className = unread ? 'count' : '';
        setAttribute(row.firstChild, 'aria-current', key === current?.key ? 'true' : undefined);
    });
    const unread = [...conversations.values()].reduce((sum, one) => sum + one.unread, 0);
    setText(byId('menu'), unread ? `Chats (${unread} new)` : 'Chats');
    byId('leave').hidden = conversations.size < 2;
    document.title = unread ? `(${unread}) Grapevine chat` : 'Grapevine chat';
    drawAbout();
}
function drawAbout() {
    if (!current) return;
    const person = people.get(current.name);
    if (current.isDirect) showPerson(byId('about'), person);
    else if (current.isReadOnly) showState(byId('about'), 'none', 'from operators, to everybody or to you');
    else showState(byId('about'), { joined: 'good', joining: 'warn' }[current.state] ?? 'bad', current.state);
}
function drawPeople() {
    setAttribute(byId('seen'), 'hidden', people.size === 0);
    showAll(byId('people'), [...people.values()], ({ user }) => user, ({ user }) => pickRow(() => open(`@${user}`)), (row, person) => {
        const [name, state] = row.firstChild.children;
        setText(name, person.user);
        state.className = 'state';
        showPerson(state, person);
    });
    drawAbout();
}
function drawPresence() {
    const present = current?.isChannel && !current.hidesPresence ? current.present : undefined;
    setAttribute(byId('presence'), 'hidden', !present);
    if (!present) return;
    setText(byId('present-title'), `In this channel: ${present.users.length}${present.incomplete ? ' or more' : ''}`);
    showAll(byId('present'), present.users, (user) => user, (user) => pickRow(() => { if (user !== me.user) open(`@${user}`); }), (row, user) => {
        setText(row.firstChild.firstChild, user === me.user ? `${user} (you)` : user);
    });
}
function drawNodes() {
    const here = connection.isOpen ? connection.state.node : undefined;
    showAll(byId('nodes'), nodes, ({ name }) => name, () => make('li', {}, make('span'), make('span', { class: 'state' })), (row, { name, state }) => {
        setText(row.firstChild, name === here ? `${name} (you are here)` : name);
        showState(row.lastChild, toneOf(state), state);
    });
    setText(byId('known'), `Addresses to go on with: ${connection.urls.map(hostOf).join(', ')}`);
}
function complain(text) {
    setText(byId('problem'), text);
    setAttribute(byId('problem'), 'hidden', text === '');
}

// ---- the connection

function changed(state) {
    showState(byId('connection'), ...stateWords[state.is](state));
    setAttribute(byId('retry'), 'hidden', state.is !== 'waiting' || state.pause < 1_000);
    if (state.is === 'connected') {
        me = state;
        complain('');
        for (const channel of state.channels) open(channel, { show: false });
        for (const conversation of conversations.values()) {
            if (wasConnected) add(conversation, { text: `Back, on ${state.node}. What was said in between is not here.` });
            conversation.hidesPresence = false;
            if (conversation.isChannel && conversation.state !== 'joining') join(conversation);
        }
        wasConnected = true;
        look();
    }
    if (state.is === 'waiting' || state.is === 'ended') for (const conversation of conversations.values()) if (conversation.isChannel) conversation.state = 'not joined';
    drawConversations();
    if (connection) drawNodes();
    if (state.is === 'ended') showEntry(state.why);
}
function showEntry(why) {
    for (const id of ['chat', 'logout']) byId(id).hidden = true;
    byId('entry').hidden = false;
    setText(byId('why'), why);
    byId('why').hidden = why === '';
    byId('token').value = '';
    byId('name').focus();
}
function logIn() {
    const user = byId('name').value.trim();
    const token = byId('token').value.trim();
    const addresses = byId('addresses').value.split(/[\s,]+/).filter(Boolean);
    const wrong = addresses.find((address) => !urlOf(address));
    const why = !user && !token ? 'Enter a name or a token.'
        : /^[#$]|[\x00-\x1f\x7f]/.test(user) ? 'A name does not begin with # or $ and has no control characters.'
        : wrong ? `${wrong} is no address of a node: write host:port.` : '';
    setText(byId('why'), why);
    byId('why').hidden = why === '';
    if (why) return;
    for (const map of [conversations, people]) map.clear();
    current = undefined;
    wasConnected = false;
    nodes = [];
    drawPeople();
    connection = new Connection([ownUrl()], { state: changed, push: heard });
    for (const address of addresses) connection.add(address);
    byId('entry').hidden = true;
    for (const id of ['chat', 'logout']) byId(id).hidden = false;
    open(byId('channel').value.trim() || 'chat:lobby');
    connection.start({ user, token });
    byId('text').focus();
}

// ---- what people do

const onSubmit = (id, act) => byId(id).addEventListener('submit', (event) => { event.preventDefault(); act(); });
onSubmit('login', logIn);
onSubmit('composer', async () => {
    const text = byId('text').value;
    if (text.trim() === '') return;
    if (!connection.isOpen) return complain('Not sent: there is no connection right now.');
    complain('');
    byId('text').value = '';
    try {
        await say(text);
    } catch (error) {
        complain(`Not sent: ${error.message}${error.code ? ` (${error.code})` : ''}.`);
        if (byId('text').value === '') byId('text').value = text;
    }
});
onSubmit('open', () => {
    const name = byId('open-name').value.trim();
    byId('open-name').value = '';
    if (/^[#$]/.test(name)) return complain('Channels that begin with # or $ cannot be opened; write @bob for a user.');
    if (name !== '' && name !== '@') open(name);
    setMenu(false);
});
onSubmit('add', () => {
    const address = byId('address').value.trim();
    if (!connection.add(address)) return complain(`${address} is no address of a node: write host:port.`);
    byId('address').value = '';
    drawNodes();
});
byId('leave').addEventListener('click', () => leave(current));
byId('menu').addEventListener('click', () => setMenu(true));
byId('back').addEventListener('click', () => { setMenu(false); byId('menu').focus(); });
byId('retry').addEventListener('click', () => connection.retry());
byId('logout').addEventListener('click', () => connection.stop());
addEventListener('online', () => connection?.retry());

// Whoever made a link elsewhere must not choose who is shown the token.
const isOfThisMachine = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(location.hostname);
const given = isOfThisMachine && new URLSearchParams(location.search).get('nodes');
if (given) {
    byId('addresses').value = given.replaceAll(',', ', ');
    byId('more').open = true;
}

// The native protocol in JSON over one bare WebSocket at a time, and the way to the next node when one goes away.
// Times in ms.
const firstPause = 300;        // before the second attempt; doubled with each round through all nodes
const longestPause = 10_000;
const openWithin = 5_000;      // until a node has said who it is
const answerWithin = 15_000;   // a receipt with acknowledgement takes up to 10 s
const pingLate = 10_000;       // beyond what the node promised
const provenAfter = 5_000;     // a connection that lasts so long begins the pauses anew
const callsMax = 1_000;        // that wait for their answer
export const addressesMax = 32;

// "host:port" or a ws(s):// URL as people write it, to the URL of a client listener; undefined if it is neither.
export function urlOf(address) {
    const scheme = location.protocol === 'https:' ? 'wss://' : 'ws://';
    try {
        const url = new URL(address.includes('://') ? address : scheme + address);
        if (!/^wss?:$/.test(url.protocol) || !url.hostname) return undefined;
        if (url.pathname === '/') url.pathname = '/connection/websocket';
        url.hash = '';
        return url.href;
    } catch {
        return undefined;
    }
}
// Of the node that this page came from, also behind a proxy that gives it a folder.
export const ownUrl = () => new URL('connection/websocket', location.href).href.replace(/^http/, 'ws');
export const hostOf = (url) => new URL(url).host;

class Refused extends Error {
    constructor({ code = 0, message = '', temporary = false }) {
        super(message);
        Object.assign(this, { code, temporary });
    }
}

export class Connection {
    #identity; #socket; #timer; #pingTimer; #answersPings; #pingEvery = 0;
    #waiting = new Map();
    #lastId = 0;
    #at = 0;          // which of `urls` is tried
    #failures = 0;    // in a row
    #since = 0;

    // `heard.state({is, url, ...})`: connecting | connected (node, client, user, channels
    // that the node subscribed to) | waiting (why, pause) | ended (why).
    // `heard.push(push)`: what nobody asked for.
    constructor(urls, heard) {
        this.urls = urls.slice(0, addressesMax);
        this.heard = heard;
        this.state = { is: 'ended', why: '' };
    }
    get isOpen() { return this.state.is === 'connected'; }

    start(identity) {
        this.#identity = identity;
        this.#failures = 0;
        this.#dial();
    }
    stop(why = '') {
        this.#drop('the connection was ended here');
        this.#say({ is: 'ended', why });
    }
    // Not after the pause, but now.
    retry() {
        if (this.state.is === 'waiting') this.#dial();
    }
    // Whether the address is one; known ones are not kept twice.
    add(address) {
        const url = urlOf(address);
        if (url && !this.urls.includes(url) && this.urls.length < addressesMax) this.urls.push(url);
        return url !== undefined;
    }

    // The result of a command; throws with the node's code, or 0 if it was not answered.
    call(name, body) {
        if (!this.isOpen) return Promise.reject(new Refused({ message: 'not connected' }));
        return this.#ask(name, body);
    }
    async rpc(method, data) { return (await this.call('rpc', { method, data })).data; }

    #ask(name, body) {
        if (this.#waiting.size >= callsMax) return Promise.reject(new Refused({ message: 'too much waits for an answer' }));
        const id = ++this.#lastId;
        return new Promise((answered, refused) => {
            const timer = setTimeout(() => {
                this.#waiting.delete(id);
                refused(new Refused({ message: 'no answer in time' }));
            }, answerWithin);
            this.#waiting.set(id, { answered, refused, timer, name });
            this.#socket.send(JSON.stringify({ id, [name]: body }));
        });
    }
    #say(state) {
        this.state = state;
        this.heard.state(state);
    }

    #dial() {
        clearTimeout(this.#timer);
        const url = this.urls[this.#at %= this.urls.length];
        this.#say({ is: 'connecting', url });
        let socket;
        try {
            socket = new WebSocket(url);
        } catch (error) {
            return this.#lost(url, error.message);
        }
        this.#socket = socket;
        this.#answersPings = false;
        this.#timer = setTimeout(() => this.#lost(url, 'it does not answer'), openWithin);
        socket.onopen = () => this.#introduce(url);
        socket.onmessage = ({ data }) => this.#read(data, url);
        socket.onclose = ({ code, reason }) => this.#closed(url, code, reason);
    }
    async #introduce(url) {
        const { user, token } = this.#identity;
        try {
            const result = await this.#ask('connect', { ...(token ? { token } : { data: { user } }), name: 'page' });
            clearTimeout(this.#timer);
            this.#since = performance.now();
            this.#answersPings = result.pong === true;
            this.#pingEvery = (result.ping ?? 0) * 1_000;
            this.#expectPing(url);
            const subscribed = Object.keys(result.subs ?? {});
            const me = subscribed.find((channel) => channel.startsWith('#'))?.slice(1) ?? '';
            const channels = subscribed.filter((channel) => !/^[#$]/.test(channel));
            this.#say({ is: 'connected', url, node: result.node, client: result.client, user: me, channels });
        } catch (error) {
            if (!(error instanceof Refused)) throw error;
            if (error.code === 109) this.stop('The token has expired: get a new one.');
            else if (error.code && !error.temporary) this.stop(`The node refuses you: ${error.message} (${error.code}).`);
            else if (this.#socket) this.#lost(url, error.message);
        }
    }
    #read(text, url) {
        if (this.#pingEvery) this.#expectPing(url);
        for (const line of text.split('\n')) {
            if (line === '') continue;
            const reply = JSON.parse(line);
            if (reply.id) this.#answer(reply);
            else if (reply.push) this.heard.push(reply.push);
            else if (this.#answersPings) this.#socket.send('{}');
        }
    }
    #answer({ id, error, ...result }) {
        const call = this.#waiting.get(id);
        if (!call) return;
        clearTimeout(call.timer);
        this.#waiting.delete(id);
        if (error) call.refused(new Refused(error));
        else call.answered(result[call.name] ?? {});
    }
    #expectPing(url) {
        clearTimeout(this.#pingTimer);
        if (this.#pingEvery) this.#pingTimer = setTimeout(() => this.#lost(url, 'it fell silent'), this.#pingEvery + pingLate);
    }

    #closed(url, code, reason) {
        const words = reason || (this.isOpen ? 'the connection broke' : 'it does not answer, or not to this page');
        if (code >= 3500 && code < 4000) this.stop(`The node refuses you: ${words} (${code}).`);
        else this.#lost(url, code >= 3000 ? `${words} (${code})` : words);
    }
    // The next node is tried after a pause of half to all of its time, so that not everybody comes at once.
    #lost(url, why) {
        this.#drop('the connection was lost');
        if (this.#since && performance.now() - this.#since > provenAfter) this.#failures = 0;
        this.#since = 0;
        const round = Math.floor(this.#failures++ / this.urls.length);
        const pause = Math.min(longestPause, firstPause * 2 ** round) * (0.5 + Math.random() / 2);
        this.#at = (this.#at + 1) % this.urls.length;
        this.#timer = setTimeout(() => this.#dial(), pause);
        this.#say({ is: 'waiting', url: this.urls[this.#at], lost: url, why, pause });
    }
    #drop(why) {
        clearTimeout(this.#timer);
        clearTimeout(this.#pingTimer);
        this.#pingEvery = 0;
        const socket = this.#socket;
        this.#socket = undefined;
        if (socket) {
            socket.onopen = socket.onmessage = socket.onclose = null;
            socket.close();
        }
        for (const { refused, timer } of this.#waiting.values()) {
            clearTimeout(timer);
            refused(new Refused({ message: why }));
        }
        this.#waiting.clear();
    }
}

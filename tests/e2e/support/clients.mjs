// A person with an application: the Centrifuge SDK, in JSON or Protobuf, behind what may be a load balancer.
import { JsonCentrifuge, ProtobufCentrifuge, WebSocket } from './packages.mjs';
import { until, within } from './until.mjs';

// A load balancer as far as one client can tell: each attempt goes to the next node, and `chosen` hears which and by what socket.
function balanced(nodes, chosen) {
    let attempts = 0;
    return class extends WebSocket {
        constructor(_, subprotocols) {
            const node = nodes[attempts++ % nodes.length];
            super(node.url, subprotocols, node.socketOptions);
            chosen(node.name, this);
        }
    };
}

const asJson = { write: (value) => value, read: (value) => value };
const asBytes = { write: (value) => new TextEncoder().encode(JSON.stringify(value)), read: (bytes) => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) };

export class Client {
    // `nodes`: one, or several to be balanced over. Everything received is in `messages`, in order.
    // `acknowledges`: tells the node of each message that is to be acknowledged. `timeout`: for an answer, in ms. `sdk`: more
    // for the SDK; who has a token there is who that says, not `user`.
    constructor(nodes, user, { protobuf = false, acknowledges = false, timeout = 5_000, sdk = {} } = {}) {
        this.user = user;
        this.messages = [];
        this.node = undefined;   // the name of the one it is on, or tries
        this.socket = undefined; // to it
        this.lost = [];          // codes of connections lost, in order
        this.payload = protobuf ? asBytes : asJson;
        this.acknowledges = acknowledges;
        const Sdk = protobuf ? ProtobufCentrifuge : JsonCentrifuge;
        this.sdk = new Sdk('ws://balancer.invalid/', {
            websocket: balanced([nodes].flat(), (name, socket) => { this.node = name; this.socket = socket; }), minReconnectDelay: 50, maxReconnectDelay: 500, timeout,
            ...('token' in sdk || 'getToken' in sdk ? {} : { data: this.payload.write(user === undefined ? {} : { user }) }), ...sdk,
        });
        this.sdk.on('publication', (message) => this.keep(message));
        this.sdk.on('connected', ({ client }) => { this.id = client; });
        this.sdk.on('connecting', ({ code }) => { if (code >= 3000) this.lost.push(code); });
        this.sdk.on('disconnected', ({ code }) => { if (code >= 3000) this.lost.push(code); });
        this.sdk.on('error', () => {});
    }
    keep({ channel, data, info, tags }) {
        const id = tags?.message_id;
        const message = { channel, data: this.payload.read(data), from: info?.user, client: info?.client, id };
        // Protobuf has empty bytes for none.
        for (const name of ['connInfo', 'chanInfo']) if (info?.[name]?.length !== 0 && info?.[name]) message[name] = this.payload.read(info[name]);
        this.messages.push(message);
        if (id && this.acknowledges) this.acknowledge(id).catch(() => {});
    }
    acknowledge(id) { return this.rpc('ack', { id }); }

    async connect() {
        this.sdk.connect();
        await within(`${this.user} to connect`, this.sdk.ready());
        return this;
    }
    get isConnected() { return this.sdk.state === 'connected'; }
    close() { this.sdk.disconnect(); }

    // Throws the SDK's error, with its code, if the node refuses.
    async subscribe(channel, more = {}) {
        const before = this.sdk.getSubscription(channel);
        if (before) this.sdk.removeSubscription(before);
        const subscription = this.sdk.newSubscription(channel, { minResubscribeDelay: 50, maxResubscribeDelay: 500, ...more });
        subscription.on('publication', (message) => this.keep(message));
        await within(`${this.user} to subscribe to ${channel}`, new Promise((subscribed, refused) => {
            subscription.on('subscribed', subscribed);
            subscription.on('unsubscribed', ({ code, reason }) => refused(Object.assign(new Error(reason), { code })));
            subscription.subscribe();
        }));
        return this;
    }
    publish(channel, data) { return this.sdk.publish(channel, this.payload.write(data)); }
    async rpc(method, data = {}) { return this.payload.read((await this.sdk.rpc(method, this.payload.write(data))).data); }
    // The receipt of a message to one user, or to several.
    async send(to, data, options = {}) { return this.rpc('send', { to, data, wait: 'node', ...options }); }
    async status(...users) { return (await this.rpc('user_status', { users })).users; }

    received(channel) { return this.messages.filter((message) => message.channel === channel).map((message) => message.data); }
    // The message in `channel` that carries `data`, once it is there.
    hears(channel, data) {
        const wanted = JSON.stringify(data);
        return until(`${this.user} to receive ${wanted} in ${channel}`, () =>
            this.messages.find((message) => message.channel === channel && JSON.stringify(message.data) === wanted), { every: 2 });
    }
}

// That `wanted` is refused with `code`: for assert.rejects.
export const withCode = (code) => (error) => error.code === code || new Error(`code ${error.code} (${error.message}) instead of ${code}`);

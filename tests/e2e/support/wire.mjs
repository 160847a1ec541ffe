// What goes over the wires, written by hand: for clients and peers that do not behave.
import { connect } from 'node:net';
import { addressOf } from './http.mjs';
import { WebSocket } from './packages.mjs';
import { until, within } from './until.mjs';

// ---- Protobuf
export function varint(value) {
    const bytes = [];
    for (let rest = BigInt(value); ; rest >>= 7n) {
        if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
        bytes.push(Number(rest & 127n) | 128);
    }
}
const tag = (field, kind) => varint(field * 8 + kind);
export const number = (field, value) => Buffer.concat([tag(field, 0), varint(value)]);
export const bytes = (field, value) => { const body = Buffer.from(value); return Buffer.concat([tag(field, 2), varint(body.length), body]); };
export const fixed64 = (field, value) => { const body = Buffer.alloc(8); body.writeBigUInt64LE(BigInt(value)); return Buffer.concat([tag(field, 1), body]); };
export const message = (field, ...parts) => bytes(field, Buffer.concat(parts));

// Commands of a Protobuf client, as proto/client.proto numbers them.
const command = (id, field, ...parts) => { const body = Buffer.concat([number(1, id), message(field, ...parts)]); return Buffer.concat([varint(body.length), body]); };
export const protobufConnect = (user) => command(1, 4, bytes(2, JSON.stringify({ user })));
export const protobufPublish = (id, channel, data) => command(id, 7, bytes(1, channel), bytes(2, data));

// ---- A client of one WebSocket that says what it is told to say.
export class RawClient {
    static async open(node, { subprotocols = [], path = '/connection/websocket', ...options } = {}) {
        const raw = new RawClient();
        raw.texts = [];       // JSON values, in order
        raw.frames = [];      // bytes of binary frames
        raw.textFrames = 0;
        raw.socket = new WebSocket(`ws://${node.client}${path}`, subprotocols, { perMessageDeflate: false, ...options });
        raw.closed = new Promise((closed) => raw.socket.on('close', (code, reason) => closed({ code, reason: reason.toString() })));
        raw.socket.on('error', () => {});
        raw.socket.on('message', (data, isBinary) => {
            if (isBinary) { raw.frames.push(data); return; }
            ++raw.textFrames;
            raw.texts.push(...data.toString().split('\n').filter((line) => line).map((line) => JSON.parse(line)));
        });
        await within('the WebSocket to open', new Promise((opened, failed) => { raw.socket.once('open', opened); raw.socket.once('error', failed); }));
        return raw;
    }
    static async connected(node, user) {
        const raw = await RawClient.open(node);
        await raw.ask({ id: 1, connect: { data: { user } } });
        return raw;
    }
    // Text and bytes as they are, anything else as JSON.
    say(what) { this.socket.send(typeof what === 'string' || Buffer.isBuffer(what) ? what : JSON.stringify(what)); }
    // The reply to a command.
    async ask(asked) {
        this.say(asked);
        return until(`a reply to ${JSON.stringify(asked).slice(0, 100)}`, () => this.texts.find((reply) => reply.id === asked.id), { every: 2 });
    }
    ends(limit) { return within('the node to close', this.closed, limit); }
    close() { this.socket.terminate(); }
}

// ---- A TCP connection that writes what it is given.
export class RawSocket {
    constructor(at) {
        this.received = Buffer.alloc(0);
        this.socket = connect(addressOf(at));
        this.socket.on('data', (data) => { this.received = Buffer.concat([this.received, data]); });
        this.socket.on('error', (error) => { this.error = error; });
        this.ended = new Promise((ended) => { this.socket.on('end', ended); this.socket.on('close', ended); });
    }
    get text() { return this.received.toString('latin1'); }
    say(...parts) { this.socket.write(Buffer.concat(parts.map((part) => Buffer.from(part)))); return this; }
    hears(pattern) { return until(`an answer like ${pattern}`, () => pattern.exec(this.text)); }
    // Everything it was told, once the node has ended the connection.
    async answer(limit) { await within('the node to end the connection', this.ended, limit); this.socket.destroy(); return this.text; }
    close() { this.socket.destroy(); }

    // Upgraded to a WebSocket, correctly; what follows is up to the test.
    static async upgraded(at, path, headers = {}) {
        const raw = new RawSocket(at);
        const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');
        raw.say(`GET ${path} HTTP/1.1\r\nHost: ${at}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${more}\r\n`);
        await raw.hears(/^HTTP\/1\.1 101 [^]*\r\n\r\n/);
        raw.received = raw.received.subarray(raw.received.indexOf('\r\n\r\n') + 4);
        return raw;
    }
}

// One WebSocket frame as a client sends it, masked with zeros. `announced`: a length other than the true one.
export function frame(opcode, payload, { announced = payload.length } = {}) {
    const head = Buffer.alloc(14);
    head[0] = 0x80 | opcode;
    let size = 2;
    if (announced < 126) head[1] = announced;
    else if (announced < 65536) { head[1] = 126; head.writeUInt16BE(announced, 2); size = 4; }
    else { head[1] = 127; head.writeBigUInt64BE(BigInt(announced), 2); size = 10; }
    head[1] |= 0x80;
    return Buffer.concat([head.subarray(0, size + 4), Buffer.from(payload)]);
}

// Frames as the node sends them, unmasked: [{opcode, payload}]. The last may be cut off, even in its head.
export function framesOf(received) {
    const frames = [];
    for (let at = 0; at + 2 <= received.length;) {
        const short = received[at + 1] & 127;
        const start = at + 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
        if (start > received.length) break;
        const length = short === 126 ? received.readUInt16BE(at + 2) : short === 127 ? Number(received.readBigUInt64BE(at + 2)) : short;
        frames.push({ opcode: received[at] & 15, payload: received.subarray(start, start + length) });
        at = start + length;
    }
    return frames;
}

// The code of the close frame among what the node sent; undefined if it sent none.
export function closeCodeOf(received) {
    const close = framesOf(received).find(({ opcode }) => opcode === 8);
    return close && close.payload.length >= 2 ? close.payload.readUInt16BE(0) : undefined;
}

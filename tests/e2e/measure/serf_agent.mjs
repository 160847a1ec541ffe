// One agent of Serf (Debian: serf), and its RPC protocol as far as measuring needs it: MessagePack over TCP, a head before each body.
import { spawn, spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { until, within } from '../support/until.mjs';

export function serfVersion() {
    const { error, stdout } = spawnSync('serf', ['version'], { encoding: 'utf8' });
    if (error) throw new Error('this part compares with Serf, which is not here: scripts/install measure (Debian package serf), or leave out the part `serf`');
    return stdout.split('\n')[0];
}

// ---- MessagePack
function packed(value) {
    if (typeof value === 'boolean') return Buffer.from([value ? 0xc3 : 0xc2]);
    if (typeof value === 'number') { const all = Buffer.alloc(5, 0xce); all.writeUInt32BE(value, 1); return all; }
    if (typeof value === 'string') { const text = Buffer.from(value); const head = Buffer.alloc(3, 0xda); head.writeUInt16BE(text.length, 1); return Buffer.concat([head, text]); }
    const entries = Object.entries(value);
    return Buffer.concat([Buffer.from([0x80 | entries.length]), ...entries.flatMap(([key, one]) => [packed(key), packed(one)])]);
}

// Reads values one by one; throws RangeError where they are cut off.
class Unpacking {
    constructor(bytes) { Object.assign(this, { bytes, at: 0 }); }
    number(size) { this.at += size; return this.bytes.readUIntBE(this.at - size, size); }
    text(size) { this.need(size); this.at += size; return this.bytes.toString('latin1', this.at - size, this.at); }
    need(size) { if (this.at + size > this.bytes.length) throw new RangeError('cut off'); }
    list(size) { return Array.from({ length: size }, () => this.value()); }
    map(size) { return Object.fromEntries(Array.from({ length: size }, () => [this.value(), this.value()])); }
    value() {
        const type = this.number(1);
        if (type < 0x80) return type;
        if (type < 0x90) return this.map(type & 15);
        if (type < 0xa0) return this.list(type & 15);
        if (type < 0xc0) return this.text(type & 31);
        if (type >= 0xe0) return type - 256;
        const read = {
            0xc0: () => null, 0xc2: () => false, 0xc3: () => true,
            0xc4: () => this.text(this.number(1)), 0xc5: () => this.text(this.number(2)),
            0xcc: () => this.number(1), 0xcd: () => this.number(2), 0xce: () => this.number(4), 0xcf: () => this.number(4) * 2 ** 32 + this.number(4),
            0xd0: () => this.number(1), 0xd1: () => this.number(2), 0xd2: () => this.number(4), 0xd3: () => this.number(4) * 2 ** 32 + this.number(4),
            0xd9: () => this.text(this.number(1)), 0xda: () => this.text(this.number(2)), 0xdb: () => this.text(this.number(4)),
            0xdc: () => this.list(this.number(2)), 0xde: () => this.map(this.number(2)),
        }[type];
        if (!read) throw new Error(`Serf answered with MessagePack type ${type}, which is not known here`);
        return read();
    }
}

// ---- RPC
const withBody = new Set(['members-filtered']);

class Rpc {
    static async to(address) {
        const rpc = new Rpc();
        const [host, port] = address.split(':');
        rpc.socket = connect(Number(port), host);
        rpc.socket.setNoDelay(true);
        Object.assign(rpc, { rest: Buffer.alloc(0), seq: 0, waiting: new Map(), heard: () => {} });
        rpc.socket.on('data', (data) => rpc.read(data));
        rpc.socket.on('error', () => {});
        await within('the RPC connection of Serf', new Promise((open, failed) => { rpc.socket.once('connect', open); rpc.socket.once('error', failed); }));
        await rpc.ask('handshake', { Version: 1 });
        return rpc;
    }
    read(data) {
        this.rest = Buffer.concat([this.rest, data]);
        for (;;) {
            const reading = new Unpacking(this.rest);
            let head, body;
            try {
                head = reading.value();
                if (head.Seq === this.stream || (!head.Error && withBody.has(this.waiting.get(head.Seq)?.command))) body = reading.value();
            } catch (error) {
                if (error instanceof RangeError) return;
                throw error;
            }
            this.rest = this.rest.subarray(reading.at);
            if (head.Seq === this.stream) { this.heard(body); continue; }
            const { answered } = this.waiting.get(head.Seq) ?? {};
            if (!answered) continue;    // an agent that leaves says so twice
            this.waiting.delete(head.Seq);
            answered(head.Error ? Promise.reject(new Error(`Serf: ${head.Error}`)) : body);
        }
    }
    ask(command, body) {
        const Seq = ++this.seq;
        const answer = new Promise((answered) => this.waiting.set(Seq, { command, answered }));
        this.socket.write(Buffer.concat([packed({ Command: command, Seq }), packed(body)]));
        return answer;
    }
    // From now on `heard` is given each user event, as it comes.
    async listen(heard) {
        this.heard = heard;
        const asked = this.ask('stream', { Type: 'user' });
        const seq = this.seq;
        await asked;
        this.stream = seq;
    }
    close() { this.socket.destroy(); }
}

// ---- an agent
const running = new Set();
process.on('exit', () => { for (const child of running) child.kill('SIGKILL'); });

export class SerfAgent {
    constructor(number, { join, profile }) {
        Object.assign(this, { name: `n${number}`, host: `127.0.1.${number}`, join, profile });
    }
    get bind() { return `${this.host}:17946`; }
    // A process; `ready` ends when it answers.
    spawn() {
        const words = ['agent', `-node=${this.name}`, `-bind=${this.bind}`, `-rpc-addr=${this.host}:17373`, `-profile=${this.profile}`, '-log-level=err', ...(this.join ? [`-join=${this.join}`] : [])];
        this.child = spawn('setpriv', ['--pdeathsig', 'KILL', 'serf', ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
        this.log = '';
        for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (data) => { this.log += data; });
        running.add(this.child);
        this.exited = new Promise((ended) => this.child.once('close', () => { running.delete(this.child); ended(); }));
    }
    async ready() {
        this.rpc = await until(`the Serf agent ${this.name} to answer`, () => Rpc.to(`${this.host}:17373`), { every: 5 });
        return this;
    }
    async start() { this.spawn(); return this.ready(); }
    async kill() { this.rpc?.close(); this.child.kill('SIGKILL'); this.child.kill('SIGCONT'); await this.exited; }

    // What it holds of others: { n1: {Status: 'alive' | 'failed' | 'left', Tags: {...}}, ... }
    async members(name = '') {
        const { Members } = await this.rpc.ask('members-filtered', name ? { Name: `^${name}$` } : {});
        return Object.fromEntries(Members.map((member) => [member.Name, member]));
    }
    tag(value) { return this.rpc.ask('tags', { Tags: { round: value } }); }
    event(name) { return this.rpc.ask('event', { Name: name, Payload: '', Coalesce: false }); }
}

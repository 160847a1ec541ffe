// A TCP proxy that is as bad as the test wants: it delays, stalls, half-closes, resets in the middle of what is said, or drips.
// What it is told holds for connections that are there and those to come.
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { addressOf } from './http.mjs';

const ways = ['there', 'back'];    // from who dialled, and to it

// One direction of a connection: everything read is carried in order, by the rules of the proxy at that time.
class Carrier {
    constructor(proxy, from, to) {
        Object.assign(this, { proxy, from, to, waiting: [], isCarrying: false });
        from.on('data', (bytes) => this.take({ bytes, at: performance.now() }));
        from.on('end', () => this.take({ at: performance.now() }));
    }
    take(piece) {
        this.waiting.push(piece);
        if (this.waiting.length > 16) this.from.pause();    // what is not carried stays with its sender
        this.carry();
    }
    async carry() {
        if (this.isCarrying) return;
        this.isCarrying = true;
        while (this.waiting.length && !this.to.destroyed) {
            const { proxy } = this;
            await proxy.moves;
            const [{ bytes, at }] = this.waiting;
            const early = at + proxy.delay - performance.now();
            if (early > 0) { await pause(early); continue; }
            this.waiting.shift();
            if (this.to.writableEnded) continue;    // half closed before
            if (bytes === undefined) this.to.end();
            else if (proxy.cut?.isDone === false && bytes.length >= proxy.cut.atLeast) return this.reset(bytes);
            else await this.write(bytes, proxy.drips ? 1 : bytes.length);
            if (this.waiting.length === 0) this.from.resume();
        }
        this.isCarrying = false;
    }
    async write(bytes, step) {
        for (let at = 0; at < bytes.length && !this.to.destroyed; at += step) {
            this.proxy.dripped += step === 1 ? 1 : 0;
            await new Promise((written) => this.to.write(bytes.subarray(at, at + step), written));
        }
    }
    // A part of it, and then the connection is gone for both ends.
    async reset(bytes) {
        this.proxy.cut.isDone = true;
        await this.write(bytes.subarray(0, bytes.length / 2), bytes.length);
        this.from.resetAndDestroy();
        this.to.resetAndDestroy();
    }
}

export class Proxy {
    // Where it listens is `address`; where it leads may be said later.
    static async open(host = '127.0.0.1') {
        const proxy = new Proxy();
        proxy.server = createServer({ allowHalfOpen: true, noDelay: true }, (dialled) => proxy.accept(dialled)).listen(0, host);
        await new Promise((listening) => proxy.server.once('listening', listening));
        proxy.address = `${host}:${proxy.server.address().port}`;
        return proxy;
    }
    constructor() {
        Object.assign(this, { target: undefined, delay: 0, drips: false, cut: undefined, dripped: 0, accepted: 0, moves: undefined, pairs: new Set() });
    }
    accept(dialled) {
        this.accepted += 1;
        const onward = connect({ ...addressOf(this.target), allowHalfOpen: true, noDelay: true });
        const pair = { there: new Carrier(this, dialled, onward), back: new Carrier(this, onward, dialled) };
        this.pairs.add(pair);
        for (const [socket, other] of [[dialled, onward], [onward, dialled]]) {
            socket.on('error', () => other.destroy());
            socket.on('close', (hadError) => { if (hadError || other.readableEnded) other.destroy(); this.pairs.delete(pair); });
        }
    }
    // Accepts and carries nothing until `flow`.
    stall() { this.moves = new Promise((flow) => { this.flow = flow; }); }
    goOn() { this.flow(); this.moves = undefined; }
    // Tells the end that `way` leads to, of all connections, that the other has nothing more to say; the other way goes on.
    halfClose(way) { for (const pair of this.pairs) pair[way].to.end(); }
    // `cut`, {atLeast, isDone: false}: the connection with the next piece that has at least so many bytes is reset in its middle.
    resets(cut) { this.cut = cut; }
    close() {
        this.server.close();
        for (const pair of this.pairs) for (const way of ways) pair[way].from.destroy();
        if (this.moves) this.goOn();
    }
}

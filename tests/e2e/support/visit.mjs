// One connection of one device to one node, from the attempt to its end, noted in a history for the judge of deliveries.
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from './clients.mjs';

export const now = () => performance.now();
const patience = { open: 2_000, close: 50 };    // with a node that does not answer

export class Visit {
    // Returns once it is open, or is over: see `isOpen`.
    static async open(node, { user, device = user, protobuf }, connections) {
        const visit = new Visit();
        const { record, client } = Object.assign(visit, {
            node, client: new Client(node, user, { protobuf, timeout: 30_000 }),
            record: { user, device, node: node.name, attempted: now(), opened: undefined, closed: undefined, got: [] } });
        connections.push(record);
        client.sdk.on('connected', () => { record.opened = now(); });
        client.sdk.on('publication', ({ data }) => {
            const { stream, number } = client.payload.read(data);
            record.got.push({ stream, number, at: now() });
        });
        client.sdk.connect();
        visit.ended = new Promise((ended) => client.socket.once('close', () => { visit.close(); ended(); }));
        for (const event of ['connecting', 'disconnected']) client.sdk.on(event, () => { record.closed ??= now(); });
        await Promise.race([client.sdk.ready(patience.open).catch(() => {}), visit.ended]);
        if (record.opened === undefined) await visit.leave();
        return visit;
    }
    get isOpen() { return this.record.opened !== undefined && this.record.closed === undefined; }
    close() {
        this.record.closed ??= now();
        this.client.close();
    }
    // Returns when the node has closed it too, or does not answer.
    async leave() {
        this.close();
        const waiting = new AbortController();
        pause(patience.close, undefined, { signal: waiting.signal }).then(() => this.client.socket.terminate(), () => {});
        await this.ended;
        waiting.abort();
    }
}

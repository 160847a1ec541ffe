// Asks one node about users as fast as it answers: one `user_status` after the other on one WebSocket. What it says is
// at most one round trip late, and it measures that.
import { RawClient } from '../support/wire.mjs';
import { within } from '../support/until.mjs';

export class Watcher {
    static async on(node) {
        const watcher = new Watcher();
        watcher.raw = await RawClient.open(node);
        watcher.raw.socket.removeAllListeners('message');
        watcher.raw.socket.on('message', (data) => {
            for (const line of data.toString().split('\n')) watcher.heard(line);
        });
        watcher.lastId = 0;
        watcher.roundTrips = [];
        await watcher.command({ connect: {} });
        return watcher;
    }
    heard(line) {
        const reply = JSON.parse(line);
        if (reply.id) this.answered(reply);
        else if (Object.keys(reply).length === 0) this.raw.say('{}');
    }
    async command(asked) {
        const answer = new Promise((answered) => { this.answered = answered; });
        const start = performance.now();
        this.raw.say({ id: ++this.lastId, ...asked });
        const reply = await answer;
        this.roundTrips.push(performance.now() - start);
        return reply;
    }
    async online(users) {
        const { rpc } = await this.command({ rpc: { method: 'user_status', data: { users } } });
        return users.filter((user) => rpc.data.users[user].online).length;
    }
    // The time at which exactly `count` of `users` were online.
    sees(users, count) {
        const look = async () => {
            while (await this.online(users) !== count);
            return performance.now();
        };
        return within(`${count} of ${users.length} users to be online`, look(), 60_000);
    }
    close() { this.raw.close(); }
}

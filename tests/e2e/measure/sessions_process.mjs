// A process of many idle clients, started by memory.mjs: connects `count` users to `client`, each with a browser's
// request headers and one subscription, says so, and keeps them until it is told to end.
import { connect } from 'node:net';
import { addressOf } from '../support/http.mjs';
import { frame } from '../support/wire.mjs';

const [at, first, count] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const inFlight = 50, peoplePerChannel = 10;

const headers = [
    `Host: ${at}`, 'Connection: Upgrade', 'Pragma: no-cache', 'Cache-Control: no-cache',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
    'Upgrade: websocket', `Origin: http://${at}`, 'Sec-WebSocket-Version: 13', 'Accept-Encoding: gzip, deflate, br, zstd',
    'Accept-Language: en-GB,en;q=0.9,de;q=0.8,fr;q=0.7', `Cookie: session=${'0123456789abcdef'.repeat(16)}; preferences=${'theme-dark.'.repeat(20)}`,
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits'];
const request = `GET /connection/websocket HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`;

function open(number) {
    return new Promise((opened, failed) => {
        const socket = connect(addressOf(at));
        let heard = '', upgraded = false;
        socket.on('error', failed);
        socket.on('close', () => failed(new Error(`session ${number} was closed: ${heard.slice(-200)}`)));
        socket.on('connect', () => socket.write(request));
        socket.on('data', (data) => {
            if (heard === undefined) return socket.write(frame(1, '{}'));    // all that comes now are pings
            heard += data.toString('latin1');
            if (!upgraded && heard.includes('\r\n\r\n')) {
                upgraded = true;
                socket.write(frame(1, JSON.stringify({ id: 1, connect: { data: { user: `user-${number}` } } })));
                socket.write(frame(1, JSON.stringify({ id: 2, subscribe: { channel: `room:${Math.floor(number / peoplePerChannel)}` } })));
            }
            if (heard.includes('"subscribe":{}')) { heard = undefined; opened(); }
        });
    });
}

const size = Buffer.byteLength(request);
let next = first;
await Promise.all(Array.from({ length: inFlight }, async () => {
    while (next < first + count) await open(next++);
}));
process.send({ opened: count, requestBytes: size });
process.on('disconnect', () => process.exit(0));

// What the program's own clients are tried against: a WebSocket server that says what the test wants.
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import { http } from './http.mjs';
import { WebSocketServer } from './packages.mjs';

// A node as far as one client can tell. `on(command, reply, socket)` may answer; what it leaves is accepted.
// With `pagesOf`, a real node, it shows the pages of that one.
export async function scriptedNode(name, on = () => false, { pagesOf } = {}) {
    const pages = createServer(async (request, response) => {
        const { status, headers, text } = pagesOf ? await http(pagesOf.client, request.method, request.url) : { status: 404 };
        response.writeHead(status, headers).end(text);
    });
    const server = new WebSocketServer({ server: pages });
    await new Promise((listening) => pages.listen(0, '127.0.0.1', listening));
    const node = { requests: [], commands: [], pongs: 0, closeCodes: [], sockets: new Set(), events: new EventEmitter() };
    node.untilClosed = async (times) => { while (node.closeCodes.length < times) await once(node.events, 'closed'); return node.closeCodes; };
    node.url = `ws://127.0.0.1:${pages.address().port}/connection/websocket`;
    node.client = `127.0.0.1:${pages.address().port}`;
    node.stop = () => { for (const socket of node.sockets) socket.terminate(); server.close(); pages.close(); pages.closeAllConnections(); };
    server.on('connection', (socket, request) => {
        node.requests.push(request);
        node.sockets.add(socket);
        const reply = (...replies) => socket.send(replies.map((value) => JSON.stringify(value)).join('\n'));
        socket.on('close', (code) => { node.closeCodes.push(code); node.sockets.delete(socket); node.events.emit('closed'); });
        socket.on('message', (message) => {
            for (const line of message.toString().split('\n')) {
                const command = JSON.parse(line);
                if (Object.keys(command).length === 0) { node.pongs += 1; continue; }
                node.commands.push(command);
                if (on(command, reply, socket)) continue;
                if (command.connect) reply({ id: command.id, connect: { client: 'c1', version: '0', ping: 25, pong: true, node: name } });
                else if (command.subscribe) reply({ id: command.id, subscribe: {} });
                else if (command.publish) reply({ id: command.id, publish: {} });
                else if (command.rpc) reply({ id: command.id, rpc: { data: { users: { bob: { online: true, sessions: 2, nodes: ['n1', 'n3'] } } } } });
            }
        });
    });
    return node;
}

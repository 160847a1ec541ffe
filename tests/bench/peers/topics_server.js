// A server of topics, run by Bun: the least that WebSocket clients need to reach each other, so that what is measured is
// the server under it. With a port of Redis, one of several that pass on to each other what is published: each has Redis
// tell it of the topics that its own clients subscribe to. The client of Redis is Bun's own: from node to node it carried two to
// three times what ioredis 6.0 and redis 6.3 did in the same place, for less than half of the CPU.
//
//   usage: topics_server.js [REDIS_PORT]         prints "listening PORT"
//   S topic   answered with s                    P topic payload   the payload goes to all subscribers
const redisPort = process.argv[2];
const bridge = redisPort && await bridged(`redis://127.0.0.1:${redisPort}`);

async function bridged(url) {
    const [publishing, listening] = [new Bun.RedisClient(url), new Bun.RedisClient(url)];
    await Promise.all([publishing.connect(), listening.connect()]);
    const known = new Map();
    const heard = (payload, topic) => { server.publish(topic, payload); };
    return {
        publish(topic, payload) { publishing.publish(topic, payload).catch(failed); },
        subscribe(topic) {
            if (!known.has(topic)) known.set(topic, listening.subscribe(topic, heard));
            return known.get(topic);
        },
    };
}

function failed(error) {
    console.error(error.message);
    process.exit(1);
}

function subscribe(socket, topic) {
    socket.subscribe(topic);
    if (!bridge) return socket.send('s');
    bridge.subscribe(topic).then(() => socket.send('s'), failed);
}

const publish = bridge ? bridge.publish : (topic, payload) => server.publish(topic, payload);

const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request, self) {
        return self.upgrade(request) ? undefined : new Response('only WebSocket here', { status: 426 });
    },
    websocket: {
        perMessageDeflate: false,
        idleTimeout: 0,
        sendPings: false,
        message(socket, text) {
            if (text.startsWith('P ')) {
                const end = text.indexOf(' ', 2);
                publish(text.slice(2, end), text.slice(end + 1));
            } else if (text.startsWith('S ')) {
                subscribe(socket, text.slice(2));
            } else {
                socket.close(1002, 'neither S nor P');
            }
        },
    },
});
console.log(`listening ${server.port}`);

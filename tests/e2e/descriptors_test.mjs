// Clients can use up the descriptors that a process may open. Links between nodes and operators must keep theirs.
import assert from 'node:assert/strict';
import { createConnection } from 'node:net';
import { onCluster } from './support/cluster.mjs';
import { until } from './support/until.mjs';

const limit = 200;

// Opens a connection that says nothing.
function idler(address) {
    const [host, port] = address.split(':');
    const socket = createConnection({ host, port: Number(port) });
    socket.on('error', () => {});
    return socket;
}

onCluster('a flood of clients leaves the mesh and the operators their descriptors', { size: 1 }, async (cluster) => {
    const flooded = await cluster.start('flooded', { wrapper: ['prlimit', `--nofile=${limit}:${limit}`] });
    await cluster.meshed();
    const idlers = [];
    try {
        for (let i = 0; i < 2 * limit; ++i) idlers.push(idler(flooded.client));
        await until('clients to be turned away', async () => (await flooded.metrics()).of('clients_refused_full_total') > 0);
        assert.equal((await flooded.get('/healthz')).status, 200);
        await cluster.start('late');
        await cluster.meshed();
    } finally {
        for (const socket of idlers) socket.destroy();
    }
});

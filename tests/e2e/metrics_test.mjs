// /metrics as operators use it: what tells how the mesh is, and that Prometheus itself can read it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { onCluster } from './support/cluster.mjs';
import { until } from './support/until.mjs';

// What is watched is there, and moves with the worst of the others.
onCluster('/metrics tells how the mesh is', { size: 2 }, async (cluster) => {
    const [n1, n2] = cluster.nodes;
    const metrics = await n1.metrics();
    for (const key of ['divergences_total', 'suspicions_total', 'refutations_total', 'tunnels', 'tunnels_opened_total', 'copies_denied_total',
        'catchups_asked_total', 'snapshots_begun_total', 'snapshots_applied_total', 'convergence_lag_seconds', 'convergence_pending'])
        assert.ok(Number.isFinite(metrics.of(key)), key);
    const lag = async () => (await n1.metrics()).of('convergence_lag_seconds');
    await until('both tables to have been compared', async () => (await n1.metrics()).of('convergence_pending') === 0);
    await until('heartbeats to compare them', async () => await lag() < 1.2);
    n2.freeze();
    await until('the lag to grow with the silence', async () => await lag() > 2.5);
    n2.thaw();
    await until('the lag to be over', async () => await lag() < 1.2);
});

// Names, types, units and HELP texts as Prometheus wants them, read by its own tool.
onCluster('/metrics passes promtool check metrics', { size: 2 }, async (cluster, t) => {
    await cluster.chats();
    const { text } = await cluster.nodes[0].get('/metrics');
    const { error, status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    if (error?.code === 'ENOENT' && !process.env.CI)
        return t.skip('no promtool here (scripts/install brings it, in Debian\'s package prometheus): /metrics was read only by our own parser');
    assert.ifError(error);
    assert.equal(`${stdout}${stderr}`, '');
    assert.equal(status, 0);
});

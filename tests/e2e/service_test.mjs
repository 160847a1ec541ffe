// The unit and the environment file of docs/examples: systemd takes the one, a node the other.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from './support/dns.mjs';
import { program, run } from './support/grapevine_node.mjs';
import { until, within } from './support/until.mjs';

const example = (file) => readFileSync(new URL(`../../docs/examples/${file}`, import.meta.url), 'utf8');
const analyze = (...words) => spawnSync('systemd-analyze', words, { encoding: 'utf8' });
const hasSystemd = analyze('--version').status === 0;

// `body(dir)` with a folder of its own.
async function inFolder(body) {
    const dir = mkdtempSync(join(tmpdir(), 'grapevine-service-'));
    try {
        await body(dir);
    } finally {
        rmSync(dir, { recursive: true, force: true });
    }
}

test('systemd finds nothing wrong with the unit', { skip: hasSystemd ? false : 'no systemd-analyze here: run scripts/install' }, () => inFolder(async (dir) => {
    const unit = join(dir, 'grapevine.service');
    const text = example('grapevine.service');
    assert.match(text, /^ExecStart=\/usr\/local\/bin\/grapevine node /m);
    writeFileSync(unit, text.replace('/usr/local/bin/grapevine', program));
    const verified = analyze('verify', '--man=no', unit);
    assert.deepEqual([verified.status, verified.stdout + verified.stderr], [0, '']);
    const judged = analyze('security', '--offline=yes', '--threshold=20', '--no-pager', unit);
    assert.equal(judged.status, 0, judged.stdout + judged.stderr);

    // The same way, a mistake is found.
    writeFileSync(unit, text.replace('/usr/local/bin/grapevine', program).replace('Type=exec', 'Type=exact'));
    assert.match(analyze('verify', '--man=no', unit).stderr, /exact/);
}));

test('a node takes the environment file', { timeout: 60_000 }, () => inFolder(async (dir) => {
    const lines = example('node.env').split('\n').filter((line) => line.includes('='));
    const help = run(['node', '--help']);
    await within('the help', help.exited);
    for (const line of lines) {
        const option = /^#?GRAPEVINE_([A-Z_]+)=/.exec(line);
        assert.ok(option, line);
        assert.ok(help.out.includes(`--${option[1].toLowerCase().replaceAll('_', '-')} `), `${line}: no such option`);
    }

    const secret = join(dir, 'secret');
    writeFileSync(secret, 'what all nodes know\n', { mode: 0o600 });
    const [client, mesh, admin] = [await freePort(), await freePort(), await freePort()];
    const env = Object.fromEntries(lines.filter((line) => !line.startsWith('#')).map((line) => line
        .replaceAll('10.0.0.', '127.0.0.').replaceAll(':8000', `:${client}`).replaceAll(':7947', `:${mesh}`).replaceAll(':9000', `:${admin}`).split(/=(.*)/)));
    const node = run(['node', '--secret-file', secret], { env });
    try {
        await until('the node to listen', () => node.out.includes('\n') || node.end !== undefined);
        assert.match(node.out, new RegExp(`client=127.0.0.11:${client} mesh=127.0.0.11:${mesh} admin=127.0.0.11:${admin}\n`), node.log);
    } finally {
        node.child.kill('SIGTERM');
        assert.equal(await within('the node to leave', node.exited), 0);
    }
}));

// `grapevine token` and Node's own crypto read each other's tokens, with every kind of key; and what a node with these keys
// refuses says why.
import assert from 'node:assert/strict';
import { createHmac, createPublicKey, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from './support/grapevine_node.mjs';
import { until, within } from './support/until.mjs';

const folder = mkdtempSync(join(tmpdir(), 'grapevine-token-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const file = (name, text) => { writeFileSync(join(folder, name), text); return join(folder, name); };

async function token(words, input) {
    const life = run(['token', ...words], { input: input === undefined ? 'ignore' : 'pipe' });
    life.child.stdin?.end(input);
    return { code: await within('token to end', life.exited), out: life.out.trim(), log: life.log };
}

const base64url = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const claimsOf = (made) => JSON.parse(Buffer.from(made.split('.')[1], 'base64url'));
const secret = randomBytes(32).toString('hex');
const secretFile = file('hmac', `${secret}\n`);

// How Node signs and checks with each algorithm; `flag` says how the node is told of it.
const pairs = {
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    EdDSA: generateKeyPairSync('ed25519'),
};
const digest = { RS256: 'sha256', ES256: 'sha256', EdDSA: null };
const asJose = (key) => ({ key, dsaEncoding: 'ieee-p1363' });
const made = (alg, claims, header = {}) => {
    const text = `${base64url({ alg, typ: 'JWT', ...header })}.${base64url(claims)}`;
    const signature = alg.startsWith('HS')
        ? createHmac(`sha${alg.slice(2)}`, secret).update(text).digest()
        : sign(digest[alg], Buffer.from(text), asJose(pairs[alg].privateKey));
    return `${text}.${signature.toString('base64url')}`;
};

test('what it makes with a secret, Node verifies', async () => {
    const { code, out } = await token(['--user', 'alice', '--channel', 'news', '--channel', 'chat:lobby', '--info', '{"name": "Alice \\"é\\""}',
        '--expires', '10m', '--audience', 'web', '--issuer', 'shop', '--hmac-secret-file', secretFile]);
    assert.equal(code, 0);
    const [header, claims, signature] = out.split('.');
    assert.equal(createHmac('sha256', secret).update(`${header}.${claims}`).digest('base64url'), signature);
    const { iat, exp, ...said } = claimsOf(out);
    assert.ok(Math.abs(iat - Date.now() / 1000) < 10);
    assert.equal(exp - iat, 600);
    assert.deepEqual(said, { sub: 'alice', aud: 'web', iss: 'shop', channels: ['news', 'chat:lobby'], info: { name: 'Alice "é"' } });
});

test('what it makes with a private key, Node verifies', async () => {
    for (const [alg, { publicKey, privateKey }] of Object.entries(pairs)) {
        const pem = file(`${alg}.private`, privateKey.export({ type: 'pkcs8', format: 'pem' }));
        const { code, out } = await token(['--user', 'alice', '--for-channel', 'news', '--client', 'c-1', '--expires', 'never', '--key-id', 'k1', '--key-file', pem, '--json']);
        assert.equal(code, 0);
        const answer = JSON.parse(out);
        const [header, claims, signature] = answer.token.split('.');
        assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url')), { alg, typ: 'JWT', kid: 'k1' });
        assert.ok(verify(digest[alg], Buffer.from(`${header}.${claims}`), asJose(publicKey), Buffer.from(signature, 'base64url')), alg);
        assert.deepEqual(claimsOf(answer.token), answer.claims);
        const { iat, ...said } = answer.claims;
        assert.deepEqual(said, { sub: 'alice', channel: 'news', client: 'c-1' });
    }
});

test('what Node signs is taken, by each kind of file', async () => {
    const claims = { sub: 'alice', exp: Math.floor(Date.now() / 1000) + 60 };
    for (const alg of ['HS256', 'HS384', 'HS512']) {
        const { code, out, log } = await token(['--check', made(alg, claims), '--hmac-secret-file', secretFile]);
        assert.deepEqual([code, JSON.parse(out)], [0, claims], log);
    }
    const jwks = file('jwks', JSON.stringify({ keys: Object.entries(pairs).map(([alg, { publicKey }]) => ({ ...publicKey.export({ format: 'jwk' }), alg, use: 'sig', kid: alg })) }));
    for (const [alg, { publicKey }] of Object.entries(pairs)) {
        const pem = file(`${alg}.public`, publicKey.export({ type: 'spki', format: 'pem' }));
        assert.equal((await token(['--check', '-', '--key-file', pem], `${made(alg, claims)}\n`)).code, 0, alg);
        assert.equal((await token(['--check', made(alg, claims, { kid: alg }), '--jwks-file', jwks])).code, 0, alg);
        const other = await token(['--check', made(alg, claims, { kid: 'gone' }), '--jwks-file', jwks]);
        assert.equal(other.code, 1);
        assert.match(other.log, /no key here has the name/);
    }
});

test('what is refused says why', async () => {
    const refused = async (made, words, ...more) => {
        const { code, out, log } = await token(['--check', made, '--hmac-secret-file', secretFile, ...more]);
        assert.deepEqual([code, out], [1, ''], made);
        assert.match(log, words);
    };
    const now = Math.floor(Date.now() / 1000);
    await refused('hello', /three parts/);
    await refused(`${base64url({ alg: 'none' })}.${base64url({ sub: 'root' })}.`, /three parts/);
    await refused(`${base64url({ alg: 'none' })}.${base64url({ sub: 'root' })}.AA`, /no "alg" that is allowed/);
    await refused(made('HS256', { sub: 'alice', exp: now - 1 }), /has expired/);
    await refused(made('HS256', { sub: 'alice', exp: Date.now() }), /no number of seconds/);
    await refused(made('HS256', { sub: 'alice', nbf: now + 600 }), /not good yet/);
    await refused(made('HS256', { sub: 'alice', aud: 'app' }), /another audience/, '--audience', 'web');
    await refused(made('HS256', { sub: 'alice', channel: 'news' }), /a subscription's token/);
    await refused(made('HS256', { sub: 'alice', channel: 'news' }), /for another user/, '--for-channel', 'news', '--user', 'bob');
    // The public key is known to everybody, so it must not do as a secret.
    const pem = pairs.RS256.publicKey.export({ type: 'spki', format: 'pem' });
    const text = `${base64url({ alg: 'HS256' })}.${base64url({ sub: 'root' })}`;
    const forged = `${text}.${createHmac('sha256', pem).update(text).digest('base64url')}`;
    const { code, log } = await token(['--check', forged, '--key-file', file('rsa.pem', pem)]);
    assert.equal(code, 1);
    assert.match(log, /no key here is for the algorithm/);
    assert.equal(createPublicKey(pem).asymmetricKeyType, 'rsa');
});

test('a node with a key may listen for everybody, and reads it again', async () => {
    const keys = file('rotating', secret);
    const life = run(['node', '--name', 'n1', '--listen', '0.0.0.0:0', '--mesh-listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0', '--token-hmac-secret-file', keys]);
    await until('the node to listen', () => life.out.includes('listening') || life.end !== undefined);
    assert.equal(life.end, undefined, life.log);
    writeFileSync(keys, 'short');
    await until('the fault in the log', () => life.log.includes('token_keys_refused'));
    assert.match(life.log, /--token-hmac-secret-file '.*rotating': is a secret of 5 bytes.*use 32 or more.*the keys it had before stay/);
    writeFileSync(keys, randomBytes(32).toString('hex'));
    await until('the new key', () => life.log.includes('token_keys_read keys=1'));
    assert.equal(life.log.match(/token_keys_refused/g).length, 1);
    assert.ok(!life.log.includes(secret));
    life.child.kill('SIGTERM');
    assert.equal(await within('the node to end', life.exited), 0);
});

// JSON Web Tokens as a back end makes them, by Node's own crypto.
import { createHmac, sign } from 'node:crypto';

export const base64url = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
export const secondsFromNow = (seconds) => Math.floor(Date.now() / 1000) + seconds;

const signed = (header, claims, signature) => {
    const text = `${base64url(header)}.${base64url(claims)}`;
    return `${text}.${signature(text).toString('base64url')}`;
};
export const withSecret = (secret) => (claims) => signed({ alg: 'HS256', typ: 'JWT' }, claims, (text) => createHmac('sha256', secret).update(text).digest());
// With Ed25519; `kid` names the key in a JWK set.
export const withPair = ({ privateKey }, kid) => (claims) => signed({ alg: 'EdDSA', kid }, claims, (text) => sign(null, Buffer.from(text), privateKey));
export const unsigned = (claims) => `${base64url({ alg: 'none' })}.${base64url(claims)}.`;

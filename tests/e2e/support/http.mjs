// HTTP as tests need it: any Host, any Origin, any body, and to see which connection answered.
import { request } from 'node:http';

export const addressOf = (text) => {
    const colon = text.lastIndexOf(':');
    return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
};

// `at`: "host:port". `body`: text or bytes as they are, anything else as JSON. Without an `agent` each call has its own connection.
export function http(at, method, path, { body, headers = {}, agent = false, within = 5_000 } = {}) {
    const bytes = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    return new Promise((answered, failed) => {
        const call = request({ ...addressOf(at), method, path, headers, agent, timeout: within }, (response) => {
            const chunks = [];
            response.on('data', (chunk) => chunks.push(chunk));
            response.on('error', failed);
            response.on('end', () => {
                const text = Buffer.concat(chunks).toString();
                answered({ status: response.statusCode, headers: response.headers, text, json: () => JSON.parse(text), localPort: call.socket?.localPort });
            });
        });
        call.on('timeout', () => call.destroy(new Error(`no answer within ${within} ms`)));
        call.on('error', failed);
        call.end(bytes);
    });
}

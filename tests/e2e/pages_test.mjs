// The two pages in a real browser: people on two nodes chat, a node is killed and its page goes on at another, and the dashboard
// tells of it; by keyboard alone, on a phone and at a desk, by day and by night. Nothing may be complained of in the console.
import assert from 'node:assert/strict';
import { Browser, faint, overflowing, reads, textOf } from './support/browser.mjs';
import { onCluster } from './support/cluster.mjs';
import { http } from './support/http.mjs';
import { scriptedNode } from './support/scripted_node.mjs';
import { until } from './support/until.mjs';

const phone = { width: 360, height: 740 };
const desk = { width: 1280, height: 800 };

async function inBrowser(body) {
    const browser = await Browser.start();
    try {
        await body(browser);
        assert.deepEqual(browser.problems, []);
    } finally {
        await browser.end();
    }
}
// What the browser itself says of a node that is killed.
const lossOfNode = /ERR_CONNECTION|ERR_EMPTY_RESPONSE|WebSocket connection to/;

const chatOf = (node, others = []) => `http://${node.client}/${others.length ? `?nodes=${others.map(({ client }) => client)}` : ''}`;
async function press(page, ...keys) { for (const key of keys) await page.keyboard.press(key); }
// By keyboard, wherever the focus is. The focus must be seen.
async function tabTo(page, selector) {
    for (let steps = 0; steps < 40; ++steps) {
        await press(page, 'Tab');
        const at = await page.evaluate((wanted) => {
            const element = document.activeElement;
            return { found: element.matches(wanted), name: element.id || element.textContent.trim(), outline: element === document.body ? 'of the browser' : getComputedStyle(element).outlineStyle };
        }, selector);
        assert.notEqual(at.outline, 'none', `the focus on ${at.name} is not seen`);
        if (at.found) return;
    }
    assert.fail(`Tab does not lead to ${selector}`);
}
async function logIn(page, name) {
    await page.keyboard.type(name);      // the field has the focus
    await press(page, 'Enter');
    await reads(page, '#about', /^joined$/);
}
async function say(page, text) {
    await page.focus('#text');
    await page.keyboard.type(text);
    await press(page, 'Enter');
}
async function openChat(page, name) {
    await page.focus('#open-name');
    await page.keyboard.type(name);
    await press(page, 'Enter');
    await reads(page, '#title', new RegExp(`^${name}$`));
}
// No page is wider than its window or hard to read, whatever the window and the time of day.
async function looksWell(page, what) {
    for (const viewport of [phone, desk]) {
        for (const scheme of ['dark', 'light']) {
            await page.setViewport(viewport);
            await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
            const where = `${what}, ${viewport.width} px, ${scheme}`;
            assert.deepEqual(await overflowing(page), [], where);
            assert.deepEqual(await faint(page), [], where);
        }
    }
    return page.evaluate(() => getComputedStyle(document.body).backgroundColor);
}

onCluster('people on two nodes chat in their browsers, and go on when a node is killed', { size: 3 }, (cluster) => inBrowser(async (browser) => {
    const [n1, n2, n3] = cluster.nodes;
    const carl = await cluster.client('carl', n3);     // whose program acknowledges nothing
    await carl.subscribe('chat:lobby');
    const [ann, bob, dashboard] = await Promise.all([
        browser.open(chatOf(n1), { ...phone, dark: true }), browser.open(chatOf(n2, [n3, n1]), desk), browser.open(`http://${n1.admin}/`, desk)]);
    await reads(dashboard, '#alive', /^3 of 3$/);
    await logIn(ann, 'ann');
    await bob.keyboard.type('bob');
    await tabTo(bob, '#login button');
    await press(bob, 'Space');
    await Promise.all([reads(bob, '#connection', /^bob on n2 /), reads(bob, '#about', /^joined$/), reads(ann, '#connection', /^ann on n1 /)]);
    await cluster.settled();

    await say(bob, 'hello from n2');
    await reads(ann, '#log', /hello from n2/);
    const markup = '<img src=x onerror=alert(1)><script>alert(2)</script>';
    await say(ann, markup);
    assert.ok((await reads(bob, '#log', /onerror/)).input.includes(markup));
    await carl.hears('chat:lobby', { text: markup });

    await openChat(bob, '@carl');
    await say(bob, 'tell me later');                   // carl's node waits ten seconds for him
    await openChat(bob, '@nobody');
    await say(bob, 'is anybody there?');
    await openChat(bob, '@ann');
    await say(bob, 'for you alone');
    await reads(bob, '.receipt', /^acknowledged on n1$/);
    await reads(bob, '#about', /^online, n1$/);
    await reads(ann, '#menu', /^Chats \(1 new\)$/);
    await tabTo(ann, '#menu');
    await press(ann, 'Enter');
    await reads(ann, '#people', /bob\n+online, n2/);
    await tabTo(ann, '#conversations li:last-child button');
    await press(ann, 'Enter');
    await reads(ann, '#log', /for you alone/);
    await ann.keyboard.type('answered by keyboard');  // the focus is where one writes
    await press(ann, 'Enter');
    await reads(bob, '#log', /answered by keyboard/);
    await n3.publish('$system', 'maintenance at noon');
    await reads(bob, '#conversations', /Announcements\s+1 new/);
    const [night, day] = [await looksWell(ann, 'chat'), await looksWell(dashboard, 'dashboard')];
    assert.equal(night, day, 'both pages have one theme');
    await ann.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
    assert.notEqual(await ann.evaluate(() => getComputedStyle(document.body).backgroundColor), day, 'the night is not the day');

    await bob.evaluate(() => {
        window.seen = [];
        new MutationObserver(() => window.seen.push(document.getElementById('connection').textContent)).observe(document.getElementById('connection'), { childList: true, characterData: true, subtree: true });
    });
    await openChat(bob, '@carl');
    await reads(bob, '.receipt', /^written to 1 session on n3$/);
    await openChat(bob, '@nobody');
    await reads(bob, '.receipt', /^not connected: it reached nobody$/);
    await openChat(bob, 'chat:lobby');
    browser.allowed = lossOfNode;
    await n2.kill();
    await reads(bob, '#connection', /^bob on n[13] /);
    assert.ok((await bob.evaluate(() => window.seen)).some((text) => text.includes('Reconnecting to ')), 'it says that it reconnects');
    await reads(bob, '#about', /^joined$/);
    await reads(bob, '#log', /Back, on n[13]/);
    await cluster.settled([n1, n3]);
    await say(bob, 'still here');
    await carl.hears('chat:lobby', { text: 'still here' });
    await say(ann, 'good to see you again');
    await openChat(bob, '@ann');
    await reads(bob, '#log', /good to see you again/);
    await looksWell(bob, 'chat after a loss');

    await reads(dashboard, '#alive', /^2 of 3$/);
    await reads(dashboard, '#members tr[data-key="n2"]', /down/);
    assert.equal(await dashboard.$eval('#graph [data-node="n2"]', (node) => node.dataset.state), 'bad');
    await reads(dashboard, '#graph-words', /None to n2 \(down\)/);
    await n1.kill();
    await reads(dashboard, '#silent', /^n1 does not answer since /);
    await looksWell(dashboard, 'dashboard of a node that is silent');
}));

// What a node says that asks for tokens and knows who is present: an actor plays it.
onCluster('the chat shows its token to the node alone, and says why it was refused', { size: 1 }, (cluster) => inBrowser(async (browser) => {
    const [n1] = cluster.nodes;
    const connected = { connect: { client: 'c1', node: 'actor', ping: 25, pong: true, subs: { '$system': {}, '#dora': {}, 'news:today': {} } } };
    const connects = [{ error: { code: 109, message: 'token expired' } }, undefined, { error: { code: 103, message: 'permission denied' } }, connected];
    let presence = { presence: { presence: { c1: { user: 'dora', client: 'c1' }, c2: { user: 'emil', client: 'c2' }, c3: { user: 'emil', client: 'c3' } } } };
    const actor = await scriptedNode('actor', (command, reply, socket) => {
        const answer = command.connect ? connects.shift() : presence;
        if (!command.connect && !command.presence) return false;
        if (answer) reply({ id: command.id, ...answer });
        else socket.close(3500, 'invalid token');
        return true;
    }, { pagesOf: n1 });
    try {
        const page = await browser.open(chatOf(actor));
        await press(page, 'Enter');
        await reads(page, '#why', /Enter a name or a token/);
        await page.click('#more summary');
        for (const why of [/has expired/, /invalid token \(3500\)/, /permission denied \(103\)/, undefined]) {
            await page.focus('#token');
            await page.keyboard.type('a.b.c');
            await press(page, 'Enter');
            if (why) await reads(page, '#why', why);
        }
        await reads(page, '#connection', /^dora on actor /);
        assert.deepEqual(actor.commands.filter(({ connect }) => connect).map(({ connect }) => connect), Array.from({ length: 4 }, () => ({ token: 'a.b.c', name: 'page' })));
        assert.deepEqual([...new Set(actor.requests.map(({ url }) => url))], ['/connection/websocket']);
        assert.equal(await page.evaluate(() => location.search + location.hash + JSON.stringify({ ...localStorage, ...sessionStorage })), '{}');

        await reads(page, '#conversations', /^chat:lobby\s+news:today$/);     // to which the node subscribed her
        await reads(page, '#present-title', /^In this channel: 2$/);
        await reads(page, '#present', /^dora \(you\)\s+emil$/);
        await looksWell(page, 'chat with presence');
        presence = { error: { code: 108, message: 'not available' } };
        await openChat(page, '@emil');
        assert.equal(await textOf(page, '#presence'), '');
        await openChat(page, 'chat:lobby');
        await until('the presence to go when it is not told', async () => await textOf(page, '#presence') === '');
        const asked = actor.commands.filter((command) => command.presence).length;
        await openChat(page, '@emil');
        await openChat(page, 'chat:lobby');
        await say(page, 'unheard');
        await until('the message to be published', () => actor.commands.some(({ publish }) => publish?.data.text === 'unheard'));
        assert.equal(actor.commands.filter((command) => command.presence).length, asked, 'who does not tell is not asked again');
    } finally {
        actor.stop();
    }
}));

// A large cluster with long names, as no test can start it: the page is told of it by the test.
onCluster('the dashboard shows clusters of any size', { size: 1 }, (cluster) => inBrowser(async (browser) => {
    const [n1] = cluster.nodes;
    const states = ['alive', 'suspect', 'down', 'left', 'joining'];
    const node = (_, at) => ({
        name: at % 2 ? `node-${at}` : `chat-server-${at}.eu-west.example.com`, state: states[at % 5], self: at === 0, epoch: 1.79e15, sessions: 31_000 * at, users: 29_000 * at, channels: at,
        linked: at % 5 === 1, link: at % 5 === 1 ? 'through another node' : undefined, rtt_us: at * at * 230, seconds_since_equal: at, queued_bytes: at * 300_000 });
    let told;
    const page = await browser.open(`http://${n1.admin}/`, desk);
    await page.setRequestInterception(true);
    page.on('request', (request) => request.url().endsWith('/api/cluster') ? request.respond({ contentType: 'application/json', body: JSON.stringify(told) }) : request.continue());
    for (const size of [9, 40]) {
        told = { self: 'chat-server-0.eu-west.example.com', cluster: 'prod', ready: true, nodes: Array.from({ length: size }, node),
            refusals: [{ address: '192.0.2.7:7947', name: 'intruder', reason: 'secret', by: 'us', text: 'It does not know the secret of this cluster.', times: 17, seconds_since_last: 130 }] };
        await until(`${size} nodes to be drawn`, async () => (await page.$$('#graph g')).length === size && (await page.$$('#members tr')).length === size);
        await looksWell(page, `dashboard of ${size}`);
    }
    await reads(page, '#refusals', /intruder at 192\.0\.2\.7:7947 was refused: secret\s+It does not know .* \(17\stimes, last 2 min ago\)/);
}));

// As pages and not as anything else, by every loop of a node.
onCluster('both listeners serve their page, and nothing besides', { size: 1, options: () => ({ more: ['--workers', '2'] }) }, async (cluster) => {
    const [n1] = cluster.nodes;
    const bare = await cluster.start('bare', { more: ['--no-page'] });
    for (const [at, other] of [[n1.client, '/dashboard.js'], [n1.admin, '/chat.js']]) {
        const ask = (method, path, headers) => http(at, method, path, { headers });
        const pages = await Promise.all(Array.from({ length: 8 }, () => ask('GET', '/')));
        for (const page of pages) {
            assert.equal(page.status, 200);
            assert.match(page.headers['content-security-policy'], /^default-src 'none'; script-src 'self'; style-src 'self';/);
            assert.equal(page.text, pages[0].text);
        }
        const { etag } = pages[0].headers;
        assert.equal((await ask('GET', '/', { 'If-None-Match': etag })).status, 304);
        const head = await ask('HEAD', '/');
        assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', String(Buffer.byteLength(pages[0].text))]);
        const posted = await ask('POST', '/');
        assert.deepEqual([posted.status, posted.headers.allow], [405, 'GET, HEAD']);
        for (const path of [other, '/../x', '/%2e%2e/x', '/index.html', '/pages/'])
            assert.equal((await ask('GET', path)).status, 404, path);
    }
    assert.equal((await http(n1.admin, 'GET', '/', { headers: { Host: 'evil.example' } })).status, 403);
    assert.equal((await http(bare.admin, 'GET', '/')).status, 404);
    assert.equal((await http(bare.client, 'GET', '/chat.js')).status, 404);
    assert.match((await http(bare.client, 'GET', '/')).text, /Connect a WebSocket/);
});

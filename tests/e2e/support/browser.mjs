// A real browser without a window, driven as people use it: pages, keys, what is on the screen. What its pages complain of is kept.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { load } from './packages.mjs';
import { until, within } from './until.mjs';

const { default: puppeteer } = await load('puppeteer-core');
const program = process.env.PATH.split(delimiter).flatMap((dir) => ['chromium', 'google-chrome'].map((name) => join(dir, name))).find(existsSync);
const flags = [
    '--headless=new', '--remote-debugging-port=0', '--no-first-run', '--no-default-browser-check', '--disable-gpu', '--disable-extensions',
    '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-default-apps', '--no-proxy-server', '--password-store=basic',
    // Pages behind others go on as if they were seen, as windows on two screens do.
    '--disable-background-timer-throttling', '--disable-backgrounding-occluded-windows', '--disable-renderer-backgrounding',
    // Only pages of our own are shown, and where tests run there may be no user namespaces.
    '--no-sandbox', '--disable-dev-shm-usage',
    '--hide-scrollbars']    // as on phones, where they take no room;

export class Browser {
    static async start() {
        if (!program) throw new Error('there is no chromium to show pages in: run scripts/install');
        const browser = new Browser();
        browser.problems = [];
        browser.allowed = /^$/;       // what pages may complain of
        browser.dir = mkdtempSync(join(tmpdir(), 'grapevine-browser-'));
        browser.log = '';
        const child = browser.child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...flags, `--user-data-dir=${browser.dir}`, 'about:blank'],
            { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, HOME: browser.dir } });
        process.on('exit', () => child.kill('SIGKILL'));
        child.stderr.on('data', (data) => { browser.log += data; });
        browser.exited = new Promise((ended) => child.once('close', ended));
        const [, endpoint] = await until('chromium to listen', () => {
            if (child.exitCode !== null) throw new Error(`chromium ended with ${child.exitCode}:\n${browser.log}`);
            return /^DevTools listening on (\S+)$/m.exec(browser.log);
        });
        browser.driver = await puppeteer.connect({ browserWSEndpoint: endpoint, defaultViewport: null });
        return browser;
    }
    // A window of its own, in which nothing is remembered of others.
    async open(url, { width = 1280, height = 800, dark = false } = {}) {
        const page = await (await this.driver.createBrowserContext()).newPage();
        await page.setViewport({ width, height, deviceScaleFactor: 1 });
        await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]);
        const complain = (text) => { if (!this.allowed.test(text)) this.problems.push(`${url}: ${text}`); };
        page.on('console', (message) => { if (['error', 'warn', 'assert'].includes(message.type())) complain(`${message.text()} (${message.location().url ?? ''})`); });
        page.on('pageerror', (error) => complain(String(error.stack ?? error)));
        page.on('response', (response) => { if (response.status() >= 400) complain(`${response.status()} ${response.url()}`); });
        await page.evaluateOnNewDocument(() => addEventListener('securitypolicyviolation', (event) => console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`)));
        await page.goto(url, { waitUntil: 'load' });
        return page;
    }
    async end() {
        this.driver?.disconnect();
        this.child.kill('SIGTERM');
        const patience = setTimeout(() => this.child.kill('SIGKILL'), 2_000);
        await within('chromium to end', this.exited);
        clearTimeout(patience);
        rmSync(this.dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    }
}

// What of `selector` is on the screen; empty if nothing is.
export const textOf = (page, selector) => page.$$eval(selector, (elements) => elements.filter((element) => element.checkVisibility()).map((element) => element.innerText).join('\n'));
// Until the text of `selector` matches.
export function reads(page, selector, pattern) {
    let text = '';
    return until(`${selector} to read ${pattern}`, async () => {
        text = await textOf(page, selector);
        return pattern.exec(text);
    }).catch((error) => { throw new Error(`${error.message}; it reads ${JSON.stringify(text)}`); });
}

// What is wider than the window, by name; nothing should be.
export const overflowing = (page) => page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const wide = [...document.querySelectorAll('body *')].filter((element) => element.checkVisibility() && element.getBoundingClientRect().width > 1 && element.getBoundingClientRect().right > width + 0.5);
    return document.documentElement.scrollWidth > width || wide.length ? wide.map((element) => `${element.tagName.toLowerCase()}#${element.id}.${element.className} to ${element.getBoundingClientRect().right}`) : [];
});

// Texts whose contrast with what is behind them is below WCAG AA (4.5), with it.
export const faint = (page) => page.evaluate(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const known = new Map();
    const rgba = (colour) => {
        if (!known.has(colour)) known.set(colour, painted(colour));
        return known.get(colour);
    };
    const painted = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = (colour) => rgba(colour).slice(0, 3).map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4).reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) if (rgba(getComputedStyle(at).backgroundColor)[3] === 255) return getComputedStyle(at).backgroundColor;
        return 'white';
    };
    const found = [];
    for (const element of document.querySelectorAll('body *')) {
        if (!element.checkVisibility() || ![...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim())) continue;
        const style = getComputedStyle(element);
        const [a, b] = [light(element instanceof SVGElement ? style.fill : style.color), light(behind(element))].sort((x, y) => y - x);
        const contrast = (a + 0.05) / (b + 0.05);
        if (contrast < 4.5) found.push(`${element.textContent.trim().slice(0, 40)}: ${contrast.toFixed(2)}`);
    }
    return found;
});

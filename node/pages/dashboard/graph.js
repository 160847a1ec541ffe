// Members and links as a picture: this node in the middle, the others around it. A node knows its own links; those that
// others have among themselves are drawn by their dashboards.
import { makeSvg, setAttribute, setText, toneOf } from './dom.js';

const named = 16;            // others up to which each is drawn large, with its name
const drawnMax = 400;        // more would be a ring of ink; the table has all
const signs = { good: '●', warn: '▲', bad: '✕', none: '○' };

const short = (name, length) => name.length > length ? `${name.slice(0, length / 2 - 1)}…${name.slice(-length / 2)}` : name;
const milliseconds = (us) => us === undefined ? '' : `${(us / 1000).toFixed(us < 10_000 ? 2 : 0)} ms`;
const linkTone = (node) => node.linked ? (node.link === 'through another node' ? 'warn' : 'good') : node.link || node.state === 'left' ? 'none' : 'bad';
const linkWords = (node) => node.linked ? [node.link === 'through another node' ? 'relayed' : '', milliseconds(node.rtt_us)].filter(Boolean).join(' ') : node.link ?? 'no link';

export function drawGraph(svg, words, { self, nodes }) {
    const centre = nodes.find((node) => node.self) ?? { name: self, state: 'alive', self: true, sessions: 0 };
    const others = nodes.filter((node) => !node.self).slice(0, drawnMax);
    const width = Math.max(240, svg.parentElement.clientWidth - 32);
    const isLarge = others.length <= named;
    const height = others.length === 0 ? 140 : isLarge && others.length <= 2 ? 150 : Math.min(480, Math.max(300, width * 0.55));
    const places = placesOf(others, width, height, isLarge);
    const middle = { x: width / 2, y: others.length <= 2 ? 40 : height / 2 - 12 };
    setAttribute(svg, 'viewBox', `0 0 ${width} ${height}`);
    setAttribute(svg, 'height', height);
    const length = width < 500 ? 10 : 18;
    svg.replaceChildren(
        ...others.map((node, at) => line(node, middle, places[at])),
        ...(isLarge ? others.map((node, at) => label(linkWords(node), middle, places[at])) : []),
        ...others.map((node, at) => (isLarge ? member(node, places[at], length) : dot(node, places[at]))),
        member(centre, middle, length));
    setText(words, sentence(centre, others, nodes.length - 1 - others.length));
}

// On an ellipse, the first at the left; one or two are beside the middle.
function placesOf(others, width, height, isLarge) {
    const margin = width < 500 ? 52 : 90;
    const across = Math.min(width / 2 - (isLarge ? margin : 16), 420);
    if (others.length <= 2) return others.map((_, at) => ({ x: width / 2 + (at ? across : -across), y: 40 }));
    const down = height / 2 - (isLarge ? 46 : 28);
    return others.map((_, at) => {
        const angle = Math.PI + 2 * Math.PI * at / others.length;
        return { x: width / 2 + across * Math.cos(angle), y: height / 2 - 12 + down * Math.sin(angle) };
    });
}
function line(node, from, to) {
    return makeSvg('line', { x1: from.x, y1: from.y, x2: to.x, y2: to.y, 'data-state': linkTone(node), class: node.linked ? (node.link === 'through another node' ? 'tunnel' : '') : 'none' });
}
function label(text, from, to) {
    return makeSvg('text', { class: 'detail', x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 - 8 }, text);
}
function member(node, { x, y }, length) {
    const tone = toneOf(node.state);
    return makeSvg('g', { class: node.self ? 'self' : '', 'data-state': tone, 'data-node': node.name, transform: `translate(${x} ${y})` },
        makeSvg('title', {}, `${node.name}: ${node.state}`),
        makeSvg('circle', { r: 22 }),
        makeSvg('text', { class: 'sign' }, signs[tone]),
        makeSvg('text', { class: 'name', y: 42 }, short(node.name, length)),
        makeSvg('text', { class: 'detail', y: 60 }, node.state),
        makeSvg('text', { class: 'detail', y: 77 }, node.state === 'alive' || node.state === 'suspect' ? `${node.users} ${node.users === 1 ? 'user' : 'users'}` : ''));
}
function dot(node, { x, y }) {
    return makeSvg('g', { 'data-state': toneOf(node.state), 'data-node': node.name, transform: `translate(${x} ${y})` },
        makeSvg('title', {}, `${node.name}: ${node.state}, ${linkWords(node)}`),
        makeSvg('circle', { r: 6 }),
        makeSvg('text', { class: 'detail', y: 22 }, node.state === 'alive' ? '' : short(`${node.name} ${node.state}`, 16)));
}
function sentence(centre, others, left) {
    const linked = others.filter((node) => node.linked);
    const list = (nodes) => nodes.length <= named ? nodes.map(({ name }) => name).join(', ') : `${nodes.length} nodes`;
    const without = others.filter((node) => !node.linked);
    return [
        others.length === 0 ? `${centre.name} knows no other node.` : linked.length ? `${centre.name} has links to ${list(linked)}.` : `${centre.name} has no links.`,
        without.length ? `None to ${without.length <= named ? without.map(({ name, state }) => `${name} (${state})`).join(', ') : `${without.length} nodes`}.` : '',
        others.length > 1 ? 'The links of the others among themselves are on their dashboards.' : '',
        left > 0 ? `${left} more are in the table only.` : ''].filter(Boolean).join(' ');
}

// Members and links as a picture: this node in the middle, the others around it. A node knows its own links; those that
// others have among themselves are drawn by their dashboards.
import { makeSvg, setAttribute, setText, toneOf } from './dom.js';
import { numberOf } from './metrics.js';

const aroundMax = 8;         // others up to which each is drawn large around this node, with its name
const belowMax = 16;         // and on a phone, where they are one below the other
const drawnMax = 400;        // more would be a ring of ink; the table has all
const signs = { good: '●', warn: '▲', bad: '✕', none: '○' };

const short = (name, length) => name.length > length ? `${name.slice(0, length / 2 - 1)}…${name.slice(-length / 2)}` : name;
const milliseconds = (us) => us === undefined ? '' : `${(us / 1000).toFixed(us < 10_000 ? 2 : 0)} ms`;
const linkTone = (node) => node.linked ? (node.link === 'through another node' ? 'warn' : 'good') : node.link || node.state === 'left' ? 'none' : 'bad';
const linkWords = (node) => node.linked ? [node.link === 'through another node' ? 'relayed' : '', milliseconds(node.rtt_us)].filter(Boolean).join(' ') : node.link ?? 'no link';

export function drawGraph(svg, words, { self, nodes }) {
    const centre = nodes.find((node) => node.self) ?? { name: self, state: 'alive', self: true, users: 0 };
    const others = nodes.filter((node) => !node.self).slice(0, drawnMax);
    const width = Math.max(240, svg.parentElement.clientWidth - 32);
    const { middle, places, height, draw, length } = layoutOf(others.length, width);
    setAttribute(svg, 'viewBox', `0 0 ${width} ${height}`);
    setAttribute(svg, 'height', height);
    svg.replaceChildren(
        ...others.map((node, at) => line(node, middle, places[at])),
        ...(draw !== member ? [] : others.map((node, at) => label(linkWords(node), middle, places[at]))),
        ...others.map((node, at) => draw(node, places[at], length)),
        (draw === row ? row : member)(centre, middle, length));
    setText(words, sentence(centre, others, nodes.length - 1 - others.length));
}

// One or two others are beside this node; more around it, on a phone below it; many are dots around it.
function layoutOf(count, width) {
    const isNarrow = width < 600;
    const centre = width / 2;
    if (count <= 2) {
        const across = Math.min(centre - (isNarrow ? 52 : 90), 420);
        return { middle: { x: centre, y: 40 }, height: 135, draw: member, length: isNarrow ? 10 : 18, places: [{ x: centre - across, y: 40 }, { x: centre + across, y: 40 }] };
    }
    if (isNarrow && count <= belowMax)
        return { middle: { x: 26, y: 26 }, height: 40 + 60 * count + 20, draw: row, length: 18, places: Array.from({ length: count }, (_, at) => ({ x: 84, y: 86 + 60 * at })) };
    const isLarge = !isNarrow && count <= aroundMax;
    const height = isNarrow ? 300 : 460;
    const middle = { x: centre, y: height / 2 - (isLarge ? 30 : 12) };
    const [across, down] = isLarge ? [Math.min(centre - 90, 420), middle.y - 26] : [Math.min(centre - 12, 420), middle.y - 12];
    // The first is at the left; nobody straight above or below, where names are.
    const first = Math.PI * (count % 4 ? 1 : 1 + 1 / count);
    const places = Array.from({ length: count }, (_, at) => first + 2 * Math.PI * at / count).map((angle) => ({ x: centre + across * Math.cos(angle), y: middle.y + down * Math.sin(angle) }));
    return { middle, places, height, draw: isLarge ? member : dot, length: 18 };
}
function line(node, from, to) {
    return makeSvg('line', { x1: from.x, y1: from.y, x2: to.x, y2: to.y, 'data-state': linkTone(node), class: node.linked ? (node.link === 'through another node' ? 'tunnel' : '') : 'none' });
}
// On the line, nearer to the other end.
function label(text, from, to) {
    return makeSvg('text', { class: 'detail', x: from.x * 0.45 + to.x * 0.55, y: from.y * 0.45 + to.y * 0.55 - 8 }, text);
}
const detailOf = (node) => node.state === 'alive' || node.state === 'suspect' ? `${numberOf(node.users)} ${node.users === 1 ? 'user' : 'users'}` : '';
function group(node, { x, y }, ...shapes) {
    return makeSvg('g', { class: node.self ? 'self' : '', 'data-state': toneOf(node.state), 'data-node': node.name, transform: `translate(${x} ${y})` },
        makeSvg('title', {}, `${node.name}: ${node.state}${node.self ? '' : `, ${linkWords(node)}`}`), ...shapes);
}
const disc = (node) => [makeSvg('circle', { r: 22 }), makeSvg('text', { class: 'sign' }, signs[toneOf(node.state)])];
function member(node, place, length) {
    return group(node, place, ...disc(node),
        makeSvg('text', { class: 'name', y: 42 }, short(node.name, length)),
        makeSvg('text', { class: 'detail', y: 60 }, node.state),
        makeSvg('text', { class: 'detail', y: 77 }, detailOf(node)));
}
function row(node, place, length) {
    return group(node, place, ...disc(node),
        makeSvg('text', { class: 'name beside', x: 32, y: -3 }, short(node.name, length)),
        makeSvg('text', { class: 'detail beside', x: 32, y: 15 }, [node.state, node.self ? detailOf(node) : linkWords(node)].filter(Boolean).join(', ')));
}
function dot(node, place) {
    return group(node, place, makeSvg('circle', { r: 6 }));
}
function sentence(centre, others, left) {
    const linked = others.filter((node) => node.linked);
    const list = (nodes) => nodes.length <= belowMax ? nodes.map(({ name }) => name).join(', ') : `${nodes.length} nodes`;
    const without = others.filter((node) => !node.linked);
    return [
        others.length === 0 ? `${centre.name} knows no other node.` : linked.length ? `${centre.name} has links to ${list(linked)}.` : `${centre.name} has no links.`,
        without.length ? `None to ${without.length <= belowMax ? without.map(({ name, state }) => `${name} (${state})`).join(', ') : `${without.length} nodes`}.` : '',
        others.length > 1 ? 'The links of the others among themselves are on their dashboards.' : '',
        left > 0 ? `${left} more are in the table only.` : ''].filter(Boolean).join(' ');
}

// Elements are made and filled here: what others wrote goes in as text, never as markup.

export const byId = (id) => document.getElementById(id);

// `properties`: class, dataset, aria-... and so on as attributes; what begins with "on" is heard. Children are elements or texts.
export function make(tag, properties = {}, ...children) {
    return fill(document.createElement(tag), properties, ...children);
}
export function makeSvg(tag, properties = {}, ...children) {
    return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), properties, ...children);
}
function fill(element, properties, ...children) {
    for (const [name, value] of Object.entries(properties))
        if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
        else setAttribute(element, name, value);
    element.append(...children);
    return element;
}
// Only what differs is touched: screen readers say what changed.
export function setText(element, text) {
    if (element.textContent !== text) element.textContent = text;
}
export function setAttribute(element, name, value) {
    if (value === undefined || value === false) element.removeAttribute(name);
    else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value === true ? '' : value);
}

// `parent` has one child for each of `items`, in their order. Children of items that stay are kept, and with them the focus.
export function showAll(parent, items, keyOf, create, update) {
    const kept = new Map([...parent.children].map((child) => [child.dataset.key, child]));
    for (const [at, item] of items.entries()) {
        const key = String(keyOf(item));
        let child = kept.get(key);
        kept.delete(key);
        if (!child) {
            child = create(item);
            child.dataset.key = key;
        }
        if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] ?? null);
        update(child, item);
    }
    for (const child of kept.values()) child.remove();
}

// A word with a tone: good, warn, bad, or none.
export function showState(element, tone, text) {
    setAttribute(element, 'data-state', tone);
    setText(element, text);
}
export const toneOf = (memberState) => ({ alive: 'good', suspect: 'warn', joining: 'warn', down: 'bad' })[memberState] ?? 'none';

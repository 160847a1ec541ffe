// A network that belongs to one test alone: hosts on a switch, each a network namespace, whose cables and packets the test
// takes away. It lies in a namespace of its own that ends with the test's last process, so nothing of it can be left behind.
//
// Each host has two cables: `control` on which the test asks nodes and clients connect, never disturbed; and `mesh`, between
// nodes.
import { spawn, spawnSync } from 'node:child_process';

process.env.PATH += ':/usr/sbin:/sbin';    // where `nft` is, also for users who are not root
const entered = 'GRAPEVINE_E2E_OWN_NETWORK';
const skipped = 77;    // what ctest shows as skipped

// A user who is not root may be root in a namespace, where the kernel allows it.
const ways = [[], ['--user', '--map-root-user']].map((more) => ['unshare', ...more, '--net', '--mount', 'setpriv', '--pdeathsig', 'KILL', 'sh', '-c']);
const privately = 'set -e; mount -t tmpfs tmpfs /run;';    // where `ip netns` notes its names
const attempt = 'ip link add try type bridge; ip link del try; ip netns add try; ip -n try link set lo up; nsenter --net=/run/netns/try nft list ruleset; ip netns del try';

// Call before anything else: goes on in a network of its own, in a second process of the same test, or says why there can be
// none and ends the test as skipped. Continuous integration as root must be able to, so there it is a failure.
export async function enterOwnNetwork() {
    if (process.env[entered]) return;
    const results = ways.map((way) => () => spawnSync(way[0], [...way.slice(1), `${privately} ${attempt}`], { encoding: 'utf8' }));
    const reasons = [];
    for (const [i, tryIt] of results.entries()) {
        const { status, stderr, error } = tryIt();
        if (status === 0) process.exit(await inside(ways[i]));
        reasons.push((error?.message ?? stderr).trim());
    }
    const isFailure = process.env.CI && process.getuid() === 0;
    console.error(`${isFailure ? 'FAILED' : 'SKIPPED'}: no network of its own for this test, which needs \`ip\` (iproute2), \`nft\` (nftables) and the right to make` +
        ` network namespaces (root with CAP_SYS_ADMIN and CAP_NET_ADMIN, or user namespaces): ${[...new Set(reasons)].join('; ')}`);
    process.exit(isFailure ? 1 : skipped);
}

function inside([command, ...words]) {
    const again = spawn(command, [...words, `${privately} exec "$@"`, 'sh', process.execPath, ...process.execArgv, ...process.argv.slice(1)],
        { stdio: 'inherit', env: { ...process.env, [entered]: '1' } });
    return new Promise((ended) => again.once('close', (code) => ended(code ?? 1)));
}

function call(command, words, input) {
    const { status, stderr, error } = spawnSync(command, words, { encoding: 'utf8', input });
    if (error || status !== 0) throw new Error(`${command} ${words.join(' ')}: ${(error?.message ?? stderr).trim()}`);
}
const ip = (words) => call('ip', words.split(' '));
const cables = ['control', 'mesh'];

let networks = 0;

export class OwnNetwork {
    constructor() {
        this.id = ++networks;
        this.hosts = [];
        ip('link set lo up');
        for (const cable of cables) {
            ip(`link add ${this.bridge(cable)} type bridge`);
            ip(`link set ${this.bridge(cable)} up`);
        }
        ip(`addr add ${this.address('control', 254)}/24 dev ${this.bridge('control')}`);    // the test itself
    }
    address(cable, number) { return `10.${cables.indexOf(cable)}.${this.id}.${number}`; }
    bridge(cable) { return `${cable}${this.id}`; }

    // A new host: what a node needs to run there, and its address between nodes.
    host() {
        const number = this.hosts.length + 1;
        const name = `host${this.id}-${number}`;
        const host = { name, number, address: this.address('mesh', number), control: this.address('control', number), wrapper: ['nsenter', `--net=/run/netns/${name}`] };
        ip(`netns add ${name}`);
        ip(`-n ${name} link set lo up`);
        for (const [cable, address] of [['control', host.control], ['mesh', host.address]]) {
            const end = `${cable}${this.id}-${number}`;
            ip(`link add ${end} type veth peer name ${cable} netns ${name}`);
            ip(`link set ${end} master ${this.bridge(cable)} up`);
            ip(`-n ${name} addr add ${address}/24 dev ${cable}`);
            ip(`-n ${name} link set ${cable} up`);
        }
        this.rules(host, 'add table ip test; add set ip test deaf { type ipv4_addr; }; add chain ip test in { type filter hook input priority 0; };' +
            'add rule ip test in iifname "mesh" ip saddr @deaf drop');
        this.hosts.push(host);
        return host;
    }
    rules(host, text) { call('nsenter', [`--net=/run/netns/${host.name}`, 'nft', '-f', '-'], text); }

    // Packets from `from` to `to` are lost from now on, and only these.
    lose(from, to) { this.rules(to, `add element ip test deaf { ${from.address} }`); }
    // Nothing passes between hosts of different ones of these groups.
    part(...groups) {
        for (const group of groups)
            for (const other of groups)
                if (other !== group) for (const from of group) for (const to of other) this.lose(from, to);
    }
    heal() { for (const host of this.hosts) this.rules(host, 'flush set ip test deaf'); }

    // Takes the host's mesh cable away: at its own end, where it notices that it has no network, or at the switch.
    unplug(host, where) { this.cable(host, where, 'down'); }
    plug(host, where) { this.cable(host, where, 'up'); }
    cable(host, where, state) { ip(where === 'own end' ? `-n ${host.name} link set mesh ${state}` : `link set mesh${this.id}-${host.number} ${state}`); }

    remove() {
        for (const { name } of this.hosts) ip(`netns del ${name}`);
        for (const cable of cables) ip(`link del ${this.bridge(cable)}`);
    }
}

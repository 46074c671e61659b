/** The client of a connection: the address to which the limit per client applies. */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIPv4, isIPv6 } from 'node:net';

/**
 * Addresses that no client on the internet has: such a connection comes from a proxy or from this machine. Many clients may be
 * behind it, including WeChat, so the limit for one address does not apply to it.
 */
const PRIVATE_NETWORKS = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '100.64.0.0/10',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
];

const WORDS: Readonly<Record<string, readonly string[]>> = {
  off: [],
  loopback: ['127.0.0.0/8', '::1/128'],
  private: PRIVATE_NETWORKS,
};

export interface Networks {
  has(address: string): boolean;
}

/** Parses `loopback`, `private`, addresses and networks. Undefined if one of the words is none of these. */
export function networksFrom(text: string): Networks | undefined {
  const list = new BlockList();
  const words = text.split(/[\s,]+/).filter((it) => it !== '');
  const networks = words.flatMap((word) => (Object.hasOwn(WORDS, word) ? (WORDS[word] ?? []) : [word]));
  for (const network of networks) if (!add(list, network)) return undefined;
  if (networks.length === 0) return { has: () => false };
  return { has: (address) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4') };
}

function add(list: BlockList, network: string): boolean {
  const [address = '', bits, ...more] = network.split('/');
  const family = isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined;
  if (family === undefined || more.length > 0) return false;
  const longest = family === 'ipv4' ? 32 : 128;
  if (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= longest)) return false;
  list.addSubnet(address, bits === undefined ? longest : Number(bits), family);
  return true;
}

/** The same networks as a pattern: a look into a list of Node's costs as much as the rest of accepting a connection. */
const PRIVATE =
  /^(127\.|10\.|172\.(1[6-9]|2\d|3[01])\.|192\.168\.|169\.254\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|::1$|f[cd]..:|fe[89ab].:)/i;

/** The address that a connection is counted for; undefined if many clients may share it. */
export function countedAddress(remote: string | undefined): string | undefined {
  const address = plain(remote ?? '');
  if (address === '' || PRIVATE.test(address)) return undefined;
  return address.includes(':') ? ipv6Network(address) : address;
}

/** The network of the peer: the machines of one service have neighbouring addresses, as WeChat's have. Empty if the peer is gone. */
export function neighbourhood(remote: string | undefined): string {
  const address = plain(remote ?? '');
  return address.includes(':') ? ipv6Network(address) : address.slice(0, address.lastIndexOf('.') + 1);
}

/** Most proxies in a row. A client may send hundreds of addresses, and each costs a look into the list. */
const MOST_PROXIES = 8;

/**
 * Behind a trusted proxy: the client that it names, which is the last address of X-Forwarded-For that is no trusted proxy
 * itself. Everything before it is what the client says of itself.
 */
export function forwardedAddress(request: IncomingMessage, trusted: Networks): string | undefined {
  const header = request.headers['x-forwarded-for'];
  if (typeof header !== 'string') return undefined;
  const remote = plain(request.socket.remoteAddress ?? '');
  if (!trusted.has(remote)) return undefined;
  for (let end = header.length, left = MOST_PROXIES; end > 0 && left > 0; left -= 1) {
    const comma = header.lastIndexOf(',', end - 1);
    const address = plain(withoutPort(header.slice(comma + 1, end).trim()));
    // Addresses before an unreadable part may have been written by the client itself.
    if (!isIPv4(address) && !isIPv6(address)) return undefined;
    if (!trusted.has(address)) return isIPv6(address) ? ipv6Network(address) : address;
    end = comma;
  }
  return undefined;
}

/** Some proxies name the client's port, too: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function withoutPort(text: string): string {
  const [, v6, v4] = /^(?:\[([^\]]*)\](?::\d+)?|([^:]*):\d+)$/.exec(text) ?? [];
  return v6 ?? v4 ?? text;
}

/** A socket for both families shows IPv4 as `::ffff:192.0.2.1`. */
function plain(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return mapped?.[1] ?? address.replace(/%.*$/, '');
}

/** A customer has at least a /64: the network is counted, not each of its addresses. */
function ipv6Network(address: string): string {
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(8 - before.length - after.length, 0) }, () => '0');
  return `${[...before, ...(tail === undefined ? [] : zeros), ...after].slice(0, 4).join(':').toLowerCase()}::/64`;
}

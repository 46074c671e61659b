/**
 * Group robots of the chats that teams in China use: how a robot is recognised by its address, and what of the address
 * is secret. Their messages are in `notices/robots.ts`.
 */
import type { Words } from './words.js';

interface Robot extends Words {
  readonly hosts: readonly string[];
  /** The end of its path, which a proxy keeps. */
  readonly path: RegExp;
  /** The name of its key in the query; absent where the key is the last part of the path. */
  readonly keyName?: string;
  /** It may ask for a signature. */
  readonly signs: boolean;
}

export const ROBOTS = {
  wecom: {
    en: 'WeCom group robot',
    zh: '企业微信群机器人',
    hosts: ['qyapi.weixin.qq.com'],
    path: /\/cgi-bin\/webhook\/send$/,
    keyName: 'key',
    signs: false,
  },
  dingtalk: {
    en: 'DingTalk group robot',
    zh: '钉钉群机器人',
    hosts: ['oapi.dingtalk.com'],
    path: /\/robot\/send$/,
    keyName: 'access_token',
    signs: true,
  },
  feishu: {
    en: 'Feishu group robot',
    zh: '飞书群机器人',
    hosts: ['open.feishu.cn', 'open.larksuite.com'],
    path: /\/open-apis\/bot\/v2\/hook\/[^/]+$/,
    signs: true,
  },
} as const satisfies Record<string, Robot>;

export type RobotName = keyof typeof ROBOTS;

/** By its host; behind a proxy by its path and its key. Undefined: no robot, but a program that takes webhooks. */
export function robotOf(address: string): RobotName | undefined {
  const { hostname, pathname, searchParams } = new URL(address);
  for (const [name, robot] of Object.entries(ROBOTS) as [RobotName, Robot][]) {
    if (robot.hosts.includes(hostname)) return name;
    if (robot.path.test(pathname) && (robot.keyName === undefined || searchParams.has(robot.keyName))) return name;
  }
  return undefined;
}

/** The addresses of FASTREGISTER_NOTIFY_URL: separated by commas, or one a line in a file. A comma inside an address is `%2C`. */
export function addressesIn(text: string): string[] {
  return text.split(/[\s,]+/).filter((address) => address !== '');
}

/** The secrets of FASTREGISTER_NOTIFY_SECRET, in the order of the addresses; '' for an address without one. */
export function secretsIn(text: string): string[] {
  return text.split(/,|\r?\n/).map((secret) => secret.trim());
}

const HIDDEN = '***';

/** For people and logs: without its key, and of a webhook without its path, which may be a secret, too. */
export function shownAddress(address: string): string {
  const { protocol, host, pathname, searchParams } = new URL(address);
  const robot = robotOf(address);
  if (robot === undefined) return `${protocol}//${host}${pathname === '/' ? '' : '/…'}`;
  const path = 'keyName' in ROBOTS[robot] ? pathname : pathname.replace(/[^/]+$/, HIDDEN);
  const names = [...new Set(searchParams.keys())];
  return `${protocol}//${host}${path}${names.length === 0 ? '' : `?${names.map((name) => `${name}=${HIDDEN}`).join('&')}`}`;
}

/** The text without what the address and its secret keep secret: a server may repeat what it was sent. */
export function withoutSecrets(text: string, address: string, secret: string | undefined): string {
  const { username, password, pathname, searchParams } = new URL(address);
  const secrets = [secret ?? '', username, password, ...searchParams.values(), pathname.split('/').at(-1) ?? ''];
  return secrets
    .filter((it) => it.length >= SHORTEST_SECRET)
    .flatMap((it) => [it, encodeURIComponent(it)])
    .reduce((rest, it) => rest.replaceAll(it, HIDDEN), text);
}

/** Shorter ones are words such as `send`. */
const SHORTEST_SECRET = 6;

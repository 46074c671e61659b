/** The other side of the simulator: a caller and a receiver with their own code, and invented merchants. */

import { createDecipheriv, createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../simulator/simulator.js';

export const APPID = 'wxfedcba9876543210';
export const SECRET = 'fedcba9876543210fedcba9876543210';
export const MESSAGE_TOKEN = 'a-token-of-the-test';
export const AES_KEY = 'ZYXWVUTSRQPONMLKJIHGFEDCBA9876543210zyxwvuA';

export const CREATE = '/cgi-bin/component/fastregisterweapp?action=create';
export const SEARCH = '/cgi-bin/component/fastregisterweapp?action=search';
export const SUCCESSOR = '/wxa/component/fastregisterenterpriseweapp';

export const OUTCOME = 'notify_third_fasteregister';

export interface Received {
  readonly xml: string;
  readonly infoType: string;
  /** Undefined: there is no `<status>`. */
  readonly status: string | undefined;
  readonly query: URLSearchParams;
  readonly body: string;
  readonly genuine: boolean;
}

export interface Receiver {
  readonly url: string;
  readonly pushes: Received[];
  /** What to say to a push; undefined says nothing at all. */
  answer: (push: Received) => { status: number; body: string } | undefined;
  outcomes(): Received[];
  /** Resolves with the pushes when there are enough of them. */
  outcomesCount(count: number): Promise<Received[]>;
  until(condition: () => boolean): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const arrivals = new EventEmitter().setMaxListeners(0);
  const server = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const push = open(body, new URL(request.url ?? '', 'http://receiver').searchParams);
    if (push.genuine) receiver.pushes.push(push);
    const said = push.genuine ? receiver.answer(push) : { status: 403, body: 'no' };
    if (said) response.writeHead(said.status).end(said.body);
    arrivals.emit('push');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/wechat/events`,
    pushes: [],
    answer: () => ({ status: 200, body: 'success' }),
    outcomes: () => receiver.pushes.filter(({ infoType }) => infoType === OUTCOME),
    async outcomesCount(count) {
      await receiver.until(() => receiver.outcomes().length >= count);
      return receiver.outcomes();
    },
    async until(condition) {
      while (!condition()) await once(arrivals, 'push');
    },
  };
  return receiver;
}

function open(body: string, query: URLSearchParams): Received {
  const encrypted = /<Encrypt><!\[CDATA\[(.*)\]\]><\/Encrypt>/s.exec(body)?.[1] ?? '';
  const parts = [MESSAGE_TOKEN, query.get('timestamp') ?? '', query.get('nonce') ?? '', encrypted];
  const expected = createHash('sha1').update(parts.sort().join('')).digest('hex');
  const genuine = query.get('msg_signature') === expected;
  const xml = decrypt(encrypted);
  const infoType = textIn(xml, 'InfoType') ?? '';
  return { xml, infoType, status: textIn(xml, 'status'), query, body, genuine };
}

function decrypt(encrypted: string): string {
  const key = Buffer.from(`${AES_KEY}=`, 'base64');
  const decipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, 16));
  decipher.setAutoPadding(false);
  const padded = Buffer.concat([decipher.update(encrypted, 'base64'), decipher.final()]);
  const pad = padded[padded.length - 1] ?? 0;
  if (pad < 1 || pad > 32 || padded.length % 32 !== 0) throw new Error(`wrong padding ${pad}`);
  if (!padded.subarray(-pad).every((byte) => byte === pad)) throw new Error('uneven padding');
  const plain = padded.subarray(0, -pad);
  const length = plain.readUInt32BE(16);
  const tail = plain.subarray(20 + length).toString();
  if (tail !== APPID) throw new Error(`the tail is ${tail}`);
  return plain.subarray(20, 20 + length).toString('utf8');
}

/** The text of the first such element, with or without CDATA. */
export function textIn(xml: string, name: string): string | undefined {
  const match = new RegExp(`<${name}>(?:<!\\[CDATA\\[(.*?)\\]\\]>|([^<]*))</?${name}>`, 's').exec(xml);
  return match?.[1] ?? match?.[2];
}

export interface Answer {
  readonly errcode: number;
  readonly errmsg: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the wire says.
  readonly [field: string]: any;
}

export interface Peer {
  readonly simulator: Simulator;
  readonly receiver: Receiver;
  token: string;
  /** POSTs JSON (or the text as it is) with the token in its place. */
  post(path: string, body: unknown): Promise<Answer>;
  /** The same, without reading the answer. */
  raw(path: string, body: unknown, signal?: AbortSignal): Promise<Response>;
  create(merchant: Merchant): Promise<Answer>;
  search(merchant: Merchant): Promise<Answer>;
  newToken(): Promise<string>;
}

/** A simulator and a receiver that know each other, and a token. */
export async function startPeer(options: SimulatorOptions = {}): Promise<Peer> {
  const receiver = await startReceiver();
  const simulator = await startSimulator({
    componentAppid: APPID,
    componentAppsecret: SECRET,
    messageToken: MESSAGE_TOKEN,
    encodingAesKey: AES_KEY,
    pushUrl: receiver.url,
    pushRetryPauseMs: 1,
    slowAnswerMs: 20,
    // A test that jumps over hours shall not need new tokens; those that are about tokens say otherwise.
    credentialsFrom: 'real',
    ...options,
  });
  onTestFinished(() => simulator.close());
  const raw = (path: string, body: unknown, signal?: AbortSignal) => {
    const url = new URL(path, simulator.url);
    if (peer.token) {
      const name = path.startsWith(SUCCESSOR) || path.includes('quota') ? 'access_token' : 'component_access_token';
      url.searchParams.set(name, peer.token);
    }
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return fetch(url, { method: 'POST', body: text, ...(signal ? { signal } : {}) });
  };
  const peer: Peer = {
    simulator,
    receiver,
    token: '',
    raw,
    post: async (path, body) => (await (await raw(path, body)).json()) as Answer,
    create: (merchant) => peer.post(CREATE, merchant),
    search: ({ name, legal_persona_wechat, legal_persona_name }) =>
      peer.post(SEARCH, { name, legal_persona_wechat, legal_persona_name }),
    async newToken() {
      const answer = await peer.post('/cgi-bin/component/api_component_token', {
        component_appid: APPID,
        component_appsecret: SECRET,
        component_verify_ticket: ticketsOf(receiver).at(-1),
      });
      peer.token = answer.component_access_token;
      return peer.token;
    },
  };
  await peer.post('/cgi-bin/component/api_start_push_ticket', { component_appid: APPID, component_secret: SECRET });
  await receiver.until(() => ticketsOf(receiver).length > 0);
  await peer.newToken();
  return peer;
}

export function ticketsOf(receiver: Receiver): string[] {
  return receiver.pushes
    .filter(({ infoType }) => infoType === 'component_verify_ticket')
    .map(({ xml }) => textIn(xml, 'ComponentVerifyTicket') ?? '');
}

export interface Merchant {
  readonly name: string;
  readonly code: string;
  readonly code_type: number;
  readonly legal_persona_wechat: string;
  readonly legal_persona_name: string;
  readonly component_phone: string;
}

let merchants = 0;

/** An invented merchant, another one each time, with a valid check character. */
export function merchant(weixinId?: string): Merchant {
  merchants += 1;
  const code = socialCreditCode(`91990000TE5T${String(merchants).padStart(5, '0')}`);
  return {
    name: `虚构商户${merchants}号`,
    code,
    code_type: 1,
    legal_persona_wechat: weixinId ?? `weixin_${merchants}`,
    legal_persona_name: '虚构人',
    component_phone: '000-00000000',
  };
}

/** A merchant that a fate awaits. */
export function fated(words: string): Merchant {
  return merchant(`fate-${words}-${merchants}`);
}

const ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';

function socialCreditCode(first17: string): string {
  let sum = 0;
  let weight = 1;
  for (const character of first17) {
    sum += ALPHABET.indexOf(character) * weight;
    weight = (weight * 3) % 31;
  }
  return first17 + ALPHABET[(31 - (sum % 31)) % 31];
}

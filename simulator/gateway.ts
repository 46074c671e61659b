/** From a request to a reply, check by check as WeChat does, and from the reply to the wire. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { jsonOf, type Reply } from './answers.js';
import type { Budgets } from './budgets.js';
import { type Answering, readFate } from './fates.js';
import type { FaultScope, Faults } from './faults.js';
import type { Json } from './registration.js';
import type { Action, Route } from './routes.js';
import { addOne, type Tally } from './tally.js';
import type { Tasks } from './tasks.js';
import type { Timeline } from './timeline.js';
import type { Tokens } from './tokens.js';

/** The longest registration is far below a kilobyte. */
const LONGEST_BODY = 1024 * 1024;

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

export interface Gateway {
  readonly routes: Readonly<Record<string, Route>>;
  readonly tokens: Tokens;
  readonly budgets: Budgets;
  readonly faults: Faults;
  readonly tasks: Tasks;
  readonly tally: Tally;
  readonly timeline: Timeline;
  readonly random: () => number;
  readonly slowAnswerMs: number;
  readonly wireFaults: Readonly<Record<string, number>>;
  readonly log: (line: string) => void;
}

/** Answers a call of WeChat's API, and counts it. */
export async function passGateway(gateway: Gateway, call: Call, response: ServerResponse): Promise<void> {
  const route = gateway.routes[call.path];
  if (!route) return sendPage(response, 404);
  const name = call.query.get('action') ?? '';
  const text = textOf(call.body);
  const json = text === undefined ? undefined : objectIn(text);
  if (route.metered) gateway.tally.arrived(gateway.timeline.realNow());
  const reply = await decide(gateway, call, route, text, json);
  const label = reply.wire?.word ?? String(reply.answer.errcode);
  gateway.tally.answered(call.path, name, label);
  if (name === 'create' && typeof json?.code === 'string') countCreate(gateway.tasks, json.code, label);
  gateway.log(`call ${call.path}${name && ` ${name}`}: ${label}`);
  await send(gateway, reply, response);
}

/** The first check that objects answers; when none does, the action itself. */
async function decide(
  gateway: Gateway,
  call: Call,
  route: Route,
  text: string | undefined,
  json: Json | undefined,
): Promise<Reply> {
  const strikes = (scope: FaultScope) => strike(gateway, scope);
  if (call.method !== 'POST') return refuse(43002);
  const ip = strikes('ip');
  if (ip) return ip;
  if (route.tokenNames.length > 0) {
    const dead = strikes('token');
    if (dead) return dead;
    const refused = gateway.tokens.checkToken(tokenIn(call.query, route.tokenNames));
    if (refused !== 0) return refuse(refused);
  }
  if (call.body.length === 0) return refuse(44002);
  const action = actionOf(route, call.query);
  if (!action) return { answer: { errcode: -1, says: 'invalid action' } };
  if (route.metered) {
    const refused = gateway.budgets.takeCall(call.path);
    if (refused !== 0) return refuse(refused);
  }
  const fault = gateway.faults.take(action.scope);
  // A platform's fault is found before the request is read; one of WeChat itself, when it is at work on it.
  const isInner = fault?.kind === 'errcode' && INNER_ERRORS.has(fault.number);
  if (fault?.kind === 'errcode' && !isInner) return refuse(fault.number);
  if (text === undefined || !json) return refuse(47001);
  if (isInner) return refuse(tryOf(gateway, action, json) || fault.number);
  return throughWire(fault ?? randomFault(gateway, route), () => action.answer(json, text));
}

/** A create that fails by WeChat's own fault has used a try of the Weixin ID. */
const INNER_ERRORS: ReadonlySet<number> = new Set([-1, 89247]);

/** 91030 where the Weixin ID has none left; else 0. */
function tryOf({ budgets }: Gateway, { scope }: Action, { legal_persona_wechat: weixinId }: Json): number {
  return scope === 'create' && typeof weixinId === 'string' && weixinId !== '' ? budgets.takeTry(weixinId) : 0;
}

function strike({ faults }: Gateway, scope: FaultScope): Reply | undefined {
  const fault = faults.take(scope);
  return fault && spoiled(fault);
}

/** What the caller gets instead of an answer, when nothing is done. */
function spoiled(fault: Answering): Reply {
  return fault.kind === 'errcode' ? refuse(fault.number) : { answer: { errcode: 0 }, wire: fault };
}

/** A fault that accepts lets the action do its work, and spoils the answer only. */
async function throughWire(wire: Answering | undefined, act: () => Reply | Promise<Reply>): Promise<Reply> {
  if (!wire) return act();
  if (!wire.accepts) return spoiled(wire);
  const { answer } = await act();
  return { answer, wire };
}

function randomFault({ wireFaults, random }: Gateway, route: Route): Answering | undefined {
  if (!route.metered) return undefined;
  for (const [word, probability] of Object.entries(wireFaults)) {
    if (random() < probability) return readFate(word)?.answering;
  }
  return undefined;
}

function tokenIn(query: URLSearchParams, names: readonly string[]): string | null {
  return names.map((name) => query.get(name)).find((token) => token !== null) ?? null;
}

function actionOf({ actions }: Route, query: URLSearchParams): Action | undefined {
  if (Object.hasOwn(actions, '')) return actions[''];
  const name = query.get('action') ?? 'none';
  return Object.hasOwn(actions, name) ? actions[name] : undefined;
}

function countCreate(tasks: Tasks, code: string, label: string): void {
  if (code.trim() === '') return;
  const merchant = tasks.merchant(code);
  merchant.creates += 1;
  addOne(merchant.answers, label);
}

async function send(gateway: Gateway, { answer, wire }: Reply, response: ServerResponse): Promise<void> {
  const text = jsonOf(answer, gateway.random);
  switch (wire?.kind) {
    case 'cut':
      response.destroy();
      return;
    case 'half':
      response.writeHead(200, jsonHeaders(text)).write(text.slice(0, text.length / 2), () => response.destroy());
      return;
    case 'hang':
      return;
    case 'page':
      return sendPage(response, wire.number);
    case 'empty':
      response.writeHead(200, { 'content-length': 0 }).end();
      return;
    case 'slow':
      gateway.timeline.afterReal(gateway.slowAnswerMs, () => sendJson(response, text));
      return;
    default:
      sendJson(response, text);
  }
}

export function sendJson(response: ServerResponse, text: string, status = 200): void {
  if (response.destroyed) return;
  response.writeHead(status, jsonHeaders(text)).end(text);
}

export function sendPage(response: ServerResponse, status: number, words = `HTTP ${status}`): void {
  const page = `<html><head><meta charset="utf-8"><title>${words}</title></head><body><h1>${words}</h1></body></html>\n`;
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(page),
    // A program that redirects a call of an API redirects it to a login.
    ...(status >= 300 && status < 400 && { location: 'http://login.invalid/portal?back=whence-it-came' }),
    ...(status === 407 && { 'proxy-authenticate': 'Basic realm="proxy"' }),
  };
  // 204 and 304 have no body.
  const bodyless = status === 204 || status === 304;
  response.writeHead(status, bodyless ? {} : headers).end(bodyless ? undefined : page);
}

function jsonHeaders(text: string) {
  return { 'content-type': 'application/json; encoding=utf-8', 'content-length': Buffer.byteLength(text) };
}

/** The body, or undefined when it is longer than any caller's should be. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > LONGEST_BODY) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Strict UTF-8, and a byte order mark is part of the text: WeChat reads JSON, not files. */
function textOf(body: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return undefined;
  }
}

export function objectIn(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

function refuse(errcode: number): Reply {
  return { answer: { errcode } };
}

/**
 * The component access token: one for all processes, refreshed by one of them. Where it comes from is one of three
 * sources: the verify ticket that WeChat pushes, the platform's own token service, or a fixed value.
 */
import { answerToCreate } from './answers.js';
import type { Client, Reply, Unanswered } from './client.js';

export type Credential =
  | { readonly kind: 'token'; readonly token: string }
  /** Nothing is wrong yet; ask again after `ms`, or when a ticket or token has come. */
  | CredentialWait
  | RefusedWait
  | TokenFault;

export interface RefusedWait extends TokenRefusal {
  readonly kind: 'wait';
  readonly ms: number;
  readonly why: 'refused';
}

export interface CredentialWait {
  readonly kind: 'wait';
  readonly ms: number;
  /** `page`: something else answered in WeChat's place. */
  readonly why: 'ticket' | 'connection' | 'page' | 'service' | 'refresher';
  /** What came instead of an answer. */
  readonly said?: string;
}

/**
 * WeChat issues no token at the moment, for a reason that may pass: an exhausted quota, a secret that is being changed.
 */
export interface TokenRefusal {
  /** `token:45009` */
  readonly problem: string;
  readonly said: string;
}

/** No call can be made until the platform's settings are fixed. */
export interface TokenFault {
  readonly kind: 'fault';
  readonly problem: string;
  readonly said: string;
}

export interface Credentials {
  current(): Promise<Credential>;
  /** WeChat refused this token (40001, 40014, 42001 …): it is forgotten, so that `current` gets another one. */
  refuse(token: string): Promise<TokenFault | undefined>;
  /** WeChat answered a call that used this token, so it is alive. */
  accepted(token: string): Promise<void>;
}

export interface KeptToken {
  readonly value: string;
  /** ms since 1970 */
  readonly refreshAt: number;
  /** ms since 1970 */
  readonly expiresAt: number;
}

/** What all processes share; kept in Redis. Times are ms since 1970. */
export interface TokenStore {
  token(): Promise<KeptToken | undefined>;
  /** Forgets it, if it is still this one. How many tokens in a row were refused before any call succeeded; 0 if it is another. */
  refuseToken(value: string): Promise<number>;
  ticket(): Promise<{ value: string; receivedAt: number } | undefined>;
  dropTicket(value: string): Promise<void>;
  /** True for one process in each span of `everyMs`. */
  mayAskForTicket(everyMs: number): Promise<boolean>;
  /** The asking came to nothing: the next one may be after so many ms. */
  askForTicketIn(ms: number): Promise<void>;
  /** A fence for the process that may refresh now. The lock is renewed until it is opened, and ends after so long with its process. */
  lock(ms: number): Promise<string | undefined>;
  /** Kept only while the fence holds; opens the lock. */
  saveToken(fence: string, token: KeptToken): Promise<boolean>;
  unlock(fence: string): Promise<void>;
  /** What WeChat refused, and how long no process asks again. */
  refusal(): Promise<(TokenRefusal & { readonly ms: number }) | undefined>;
  keepRefusal(refusal: TokenRefusal, ms: number): Promise<void>;
  clearRefusals(): Promise<void>;
}

interface Fresh {
  readonly kind: 'fresh';
  readonly token: string;
  readonly livesMs: number;
}

type Source = () => Promise<Fresh | CredentialWait | RefusedWait | TokenFault>;

/** This many new tokens refused in a row are no matter of age. */
const REFUSALS_UNTIL_FAULT = 3;

/** Without a token nothing is sent, so the others wait no longer for a process that was killed while it fetched one. */
const LOCK_MS = 10_000;

/** WeChat's tokens live two hours and are refreshed ten minutes before (1 h 50 min). */
const EARLY_MS = 10 * 60_000;

/** A ticket is valid for 12 hours; WeChat pushes one every ten minutes. */
export const TICKET_LIVES_MS = 12 * 3_600_000;

const ASK_FOR_TICKET_EVERY_MS = 60_000;
const TRY_AGAIN_MS = 5_000;

/** A process believes in the token that it has read this long; another process may have got a newer one meanwhile. */
const BELIEVED_MS = 5_000;

export function openCredentials(store: TokenStore, source: Source, now: () => number): Credentials {
  let alive = '';
  let believed = { token: '', until: 0 };

  function believe(value: string, end: number): Credential {
    believed = { token: value, until: Math.min(now() + BELIEVED_MS, end) };
    return { kind: 'token', token: value };
  }

  /** A token that is due for a refresh lives for some minutes more: a refresh that fails then stops no call. */
  function usedMeanwhile(known: KeptToken | undefined): Credential | undefined {
    return known !== undefined && now() < known.expiresAt ? believe(known.value, known.expiresAt) : undefined;
  }

  async function current(): Promise<Credential> {
    if (now() < believed.until) return { kind: 'token', token: believed.token };
    const known = await store.token();
    if (known !== undefined && now() < known.refreshAt) return believe(known.value, known.refreshAt);
    // Asked by one process for all: the others would get the same answer, and use up what WeChat counts.
    const refused = await store.refusal();
    if (refused !== undefined) return usedMeanwhile(known) ?? { kind: 'wait', why: 'refused', ...refused };
    const fence = await store.lock(LOCK_MS);
    if (fence === undefined) {
      // While another process refreshes, the old token still lives.
      return known === undefined ? { kind: 'wait', ms: 200, why: 'refresher' } : { kind: 'token', token: known.value };
    }
    try {
      // Between our look and the lock another process may have got one; a second one would kill it.
      const since = await store.token();
      if (since !== undefined && now() < since.refreshAt) return believe(since.value, since.refreshAt);
      const fetched = await source();
      if (fetched.kind === 'wait' && fetched.why === 'refused') {
        await store.keepRefusal({ problem: fetched.problem, said: fetched.said }, fetched.ms);
      }
      if (fetched.kind !== 'fresh') return usedMeanwhile(since) ?? fetched;
      const expiresAt = now() + fetched.livesMs;
      const refreshAt = expiresAt - Math.min(EARLY_MS, fetched.livesMs / 12);
      await store.saveToken(fence, { value: fetched.token, refreshAt, expiresAt });
      return { kind: 'token', token: fetched.token };
    } finally {
      await store.unlock(fence);
    }
  }

  async function refuse(token: string): Promise<TokenFault | undefined> {
    believed = { token: '', until: 0 };
    // A token service may give the same token again: calls that WeChat accepts then end the count anew.
    alive = '';
    // Many calls are refused with one token at the same moment: the first of them counts.
    const refusals = await store.refuseToken(token);
    if (refusals < REFUSALS_UNTIL_FAULT) return undefined;
    await store.clearRefusals();
    return { kind: 'fault', problem: 'token:refused', said: `${refusals} new tokens in a row were refused` };
  }

  async function accepted(token: string): Promise<void> {
    if (token === alive) return;
    alive = token;
    await store.clearRefusals();
  }

  return { current, refuse, accepted };
}

export function fixedToken(token: string): Source {
  return async () => ({ kind: 'fresh', token, livesMs: 60_000 });
}

/**
 * The platform's own token service: a GET that answers `{component_access_token, expires_in}`. If the service is down,
 * it is asked again; an answer without a token will be the same tomorrow.
 */
export function tokenService(url: string, requestTimeoutMs: number, get: typeof fetch): Source {
  return async () => {
    try {
      const answer = await askTokenService(url, AbortSignal.timeout(requestTimeoutMs), get);
      if ('refused' in answer) return { kind: 'fault', problem: 'token:service', said: answer.refused };
      const { status, body } = answer;
      if (status >= 500 || status === 429) return serviceAway(`HTTP ${status}`);
      return freshFrom(objectFrom(body)) ?? { kind: 'fault', problem: 'token:service', said: `HTTP ${status}` };
    } catch (error) {
      const { name, message, cause } = error as Error & { cause?: NodeJS.ErrnoException };
      return serviceAway(name === 'TimeoutError' ? 'no answer in time' : (cause?.code ?? message));
    }
  };
}

function serviceAway(said: string): CredentialWait {
  return { kind: 'wait', ms: TRY_AGAIN_MS, why: 'service', said };
}

type ServiceAnswer = { readonly status: number; readonly body: string } | { readonly refused: string };

const MOST_REDIRECTS = 3;
const MOST_TOKEN_BYTES = 64 * 1024;

/** Follows a redirect only over https, so that the token cannot be read on the way, and sends user and password to their own host only. */
async function askTokenService(url: string, signal: AbortSignal, get: typeof fetch): Promise<ServiceAnswer> {
  const { origin } = new URL(url);
  let target = new URL(url);
  const { username, password } = target;
  const login = `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`;
  for (let hops = 0; hops <= MOST_REDIRECTS; hops += 1) {
    // fetch refuses an address with name and password.
    target.username = '';
    target.password = '';
    const headers = username !== '' && target.origin === origin ? { authorization: login } : {};
    const response = await get(target, { signal, redirect: 'manual', headers });
    const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
    if (location === null) return { status: response.status, body: await boundedText(response) };
    await response.body?.cancel();
    target = new URL(location, target);
    if (target.protocol !== 'https:' && target.origin !== origin) {
      return {
        refused: `HTTP ${response.status} to ${target.protocol}//${target.host}, where others could read the token`,
      };
    }
  }
  return { refused: `more than ${MOST_REDIRECTS} redirects` };
}

async function boundedText(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > MOST_TOKEN_BYTES) return '';
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** Empty where it is no JSON, or none of an object: a login page, or the page of a proxy. */
function objectFrom(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    return {};
  }
}

export interface Component {
  readonly appid: string;
  readonly appsecret: string;
}

/** From the verify ticket. Where none has come, WeChat is asked to push one. */
export function ticketExchange(
  client: Pick<Client, 'post'>,
  component: Component,
  store: TokenStore,
  now: () => number,
  retryMs: number,
): Source {
  async function waitForTicket(): ReturnType<Source> {
    if (await store.mayAskForTicket(ASK_FOR_TICKET_EVERY_MS)) {
      const reply = await client.post({
        path: '/cgi-bin/component/api_start_push_ticket',
        query: {},
        // This call says component_secret where the next one says component_appsecret.
        body: { component_appid: component.appid, component_secret: component.appsecret },
      });
      if (reply.kind !== 'answer') {
        await store.askForTicketIn(TRY_AGAIN_MS);
        return unanswered(reply);
      }
      if (reply.errcode !== 0 && reply.errcode !== -1) return refusalOf(reply, retryMs);
    }
    return { kind: 'wait', ms: ASK_FOR_TICKET_EVERY_MS, why: 'ticket' };
  }

  return async () => {
    const ticket = await store.ticket();
    if (ticket === undefined || now() - ticket.receivedAt > TICKET_LIVES_MS) return waitForTicket();
    const reply = await client.post({
      path: '/cgi-bin/component/api_component_token',
      query: {},
      body: {
        component_appid: component.appid,
        component_appsecret: component.appsecret,
        component_verify_ticket: ticket.value,
      },
      carries: 'component_access_token',
    });
    if (reply.kind !== 'answer') return unanswered(reply);
    const fresh = freshFrom(reply.body);
    if (reply.errcode === 0 && fresh !== undefined) return fresh;
    if (reply.errcode === 61005 || reply.errcode === 61006) {
      await store.dropTicket(ticket.value);
      // The token that was issued a moment ago may be the refused one.
      await store.askForTicketIn(TRY_AGAIN_MS);
      return { kind: 'wait', ms: TRY_AGAIN_MS, why: 'ticket' };
    }
    return refusalOf(reply, retryMs);
  };
}

function unanswered({ kind, why }: Unanswered): CredentialWait {
  return { kind: 'wait', ms: TRY_AGAIN_MS, why: kind === 'page' ? 'page' : 'connection', said: why };
}

/** A code that is known to mean the platform's settings stops the line; any other one may pass, and is asked for again. */
function refusalOf(
  { errcode, said }: Extract<Reply, { kind: 'answer' }>,
  ms: number,
): Exclude<Credential, { kind: 'token' }> {
  const refusal = { problem: `token:${errcode}`, said };
  if (answerToCreate(errcode).fact === 'platform_refused') return { kind: 'fault', ...refusal };
  return { kind: 'wait', ms, why: 'refused', ...refusal };
}

function freshFrom(body: Readonly<Record<string, unknown>>): Fresh | undefined {
  const { component_access_token: token, expires_in: seconds } = body;
  if (typeof token !== 'string' || token === '') return undefined;
  const lives = Number(seconds ?? 7200);
  return { kind: 'fresh', token, livesMs: (Number.isFinite(lives) && lives > 0 ? lives : 7200) * 1000 };
}

/** Dependencies of exchanging authorization codes, over a real Redis, with a WeChat that a test plays. */
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { DEFAULT_PATIENCE } from '../../src/domain/patience.js';
import { notifyCreated } from '../../src/redis/created.js';
import { registrationsNamed } from '../../src/redis/ledger/registrations-named.js';
import { openAuthCode, openAuthCodes } from '../../src/redis/pushes/auth-codes.js';
import { openAuthorizers } from '../../src/redis/pushes/authorizers.js';
import { openPushes } from '../../src/redis/pushes/pushes.js';
import type { WakeupChannel } from '../../src/redis/wakeup-channel.js';
import type { Exchange } from '../../src/wechat/authorization.js';
import type { Info, Listing } from '../../src/wechat/authorizer-list.js';
import type { AuthorizeTools, ExchangeContext } from '../../src/worker/authorizing.js';
import { openWakeups } from '../../src/worker/wakeups.js';
import type { Book } from './ledger.js';
import { LIMITS } from './limits.js';
import { merchant } from './merchants.js';
import { VAULT } from './receiver.js';

/** The Mini Program of `merchant(1)`. */
export const APPID = 'wxnew';

const FAST = { ...LIMITS, perSecond: 100, perMinute: 1_000, timezone: 'UTC' };

export function exchangingContext(book: Book, wakeupChannel: WakeupChannel, now: () => number): ExchangeContext {
  return {
    ledger: book.ledger,
    calls: book.calls,
    workload: book.workload,
    credentials: {
      current: async () => ({ kind: 'token', token: 'T' }),
      refuse: async () => undefined,
      accepted: async () => {},
    },
    limits: FAST,
    patience: DEFAULT_PATIENCE,
    token: {},
    wakeups: openWakeups(wakeupChannel),
    now,
    log: pino({ level: 'silent' }),
  };
}

/** What WeChat answers to exchanges, one after the other; and that it knows no refresh token otherwise. */
export function exchangingTools(
  redis: Redis,
  exchanges: (Exchange | Error)[],
): AuthorizeTools & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    authorizers: openAuthorizers(redis, VAULT),
    codes: openAuthCodes(redis),
    pushes: openPushes(redis),
    named: (name) => registrationsNamed(redis, name),
    infoOf: async () => INFO_WITHOUT_TOKEN,
    list: async () => EMPTY_LIST,
    openAuthCode: (code, appid) => openAuthCode(VAULT, appid, code),
    notifyCreated: (it) => notifyCreated(redis, it),
    exchange: async (code, token) => {
      asked.push(`${code} with ${token}`);
      const next = exchanges.shift();
      if (next === undefined || next instanceof Error) throw next ?? new Error('asked too often');
      return next;
    },
  };
}

export const KEPT = { kind: 'kept', appid: APPID, refreshToken: 'refreshtoken@@@secret' } as const;
export const INFO_WITHOUT_TOKEN = {
  kind: 'info' as const,
  info: { appid: APPID, principalName: merchant(1).name, registerType: 6, refreshToken: undefined },
} satisfies Info;
export const EMPTY_LIST: Listing = { kind: 'listed', authorizers: [], total: 0 };

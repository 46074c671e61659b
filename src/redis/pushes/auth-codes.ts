/**
 * Authorization codes that WeChat pushed, and what it says of the authorisation of a Mini Program: stored beside it,
 * sealed, until the codes are exchanged. Work of the kind `authorize` names Mini Programs, not registrations: a
 * merchant may have several, and the merchant of a new Mini Program may not be known yet.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { AuthCode, Offered, PushedCode, Stranger, WaitingCodes, Withdrawal } from '../../domain/auth-code.js';
import { renewEvery } from '../../polling.js';
import { key } from '../keys.js';
import { openLeases } from '../lease.js';
import { script } from '../scripts.js';
import type { Vault } from '../vault.js';

export interface AuthCodes {
  /**
   * Stores a pushed code. The code of one of our Mini Programs is exchanged at once; the code of an unknown Mini
   * Program waits until `waits.until` for the push that names its merchant, if it may belong to one of our
   * registrations: `waits.push` is the push that brought it.
   */
  offer(appid: string, code: PushedCode, waits?: { readonly until: number; readonly push: string }): Promise<Offered>;
  /** The merchant withdrew the authorisation. */
  withdraw(appid: string, pushedAt: number): Promise<Withdrawal>;
  /** What `offer` of the code of one of our Mini Programs would answer. */
  previewOffer(appid: string, code: PushedCode): Promise<Offered>;
  /** What `withdraw` would answer. */
  previewWithdrawal(appid: string, pushedAt: number): Promise<Withdrawal>;
  waiting(appid: string): Promise<WaitingCodes | undefined>;
  noteStranger(appid: string, stranger: Stranger): Promise<void>;
  /** This code, and all codes before it, need no more work. */
  settle(appid: string, mark: string): Promise<void>;
  /** The same, because the merchant of the Mini Program is unknown. False: it became known meanwhile. */
  giveUp(appid: string, mark: string): Promise<boolean>;
  /** Runs `exchange` under the lease of this Mini Program; undefined where another worker has the lease. */
  underLease<T>(appid: string, exchange: () => Promise<T>): Promise<T | undefined>;
}

/**
 * An exchange may make several calls, of half a minute each, while its code lives ten minutes: a lease for all of them would
 * keep the code from every other worker for minutes after this one was killed.
 */
const LEASE: LeaseTimes = { forMs: 20_000, renewEveryMs: 5_000 };

interface LeaseTimes {
  readonly forMs: number;
  readonly renewEveryMs: number;
}

/** What the scripts take: '' changes something. */
type Mode = '' | 'preview';

/** Of a code that does not wait if its Mini Program is unknown. */
const NONE = ['', ''];

export function openAuthCodes(redis: Redis, { forMs, renewEveryMs } = LEASE): AuthCodes {
  const offerScript = script(redis, 'offer-code');
  const withdrawScript = script(redis, 'withdraw');
  const settleScript = script(redis, 'settle-codes');
  const leases = openLeases(redis);

  async function offer(
    appid: string,
    code: PushedCode,
    stranger: readonly (string | number)[],
    mode: Mode,
  ): Promise<Offered> {
    const { mark, at, diesAt, pushedAt, from, shared, sealed } = packCode(code);
    const args = [appid, mark, at, diesAt, pushedAt, from, shared, sealed, ...stranger, mode];
    return (await offerScript([key('authorizer', appid)], args)) as Offered;
  }

  async function withdraw(appid: string, pushedAt: number, mode: Mode): Promise<Withdrawal> {
    return (await withdrawScript([key('authorizer', appid)], [appid, pushedAt, mode])) as Withdrawal;
  }

  return {
    offer: (appid, code, waits) => offer(appid, code, waits === undefined ? NONE : [waits.until, waits.push], ''),
    withdraw: (appid, pushedAt) => withdraw(appid, pushedAt, ''),
    previewOffer: (appid, code) => offer(appid, code, NONE, 'preview'),
    previewWithdrawal: (appid, pushedAt) => withdraw(appid, pushedAt, 'preview'),

    async waiting(appid) {
      const [fields, registration] = await Promise.all([
        redis.hgetall(key('authorizer', appid)),
        redis.hget(key('appids'), appid),
      ]);
      const [newest, ...older] = (fields.codes ?? '').split('\n').filter(Boolean).map(codeFrom);
      if (newest === undefined) return undefined;
      return {
        registration: registration ?? undefined,
        codes: [newest, ...older],
        kept:
          fields.refreshToken === undefined
            ? undefined
            : { mark: fields.keptBy ?? '', at: Number(fields.keptFrom ?? fields.keptAt) },
        push: fields.push,
        stranger: fields.stranger === undefined ? undefined : (JSON.parse(fields.stranger) as Stranger),
      };
    },

    async noteStranger(appid, stranger) {
      await redis.hset(key('authorizer', appid), 'stranger', JSON.stringify(stranger));
    },

    async settle(appid, mark) {
      await settleScript([key('authorizer', appid)], [appid, mark, '']);
    },

    async giveUp(appid, mark) {
      return (await settleScript([key('authorizer', appid)], [appid, mark, 'nobody'])) === 1;
    },

    async underLease(appid, exchange) {
      const [lease, fence] = [key('exchanging', appid), randomUUID()];
      if (!(await leases.acquire(lease, fence, forMs))) return undefined;
      // A lease that could not be renewed ends: then another worker may exchange the code, too, which does no harm.
      const endRenewing = renewEvery(renewEveryMs, () => leases.renew(lease, fence, forMs));
      try {
        return await exchange();
      } finally {
        endRenewing();
        await leases.release(lease, fence);
      }
    },
  };
}

const MARK_LENGTH = 16;

/** Sealed for its Mini Program, behind a mark by which the same code is known again. */
export function sealAuthCode(vault: Vault, appid: string, code: string): string {
  const mark = createHash('sha256').update(code).digest('hex').slice(0, MARK_LENGTH);
  return `${mark}.${vault.seal(code, labelOf(appid))}`;
}

/** Throws where FASTREGISTER_SECRET_KEY is another one. */
export function openAuthCode(vault: Vault, appid: string, authCode: string): string {
  return vault.open(authCode.slice(MARK_LENGTH + 1), labelOf(appid));
}

function labelOf(appid: string): string {
  return `code of ${appid}`;
}

/** A code as the scripts write it (pushes.lua, `offer`, names the fields). Numbers are text: Lua would print them its own way. */
export interface PackedCode {
  readonly mark: string;
  readonly at: string;
  readonly diesAt: string;
  readonly pushedAt: string;
  readonly from: PushedCode['from'];
  readonly shared: '1' | '-';
  readonly sealed: string;
}

export function packCode({ authCode, at, diesAt, pushedAt, from, isShared }: PushedCode): PackedCode {
  return {
    mark: authCode.slice(0, MARK_LENGTH),
    at: String(at),
    diesAt: String(diesAt),
    pushedAt: String(pushedAt),
    from,
    shared: isShared ? '1' : '-',
    sealed: authCode.slice(MARK_LENGTH + 1),
  };
}

function codeFrom(line: string): AuthCode {
  const [mark = '', at, diesAt, pushedAt, from, shared, sealed = ''] = line.split(' ');
  return {
    mark,
    authCode: `${mark}.${sealed}`,
    at: Number(at),
    diesAt: Number(diesAt),
    pushedAt: Number(pushedAt),
    from: from as PushedCode['from'],
    isShared: shared === '1',
  };
}

/**
 * The verify ticket and the component access token, shared by all processes: sealed, because their holder can act for the
 * platform. If one does not open, because the secret key was changed, it counts as absent: WeChat gives another one.
 */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { renewEvery } from '../polling.js';
import { key } from './keys.js';
import { openLeases } from './lease.js';
import { script } from './scripts.js';
import { markOf, type Vault } from './vault.js';

const LABELS = { token: 'component access token', ticket: 'component verify ticket' } as const;

type Kept = keyof typeof LABELS;

/** The ticket in the form in which a push is stored with it, in Redis or in the spool. */
export function sealTicket(vault: Vault, ticket: string): string {
  return `${markOf(ticket)} ${vault.seal(ticket, LABELS.ticket)}`;
}

/** An older version has left unsealed tickets in the spool. */
export function isSealedTicket(text: string): boolean {
  return /^[0-9a-f]{16} /.test(text);
}

/** When the ticket came, in ms since 1970; needs no key. */
export async function ticketReceivedAt(redis: Redis): Promise<number | undefined> {
  const receivedAt = await redis.hget(key('ticket'), 'receivedAt');
  return receivedAt === null ? undefined : Number(receivedAt);
}

/** By WeChat's clock; ms since 1970. */
export async function ticketCreatedAt(redis: Redis): Promise<number | undefined> {
  const createdAt = Number(await redis.hget(key('ticket'), 'createdAt'));
  return createdAt > 0 ? createdAt : undefined;
}

/** How often a lock is renewed before it would end. */
const RENEWALS = 4;

/** Why WeChat issues no token at the moment: `token:45009`, and its words. */
interface Refusal {
  readonly problem: string;
  readonly said: string;
}

/** What wechat/credentials asks for as its TokenStore, and the receiver's side of it. */
export function openComponentStore(redis: Redis, vault: () => Vault) {
  const token = key('token');
  const lease = key('refresher');
  const ticket = key('ticket');
  const refuseScript = script(redis, 'refuse-token');
  const dropScript = script(redis, 'drop-ticket');
  const saveScript = script(redis, 'save-token');
  const leases = openLeases(redis);
  /** Ends the renewing of the lock with this fence. */
  const renewals = new Map<string, () => void>();
  const sealScript = script(redis, 'seal-field');
  const resealScript = script(redis, 'replace-field');

  async function opened(kept: Kept, { value, mark }: Readonly<Record<string, string>>): Promise<string | undefined> {
    if (value === undefined) return undefined;
    if (mark === undefined) {
      // An older version has stored it unsealed.
      await sealScript([key(kept)], [value, vault().seal(value, LABELS[kept]), markOf(value)]);
      return value;
    }
    try {
      return vault().open(value, LABELS[kept]);
    } catch {
      return undefined;
    }
  }

  /** True if the previous key had sealed it and it is now sealed with the present key. */
  async function reseal(kept: Kept): Promise<boolean> {
    const fields = await redis.hgetall(key(kept));
    const text = await opened(kept, fields);
    if (text === undefined || fields.value === undefined || vault().isCurrent(fields.value)) return false;
    return (await resealScript([key(kept)], ['value', fields.value, vault().seal(text, LABELS[kept])])) === 1;
  }

  return {
    async token() {
      const fields = await redis.hgetall(token);
      const value = await opened('token', fields);
      if (value === undefined) return undefined;
      const refreshAt = Number(fields.refreshAt);
      return { value, refreshAt, expiresAt: Number(fields.expiresAt ?? refreshAt) };
    },

    async refuseToken(value: string) {
      return Number(await refuseScript([token], [markOf(value)]));
    },

    async ticket() {
      const fields = await redis.hgetall(ticket);
      const value = await opened('ticket', fields);
      return value === undefined ? undefined : { value, receivedAt: Number(fields.receivedAt) };
    },

    async dropTicket(value: string) {
      await dropScript([ticket], [markOf(value)]);
    },

    /** Seals ticket and token anew if the previous key has sealed them. Answers how many. */
    async reseal() {
      const resealed = await Promise.all([reseal('token'), reseal('ticket')]);
      return resealed.filter(Boolean).length;
    },

    async mayAskForTicket(everyMs: number) {
      return (await redis.set(key('ticketAsked'), '1', 'PX', everyMs, 'NX')) === 'OK';
    },

    async askForTicketIn(ms: number) {
      await redis.pexpire(key('ticketAsked'), ms);
    },

    async lock(ms: number) {
      const fence = randomUUID();
      if (!(await leases.acquire(lease, fence, ms))) return undefined;
      renewals.set(
        fence,
        renewEvery(ms / RENEWALS, () => leases.renew(lease, fence, ms)),
      );
      return fence;
    },

    async saveToken(fence: string, fresh: { value: string; refreshAt: number; expiresAt: number }) {
      return (
        (await saveScript(
          [lease],
          [fence, vault().seal(fresh.value, LABELS.token), fresh.refreshAt, markOf(fresh.value), fresh.expiresAt],
        )) === 1
      );
    },

    async unlock(fence: string) {
      renewals.get(fence)?.();
      renewals.delete(fence);
      await leases.release(lease, fence);
    },

    async refusal() {
      const [text, ms] = await Promise.all([redis.get(key('tokenRefusal')), redis.pttl(key('tokenRefusal'))]);
      return text === null ? undefined : { ...(JSON.parse(text) as Refusal), ms: Math.max(ms, 1) };
    },

    async keepRefusal(refusal: Refusal, ms: number) {
      await redis.set(key('tokenRefusal'), JSON.stringify(refusal), 'PX', Math.ceil(ms));
    },

    async clearRefusals() {
      await redis.del(key('tokenRefused'));
    },
  };
}

/** The verify ticket and the component access token, shared by all processes. */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { key } from './keys.js';
import { script } from './scripts.js';

/** Why WeChat issues no token at the moment: `token:45009`, and its words. */
interface Refusal {
  readonly problem: string;
  readonly said: string;
}

/** What wechat/credentials asks for as its TokenStore, and the receiver's side of it. */
export function openComponentStore(redis: Redis) {
  const token = key('token');
  const lock = key('refresher');
  const ticket = key('ticket');
  const refuseScript = script(redis, 'refuse-token');
  const dropScript = script(redis, 'drop-ticket');
  const saveScript = script(redis, 'save-token');
  const releaseScript = script(redis, 'release');

  return {
    async token() {
      const { value, refreshAt } = await redis.hgetall(token);
      return value === undefined ? undefined : { value, refreshAt: Number(refreshAt) };
    },

    async refuseToken(value: string) {
      return Number(await refuseScript([token], [value]));
    },

    async ticket() {
      const { value, receivedAt } = await redis.hgetall(ticket);
      return value === undefined ? undefined : { value, receivedAt: Number(receivedAt) };
    },

    async dropTicket(value: string) {
      await dropScript([ticket], [value]);
    },

    async mayAskForTicket(everyMs: number) {
      return (await redis.set(key('ticketAsked'), '1', 'PX', everyMs, 'NX')) === 'OK';
    },

    async askForTicketIn(ms: number) {
      await redis.pexpire(key('ticketAsked'), ms);
    },

    async lock(ms: number) {
      const fence = randomUUID();
      return (await redis.set(lock, fence, 'PX', ms, 'NX')) === 'OK' ? fence : undefined;
    },

    async saveToken(fence: string, fresh: { value: string; refreshAt: number }) {
      return (await saveScript([lock], [fence, fresh.value, fresh.refreshAt])) === 1;
    },

    async unlock(fence: string) {
      await releaseScript([lock], [fence]);
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

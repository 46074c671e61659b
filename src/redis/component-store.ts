/** The verify ticket and the component access token, shared by all processes. */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { ring } from './bell.js';
import { key } from './keys.js';

/** Sets the token while the fence holds, and opens the lock. KEYS token, lock; ARGV fence, value, refreshAt. */
const SAVE_TOKEN = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'value', ARGV[2], 'refreshAt', ARGV[3])
redis.call('DEL', KEYS[2])
return 1`;

/** Forgets a token and counts it as refused, if it is still the one. KEYS token, count of refusals; ARGV value. */
const REFUSE_TOKEN = `
if redis.call('HGET', KEYS[1], 'value') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return redis.call('INCR', KEYS[2])`;

/** Deletes a key whose value is the one that is meant. KEYS key; ARGV value, hash field ('' for a string). */
const DROP = `
local value
if ARGV[2] == '' then value = redis.call('GET', KEYS[1]) else value = redis.call('HGET', KEYS[1], ARGV[2]) end
if value == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

/** What wechat/credentials asks for as its TokenStore, and the receiver's side of it. */
export function openComponentStore(redis: Redis) {
  const token = key('token');
  const lock = key('refresher');
  const ticket = key('ticket');

  return {
    async token() {
      const { value, refreshAt } = await redis.hgetall(token);
      return value === undefined ? undefined : { value, refreshAt: Number(refreshAt) };
    },

    async refuseToken(value: string) {
      return Number(await redis.eval(REFUSE_TOKEN, 2, token, key('tokenRefused'), value));
    },

    async ticket() {
      const { value, receivedAt } = await redis.hgetall(ticket);
      return value === undefined ? undefined : { value, receivedAt: Number(receivedAt) };
    },

    async dropTicket(value: string) {
      await redis.eval(DROP, 1, ticket, value, 'value');
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
      const saved = await redis.eval(SAVE_TOKEN, 2, token, lock, fence, fresh.value, fresh.refreshAt);
      await ring(redis, 'token');
      return saved === 1;
    },

    async unlock(fence: string) {
      await redis.eval(DROP, 1, lock, fence, '');
    },

    async clearRefusals() {
      await redis.del(key('tokenRefused'));
    },
  };
}

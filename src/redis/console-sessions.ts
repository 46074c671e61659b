/**
 * Sessions of the console's users, and how often logging in failed. A cookie has a random token; Redis has only its
 * digest, so that reading Redis is not enough to use a session.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { waitAfterTriesMs } from '../domain/console-user.js';
import { type StoredUser, storedUser } from './console-users.js';
import { answersOf } from './exec.js';
import { key } from './keys.js';
import { script } from './scripts.js';

export interface Session {
  readonly user: string;
  /** The mark of the password with which the session began: a new password ends the session. */
  readonly mark: string;
}

export interface FoundSession extends Session {
  /** Undefined for the built-in user, and for a removed user. */
  readonly stored: StoredUser | undefined;
}

export interface ConsoleSessions {
  /** Returns the token. */
  begin(session: Session): Promise<string>;
  /** Undefined if the session is over. Finding a session prolongs it. */
  find(token: string): Promise<FoundSession | undefined>;
  end(token: string): Promise<void>;
  /** Returns how many sessions there were. */
  endAllOf(user: string): Promise<number>;
  countOf(user: string): Promise<number>;
  /** Counts a try before the password is compared. Returns how long the client has to wait first; 0: it may try. */
  tryToBegin(client: string, freeTries?: number): Promise<number>;
  forgetTries(client: string): Promise<void>;
  /** Remembers a browser in which this user has logged in: its tries are counted apart from those of other clients at its address. */
  rememberDevice(user: string): Promise<string>;
  isDeviceOf(device: string, user: string): Promise<boolean>;
}

const IDLE_S = 12 * 3_600;
const LONGEST_S = 7 * 86_400;
const DEVICE_S = 180 * 86_400;

const TRIES_FORGOTTEN_AFTER_S = 3_600;

export function openConsoleSessions(redis: Redis): ConsoleSessions {
  const sessionKey = (token: string): string => key('consoleSession', digest(token));
  const sessionScript = script(redis, 'console-session');

  return {
    async begin({ user, mark }) {
      const token = newToken();
      const name = sessionKey(token);
      const steps = redis
        .multi()
        .hset(name, { user, mark, endsAt: Date.now() + LONGEST_S * 1000 })
        .expire(name, IDLE_S)
        .sadd(key('consoleSessionsOf', user), digest(token))
        .expire(key('consoleSessionsOf', user), LONGEST_S);
      await answersOf(steps);
      return token;
    },
    async find(token) {
      const found = await sessionScript([sessionKey(token)], [Date.now(), IDLE_S]);
      if (found === null) return undefined;
      const [user, mark, stored] = found as [string, string, string];
      return { user, mark, stored: stored === '' ? undefined : storedUser(stored) };
    },
    async end(token) {
      const user = await redis.hget(sessionKey(token), 'user');
      await redis.del(sessionKey(token));
      if (user !== null) await redis.srem(key('consoleSessionsOf', user), digest(token));
    },
    async endAllOf(user) {
      const ids = await redis.smembers(key('consoleSessionsOf', user));
      const ended = await Promise.all(ids.map((id) => redis.del(key('consoleSession', id))));
      await redis.del(key('consoleSessionsOf', user));
      return ended.reduce((sum, count) => sum + count, 0);
    },
    async countOf(user) {
      const ids = await redis.smembers(key('consoleSessionsOf', user));
      const live = await Promise.all(ids.map((id) => redis.exists(key('consoleSession', id))));
      return live.reduce((sum, count) => sum + count, 0);
    },
    async tryToBegin(client, freeTries) {
      const [tries, wait] = [key('consoleTries', digest(client)), key('consoleWait', digest(client))];
      const left = await redis.pttl(wait);
      if (left > 0) return left;
      // Counted before the comparison, so that a hundred tries at once count as a hundred.
      const count = await redis.incr(tries);
      await redis.expire(tries, TRIES_FORGOTTEN_AFTER_S);
      const waitMs = waitAfterTriesMs(count, freeTries);
      if (waitMs === 0) return 0;
      return (await redis.set(wait, count, 'PX', waitMs, 'NX')) === null ? waitMs : 0;
    },
    async forgetTries(client) {
      await redis.del(key('consoleTries', digest(client)), key('consoleWait', digest(client)));
    },
    async rememberDevice(user) {
      const device = newToken();
      await redis.set(key('consoleDevice', digest(device)), user, 'EX', DEVICE_S);
      return device;
    },
    isDeviceOf: async (device, user) => (await redis.get(key('consoleDevice', digest(device)))) === user,
  };
}

function newToken(): string {
  return randomBytes(24).toString('base64url');
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 32);
}

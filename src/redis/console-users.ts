/** The users of the console. */
import type { Redis } from 'ioredis';
import type { ConsoleUser } from '../domain/console-user.js';
import { key } from './keys.js';
import { script } from './scripts.js';

export interface StoredUser extends ConsoleUser {
  /** The hash that `passwords.ts` writes; never the password itself. */
  readonly password: string;
}

export interface ConsoleUsers {
  list(): Promise<StoredUser[]>;
  find(name: string): Promise<StoredUser | undefined>;
  /** False if there is a user of that name. */
  add(user: StoredUser): Promise<boolean>;
  /** Changes the user as stored at that moment, so that no concurrent change is lost. False: there is no user of that name. */
  change(name: string, changed: (user: StoredUser) => StoredUser): Promise<boolean>;
  /** False if there was no such user. */
  remove(name: string): Promise<boolean>;
  count(): Promise<number>;
}

/** The user as the ledger stores it. */
export function storedUser(text: string): StoredUser {
  return JSON.parse(text) as StoredUser;
}

export function openConsoleUsers(redis: Redis): ConsoleUsers {
  const replaceScript = script(redis, 'replace-field');
  return {
    async list() {
      const users = Object.values(await redis.hgetall(key('consoleUsers'))).map(storedUser);
      return users.sort((one, other) => one.addedAt - other.addedAt || (one.name < other.name ? -1 : 1));
    },
    async find(name) {
      const text = await redis.hget(key('consoleUsers'), name);
      return text === null ? undefined : storedUser(text);
    },
    add: async (user) => (await redis.hsetnx(key('consoleUsers'), user.name, JSON.stringify(user))) === 1,
    async change(name, changed) {
      for (;;) {
        const text = await redis.hget(key('consoleUsers'), name);
        if (text === null) return false;
        const after = JSON.stringify(changed(storedUser(text)));
        if (after === text || (await replaceScript([key('consoleUsers')], [name, text, after])) === 1) return true;
      }
    },
    remove: async (name) => (await redis.hdel(key('consoleUsers'), name)) === 1,
    count: () => redis.hlen(key('consoleUsers')),
  };
}

/** The users of the console. */
import type { Redis } from 'ioredis';
import type { ConsoleUser } from '../domain/console-user.js';
import { key } from './keys.js';

export interface StoredUser extends ConsoleUser {
  /** As `passwords.ts` writes it: never the password. */
  readonly password: string;
}

export interface ConsoleUsers {
  list(): Promise<StoredUser[]>;
  find(name: string): Promise<StoredUser | undefined>;
  /** False where there is one of that name. */
  add(user: StoredUser): Promise<boolean>;
  save(user: StoredUser): Promise<void>;
  /** False where there was none. */
  remove(name: string): Promise<boolean>;
  count(): Promise<number>;
}

/** As the ledger has it. */
export function storedUser(text: string): StoredUser {
  return JSON.parse(text) as StoredUser;
}

export function openConsoleUsers(redis: Redis): ConsoleUsers {
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
    async save(user) {
      await redis.hset(key('consoleUsers'), user.name, JSON.stringify(user));
    },
    remove: async (name) => (await redis.hdel(key('consoleUsers'), name)) === 1,
    count: () => redis.hlen(key('consoleUsers')),
  };
}

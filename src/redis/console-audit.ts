/** Who did what in the console, and when: the newest entries. */
import type { Redis } from 'ioredis';
import type { AuditEntry } from '../domain/console-user.js';
import { key } from './keys.js';

/** A hundred actions a working day for ten years; Redis removes whole nodes of the stream, so it keeps somewhat more. */
const MOST_ENTRIES = 250_000;

export interface ConsoleAudit {
  add(entry: AuditEntry): Promise<void>;
  /** The newest first. `before`: the `next` of the page before this one. */
  page(most: number, before?: string): Promise<{ readonly entries: readonly AuditEntry[]; readonly next?: string }>;
}

export function openConsoleAudit(redis: Redis): ConsoleAudit {
  return {
    async add(entry) {
      await redis.xadd(key('consoleAudit'), 'MAXLEN', '~', MOST_ENTRIES, '*', 'entry', JSON.stringify(entry));
    },
    async page(most, before) {
      const from = before !== undefined && /^\d{1,15}-\d{1,10}$/.test(before) ? `(${before}` : '+';
      const found = await redis.xrevrange(key('consoleAudit'), from, '-', 'COUNT', most + 1);
      const shown = found.slice(0, most);
      const entries = shown.map(([, fields]) => JSON.parse(fields[1] ?? '{}') as AuditEntry);
      const last = shown.at(-1)?.[0];
      return { entries, ...(found.length > most && last !== undefined && { next: last }) };
    },
  };
}

/** Processes each submitted form of the console once, and keeps its answer for a repeated submission. */
import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { key } from './keys.js';

/** A form that was opened yesterday can still be sent; no page is expected to stay open for longer. */
const KEPT_S = 86_400;

/** Longer than any form takes: the process that began it has died. */
const LONGEST_S = 60;

/** Stands before what no other beginning has. An answer is JSON. */
const BEGUN = 'begun ';

export interface SentForms {
  /** `begun`: the caller processes the form now. Otherwise its answer, `''` while another process works on it. */
  begin(id: string): Promise<{ readonly kind: 'begun' } | { readonly kind: 'sent'; readonly answer: string }>;
  finish(id: string, answer: string): Promise<void>;
  /** The form was not processed, and may be sent again. */
  forget(id: string): Promise<void>;
}

export function openSentForms(redis: Redis): SentForms {
  return {
    async begin(id) {
      const name = key('consoleOnce', id);
      const mine = `${BEGUN}${randomBytes(16).toString('base64url')}`;
      if ((await redis.set(name, mine, 'EX', LONGEST_S, 'NX')) !== null) return { kind: 'begun' };
      const found = (await redis.get(name)) ?? '';
      // ioredis sends a command again if its answer was lost: then the first run wrote it.
      if (found === mine) return { kind: 'begun' };
      return { kind: 'sent', answer: found.startsWith(BEGUN) ? '' : found };
    },
    async finish(id, answer) {
      await redis.set(key('consoleOnce', id), answer, 'EX', KEPT_S);
    },
    async forget(id) {
      await redis.del(key('consoleOnce', id));
    },
  };
}

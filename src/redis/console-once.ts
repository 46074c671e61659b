/** Processes each submitted form of the console once, and keeps its answer for a repeated submission. */
import type { Redis } from 'ioredis';
import { key } from './keys.js';

/** A form that was opened yesterday can still be sent; no page is expected to stay open for longer. */
const KEPT_S = 86_400;

/** Longer than any form takes: the process that began it has died. */
const LONGEST_S = 60;

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
      if ((await redis.set(name, '', 'EX', LONGEST_S, 'NX')) !== null) return { kind: 'begun' };
      return { kind: 'sent', answer: (await redis.get(name)) ?? '' };
    },
    async finish(id, answer) {
      await redis.set(key('consoleOnce', id), answer, 'EX', KEPT_S);
    },
    async forget(id) {
      await redis.del(key('consoleOnce', id));
    },
  };
}

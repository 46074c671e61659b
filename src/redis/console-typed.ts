/**
 * What a user typed into a form, for the page that answers it. The page has an id in its address instead, so that names of
 * merchants stay out of it, and the browser can go back to the page or load it again.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { key } from './keys.js';

export type Typed = Readonly<Record<string, string>>;

export interface TypedForms {
  /** Returns the id. `session`: only the same one finds the form again. */
  keep(session: string, typed: Typed): Promise<string>;
  /** Undefined after an hour, and for another session. */
  find(session: string, id: string): Promise<Typed | undefined>;
}

const KEPT_S = 3_600;

export function openTypedForms(redis: Redis): TypedForms {
  return {
    async keep(session, typed) {
      const id = randomBytes(12).toString('base64url');
      await redis.set(nameOf(session, id), JSON.stringify(typed), 'EX', KEPT_S);
      return id;
    },
    async find(session, id) {
      const text = await redis.get(nameOf(session, id));
      return text === null ? undefined : (JSON.parse(text) as Typed);
    },
  };
}

function nameOf(session: string, id: string): string {
  return key('consoleTyped', createHash('sha256').update(`${session} ${id}`).digest('base64url').slice(0, 32));
}

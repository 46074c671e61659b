/** Loads the Lua scripts; each is run by its digest and sent whole only where the server does not know it yet. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { withKeys } from './keys.js';

export type ScriptName =
  | 'read'
  | 'record'
  | 'take'
  | 'resume'
  | 'hand'
  | 'sweep'
  | 'give-back'
  | 'accept'
  | 'page'
  | 'purge'
  | 'store-pushes'
  | 'park'
  | 'notice-take'
  | 'notice-settle';

export type RunScript = (keys: string[], args: (string | number)[]) => Promise<unknown>;

const folder = new URL('./lua/', import.meta.url);

export function script(redis: Redis, name: ScriptName): RunScript {
  const { text, digest } = source(name);
  return async (keys, args) => {
    try {
      return await redis.evalsha(digest, keys.length, ...keys, ...args);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('NOSCRIPT')) {
        return redis.eval(text, keys.length, ...keys, ...args);
      }
      throw error;
    }
  };
}

const sources = new Map<ScriptName, { text: string; digest: string }>();

function source(name: ScriptName): { text: string; digest: string } {
  let known = sources.get(name);
  if (known === undefined) {
    const files = ['prelude', name].map((file) => readFileSync(new URL(`${file}.lua`, folder), 'utf8'));
    const text = withKeys(files.join('\n'));
    known = { text, digest: createHash('sha1').update(text).digest('hex') };
    sources.set(name, known);
  }
  return known;
}

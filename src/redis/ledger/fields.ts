import type { Redis } from 'ioredis';
import { prefix } from '../keys.js';
import { script } from '../scripts.js';
import { shortNameOf } from './registration-fields.js';

/** The values of these fields of each registration, null for a missing field. */
export type FieldsOf = (ids: readonly string[], names: readonly string[]) => Promise<(string | null)[][]>;

/** Reads a few fields of many registrations. */
export function openFields(redis: Redis): FieldsOf {
  const fieldsScript = script(redis, 'fields');
  return async (ids, names) => {
    if (ids.length === 0) return [];
    return (await fieldsScript([prefix()], [names.map(shortNameOf).join(' '), ...ids])) as (string | null)[][];
  };
}

/**
 * What a row is to its registration, as its page has it: a letter, and behind it the registration's id. The Lua scripts get the
 * letters when they are loaded (lua-constants.ts). Pages that were stored by earlier versions have them, too.
 */
import type { Relation } from '../../domain/row.js';

export const RELATION_CODES = {
  /** Alone: such a row has no registration. */
  refused: 'i',
  registered: 'r',
  waits: 'w',
  /** Behind the id: `|batch/index` of the newer row, and `|attempts` where there were any. */
  replaced: 'c',
  /** Behind the id: `|appid`. */
  already_created: 'a',
  /** Behind the id: `|index` of the earlier row. */
  duplicate: 'd',
} as const satisfies Readonly<Record<Relation['kind'], string>>;

/**
 * What a purge keeps of a registration that no batch names any more (redis/lua/purge.lua): enough that its merchant is not
 * registered twice. A registration that fits no rule is deleted.
 */
import { isOver, type Registration, STATES, type State } from './registration.js';

/**
 * States in which a registration may be purged. A person is asked before a purge, and meanwhile a row may be sent again: purge.lua
 * looks at the state in the step in which it deletes.
 */
export const PURGEABLE_STATES: readonly State[] = (Object.keys(STATES) as State[]).filter(isOver);

export interface PurgeRule {
  /** Values of fields, all of which the registration has; `true`: any value. */
  readonly where: { readonly [name in keyof Registration]?: string | true };
  readonly keeps: readonly (keyof Registration)[];
}

const OF_UNKNOWN: PurgeRule['keeps'] = [
  'state',
  'task',
  'earlierTask',
  'attempt',
  'sentAt',
  'earlierAppids',
  'waitingRows',
];

/** The first rule that fits. */
// biome-ignore format: one line, one rule
export const KEPT_BY_PURGE: readonly PurgeRule[] = [
  // Its Mini Program exists.
  { where: { state: 'created' }, keeps: ['state', 'appid', 'earlierAppids'] },
  // It has a Mini Program from an earlier attempt, and the attempt to create one more failed.
  { where: { earlierAppids: true }, keeps: OF_UNKNOWN },
  // A task may have created one.
  { where: { state: 'needs_review', task: 'open' }, keeps: OF_UNKNOWN },
  { where: { state: 'needs_review', earlierTask: 'open' }, keeps: OF_UNKNOWN },
];

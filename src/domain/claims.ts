/** Which registrations a Mini Program may belong to that no push has named: it has their name, and one of their creates may have made it. */
import { LONGEST_TASK_MS } from './limits.js';
import { type Fact, isEarlierEndUnknown, isUnsent, type Registration } from './registration.js';

/** Of an attempt whose end is not known. */
export function mayHaveMiniProgram(registration: Registration): boolean {
  const { state, earlierTask } = registration;
  if (state === 'created') return lacksAppid(registration);
  // It is to be sent again, and the attempt before ended without a word.
  if (isUnsent(state)) return isEarlierEndUnknown(registration);
  // An operator had it sent again, and what became of the attempt before is still not known, however this one has ended.
  return isRunning(registration) || state === 'needs_review' || earlierTask === 'open';
}

/** `query` showed that it exists, and the push with its appid never came. */
function lacksAppid({ appid, problem }: Registration): boolean {
  return appid === undefined && problem?.startsWith('query:') === true;
}

export function isRunning({ state }: Pick<Registration, 'state'>): boolean {
  return state === 'submitting' || state === 'awaiting_legal_person';
}

/** In which a Mini Program can come of a create, ms since 1970 by our clock unless it says otherwise. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * WeChat answered later (-1, 89247), and may have begun the task all the same; or that a task runs already (89249), which may make the
 * Mini Program, too. A later create of the same row may have been refused because of that very task. 91030 begins nothing.
 */
export function putOffsIn(history: readonly Fact[]): Span[] {
  return history.flatMap(({ kind, at, callSentAt = at, wait }) => {
    const isPutOff = kind === 'create_busy' || (kind === 'create_postponed' && wait !== 'person');
    return isPutOff ? [{ from: callSentAt, to: at + LONGEST_TASK_MS }] : [];
  });
}

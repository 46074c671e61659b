/** When the next call about a registration is due: its create, or a search while it stays silent. Times in ms since 1970. */
import type { Patience } from './patience.js';
import { nobodyHasItsLink, type Registration, type State } from './registration.js';
import { handedAt, type Job } from './work.js';

/** The calls that a state has. */
interface DueRow {
  readonly create?: (registration: Registration) => number;
  /** `overdueAt`: when the push of its last create is overdue. */
  readonly search?: (registration: Registration, overdueAt: number) => number;
}

const atOnce = (): number => 0;
const atItsTime = ({ until = 0 }: Registration): number => until;
/** A search before the push is overdue brings nothing new. */
const onceOverdue = ({ until = 0 }: Registration, overdueAt: number): number => Math.max(until, overdueAt);

/** A state without a row has no call that is due. */
const DUE: { readonly [state in State]?: DueRow } = {
  queued: { create: atOnce },
  deferred: { create: atItsTime },
  // While its answer may be lost, its time is that of the early search; where the link was lost with the answer, there is none.
  submitting: { search: (it, overdueAt) => (nobodyHasItsLink(it) ? onceOverdue(it, overdueAt) : atItsTime(it)) },
  // WeChat has the task.
  awaiting_legal_person: { search: onceOverdue },
};

/** Undefined where nothing is to be sent. */
export function createDueAt(registration: Registration): number | undefined {
  return DUE[registration.state]?.create?.(registration);
}

/** Undefined where it is not sent, or has a result. */
export function searchDueAt(registration: Registration, overdueAt: number): number | undefined {
  return DUE[registration.state]?.search?.(registration, overdueAt);
}

/** A job is only a hint. What was due when it was handed out is due, though `now` may be of a clock that is late. */
export function isDue(dueAt: number | undefined, now: number, job: Pick<Job, 'name'>): boolean {
  return dueAt !== undefined && (dueAt <= now || dueAt <= handedAt(job.name));
}

/** When the push of a create is overdue: by then any task of it is over. */
export function pushOverdueAt({ pushWaitMs }: Pick<Patience, 'pushWaitMs'>, sentAt: number): number {
  return sentAt + pushWaitMs;
}

/**
 * When to follow up a create with an answer that may be lost. Where WeChat can be asked without a task id: early, though never
 * while the answer may still come. Otherwise nothing can be done before its task is over.
 */
export function firstFollowUpAt(
  patience: Pick<Patience, 'lostRecheckMs' | 'requestTimeoutMs' | 'pushWaitMs'>,
  sentAt: number,
  canSearch: boolean,
): number {
  const { lostRecheckMs, requestTimeoutMs } = patience;
  const overdueAt = pushOverdueAt(patience, sentAt);
  return canSearch ? Math.min(sentAt + Math.max(lostRecheckMs, requestTimeoutMs), overdueAt) : overdueAt;
}

/**
 * Whether what is due, or made now, is the early search after a lost answer. The time for which it was put down says so, not
 * this process' clock: clocks differ, and the search of the overdue push must not count as an early one.
 */
export function isEarlySearch(
  patience: Pick<Patience, 'pushWaitMs'>,
  { state, sentAt = 0, until }: Pick<Registration, 'state' | 'sentAt' | 'until'>,
  now: number,
): boolean {
  const overdueAt = pushOverdueAt(patience, sentAt);
  return state === 'submitting' && until !== undefined && until < overdueAt && now < overdueAt;
}

/**
 * What a search has brought. `final`: another one would be answered alike. `running`: a task. `nothing`: an answer of the
 * moment. `lost`: it was asked, and the answer did not come. `page`: something else answered. `not_asked`: WeChat did not look.
 */
export type Learnt = 'final' | 'running' | 'nothing' | 'lost' | 'page' | 'not_asked';

/** There is one early search, whatever its answer: the next search is made when the push is overdue. */
export function afterEarlySearch(
  patience: Pick<Patience, 'pushWaitMs' | 'pushRecheckMs'>,
  sentAt: number,
  at: number,
  learnt: Learnt,
): number {
  const overdueAt = pushOverdueAt(patience, sentAt);
  const wasAsked = learnt !== 'not_asked' && learnt !== 'page';
  return wasAsked ? overdueAt : Math.min(at + patience.pushRecheckMs, overdueAt);
}

/**
 * By now any task of ours is over, so an answer that there is none is final although our call may have been lost. If nothing
 * was learnt, the registration is not closed yet: it is asked about again after a pause, even if its time is up.
 */
export function afterSearch(
  patience: Pick<Patience, 'giveUpMs' | 'pushRecheckMs' | 'retryFirstMs'>,
  sentAt: number,
  at: number,
  learnt: Learnt,
): number {
  const givenUpAt = sentAt + patience.giveUpMs;
  if (learnt === 'final') return givenUpAt;
  // A call that gets no answer costs one, too: not every ten minutes, however long that lasts.
  if ((learnt === 'lost' || learnt === 'page') && at >= givenUpAt) return at + patience.pushRecheckMs;
  const until = Math.min(at + patience.pushRecheckMs, givenUpAt);
  return learnt === 'running' ? until : Math.max(until, at + patience.retryFirstMs);
}

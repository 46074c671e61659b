/** A registration after a move: what of it changes, and how. */
import {
  type Fact,
  type FactKind,
  isOver,
  isToBeSeenTo,
  type Move,
  nobodyHasItsLink,
  PURGED_ROW,
  type Registration,
  type RowDetails,
} from './registration.js';

/** The registration after a move: what the ledger writes. */
export function apply(registration: Registration, fact: Fact, move: Move): Registration {
  if (move.rows === 'already_created') return registration;
  const sent = move.task === 'opens' ? attemptBegun(registration, fact) : attemptAfter(registration, move);
  return {
    ...sent,
    state: move.to,
    until: untilAfter(registration, fact, move),
    wait: move.to === 'deferred' ? (fact.wait ?? registration.wait) : undefined,
    problem:
      move.problem ?? fact.problem ?? (keepsItsWords(registration, fact, move) ? registration.problem : undefined),
    said: saidBy(registration, fact) ?? (keepsItsWords(registration, fact, move) ? registration.said : undefined),
    adoptsTask: adoptsTask(sent, fact, move),
    ...patience(registration, fact, move),
    ...miniPrograms(registration, fact),
    authorizer: authorizerAfter(registration, fact),
    taskId: fact.taskId ?? sent.taskId,
    authorizeUrl: fact.authorizeUrl ?? sent.authorizeUrl,
    ...rowsAfter(registration, fact, move),
    heardAt: move.task === 'ended' || endsATask(fact) ? (fact.pushedAt ?? registration.heardAt) : registration.heardAt,
    finishedAt: finishedAt(registration, fact, move),
  };
}

function untilAfter({ state, until }: Registration, fact: Fact, { to, task }: Move): number | undefined {
  if (to === 'queued') return undefined;
  // When the task before might be tried again is no matter of one that is sent again anyway.
  if (to === 'deferred' && to === state && task === 'ended') return until;
  return fact.until ?? (isOver(to) ? undefined : until);
}

/** WeChat answered that a task runs, and it is taken for one of an earlier attempt. */
function adoptsTask({ adoptsTask }: Registration, { kind }: Fact, { to }: Move): true | undefined {
  return kind === 'create_busy' && to === 'awaiting_legal_person' ? true : adoptsTask;
}

type Rows = Pick<Registration, 'row' | 'joinedRows' | 'waitingRows'>;

/** A created Mini Program ends the waiting of rows; where the task has failed, {@link turnOfWaitingRow} comes next. */
function rowsAfter({ row, joinedRows, waitingRows }: Rows, fact: Fact, move: Move): Rows {
  const newRow = fact.row ?? row;
  // A waiting row that takes its turn takes those along that wait with it.
  const along = waitingRows.includes(newRow) ? waitingRows.filter((other) => other !== newRow) : undefined;
  switch (move.rows) {
    case 'begins':
    case 'replaces':
      return { row: newRow, joinedRows: along ?? [], waitingRows: along === undefined ? waitingRows : [] };
    case 'leads':
      return { row: newRow, joinedRows: row === PURGED_ROW ? joinedRows : [...joinedRows, row], waitingRows };
    case 'joins':
      return { row, joinedRows: [...joinedRows, newRow], waitingRows };
    case 'waits':
      return { row, joinedRows, waitingRows: waitingWith(waitingRows, newRow, fact.detailsOfWaiting) };
    case 'withdrawn':
      return { row, joinedRows, waitingRows: [] };
    default:
      return { row, joinedRows, waitingRows: move.to === 'created' ? [] : waitingRows };
  }
}

/** Of rows that wait with different details, only the newest is ever sent. */
function waitingWith(waitingRows: readonly string[], row: string, details: RowDetails = 'other'): readonly string[] {
  if (details === 'other') return [row];
  return details === 'newer' ? [row, ...waitingRows] : [...waitingRows, row];
}

/**
 * What happens to a row that waits once nothing of its enterprise can be running any more: it is accepted like a row that comes
 * now. Undefined while it has to wait on.
 */
export function turnOfWaitingRow(
  { state, task, earlierTask, waitingRows }: Registration,
  at: number,
): Fact | undefined {
  const [row] = waitingRows;
  if (row === undefined || state === 'created') return undefined;
  const isUnsent = state === 'queued' || state === 'deferred';
  const hasFailed = isOver(state) && task !== 'open' && (state !== 'needs_review' || earlierTask !== 'open');
  return isUnsent || hasFailed ? { kind: 'row_accepted', at, row, details: 'other' } : undefined;
}

function miniPrograms(
  { appid, earlierAppids }: Registration,
  fact: Fact,
): Pick<Registration, 'appid' | 'earlierAppids'> {
  const isOneMore = fact.appid !== undefined && appid !== undefined && fact.appid !== appid;
  if (!fact.again && !isOneMore) return { appid: fact.appid ?? appid, ...(earlierAppids && { earlierAppids }) };
  const earlier = [...(earlierAppids ?? []), ...(appid === undefined ? [] : [appid])];
  return { appid: fact.again ? undefined : fact.appid, ...(earlier.length > 0 && { earlierAppids: earlier }) };
}

/**
 * A Mini Program that is known or authorised needs no further words; a row that is tried again keeps the words of its
 * tries.
 */
function keepsItsWords(registration: Registration, fact: Fact, move: Move): boolean {
  if (fact.kind === 'create_sent') return wasPutOff(registration);
  if (fact.kind === 'try_returned') return true;
  if (fact.kind === 'authorizer_kept' && isToBeSeenTo(registration)) return true;
  // Why the row before it was sent again is no matter of a row with other details.
  if (move.rows === 'replaces' && move.to === 'queued') return false;
  return move.to === registration.state && fact.kind !== 'mini_program_created' && fact.kind !== 'authorizer_kept';
}

function wasPutOff({ postponed, busySince, personSince }: Registration): boolean {
  return postponed > 0 || busySince !== undefined || personSince !== undefined;
}

function attemptBegun(registration: Registration, fact: Fact): Registration {
  return {
    ...registration,
    attempt: registration.attempt + 1,
    task: 'open',
    earlierTask: liveliest(registration.earlierTask, registration.task),
    earlierSentAt: registration.task === 'open' ? registration.sentAt : registration.earlierSentAt,
    sentAt: fact.at,
    byLink: fact.byLink && hasReachedNobody(registration) ? true : undefined,
    adoptsTask: undefined,
    clockAheadMs: fact.clockAheadMs ?? 0,
    taskId: undefined,
    authorizeUrl: undefined,
  };
}

/** No earlier attempt with an unknown end can have reached a legal person. */
function hasReachedNobody(registration: Registration): boolean {
  const { task, earlierTask, byLink } = registration;
  if (task === 'open') return nobodyHasItsLink(registration);
  return earlierTask !== 'open' || byLink === true;
}

function attemptAfter(registration: Registration, move: Move): Registration {
  switch (move.task) {
    case 'void':
      return attemptTakenBack(registration);
    case 'refused':
      return { ...registration, task: 'none' };
    case 'ended':
      return {
        ...registration,
        task: 'ended',
        earlierTask: registration.adoptsTask || isHeldTwice(registration) ? 'ended' : registration.earlierTask,
      };
    default:
      return registration;
  }
}

/** As before the attempt: one before it whose end is unknown is the present one again, so that a push or `reconcile` can settle it. */
function attemptTakenBack(registration: Registration): Registration {
  const { attempt, earlierTask, earlierSentAt, sentAt } = registration;
  const before = { ...registration, attempt: attempt - 1 };
  if (earlierTask !== 'open') return { ...before, task: 'none' };
  return { ...before, task: 'open', sentAt: earlierSentAt ?? sentAt };
}

/** The attempt before one that was taken back is the present one and the earlier one. */
function isHeldTwice({ sentAt, earlierSentAt }: Registration): boolean {
  return sentAt !== undefined && sentAt === earlierSentAt;
}

function liveliest(earlier: Registration['task'], present: Registration['task']): Registration['task'] {
  if (earlier === 'open' || present === 'open') return 'open';
  return earlier === 'ended' || present === 'ended' ? 'ended' : 'none';
}

/** Every answer to a row that was postponed repeatedly is kept for the person who decides at the end. */
function saidBy(registration: Registration, fact: Fact): string | undefined {
  if (fact.said === undefined || fact.kind !== 'create_postponed' || registration.said === undefined) return fact.said;
  return `${registration.said} · ${fact.said}`;
}

/** Counted from when a registration was last queued, so that an operator's retry has all its tries. */
function patience(
  registration: Registration,
  fact: Fact,
  move: Move,
): Pick<Registration, 'postponed' | 'busySince' | 'personSince' | 'linksLost'> {
  const { postponed, busySince, personSince, linksLost } = registration;
  if (fact.kind === 'try_returned') {
    return { postponed: fact.postponed ?? postponed, busySince, personSince, linksLost };
  }
  if (isOver(registration.state) || isOver(move.to)) {
    return { postponed: 0, busySince: undefined, personSince: undefined, linksLost: undefined };
  }
  // Other details were never refused. A running task of another platform holds for them, too.
  if (move.rows === 'replaces') {
    return { postponed: 0, busySince, personSince: undefined, linksLost: undefined };
  }
  return {
    postponed: fact.wait === 'again' || fact.wait === 'page' ? postponed + 1 : postponed,
    busySince: fact.wait === 'busy' ? (busySince ?? fact.at) : endsATask(fact) ? undefined : busySince,
    personSince: fact.kind === 'create_postponed' && fact.wait === 'person' ? (personSince ?? fact.at) : personSince,
    linksLost: move.problem === 'link:lost' ? (linksLost ?? 0) + 1 : linksLost,
  };
}

/** The next task that is not ours is waited for anew. */
function endsATask({ kind }: Fact): boolean {
  return kind === 'registration_refused' || kind === 'legal_person_timed_out';
}

export function finishedAt(registration: Registration, fact: Fact, move: Move): number | undefined {
  if (!isOver(move.to)) return undefined;
  return move.to === registration.state ? registration.finishedAt : fact.at;
}

const AUTHORIZER_AFTER: Partial<Record<FactKind, Registration['authorizer']>> = {
  authorizer_kept: 'kept',
  authorizer_lost: 'lost',
  authorizer_withdrawn: 'withdrawn',
};

function authorizerAfter({ authorizer }: Registration, fact: Fact): Registration['authorizer'] {
  if (fact.again) return undefined;
  return AUTHORIZER_AFTER[fact.kind] ?? (fact.authCode === undefined ? authorizer : 'due');
}

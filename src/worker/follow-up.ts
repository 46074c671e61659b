/** One registration that stays silent, one `search`: is it due → may we call → call → one fact. */
import { isDue, isEarlySearch, pushOverdueAt, searchDueAt } from '../domain/due.js';
import { type Fact, nobodyHasItsLink, type Registration } from '../domain/registration.js';
import { handedAt, type Job } from '../domain/work.js';
import { concernsTask } from '../wechat/answers.js';
import { budgetsFor, readNow, recordCall, recordFact, type WorkerContext } from './context.js';
import { factOfExpiredSearch, factOfSearch, PROBLEM_OF_UNANSWERED } from './facts.js';
import { untilAnotherPermit } from './no-permit.js';
import { tokenWithinQuota } from './quota.js';

export async function followUp(context: WorkerContext, job: Job, id: string): Promise<void> {
  for (;;) {
    const { snapshot, redisNow } = await readNow(context, id);
    if (!context.clock.isRight()) return context.workload.giveBack(job, id, 0);
    const merchant = snapshot?.row?.merchant;
    if (snapshot === undefined || merchant === undefined) {
      return context.workload.giveBack(job, id, undefined);
    }
    const { registration } = snapshot;
    const now = Math.max(snapshot.now, handedAt(job.name));
    const sentAt = registration.sentAt ?? now;
    const overdueAt = pushOverdueAt(context.patience, sentAt);
    const dueAt = searchDueAt(registration, overdueAt);
    if (!isDue(dueAt, snapshot.now, job)) return context.workload.giveBack(job, id, dueAt);
    const canSearch = canAskAbout(context, registration);
    const end = await endWithoutAsking(context, registration, now, canSearch);
    if (end !== undefined) {
      // Another process may have an answer that Redis has forgotten: then this is no conflict, and the end is another one.
      await context.memory.isWhole();
      const again = await readNow(context, id);
      if (again.snapshot?.version !== snapshot.version) continue;
      await recordFact(context, id, { ...end, at: context.now(), callSentAt: sentAt }, { job }, snapshot);
      return;
    }
    // No search is possible: only the push can settle it, or a person.
    if (!canSearch) return context.workload.giveBack(job, id, sentAt + context.patience.giveUpMs);
    const token = await tokenWithinQuota(context);
    if (token === undefined || !context.clock.isRight()) return context.workload.giveBack(job, id, 0);

    const at = context.now();
    const budgets = budgetsFor(registration, context, redisNow());
    // Should this worker die before the answer, the next one asks again after the usual pause; an early search is made once.
    const early = isEarlySearch(context.patience, registration, at);
    const until = early ? overdueAt : at + context.patience.pushRecheckMs;
    const fact = { kind: 'search_sent', at, callSentAt: sentAt, until, ...(early && { early }) } as const;
    const age = context.permits.ask();
    const permit = await context.calls.acquire(snapshot, fact, job, budgets, '');
    if (permit.kind === 'go' && age.isExpired()) {
      const { fact, effects } = factOfExpiredSearch(context, registration, budgets.day, permit.isDayProbe);
      await recordFact(context, id, fact, effects, permit.snapshot);
      return;
    }
    if (permit.kind === 'go') {
      const reply = await context.api.search(merchant, registration.taskId, token);
      const decision = factOfSearch(context, registration, budgets.day, reply, permit.isDayProbe);
      return recordCall(context, id, decision, reply, token, permit.snapshot);
    }
    // A search uses no try of a person, so it is never held.
    const isLeaving =
      permit.kind === 'held' || !(await untilAnotherPermit(context, { permit, id, token, day: budgets.day }));
    if (isLeaving) return context.workload.giveBack(job, id, 0);
  }
}

/** False where the task id was in the answer that got lost, or only the other API knows the task. */
function canAskAbout({ api }: WorkerContext, { byLink, taskId }: Registration): boolean {
  return byLink && api.invites === 'message' ? false : api.canSearch(taskId);
}

/** What has become of it without a further call; undefined: WeChat has to be asked, or the push waited for. */
async function endWithoutAsking(
  context: WorkerContext,
  registration: Registration,
  now: number,
  canSearch: boolean,
): Promise<Pick<Fact, 'kind' | 'problem' | 'said'> | undefined> {
  if (nobodyHasItsLink(registration)) return { kind: 'link_lost' };
  const { id, sentAt = now } = registration;
  if (now - sentAt < context.patience.giveUpMs) return undefined;
  if (canSearch && !(await wasSearched(context, id, sentAt))) return undefined;
  return { kind: 'push_overdue', problem: 'push:overdue', ...lastWords(registration) };
}

/**
 * However long no process ran: no registration is closed before WeChat has answered once about it since its push was
 * overdue. A call that is turned away has no answer; such calls end by themselves, or the line stops and a person opens
 * it. An answer without a result delays nothing for ever, nor does an answer that is lost each time, or a page in its place: the
 * number of tries is limited.
 */
async function wasSearched({ ledger, patience }: WorkerContext, id: string, sentAt: number): Promise<boolean> {
  const tries = (await ledger.history(id)).filter(
    (fact) => fact.callSentAt === sentAt && !fact.early && (isAnswer(fact) || isUnanswered(fact)),
  );
  return tries.length >= patience.retryLimit || tries.some((fact) => isAnswer(fact) && concernsTask(fact.problem));
}

function isAnswer({ kind }: Pick<Fact, 'kind'>): boolean {
  return kind === 'task_running' || kind === 'task_unclear';
}

/** The call was made. */
function isUnanswered({ kind, problem }: Pick<Fact, 'kind' | 'problem'>): boolean {
  return kind === 'search_void' && (problem === PROBLEM_OF_UNANSWERED.lost || problem === PROBLEM_OF_UNANSWERED.page);
}

/** The person who has to decide sees WeChat's last answer. */
function lastWords({ problem, said = '' }: Registration): { said?: string } {
  return problem === undefined ? {} : { said: `${problem} ${said}`.trim() };
}

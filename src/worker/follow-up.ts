/** One registration that stays silent, one `search`: is it due → may we call → call → one fact. */
import type { Registration } from '../domain/registration.js';
import type { Job } from '../redis/ledger.js';
import { handedAt } from '../redis/relay.js';
import { tellsOfTask } from '../wechat/answers.js';
import { budgetsFor, type Crew, holdFor, report, reportCall } from './crew.js';
import { factOfSearch } from './facts.js';
import { tokenWithinQuota } from './quota.js';

export async function followUp(crew: Crew, job: Job, id: string): Promise<void> {
  for (;;) {
    const view = await crew.ledger.read(id);
    const merchant = view?.row?.merchant;
    if (view === undefined || merchant === undefined || !isSilent(view.registration)) {
      return crew.workload.giveBack(job, id, undefined);
    }
    const { registration } = view;
    const now = Math.max(view.now, handedAt(job.name));
    if ((registration.until ?? 0) > now) return crew.workload.giveBack(job, id, registration.until);
    const sentAt = registration.sentAt ?? now;
    const canSearch = crew.api.canSearch(registration.taskId);
    if (now - sentAt >= crew.patience.giveUpMs && (!canSearch || (await wasSearched(crew, id, sentAt)))) {
      await report(
        crew,
        id,
        {
          kind: 'push_overdue',
          at: crew.now(),
          callSentAt: sentAt,
          problem: 'push:overdue',
          ...lastWords(registration),
        },
        { job },
      );
      return;
    }
    // Its task id was in the answer that got lost: there is nothing to ask with, and only the push can tell.
    if (!canSearch) return crew.workload.giveBack(job, id, sentAt + crew.patience.giveUpMs);
    const token = await tokenWithinQuota(crew);
    if (token === undefined) return crew.workload.giveBack(job, id, 0);

    const at = crew.now();
    const budgets = budgetsFor(merchant, crew, at);
    // Should this worker die before the answer, the next one asks again after the usual pause.
    const until = at + crew.patience.pushRecheckMs;
    const fact = { kind: 'search_sent', at, callSentAt: sentAt, until } as const;
    const permit = crew.permits.ask();
    const permission = await crew.calls.take(view, fact, job, budgets);
    if (permission.kind === 'forgotten') await crew.memory.restore(id);
    if (permission.kind === 'conflict' || permission.kind === 'forgotten') continue;
    if (permission.kind === 'go' && permit.isExpired()) {
      const at = crew.now();
      const expired = {
        kind: 'search_void',
        at,
        callSentAt: sentAt,
        until: at,
        problem: 'call:permit_expired',
      } as const;
      await report(crew, id, expired, {}, permission.view);
      return;
    }
    if (permission.kind === 'go') {
      const reply = await crew.api.search(merchant, registration.taskId, token);
      const told = factOfSearch(crew, registration, budgets.day, reply);
      return reportCall(crew, id, told, reply, token, permission.view);
    }
    const ms = permission.kind === 'wait' ? permission.ms : 0;
    const why = permission.kind === 'wait' ? permission.why : 'pace';
    if (!(await holdFor(crew, { ms, why }))) return crew.workload.giveBack(job, id, 0);
  }
}

/**
 * However long we were away: nothing is given up before WeChat has told of it once. A door that turns us away is no answer;
 * it opens by itself, or the line stops and a person opens it. An answer that tells nothing stops nobody: it has so many tries.
 */
async function wasSearched({ ledger, patience }: Crew, id: string, sentAt: number): Promise<boolean> {
  const answers = (await ledger.history(id)).filter(
    ({ kind, callSentAt }) => (kind === 'task_running' || kind === 'task_unclear') && callSentAt === sentAt,
  );
  return answers.length >= patience.retryLimit || answers.some(({ problem }) => tellsOfTask(problem));
}

/** What WeChat answered last goes to the person who has to judge it. */
function lastWords({ problem, said = '' }: Registration): { said?: string } {
  return problem === undefined ? {} : { said: `${problem} ${said}`.trim() };
}

/** Sent, and neither settled by a push nor given up. */
function isSilent({ state }: Registration): boolean {
  return state === 'submitting' || state === 'awaiting_legal_person';
}

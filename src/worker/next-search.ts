/** When a registration that stays silent is searched for again, by what the last search has brought. */
import type { Patience } from '../domain/patience.js';
import { type Answer, concernsTask } from '../wechat/answers.js';
import { mayHaveArrived, type Unanswered } from '../wechat/client.js';

/**
 * What a search has brought. `final`: another one would be answered alike. `running`: a task. `nothing`: an answer of the
 * moment. `lost`: it was asked, and the answer did not come. `page`: something else answered. `not_asked`: WeChat did not look.
 */
export type Learnt = 'final' | 'running' | 'nothing' | 'lost' | 'page' | 'not_asked';

export function unlearntFrom(reply: Unanswered): Learnt {
  if (mayHaveArrived(reply)) return 'lost';
  return reply.kind === 'page' ? 'page' : 'not_asked';
}

export function learntFrom(answer: Answer, problem: string): Learnt {
  if (answer.fact === 'search_refused') return 'not_asked';
  if (answer.final) return 'final';
  return concernsTask(problem) ? 'running' : 'nothing';
}

/** There is one early search, whatever its answer: the next search is made when the push is overdue. */
export function afterEarlySearch(patience: Patience, sentAt: number, at: number, learnt: Learnt): number {
  const overdueAt = sentAt + patience.pushWaitMs;
  const wasAsked = learnt !== 'not_asked' && learnt !== 'page';
  return wasAsked ? overdueAt : Math.min(at + patience.pushRecheckMs, overdueAt);
}

/**
 * By now any task of ours is over, so an answer that there is none is final although our call may have been lost. If nothing
 * was learnt, the registration is not closed yet: it is asked about again after a pause, even if its time is up.
 */
export function afterSearch(patience: Patience, sentAt: number, at: number, learnt: Learnt): number {
  const givenUpAt = sentAt + patience.giveUpMs;
  if (learnt === 'final') return givenUpAt;
  // A call that gets no answer costs one, too: not every ten minutes, however long that lasts.
  if ((learnt === 'lost' || learnt === 'page') && at >= givenUpAt) return at + patience.pushRecheckMs;
  const until = Math.min(at + patience.pushRecheckMs, givenUpAt);
  return learnt === 'running' ? until : Math.max(until, at + patience.retryFirstMs);
}

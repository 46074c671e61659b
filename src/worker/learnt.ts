/** What a search has brought, by WeChat's reply. */
import type { Learnt } from '../domain/due.js';
import { type Answer, concernsTask } from '../wechat/answers.js';
import { mayHaveArrived, type Unanswered } from '../wechat/client.js';

export function unlearntFrom(reply: Unanswered): Learnt {
  if (mayHaveArrived(reply)) return 'lost';
  return reply.kind === 'page' ? 'page' : 'not_asked';
}

export function learntFrom(answer: Answer, problem: string): Learnt {
  if (answer.fact === 'search_refused') return 'not_asked';
  if (answer.final) return 'final';
  return concernsTask(problem) ? 'running' : 'nothing';
}

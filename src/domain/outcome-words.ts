/** Outcomes and states in what commands print: English has the machine's word, by which they are typed and asked for. */
import { OUTCOMES } from './outcomes.js';
import { type Outcome, type State, WAITS, type Wait } from './registration.js';
import type { Words } from './words.js';

export const STATE_WORDS = {
  queued: { en: 'queued', zh: '排队中' },
  submitting: { en: 'submitting', zh: '已提交，待微信答复' },
  deferred: { en: 'deferred', zh: '稍后提交' },
  awaiting_legal_person: { en: 'awaiting_legal_person', zh: '待法人确认' },
  created: outcomeInWords('created'),
  rejected: outcomeInWords('rejected'),
  expired: outcomeInWords('expired'),
  needs_review: outcomeInWords('needs_review'),
  cancelled: outcomeInWords('cancelled'),
  invalid: outcomeInWords('invalid'),
} as const satisfies Record<State, Words>;

export function outcomeInWords(outcome: string): Words {
  const known: Words | undefined = OUTCOMES[outcome as Outcome];
  return { en: outcome, zh: known?.zh ?? outcome };
}

/** `38 created, 2 rejected` */
export function outcomesInWords(outcomes: Partial<Record<Outcome, number>>): Words {
  const counted = Object.entries(outcomes);
  return {
    en: counted.map(([outcome, count]) => `${count} ${outcome}`).join(', '),
    zh: counted.map(([outcome, count]) => `${outcomeInWords(outcome).zh} ${count}`).join('，'),
  };
}

/** What a batch counts its rows by: a state, a state and what it waits for (`deferred/busy`), or an outcome. */
export function countedInWords(name: string): Words {
  const [state = '', wait] = name.split('/');
  const known: Words | undefined = STATE_WORDS[state as State];
  const { zh } = known ?? outcomeInWords(state);
  return { en: name, zh: wait === undefined ? zh : `${zh}（${WAITS[wait as Wait]?.zh ?? wait}）` };
}

import { counted, type Language, type Words } from '../domain/words.js';
import { openNotes } from '../redis/ledger/notes.js';
import { type Todo, type TodoOptions, todosOf } from '../reporter/todo.js';
import { reportOptionsOf } from './report-options.js';
import { correctedLaterOf } from './wiring/corrected-later.js';
import type { Store } from './wiring/store.js';

/** Merchants to contact, over all batches, the most urgent first. */
export async function todo(
  store: Pick<Store, 'batches' | 'calls' | 'identify' | 'ledger' | 'redis' | 'settings'>,
  language: Language,
  chosen: Pick<TodoOptions, 'contact' | 'notContacted' | 'who'> = {},
): Promise<Todo[]> {
  const options = {
    ...(await reportOptionsOf(store, language)),
    notesOf: openNotes(store.redis),
    correctedLater: correctedLaterOf(store),
    ...chosen,
  };
  return todosOf(store.batches, options);
}

/** Of rows that an operator has to settle. */
export const SETTLE_SUMMARY = (all: number, noted: number): Words => ({
  en: `${counted(all, 'row')} to settle${noted === 0 ? '' : `; ${noted} were ticked`}.`,
  zh: `需处理 ${all} 行${noted === 0 ? '' : `，其中 ${noted} 行已标记`}。`,
});

export const TODO_SUMMARY = (all: number, urgent: number, contacted: number): Words => ({
  en: `${counted(all, 'merchant')} to contact; the 24 hours of ${urgent} of them still run${contacted === 0 ? '' : `; ${contacted} were contacted`}.`,
  zh: `需联系 ${all} 个商户，其中 ${urgent} 个仍在 24 小时内${contacted === 0 ? '' : `，${contacted} 个已联系过`}。`,
});

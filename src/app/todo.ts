import { counted, type Language, type Words } from '../domain/words.js';
import { openNotes } from '../redis/ledger/notes.js';
import { type Todo, type TodoOptions, todosOf } from '../reporter/todo.js';
import { everyBatch } from './batches.js';
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

/** Those of these headings that no sheet has whose merchants are kept: nothing would be listed for them. */
export async function unknownHeadings(store: Pick<Store, 'batches'>, named: readonly string[]): Promise<string[]> {
  const known = new Set<string>();
  for (const batch of await everyBatch(store)) {
    if (batch.purgedAt === undefined) for (const heading of batch.headings) known.add(heading.trim());
  }
  return named.filter((heading) => heading !== '' && !known.has(heading));
}

export const NO_SHEET_HAS = (headings: readonly string[]): Words => ({
  en: `No sheet has the heading ${headings.join(', ')} (--contact): headings are written as in the sheet.`,
  zh: `没有表格含此列：${headings.join('、')}（--contact）。请按表格中的表头填写。`,
});

/** Of rows that an operator has to settle. */
export const SETTLE_SUMMARY = (all: number, noted: number): Words => ({
  en: `${counted(all, 'row')} to settle${noted === 0 ? '' : `; ${noted} were ticked`}.`,
  zh: `需处理 ${all} 行${noted === 0 ? '' : `，其中 ${noted} 行已标记`}。`,
});

export const TODO_SUMMARY = (all: number, urgent: number, contacted: number): Words => ({
  en: `${counted(all, 'merchant')} to contact; the 24 hours of ${urgent} of them still run${contacted === 0 ? '' : `; ${contacted} were contacted`}.`,
  zh: `需联系 ${all} 个商户，其中 ${urgent} 个仍在 24 小时内${contacted === 0 ? '' : `，${contacted} 个已联系过`}。`,
});

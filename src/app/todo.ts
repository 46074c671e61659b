import type { Language } from '../domain/words.js';
import { openNotes } from '../redis/ledger/notes.js';
import { type Todo, type TodoOptions, todosOf } from '../reporter/todo.js';
import { reportOptionsOf } from './report-options.js';
import type { Store } from './wiring/store.js';

/** Merchants to contact, over all batches, the most urgent first. */
export async function todo(
  store: Pick<Store, 'batches' | 'calls' | 'redis' | 'settings'>,
  language: Language,
  chosen: Pick<TodoOptions, 'contact' | 'notContacted'> = {},
): Promise<Todo[]> {
  const options = { ...(await reportOptionsOf(store, language)), notesOf: openNotes(store.redis), ...chosen };
  return todosOf(store.batches, options);
}

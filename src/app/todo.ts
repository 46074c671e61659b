import type { Language } from '../domain/words.js';
import { type Todo, todosOf } from '../reporter/todo.js';
import { reportOptionsOf } from './report-options.js';
import type { Store } from './wiring/store.js';

/** Merchants to contact, over all batches, the most urgent first. `contact`: headings of the sheet's contact columns. */
export async function todo(
  store: Pick<Store, 'batches' | 'calls' | 'settings'>,
  language: Language,
  contact?: readonly string[],
): Promise<Todo[]> {
  return todosOf(store.batches, { ...(await reportOptionsOf(store, language)), contact });
}

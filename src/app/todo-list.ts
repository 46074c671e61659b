/** The to-dos for a page that is looked at all the time: of the list that is kept, what is shown is read when it is shown. */
import { ROWS_PER_PAGE } from '../domain/batch.js';
import type { Actor, Language } from '../domain/words.js';
import { openNotes } from '../redis/ledger/notes.js';
import { isToSettle, TO_CONTACT, TO_SETTLE, type Todo, type TodoOptions, todosAmong } from '../reporter/todo.js';
import { WAITED_MS } from './looks.js';
import { reportOptionsOf } from './report-options.js';
import { overviewOf, type Pointer, type TodoOverview, type TodoStore } from './todo-overview.js';

export interface TodoPage {
  readonly todos: readonly Todo[];
  /** Rows to settle, and not merchants to contact. */
  readonly isToSettle: boolean;
  /** Of those that fit the filter, as the two below. */
  readonly inAll: number;
  /** The 24 hours of so many still run, and so many were contacted. */
  readonly urgent: number;
  readonly contacted: number;
  /** Where the next page begins; undefined on the last. */
  readonly next: number | undefined;
  /** The list was not read to its end yet. */
  readonly isReading: boolean;
}

export interface TodoWanted {
  readonly language: Language;
  readonly from: number;
  readonly most: number;
  readonly who?: Actor | undefined;
  readonly notContacted?: boolean | undefined;
}

export async function todoPage(store: TodoStore, wanted: TodoWanted): Promise<TodoPage> {
  const { from, most, who, notContacted } = wanted;
  const asked = optionsOf(store, wanted.language);
  const [options, { contacts, toSettle, byActor, isRead }] = await Promise.all([asked, overviewOf(store, asked)]);
  const settles = isToSettle(who);
  const [list, side] = settles ? [toSettle, TO_SETTLE] : [contacts, TO_CONTACT];
  const theirs = list.filter((it) => who === undefined || it.who === who);
  const contacted = theirs.filter(({ isContacted }) => isContacted).length;
  const fitting = notContacted ? theirs.filter(({ isContacted }) => !isContacted) : theirs;
  const sides: readonly Actor[] = who === undefined ? side : [who];
  const ofThem = sides.reduce((sum, it) => sum + (byActor.get(it) ?? 0), 0);
  const todos = await readTodos(store, fitting.slice(from, from + most), {
    ...options,
    who: new Set<Actor>(side),
  });
  const { now } = options;
  return {
    todos: todos.filter(({ notes }) => !(notContacted && notes.contactedAt !== undefined)),
    isToSettle: settles,
    inAll: notContacted ? ofThem - contacted : ofThem,
    urgent: fitting.filter(({ confirmBy }) => confirmBy !== undefined && confirmBy > now).length,
    contacted: notContacted ? 0 : contacted,
    next: from + most < fitting.length ? from + most : undefined,
    isReading: !isRead,
  };
}

/**
 * How many merchants wait for a person, by the side that has to act: what /todo lists, and whether it was read to its end. A page
 * that follows live can be a moment behind.
 */
export async function todosByActor(store: TodoStore): Promise<Pick<TodoOverview, 'byActor' | 'isRead'>> {
  // The log has the error, and the first page has more to say than this.
  return overviewOf(store, optionsOf(store, store.settings.lang), WAITED_MS).catch(() => NOT_READ);
}

async function optionsOf(store: TodoStore, language: Language): Promise<TodoOptions> {
  return {
    ...(await reportOptionsOf(store, language)),
    notesOf: openNotes(store.redis),
    correctedLater: NONE_CORRECTED,
  };
}

const NOT_READ = { byActor: new Map<Actor, number>(), isRead: false };

/** Which rows are listed is decided already. */
const NONE_CORRECTED: TodoOptions['correctedLater'] = async () => new Set();

/** As they are now: what is no to-do any more is left out. */
async function readTodos({ batches }: TodoStore, pointers: readonly Pointer[], options: TodoOptions): Promise<Todo[]> {
  const notes = options.notesOf(pointers.map(({ notedBy }) => notedBy));
  const withNotes = { ...options, notesOf: () => notes };
  const found = new Map<string, Todo>();
  const parts = byPage(pointers).map(async ({ batch: id, indexes }) => {
    const batch = await batches.find(id);
    if (batch === undefined || batch.purgedAt !== undefined) return;
    const [from, to] = [Math.min(...indexes), Math.max(...indexes)];
    const rows = await batches.part(batch, from, to - from + 1);
    const present = rows.filter(({ index }) => indexes.has(index));
    for (const { index, todo } of await todosAmong(batches, batch, present, withNotes))
      found.set(`${id}/${index}`, todo);
  });
  await Promise.all([notes, ...parts]);
  return pointers.flatMap(({ batch, index }) => found.get(`${batch}/${index}`) ?? []);
}

interface RowsOfPage {
  readonly batch: string;
  readonly indexes: Set<number>;
}

/** Rows that are urgent together were sent together: most lie side by side. */
function byPage(pointers: readonly Pointer[]): RowsOfPage[] {
  const pages = new Map<string, RowsOfPage>();
  for (const { batch, index } of pointers) {
    const name = `${batch}:${Math.floor(index / ROWS_PER_PAGE)}`;
    const page = pages.get(name) ?? { batch, indexes: new Set() };
    pages.set(name, page);
    page.indexes.add(index);
  }
  return [...pages.values()];
}

/**
 * The to-dos for a page that is looked at all the time. Which rows are to-dos, and how urgent, is read batch by batch, of a
 * batch again only when its counts have changed; what is shown of them is read when it is shown.
 */
import { type Batch, ROWS_PER_PAGE } from '../domain/batch.js';
import type { Actor, Language } from '../domain/words.js';
import { openNotes } from '../redis/ledger/notes.js';
import type { RefusedRow } from '../reporter/corrected-later.js';
import { type Todo, type TodoOptions, todosAmong, type Urgency, urgency } from '../reporter/todo.js';
import { sleep } from '../sleep.js';
import { reportOptionsOf } from './report-options.js';
import { correctedLaterOf } from './wiring/corrected-later.js';
import type { Store } from './wiring/store.js';

type TodoStore = Pick<Store, 'batches' | 'calls' | 'identify' | 'ledger' | 'redis' | 'settings' | 'log'>;

/** A row that is a to-do. Of a million failed rows the details would not fit into the memory of a process that serves. */
interface Pointer extends Urgency {
  readonly batch: string;
  readonly index: number;
  /** '' of a row that our checks refused. */
  readonly registration: string;
  readonly who: Actor;
  readonly refused: RefusedRow | undefined;
}

interface ReadBatch {
  /** Its counts when it was read. */
  readonly signature: string;
  readonly readAt: number;
  pointers: readonly Pointer[];
  /** How many more it had than are kept. */
  cut: number;
}

interface Overview {
  readonly batches: Map<string, ReadBatch>;
  /** Refused rows whose merchant a newer sheet has again. */
  corrected: ReadonlySet<RefusedRow>;
  list: readonly Pointer[];
  inAll: number;
  isRead: boolean;
  refreshing: Promise<void> | undefined;
  nextAt: number;
}

/** Of these the most urgent are listed; the command, and its workbook, have all. */
export const MOST_TODOS = 2_000;
/** Two changes can leave the counts as they were. */
const READ_AGAIN_MS = 10 * 60_000;
/** What took longer is done at most a tenth of the time. */
const QUICK_MS = 50;
/** A page waits so long for the list, and then shows what is known. */
const WAITED_MS = 60;

const overviews = new WeakMap<Store['redis'], Overview>();

export interface TodoPage {
  readonly todos: readonly Todo[];
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
  const { language, from, most, who, notContacted } = wanted;
  const overview = await overviewOf(store, language);
  const now = Date.now();
  const notesOf = openNotes(store.redis);
  const notes = await notesOf(overview.list.flatMap(({ registration }) => (registration === '' ? [] : [registration])));
  const isContacted = ({ registration }: Pointer): boolean => notes.get(registration)?.contactedAt !== undefined;
  const fitting = overview.list.filter(
    (it) => (who === undefined || it.who === who) && !(notContacted && isContacted(it)),
  );
  const shown = fitting.slice(from, from + most);
  const options = { ...(await reportOptionsOf(store, language)), notesOf, correctedLater: NONE_CORRECTED };
  return {
    todos: await readTodos(store, shown, options),
    inAll: overview.inAll,
    urgent: overview.list.filter(({ confirmBy }) => confirmBy !== undefined && confirmBy > now).length,
    contacted: overview.list.filter(isContacted).length,
    next: from + most < fitting.length ? from + most : undefined,
    isReading: !overview.isRead,
  };
}

/** As they are now: what is no to-do any more is left out. */
async function readTodos({ batches }: TodoStore, pointers: readonly Pointer[], options: TodoOptions): Promise<Todo[]> {
  const ids = [...new Set(pointers.map(({ batch }) => batch))];
  const found = new Map<string, Todo>();
  await Promise.all(
    ids.map(async (id) => {
      const batch = await batches.find(id);
      if (batch === undefined || batch.purgedAt !== undefined) return;
      const indexes = new Set(pointers.filter((it) => it.batch === id).map(({ index }) => index));
      const pages = [...new Set([...indexes].map((index) => Math.floor(index / ROWS_PER_PAGE)))];
      const rows = (await Promise.all(pages.map((number) => batches.page(batch, number)))).flat();
      const present = rows.filter(({ index }) => indexes.has(index));
      for (const { index, todo } of await todosAmong(batches, batch, present, options)) {
        found.set(`${id}/${index}`, todo);
      }
    }),
  );
  return pointers.flatMap(({ batch, index }) => found.get(`${batch}/${index}`) ?? []);
}

// --- which rows they are ----------------------------------------------------------------------------------------------

async function overviewOf(store: TodoStore, language: Language): Promise<Overview> {
  const known = overviews.get(store.redis);
  const overview = known ?? {
    batches: new Map(),
    corrected: new Set(),
    list: [],
    inAll: 0,
    isRead: false,
    refreshing: undefined,
    nextAt: 0,
  };
  if (known === undefined) overviews.set(store.redis, overview);
  if (overview.refreshing === undefined && Date.now() >= overview.nextAt) {
    const [begun, wasRead] = [Date.now(), overview.isRead];
    overview.refreshing = refresh(store, overview, language).finally(() => {
      const took = Date.now() - begun;
      // The first time everything is read; afterwards, what has changed.
      overview.nextAt = took < QUICK_MS || !wasRead ? 0 : Date.now() + 10 * took;
      overview.refreshing = undefined;
    });
    // A page that waits for the list fails with it; where none waits, the log has the error.
    overview.refreshing.catch((error) => store.log.warn({ err: error }, 'the to-dos could not be read'));
  }
  if (overview.refreshing !== undefined) await Promise.race([overview.refreshing, sleep(WAITED_MS)]);
  return overview;
}

async function refresh(store: TodoStore, overview: Overview, language: Language): Promise<void> {
  const { batches } = store;
  const ids = (await batches.list()).reverse();
  const correctedLater = correctedLaterOf(store);
  const options = { ...(await reportOptionsOf(store, language)), notesOf: NO_NOTES, correctedLater };
  let isChanged = false;
  for await (const [id, signature] of signaturesOf(batches, ids)) {
    const known = overview.batches.get(id);
    if (known?.signature === signature && Date.now() - known.readAt < READ_AGAIN_MS) continue;
    const batch = await batches.find(id);
    if (batch === undefined) continue;
    const read = batch.purgedAt === undefined ? await readBatch(store, batch, options) : NOTHING_READ;
    isChanged = true;
    overview.batches.set(id, { ...read, signature, readAt: Date.now() });
    if (!overview.isRead) merge(overview, ids);
  }
  for (const id of overview.batches.keys()) if (!ids.includes(id)) overview.batches.delete(id);
  if (isChanged) {
    const refused = [...overview.batches.values()].flatMap(({ pointers }) =>
      pointers.flatMap((it) => it.refused ?? []),
    );
    overview.corrected = await correctedLater(refused);
  }
  merge(overview, ids);
  overview.isRead = true;
}

/** Many are asked at once: of most batches nothing has changed. */
async function* signaturesOf(
  batches: TodoStore['batches'],
  ids: readonly string[],
): AsyncGenerator<readonly [id: string, signature: string]> {
  for (let at = 0; at < ids.length; at += ASKED_AT_ONCE) {
    const some = ids.slice(at, at + ASKED_AT_ONCE);
    const counts = await Promise.all(some.map(batches.counts));
    for (const [index, id] of some.entries()) yield [id, JSON.stringify(counts[index])];
  }
}

const ASKED_AT_ONCE = 200;

/** Which rows are listed is decided already. */
const NONE_CORRECTED: TodoOptions['correctedLater'] = async () => new Set();
const NO_NOTES: TodoOptions['notesOf'] = async () => new Map();
const NOTHING_READ = { pointers: [], cut: 0 } as const;

async function readBatch(
  { batches }: TodoStore,
  batch: Batch,
  options: TodoOptions,
): Promise<Pick<ReadBatch, 'pointers' | 'cut'>> {
  let pointers: Pointer[] = [];
  let all = 0;
  for await (const page of batches.pages(batch)) {
    for (const { index, todo, refused } of await todosAmong(batches, batch, page, options)) {
      const { registration_id: registration, who_acts: who, finished_at: finishedAt } = todo.row;
      all += 1;
      pointers.push({
        batch: batch.id,
        index,
        registration,
        who: who as Actor,
        finishedAt,
        confirmBy: todo.confirmBy,
        refused,
      });
    }
    if (pointers.length > 2 * MOST_TODOS) pointers = mostUrgent(pointers, MOST_TODOS);
  }
  pointers = mostUrgent(pointers, MOST_TODOS);
  return { pointers, cut: all - pointers.length };
}

function mostUrgent(pointers: readonly Pointer[], most: number): Pointer[] {
  return [...pointers].sort(urgency).slice(0, most);
}

/** Each merchant once, by the row of the newest batch; of what cannot come into the list nothing is kept. */
function merge(overview: Overview, newestFirst: readonly string[]): void {
  const listed = new Set<string>();
  const all: Pointer[] = [];
  let cut = 0;
  for (const id of newestFirst) {
    const read = overview.batches.get(id);
    cut += read?.cut ?? 0;
    for (const pointer of read?.pointers ?? []) {
      if (pointer.refused !== undefined && overview.corrected.has(pointer.refused)) continue;
      if (pointer.registration !== '' && listed.has(pointer.registration)) continue;
      listed.add(pointer.registration);
      all.push(pointer);
    }
  }
  all.sort(urgency);
  overview.list = all.slice(0, MOST_TODOS);
  overview.inAll = all.length + cut;
  if (all.length <= 2 * MOST_TODOS) return;
  const kept = new Set(all.slice(0, 2 * MOST_TODOS));
  for (const read of overview.batches.values()) {
    const pointers = read.pointers.filter((pointer) => kept.has(pointer));
    read.cut += read.pointers.length - pointers.length;
    read.pointers = pointers;
  }
}

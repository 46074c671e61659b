/**
 * Rows that our checks refused, and that were corrected since: a newer sheet has the merchant again. A refused row has no
 * registration that would say so; without this its merchant would be called after the Mini Program was created.
 */
import { type Batch, ROWS_PER_PAGE } from '../domain/batch.js';
import { comparable, type Identify } from '../domain/merchant.js';
import { nameIn, type RowWithOutcome } from '../domain/row.js';
import type { Batches } from '../redis/ledger/batches.js';
import type { Ledger } from '../redis/ledger/ledger.js';

export interface RefusedRow {
  readonly batch: string;
  /** As their cells have them; '' where one is missing. */
  readonly name: string;
  readonly code: string;
}

/** Which of them a newer sheet has again, by name or by code. */
export type CorrectedLater = (rows: readonly RefusedRow[]) => Promise<ReadonlySet<RefusedRow>>;

export interface CorrectedLaterTools {
  readonly batches: Pick<Batches, 'list' | 'find' | 'page'>;
  readonly ledger: Pick<Ledger, 'read'>;
  readonly identify: Identify;
  /** Indexes of the rows that may have one of these names. */
  readonly rowsNamedAmong: (batch: Batch, names: ReadonlySet<string>) => AsyncIterable<number>;
}

export function openCorrectedLater(tools: CorrectedLaterTools): CorrectedLater {
  return async (rows) => {
    if (rows.length === 0) return new Set();
    const order = await tools.batches.list();
    const ageOf = new Map(order.map((id, at) => [id, at]));
    const named = await namedAgain(tools, rows, order);
    const others = rows.filter((row) => !named.has(row) && row.code !== '');
    const coded = await registeredSince(tools, others, ageOf);
    return new Set([...named, ...coded]);
  };
}

type AgeByBatch = ReadonlyMap<string, number>;

async function namedAgain(
  { batches, rowsNamedAmong }: CorrectedLaterTools,
  rows: readonly RefusedRow[],
  order: readonly string[],
): Promise<Set<RefusedRow>> {
  const refusedIn = grouped(rows, ({ batch }) => batch);
  const found = new Set<RefusedRow>();
  // Those of the sheets before this one that no sheet has had again.
  const open = new Map<string, RefusedRow[]>();
  for (const id of order) {
    const batch = open.size === 0 ? undefined : await batches.find(id);
    if (batch !== undefined && batch.purgedAt === undefined) {
      for (const name of await namesAgain({ batches, rowsNamedAmong }, batch, new Set(open.keys()))) {
        for (const row of open.get(name) ?? []) found.add(row);
        open.delete(name);
      }
    }
    const named = (refusedIn.get(id) ?? []).filter(({ name }) => name.trim() !== '');
    for (const [name, some] of grouped(named, (row) => comparable(row.name))) {
      open.set(name, [...(open.get(name) ?? []), ...some]);
    }
  }
  return found;
}

/** Which of these names a batch has. Rows that may have one come page by page, so a page is read once. */
async function namesAgain(
  { batches, rowsNamedAmong }: Pick<CorrectedLaterTools, 'batches' | 'rowsNamedAmong'>,
  batch: Batch,
  names: ReadonlySet<string>,
): Promise<Set<string>> {
  const again = new Set<string>();
  let page: { readonly number: number; readonly rows: readonly RowWithOutcome[] } | undefined;
  for await (const index of rowsNamedAmong(batch, names)) {
    const number = Math.floor(index / ROWS_PER_PAGE);
    if (page?.number !== number) page = { number, rows: await batches.page(batch, number) };
    const entry = page.rows.find((it) => it.index === index);
    if (entry !== undefined) again.add(comparable(nameIn(entry.row, batch.columns)));
  }
  return again;
}

function grouped(rows: readonly RefusedRow[], by: (row: RefusedRow) => string): Map<string, RefusedRow[]> {
  const groups = new Map<string, RefusedRow[]>();
  for (const row of rows) {
    const group = groups.get(by(row));
    // A sheet of wrong rows may have thousands of one name.
    if (group === undefined) groups.set(by(row), [row]);
    else group.push(row);
  }
  return groups;
}

const READ_AT_ONCE = 100;

/** By its code: the row had no name, or has another one now. */
async function registeredSince(
  { ledger, identify }: CorrectedLaterTools,
  rows: readonly RefusedRow[],
  ageOf: AgeByBatch,
): Promise<RefusedRow[]> {
  const found: RefusedRow[] = [];
  for (let at = 0; at < rows.length; at += READ_AT_ONCE) {
    const some = rows.slice(at, at + READ_AT_ONCE);
    const views = await Promise.all(some.map(({ code }) => ledger.read(identify(code))));
    found.push(
      ...some.filter((row, index) => {
        const [batch = ''] = views[index]?.registration.row.split('/') ?? [];
        return (ageOf.get(batch) ?? -1) > (ageOf.get(row.batch) ?? Number.MAX_SAFE_INTEGER);
      }),
    );
  }
  return found;
}

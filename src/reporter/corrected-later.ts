/**
 * Rows that our checks refused, and that were corrected since: a newer sheet has the merchant again. A refused row has no
 * registration that would say so; without this its merchant would be called after the Mini Program was created.
 */
import type { Batch } from '../domain/batch.js';
import { comparable, type Identify } from '../domain/merchant.js';
import { nameIn } from '../domain/row.js';
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
  readonly batches: Pick<Batches, 'list' | 'find' | 'rowWithOutcome'>;
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
    const named = await namedAgain(tools, rows, order, ageOf);
    const others = rows.filter((row) => !named.has(row) && row.code !== '');
    const coded = await registeredSince(tools, others, ageOf);
    return new Set([...named, ...coded]);
  };
}

type Ages = ReadonlyMap<string, number>;

async function namedAgain(
  { batches, rowsNamedAmong }: CorrectedLaterTools,
  rows: readonly RefusedRow[],
  order: readonly string[],
  ageOf: Ages,
): Promise<Set<RefusedRow>> {
  const found = new Set<RefusedRow>();
  const oldest = Math.min(...rows.map(({ batch }) => ageOf.get(batch) ?? order.length));
  for (const [at, id] of [...order.entries()].slice(oldest + 1)) {
    const byName = new Map<string, RefusedRow[]>();
    for (const row of rows) {
      if (row.name.trim() === '' || found.has(row) || (ageOf.get(row.batch) ?? at) >= at) continue;
      const name = comparable(row.name);
      const same = byName.get(name);
      // A sheet of wrong rows may have thousands of one name.
      if (same === undefined) byName.set(name, [row]);
      else same.push(row);
    }
    const batch = byName.size === 0 ? undefined : await batches.find(id);
    if (batch === undefined || batch.purgedAt !== undefined) continue;
    for await (const index of rowsNamedAmong(batch, new Set(byName.keys()))) {
      const entry = await batches.rowWithOutcome(batch, index);
      const name = entry === undefined ? '' : comparable(nameIn(entry.row, batch.columns));
      for (const row of byName.get(name) ?? []) found.add(row);
    }
  }
  return found;
}

const READ_AT_ONCE = 100;

/** By its code: the row had no name, or has another one now. */
async function registeredSince(
  { ledger, identify }: CorrectedLaterTools,
  rows: readonly RefusedRow[],
  ageOf: Ages,
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

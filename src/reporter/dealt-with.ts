/**
 * Rows that a list by outcome or problem leaves out. Such a list is the next upload: the old details of a row that was sent again
 * would take the place of the newer ones, and a row that a newer sheet has corrected would be corrected twice.
 */
import { type Batch, byOutcome } from '../domain/batch.js';
import type { Outcome } from '../domain/registration.js';
import { codeIn, nameIn, type RowWithOutcome } from '../domain/row.js';
import type { Actor } from '../domain/words.js';
import type { Batches } from '../redis/ledger/batches.js';
import { type CorrectedLater, openRefusedRows, type RefusedRow } from './corrected-later.js';

/** What a list was asked for; a page asks for one of each, a report for several. */
export interface ListFilter {
  readonly only?: ReadonlySet<Outcome> | Outcome | undefined;
  readonly who?: ReadonlySet<Actor> | Actor | undefined;
  readonly problem?: string | undefined;
}

function isByOutcome({ only, problem }: ListFilter): boolean {
  return only !== undefined || problem !== undefined;
}

/**
 * Whether a list leaves the row out because another row has been sent for its enterprise since, or has replaced it.
 *
 * @param corrected places of refused rows that need no correction any more, `batch/index`
 */
export function isDealtWith(
  batch: Batch,
  entry: RowWithOutcome | undefined,
  filter: ListFilter,
  corrected?: ReadonlySet<string>,
): boolean {
  if (entry === undefined) return false;
  const { relation, registration, isSuperseded } = entry;
  if (relation.kind === 'refused') return corrected?.has(placeOf(batch, entry)) === true;
  // The list for `nobody` has these rows, and no other list by who acts.
  if (filter.who !== undefined || !isByOutcome(filter)) return false;
  if (relation.kind === 'replaced') return relation.by !== undefined;
  return isSuperseded === true && registration?.state !== 'created';
}

/** Which refused rows of a batch need no correction any more, found as its rows are read. */
export interface CorrectedAhead {
  /** Places of such rows around this one and up to it, as `isDealtWith` asks. Asked in the order of the rows, page by page. */
  upTo(index: number): Promise<ReadonlySet<string>>;
  close(): Promise<void>;
}

/** Undefined where the batch has no such row. Batches are asked for in the order of `wanted`. */
export type CorrectedIn = (batch: Batch) => Promise<CorrectedAhead | undefined>;

/**
 * Of so many refused rows names and codes are in memory at once. Newer sheets are looked through for all of them together, so that of a
 * million rows each sheet is looked through some tens of times.
 */
const REFUSED_AT_ONCE = 20_000;

/** @param wanted the newest first; undefined where the list has no refused row */
export function correctedIn(
  batches: Pick<Batches, 'counts' | 'pages'>,
  wanted: readonly Batch[],
  filter: ListFilter,
  correctedLater: CorrectedLater,
  atOnce = REFUSED_AT_ONCE,
): CorrectedIn | undefined {
  if (!listsRefused(filter)) return undefined;
  const refusedRows = wanted.length > 1 ? openRefusedRows() : undefined;
  return async (batch) => {
    if (byOutcome(await batches.counts(batch.id)).invalid === undefined) return undefined;
    const pages = batches.pages(batch)[Symbol.asyncIterator]();
    let known = { upTo: -1, places: NONE };

    async function next(): Promise<typeof known> {
      const refused: RefusedRow[] = [];
      let upTo = Number.POSITIVE_INFINITY;
      while (refused.length < atOnce) {
        const { value: entries, done } = await pages.next();
        if (done) {
          upTo = Number.POSITIVE_INFINITY;
          break;
        }
        for (const row of refusedAmong(batch, entries)) refused.push(row);
        upTo = entries.at(-1)?.index ?? upTo;
      }
      const again = refusedRows?.again(refused) ?? [];
      return { upTo, places: placesOf([...again, ...(await correctedLater(refused))]) };
    }

    return {
      async upTo(index) {
        while (known.upTo < index) known = await next();
        return known.places;
      },
      async close() {
        await pages.return?.(undefined);
      },
    };
  };
}

/** The same of some rows of a batch. */
export async function correctedAmong(
  batch: Batch,
  entries: readonly RowWithOutcome[],
  filter: ListFilter,
  correctedLater: CorrectedLater,
): Promise<ReadonlySet<string>> {
  return listsRefused(filter) ? placesOf(await correctedLater(refusedAmong(batch, entries))) : NONE;
}

const NONE: ReadonlySet<string> = new Set();

/** A report of every row is no list to work on. */
function listsRefused(filter: ListFilter): boolean {
  const { only, who } = filter;
  if (only === undefined) return who !== undefined || isByOutcome(filter);
  return typeof only === 'string' ? only === 'invalid' : only.has('invalid');
}

function refusedAmong(batch: Batch, entries: readonly RowWithOutcome[]): RefusedRow[] {
  return entries.flatMap(({ relation, index, row }) =>
    relation.kind === 'refused'
      ? [{ batch: batch.id, index, name: nameIn(row, batch.columns), code: codeIn(row, batch.columns) }]
      : [],
  );
}

function placesOf(rows: Iterable<RefusedRow>): ReadonlySet<string> {
  return new Set([...rows].map(({ batch, index }) => `${batch}/${index}`));
}

function placeOf({ id }: Batch, { index }: RowWithOutcome): string {
  return `${id}/${index}`;
}

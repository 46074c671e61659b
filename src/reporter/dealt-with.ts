/**
 * Rows that a list by outcome or problem leaves out. Such a list is the next upload: the old details of a row that was sent again
 * would take the place of the newer ones, and a row that a newer sheet has corrected would be corrected twice.
 */
import { type Batch, byOutcome } from '../domain/batch.js';
import type { Outcome } from '../domain/registration.js';
import { codeIn, nameIn, type RowWithOutcome } from '../domain/row.js';
import type { Actor } from '../domain/words.js';
import type { Batches } from '../redis/ledger/batches.js';
import type { CorrectedLater, RefusedRow } from './corrected-later.js';

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

/** Which refused rows of these batches need no correction any more, as `isDealtWith` asks; none where the list has no such row. */
export async function correctedIn(
  batches: Pick<Batches, 'counts' | 'pages'>,
  wanted: readonly Batch[],
  filter: ListFilter,
  correctedLater: CorrectedLater,
): Promise<ReadonlySet<string>> {
  if (!listsRefused(filter)) return NONE;
  const refused: RefusedRow[] = [];
  for (const batch of wanted) {
    if (byOutcome(await batches.counts(batch.id)).invalid === undefined) continue;
    for await (const entries of batches.pages(batch)) refused.push(...refusedAmong(batch, entries));
  }
  return placesOf(await correctedLater(refused));
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

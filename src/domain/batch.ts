/** Batches: one loaded file each, and how many of its rows are where. */
import type { DetailField } from './merchant.js';
import { OUTCOME_NAMES } from './outcomes.js';
import { type Outcome, STATES, type State, type Wait } from './registration.js';
import type { DetailColumns, Row } from './row.js';

/**
 * Rows are read, accepted, kept and reported in pages of so many: short enough for LINDEX, and for a thread that hands pages
 * to another.
 */
export const ROWS_PER_PAGE = 512;

/** What is known of a batch before it is looked through. */
export type BatchSize = Pick<Batch, 'id' | 'rows'>;

export interface Batch {
  readonly id: string;
  /** File name without its folder. */
  readonly file: string;
  readonly headings: readonly string[];
  readonly columns: DetailColumns;
  /** ms since 1970 */
  readonly loadedAt: number;
  readonly rows: number;
  /** How many rows have warnings and nothing worse; known when the batch is complete. */
  readonly warned?: number;
  /** How many rows have replaced a row of an earlier sheet that was not sent yet; absent: none. */
  readonly replaces?: number;
  /** False while the file is still being read, or where reading was interrupted. */
  readonly complete: boolean;
  /** The batch corrects one row of another batch: `batch/index` of that row, and the person who corrected it. */
  readonly correction?: { readonly row: string; readonly by: string; readonly because?: string };
  /** When its merchants were forgotten, ms since 1970; only its counts are left. */
  readonly purgedAt?: number;
}

/** A row of any batch, as another row names it. */
export interface NamedRow {
  readonly batch: Batch;
  readonly row: Row;
}

/** A row that may be meant, by its index in its batch. */
export interface RowOfBatch {
  readonly batch: BatchSize;
  readonly index: number;
}

/** What a registration is now. */
export interface Leader {
  /** `batch/index` of the row with the details that were sent, or will be. */
  readonly row: string;
  readonly isCreated: boolean;
  readonly appid?: string;
  /** Further rows, which have its outcome or wait for its end; absent: none. */
  readonly others?: readonly string[];
}

/** Rows by what counts them: a state, `deferred/<wait>`, `duplicate`, `already_created`, `invalid`. */
export type Counts = Readonly<Record<string, number>>;

export interface AcceptRules {
  /** A merchant that has a Mini Program gets one more. */
  readonly again?: boolean | undefined;
  /** The details that make two rows of one enterprise two tasks, under the registration API in use. */
  readonly details: readonly DetailField[];
}

/**
 * Rows by the outcome that the report gives them: `deferred/busy` is pending, and what is no state is one itself.
 * In the order in which outcomes are listed: that of the counts depends on which registration was first.
 */
export function byOutcome(counts: Counts): Partial<Record<Outcome, number>> {
  const outcomes = new Map<Outcome, number>();
  for (const [name, count] of Object.entries(counts)) {
    const state = name.split('/')[0] as State;
    const outcome = state in STATES ? STATES[state].outcome : (name as Outcome);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + count);
  }
  return Object.fromEntries(
    OUTCOME_NAMES.filter((name) => outcomes.has(name)).map((name) => [name, outcomes.get(name)]),
  );
}

/** The name under which a batch counts a registration: `queued`, `deferred/busy`, … */
export function countedAs(state: State, wait: Wait | undefined): string {
  return wait === undefined ? state : `${state}/${wait}`;
}

/**
 * The same for a row that waits for the end of its enterprise's task. While the outcome is unknown, the row may or may not be sent
 * later.
 */
export function countedWhileWaiting(state: State): string {
  return state === 'needs_review' ? state : countedAs('deferred', 'enterprise');
}

/** How many rows of a batch count as a state, whatever they wait for. */
export function countOf(counts: Counts, state: State): number {
  return Object.entries(counts)
    .filter(([name]) => name === countedAs(state, undefined) || name.startsWith(`${state}/`))
    .reduce((sum, [, count]) => sum + count, 0);
}

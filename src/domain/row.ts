/** Rows: a merchant each, as its sheet has it, and what became of it. */
import { readable, readableName } from './clean-cell.js';
import type { DetailField, Merchant } from './merchant.js';
import type { Registration } from './registration.js';

/** Where a batch's columns hold the six details; -1 where there is no such column. In the order of DETAILS. */
export type DetailColumns = readonly number[];

export interface StoredProblem {
  /** e.g. `sheet:code_length` */
  readonly code: string;
  /** e.g. `B17`; '' for the row as a whole */
  readonly cell: string;
  readonly detail?: string | undefined;
}

export interface Row {
  /** Line of the input file where the row begins, counted from 1. */
  readonly line: number;
  readonly cells: readonly string[];
  /** Absent where our checks refused the row. */
  readonly merchant?: Merchant | undefined;
  readonly problems: readonly StoredProblem[];
}

export interface AcceptedRow extends Row {
  /**
   * Of its enterprise; undefined where our checks refused the row. Without a merchant the row is never sent: it gets the outcome
   * of what its enterprise has, and where that is nothing, or has failed, it is invalid.
   */
  readonly registration: string | undefined;
  /** Its phone comes from the settings, so that another row's phone is the newer one. */
  readonly isPhoneBlank?: boolean;
}

/**
 * What a row of a new batch would be: see `rows` of MOVES. `early`: it begins a new attempt before the day that WeChat asked
 * to wait for (105). `repeats`: it begins one with the very details that WeChat refused.
 */
export type ExistingMatch = 'already_created' | 'joins' | 'waits' | 'replaces' | 'begins' | 'early' | 'repeats';

/** What a row is to its registration. */
export type Relation =
  | { readonly kind: 'refused' }
  /** The row has the outcome of the registration. */
  | { readonly kind: 'registered'; readonly id: string }
  /**
   * Its details differ from the details that were sent, and may be running: the row is sent when that task has failed.
   */
  | { readonly kind: 'waits'; readonly id: string }
  /**
   * `by`: `batch/index` of the newer row that is sent instead; undefined if an operator withdrew the row while it
   * waited. `attempts`: earlier attempts that WeChat did not accept or whose link was lost; absent: none.
   */
  | { readonly kind: 'replaced'; readonly id: string; readonly by?: string; readonly attempts?: number }
  /** `appid`: of the Mini Program that there was when the row came; undefined where that was not known. */
  | { readonly kind: 'already_created'; readonly id: string; readonly appid?: string }
  /** `firstIndex`: index of the earlier row of this batch. */
  | { readonly kind: 'duplicate'; readonly id: string; readonly firstIndex: number };

// The report's `problem` of a row that has its outcome from another row of its enterprise; `check` names the same.

export const DUPLICATE = 'sheet:duplicate';
export const DIFFERING_DUPLICATE = 'sheet:duplicate_differs';
export const REPLACED = 'row:replaced';
export const WAITING = 'row:waits';

/** `differing`: the details in which the row differs from the earlier one. */
export function problemOfDuplicate(differing: readonly DetailField[]): typeof DUPLICATE | typeof DIFFERING_DUPLICATE {
  return differing.length === 0 ? DUPLICATE : DIFFERING_DUPLICATE;
}

export interface RowWithOutcome {
  readonly index: number;
  readonly row: Row;
  readonly relation: Relation;
  /** As it is now, or as it was when a later batch began a new attempt. */
  readonly registration: Registration | undefined;
  /** Another row has begun a new attempt since. */
  readonly isSuperseded?: true;
}

/** Places in DetailColumns. */
const NAME = 0;
const CODE = 1;
const WEIXIN_ID = 3;
const PHONE = 5;

type Named = Pick<Row, 'cells' | 'merchant'>;

// Of the row's merchant. Where our checks refused the row: what a person reads in its cell, '' where there is nothing.

export function nameIn({ merchant, cells }: Named, columns: DetailColumns): string {
  return merchant?.name ?? readableName(cells[columns[NAME] ?? -1] ?? '');
}

export function phoneIn({ merchant, cells }: Named, columns: DetailColumns): string {
  return merchant?.componentPhone ?? readable(cells[columns[PHONE] ?? -1] ?? '');
}

export function codeIn({ merchant, cells }: Named, columns: DetailColumns): string {
  return merchant?.code ?? readable(cells[columns[CODE] ?? -1] ?? '');
}

export function weixinIdIn({ merchant, cells }: Named, columns: DetailColumns): string {
  return merchant?.legalPersonaWechat ?? readable(cells[columns[WEIXIN_ID] ?? -1] ?? '');
}

/** Of `batch/index`. */
export function batchOf(pointer: string): string {
  return pointer.slice(0, pointer.lastIndexOf('/'));
}

/** Of the same. */
export function indexOf(pointer: string): number {
  return Number(pointer.slice(pointer.lastIndexOf('/') + 1));
}

/**
 * Rows as arguments of accept.lua. A page is a few texts instead of thousands of objects: the garbage collector has nothing to
 * copy while Redis works on it, and a thread hands it over at little cost.
 */
import type { AcceptedRow, DetailColumns } from '../../domain/row.js';
import { JOINT } from './packed-rows.js';
import { digestsOf } from './row-index.js';
import { packRow, unpackRow } from './rows.js';

/** Places count from 0. */
export interface RowsToAccept {
  readonly count: number;
  /** The results of packRow for all rows, in UTF-8. */
  readonly packed: Uint8Array;
  /** For the row index. */
  readonly digests: Uint8Array;
  /** Registration ids, 16 characters each. */
  readonly registrations: string;
  /** Places of rows that have a registration and are never sent. */
  readonly unsent: readonly number[];
  /** Places of rows whose phone cell is blank. */
  readonly withBlankPhone: readonly number[];
}

/** In place of the registration of a row that our checks refused. */
const NO_REGISTRATION = ' '.repeat(16);

export function rowsToAccept(rows: readonly AcceptedRow[], columns: DetailColumns): RowsToAccept {
  return {
    count: rows.length,
    packed: Buffer.from(rows.map((row) => packRow(row, columns)).join(JOINT)),
    digests: digestsOf(rows, columns),
    registrations: rows.map(({ registration = NO_REGISTRATION }) => registration).join(''),
    unsent: placesWhere(rows, ({ registration, merchant }) => registration !== undefined && merchant === undefined),
    withBlankPhone: placesWhere(rows, ({ isPhoneBlank }) => isPhoneBlank === true),
  };
}

function placesWhere(rows: readonly AcceptedRow[], matches: (row: AcceptedRow) => boolean): number[] {
  const places: number[] = [];
  rows.forEach((row, at) => {
    if (matches(row)) places.push(at);
  });
  return places;
}

/** Undefined for a row that our checks refused. */
export function registrationAt({ registrations }: RowsToAccept, at: number): string | undefined {
  const id = registrations.slice(at * NO_REGISTRATION.length, (at + 1) * NO_REGISTRATION.length);
  return id === NO_REGISTRATION ? undefined : id;
}

/** The rows themselves, by their places. */
export function openRowsToAccept(rows: RowsToAccept, columns: DetailColumns): (at: number) => AcceptedRow {
  const packed = bytesOf(rows.packed).toString().split(JOINT);
  const blank = new Set(rows.withBlankPhone);
  return (at) => ({
    ...unpackRow(packed[at] ?? '', columns),
    registration: registrationAt(rows, at),
    isPhoneBlank: blank.has(at),
  });
}

/** A Buffer from another thread arrives as a Uint8Array. */
export function bytesOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

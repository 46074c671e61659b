/** Goes over the rows of a page without making text of them: where each part lies among the bytes. */
import type { DetailColumns, RowWithOutcome } from '../../domain/row.js';
import { JOINT, type PackedPage, unpackedRow } from './packed-rows.js';
import { FIELD_JOINT, SHOWN_NAMES } from './registration-fields.js';
import { RELATION_CODES } from './relation-codes.js';
import { DETAILS_JOINT } from './rows.js';

/** What stands before the id of a row that is sent. */
const REGISTERED = RELATION_CODES.registered.charCodeAt(0);
/** What follows the id. */
const LINE_FEED = 0x0a;
/** What a row that was not joined (rows.ts) begins with: `[`. */
const BRACKET = 0x5b;
/** Each joint is one byte. Between those of the details and of the rows lies that of the cells. */
const DETAILS = DETAILS_JOINT.charCodeAt(0);
const ROW = JOINT.charCodeAt(0);
const FIELD = FIELD_JOINT.charCodeAt(0);

export class PageCursor {
  readonly rows: Buffer;
  readonly outcomes: Buffer;
  readonly #first: number;
  /** Its place in the page; -1 before the first. */
  at = -1;
  /** A registered row without problems, with an outcome of its own or none; any other has to be unpacked to be known. */
  isPlain = false;
  /** Where its id lies; of a plain row. */
  idFrom = 0;
  idTo = 0;
  /** Where the row and its outcome begin and end. */
  rowFrom = 0;
  rowTo = -1;
  outcomeFrom = 0;
  outcomeTo = -1;
  /** Where the number of the line ends, each cell, and each detail beside them: one begins a byte after the end before. */
  readonly ends: number[] = [];
  /** How many of `ends` are of the line and the cells, and how many there are in all. */
  cellEnds = 0;
  allEnds = 0;
  /** Where each field of the outcome ends. */
  readonly fieldEnds: number[] = [];
  /** 0 of a registration that was never sent. */
  fields = 0;

  constructor({ first, rows, outcomes }: PackedPage) {
    this.#first = first;
    this.rows = rows;
    this.outcomes = outcomes;
  }

  /** To the next row; false where there is none. */
  next(): boolean {
    if (this.rowTo >= this.rows.length || this.rows.length === 0) return false;
    this.at += 1;
    this.#readOutcome();
    this.#readRow();
    return true;
  }

  /** The row as others know it. */
  entry(columns: DetailColumns): RowWithOutcome {
    const text = this.rows.toString('utf8', this.rowFrom, this.rowTo);
    const outcome = this.outcomes.toString('utf8', this.outcomeFrom, this.outcomeTo);
    return unpackedRow(this.#first + this.at, text, outcome, columns);
  }

  /** Where a field of the outcome begins. */
  fieldFrom(place: number): number {
    return place === 0 ? this.outcomeFrom : (this.fieldEnds[place - 1] as number) + 1;
  }

  /** Where the part begins that ends at that place of `ends`. */
  partFrom(part: number): number {
    return (part === 0 ? this.idTo : (this.ends[part - 1] as number)) + 1;
  }

  /** A detail by its place among the details, or its column: a part, or 0 where there is nothing. */
  detail(place: number, column: number): number {
    const beside = this.cellEnds + place;
    if (beside < this.allEnds && this.#isSomething(beside)) return beside;
    const cell = column + 1;
    return cell > 0 && cell < this.cellEnds && this.#isSomething(cell) ? cell : 0;
  }

  /** '' for 0. */
  textOf(part: number): string {
    return part === 0 ? '' : this.rows.toString('utf8', this.partFrom(part), this.ends[part]);
  }

  #isSomething(part: number): boolean {
    return (this.ends[part] as number) > this.partFrom(part);
  }

  #readOutcome(): void {
    const { outcomes, fieldEnds } = this;
    const from = this.outcomeTo + 1;
    let fields = 0;
    let to = from;
    for (; to < outcomes.length; to += 1) {
      const byte = outcomes[to];
      if (byte === ROW) break;
      if (byte === FIELD) fieldEnds[fields++] = to;
    }
    fieldEnds[fields++] = to;
    this.outcomeFrom = from;
    this.outcomeTo = to;
    this.fields = to === from ? 0 : fields;
  }

  #readRow(): void {
    const { rows, ends } = this;
    const from = this.rowTo + 1;
    let to = from;
    while (to < rows.length && rows[to] !== LINE_FEED && rows[to] !== ROW) to += 1;
    const idTo = to;
    let parts = 0;
    let cells = 0;
    for (; to < rows.length; to += 1) {
      const byte = rows[to] as number;
      if (byte > ROW || byte < DETAILS) continue;
      if (byte === ROW) break;
      ends[parts++] = to;
      if (byte === DETAILS) cells = parts;
    }
    ends[parts++] = to;
    this.rowFrom = from;
    this.rowTo = to;
    this.idFrom = from + 1;
    this.idTo = idTo;
    this.cellEnds = cells === 0 ? parts : cells;
    this.allEnds = parts;
    const isJoined = idTo < to && rows[idTo + 1] !== BRACKET;
    const { fields } = this;
    this.isPlain = isJoined && rows[from] === REGISTERED && (fields === 0 || fields === SHOWN_NAMES.length);
  }
}

/**
 * Splits the text of a CSV into records, as csv-parse does with `relax_quotes` and `relax_column_count`. csv-parse made an
 * Error, with its stack, of each record that was longer or shorter than the first, and held a record of any size.
 */
import { SHEET_LIMITS, type SheetLimitName } from '../domain/sheet-limits.js';

export interface RecordOptions {
  readonly delimiter: string;
  /** Without any, one line end is looked for instead of three. */
  readonly hasCarriageReturns: boolean;
}

/** Why the next record cannot be read; `column` counts from 0. */
export class RecordFault extends Error {
  readonly reason: SheetLimitName | 'unclosed' | 'closed_late';
  readonly column: number;

  constructor(reason: RecordFault['reason'], column = 0) {
    super(reason);
    this.reason = reason;
    this.column = column;
  }
}

const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;
const CELL = SHEET_LIMITS.cell.most;
const ROW = SHEET_LIMITS.row.most;
const CELLS = SHEET_LIMITS.cells.most;
/** A cell inside quotation marks, each mark in it written twice. */
const QUOTED_CELL = 2 * CELL + 2;
const NOWHERE = Number.POSITIVE_INFINITY;

export class RecordReader {
  private readonly delimiter: string;
  private readonly delimiterCode: number;
  private readonly hasCarriageReturns: boolean;
  private text = '';
  /** Where the next record begins. */
  private at = 0;
  private isEnd = false;
  // Where the next one of each is; looked for again once the reader is past it, or a long text would be gone through for each record.
  private nextQuote = -1;
  private nextLf = -1;
  private nextCr = -1;
  private nextDelimiter = -1;

  constructor({ delimiter, hasCarriageReturns }: RecordOptions) {
    this.delimiter = delimiter;
    this.delimiterCode = delimiter.charCodeAt(0);
    this.hasCarriageReturns = hasCarriageReturns;
  }

  /** `isEnd`: nothing comes after this text. */
  feed(text: string, isEnd: boolean): void {
    this.text = this.at >= this.text.length ? text : this.text.slice(this.at) + text;
    this.at = 0;
    this.isEnd = isEnd;
    this.nextQuote = this.nextLf = this.nextCr = this.nextDelimiter = -1;
  }

  /** What no record was made of yet. */
  rest(): string {
    return this.text.slice(this.at);
  }

  /** Undefined where the text that was fed has no further whole record. @throws RecordFault */
  next(): string[] | undefined {
    if (this.at >= this.text.length) return undefined;
    const end = this.lineEndFrom(this.at);
    if (this.quoteFrom(this.at) < end) return this.nextQuoted();
    if (end !== NOWHERE) {
      if (this.mayGoOn(end)) return undefined;
      return this.record(this.at, end, this.split(this.at, end));
    }
    if (this.isEnd) return this.record(this.at, this.text.length, this.split(this.at, this.text.length));
    if (this.text.length - this.at > ROW) throw new RecordFault('row');
    return undefined;
  }

  private split(from: number, to: number): string[] {
    return this.text.slice(from, to).split(this.delimiter);
  }

  private nextQuoted(): string[] | undefined {
    const cells: string[] = [];
    let from = this.at;
    for (;;) {
      let head = '';
      let plainFrom = from;
      if (this.text.charCodeAt(from) === QUOTE) {
        const close = this.closingQuoteFrom(from + 1);
        const isOpen = close === NOWHERE || (close === this.text.length - 1 && !this.isEnd);
        if ((isOpen ? this.text.length : close) - from > QUOTED_CELL) {
          throw new RecordFault('closed_late', cells.length);
        }
        if (isOpen) {
          if (this.isEnd) throw new RecordFault('unclosed', cells.length);
          return this.unfinished();
        }
        const inside = this.text.slice(from + 1, close);
        const value = inside.includes('"') ? inside.replaceAll('""', '"') : inside;
        plainFrom = close + 1;
        // What stands behind the mark belongs to the value, and so do the marks.
        head = this.endsCell(plainFrom) ? value : `"${value}"`;
      }
      const lineEnd = Math.min(this.lineEndFrom(plainFrom), this.isEnd ? this.text.length : NOWHERE);
      const end = Math.min(this.delimiterFrom(plainFrom), lineEnd);
      if (end === NOWHERE) return this.unfinished();
      cells.push(head === '' ? this.text.slice(plainFrom, end) : head + this.text.slice(plainFrom, end));
      if (cells.length > CELLS) throw new RecordFault('cells');
      if (end === lineEnd) {
        if (end < this.text.length && this.mayGoOn(end)) return undefined;
        return this.record(this.at, end, cells);
      }
      from = end + 1;
    }
  }

  private unfinished(): undefined {
    if (this.text.length - this.at > ROW) throw new RecordFault('row');
    return undefined;
  }

  private record(from: number, end: number, cells: string[]): string[] {
    const length = end - from;
    if (length > CELL) {
      if (length > ROW) throw new RecordFault('row');
      const long = cells.findIndex((cell) => cell.length > CELL);
      if (long >= 0) throw new RecordFault(isSeveralLines(cells[long]) ? 'closed_late' : 'cell', long);
    }
    if (cells.length > CELLS) throw new RecordFault('cells');
    const isPair = this.text.charCodeAt(end) === CR && this.text.charCodeAt(end + 1) === LF;
    this.at = end + (isPair ? 2 : 1);
    return cells;
  }

  /** A CR at the end of what was fed may be the first half of CRLF. */
  private mayGoOn(lineEnd: number): boolean {
    return !this.isEnd && lineEnd === this.text.length - 1 && this.text.charCodeAt(lineEnd) === CR;
  }

  private endsCell(at: number): boolean {
    if (at >= this.text.length) return true;
    const code = this.text.charCodeAt(at);
    return code === this.delimiterCode || code === LF || (code === CR && this.hasCarriageReturns);
  }

  private closingQuoteFrom(from: number): number {
    for (let at = from; ; ) {
      const quote = this.text.indexOf('"', at);
      if (quote < 0) return NOWHERE;
      if (this.text.charCodeAt(quote + 1) !== QUOTE) return quote;
      at = quote + 2;
    }
  }

  private quoteFrom(from: number): number {
    if (this.nextQuote < from) this.nextQuote = placed(this.text.indexOf('"', from));
    return this.nextQuote;
  }

  private delimiterFrom(from: number): number {
    if (this.nextDelimiter < from) this.nextDelimiter = placed(this.text.indexOf(this.delimiter, from));
    return this.nextDelimiter;
  }

  private lineEndFrom(from: number): number {
    if (this.nextLf < from) this.nextLf = placed(this.text.indexOf('\n', from));
    if (!this.hasCarriageReturns) return this.nextLf;
    if (this.nextCr < from) this.nextCr = placed(this.text.indexOf('\r', from));
    return Math.min(this.nextLf, this.nextCr);
  }
}

function placed(index: number): number {
  return index < 0 ? NOWHERE : index;
}

function isSeveralLines(cell = ''): boolean {
  return cell.includes('\n') || cell.includes('\r');
}

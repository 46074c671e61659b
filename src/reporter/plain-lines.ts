/**
 * Lines of a report for rows that are like thousands of others: the outcome, the reason and the next step of all that are in
 * the same state with the same problem are the same, so they are written once, with everything else that does not differ.
 * What is a row's own is copied from the bytes that Redis answered: texts that live for one line cost more than all else.
 */
import type { Batch } from '../domain/batch.js';
import { isoWithOffset } from '../domain/calendar.js';
import { REPORT_COLUMNS, type ReportColumn } from '../domain/columns.js';
import type { Outcome, State } from '../domain/registration.js';
import type { RowWithOutcome } from '../domain/row.js';
import type { Language, Words } from '../domain/words.js';
import type { PageCursor } from '../redis/ledger/page-cursor.js';
import { placeOfShown } from '../redis/ledger/registration-fields.js';
import { MOST_BYTES_FOR_ONE, putBytes, putCell, putPlain, putText, putWhole } from './csv-bytes.js';
import { csvCell } from './csv-cell.js';
import { addressed, textFor } from './messages.js';
import { circumstancesOf, type ReportOptions, type ReportRow, reportRow } from './report.js';
import { cellOf } from './shape.js';

/** Adds the line of the cursor's row; false where the row needs sentences of its own. */
export type AddPlainLine = (row: PageCursor, lines: Lines) => boolean;

/** Lines one after the other. */
export class Lines {
  bytes: Buffer = Buffer.alloc(0);
  end = 0;

  /** Begins anew. */
  restart(): void {
    this.end = 0;
  }

  /** Makes room for so many bytes more. */
  reserve(size: number): void {
    if (this.end + size <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.end + size));
    this.bytes.copy(larger, 0, 0, this.end);
    this.bytes = larger;
  }

  /** Adds bytes of other lines; there has to be room. */
  copy(from: Lines, start: number, end: number): void {
    this.end += from.bytes.copy(this.bytes, this.end, start, end);
  }

  /** Adds text; there has to be room. */
  write(text: string): void {
    this.end += this.bytes.write(text, this.end);
  }

  /** The bytes themselves, until the next restart. */
  written(): Buffer {
    return this.bytes.subarray(0, this.end);
  }
}

const AT = {
  state: placeOfShown('state'),
  attempt: placeOfShown('attempt'),
  sentAt: placeOfShown('sentAt'),
  until: placeOfShown('until'),
  wait: placeOfShown('wait'),
  problem: placeOfShown('problem'),
  said: placeOfShown('said'),
  appid: placeOfShown('appid'),
  authorizeUrl: placeOfShown('authorizeUrl'),
  finishedAt: placeOfShown('finishedAt'),
} as const;

/** Puts what is the row's own there, and answers where it ends. */
type Put = (row: PageCursor, to: Buffer, at: number, alike: Alike) => number;

/** What differs between rows whose words are the same. The other columns are written once. */
const OWN: { readonly [column in ReportColumn]?: Put } = {
  line: (row, to, at) => putBytes(row.rows, row.idTo + 1, row.ends[0] as number, to, at),
  message: (row, to, at, { message }) => message(row, to, at),
  appid: (row, to, at) => putField(row, AT.appid, to, at, putCell),
  submitted_at: (row, to, at, { time }) => putField(row, AT.sentAt, to, at, time),
  finished_at: (row, to, at, { time }) => putField(row, AT.finishedAt, to, at, time),
  registration_id: (row, to, at) => putBytes(row.rows, row.idFrom, row.idTo, to, at),
};

/** In the order of the report. */
const OWN_PUTS: readonly Put[] = REPORT_COLUMNS.flatMap((column) => OWN[column] ?? []);

/** Rows whose words are the same. */
interface Alike {
  readonly message: (row: PageCursor, to: Buffer, at: number) => number;
  readonly time: PutRange;
  /** Bytes that are the same: before each of OWN_PUTS, and behind the last. */
  readonly same: readonly Buffer[];
  /** How many bytes all of these are, and the message. */
  readonly size: number;
}

type PutRange = (from: Buffer, start: number, end: number, to: Buffer, at: number) => number;

function putField(row: PageCursor, place: number, to: Buffer, at: number, put: PutRange): number {
  return row.fields === 0 ? at : put(row.outcomes, row.fieldFrom(place), row.fieldEnds[place] as number, to, at);
}

/** From these, and from whether WeChat said something, all words follow. */
const WORDS_FROM = [AT.state, AT.attempt, AT.wait, AT.problem] as const;

interface Kind {
  /** What it has in WORDS_FROM. */
  readonly key: Uint8Array;
  /** Undefined where the words say something that is the row's own. */
  readonly alike: Alike | undefined;
}

/** More kinds than any platform's codes; words of WeChat that differ from row to row make none. */
const MOST_KINDS = 1_000;

export function openPlainLines(batch: Batch, options: ReportOptions): AddPlainLine {
  const { language, timezone } = options;
  const circumstances = circumstancesOf(options, () => undefined);
  const width = batch.headings.length;
  const time = timesIn(timezone);
  const kinds = new Map<number, Kind>();

  function alikeOf(row: PageCursor): Alike | undefined {
    const hash = hashOf(row);
    let kind = kinds.get(hash);
    if (kind === undefined) {
      if (kinds.size >= MOST_KINDS) return undefined;
      kind = { key: keyOf(row), alike: alikeTo(row.entry(batch.columns)) };
      kinds.set(hash, kind);
    }
    // A second kind with the same hash is written row by row.
    return hasKey(row, kind.key) ? kind.alike : undefined;
  }

  function alikeTo(row: RowWithOutcome): Alike | undefined {
    if (row.registration?.state === WAITS_FOR_A_PERSON) return undefined;
    const [told, other] = [row, anotherLike(row)].map((it) => reportRow(batch, it, circumstances, options));
    if (told === undefined || other === undefined) return undefined;
    if (REPORT_COLUMNS.some((column) => !(column in OWN) && told[column] !== other[column])) return undefined;
    const text = textFor(row, told.outcome as Outcome, told.problem, circumstances);
    const same = sameOf(told, language);
    const size = same.reduce((sum, { length }) => sum + length, Buffer.byteLength(text[language]));
    return { message: messageOf(text, batch, language), time, same, size };
  }

  return (row, lines) => {
    if (!row.isPlain || row.cellEnds - 1 !== width || hasTimesInWords(row)) return false;
    const alike = alikeOf(row);
    if (alike === undefined) return false;
    // A name is in its cell and in the message.
    const own = 2 * (row.rowTo - row.rowFrom) + row.outcomeTo - row.outcomeFrom;
    lines.reserve(MOST_BYTES_FOR_ONE * (own + alike.size) + SPARE);
    const to = lines.bytes;
    let at = lines.end;
    to[at++] = QUOTE;
    for (let cell = 1; cell <= width; cell += 1) {
      at = putCell(row.rows, row.partFrom(cell), row.ends[cell] as number, to, at);
      at = putBytes(BETWEEN, 0, BETWEEN.length, to, at);
    }
    const { same } = alike;
    for (let n = 0; n < OWN_PUTS.length; n += 1) {
      at = putWhole(same[n] as Buffer, to, at);
      at = (OWN_PUTS[n] as Put)(row, to, at, alike);
    }
    lines.end = putWhole(same[OWN_PUTS.length] as Buffer, to, at);
    return true;
  };
}

/** For the words around a name and a phone, the times, and what stands between the cells of a row without any. */
const SPARE = 1_024;
const QUOTE = 0x22;
const BETWEEN = Buffer.from('","');

/** What a key has behind each field, and for one that has something, whatever it is. */
const [NOTHING, SOMETHING] = [0, 1];

function keyOf(row: PageCursor): Uint8Array {
  if (row.fields === 0) return new Uint8Array(0);
  const fields = WORDS_FROM.map((place) => row.outcomes.subarray(row.fieldFrom(place), row.fieldEnds[place]));
  return Buffer.concat([...fields.flatMap((field) => [field, Buffer.of(NOTHING)]), Buffer.of(saidByte(row))]);
}

function saidByte(row: PageCursor): number {
  return isEmpty(row, AT.said) ? NOTHING : SOMETHING;
}

/** Of the same bytes as the key. */
function hashOf(row: PageCursor): number {
  if (row.fields === 0) return 0;
  const { outcomes } = row;
  let hash = saidByte(row);
  for (let n = 0; n < WORDS_FROM.length; n += 1) {
    const place = WORDS_FROM[n] as number;
    const end = row.fieldEnds[place] as number;
    for (let at = row.fieldFrom(place); at < end; at += 1) hash = (Math.imul(hash, 31) + (outcomes[at] as number)) | 0;
    hash = Math.imul(hash, 31);
  }
  return hash;
}

function hasKey(row: PageCursor, key: Uint8Array): boolean {
  if (row.fields === 0) return key.length === 0;
  const { outcomes } = row;
  let read = 0;
  for (let n = 0; n < WORDS_FROM.length; n += 1) {
    const place = WORDS_FROM[n] as number;
    const end = row.fieldEnds[place] as number;
    for (let at = row.fieldFrom(place); at < end; at += 1) if (key[read++] !== outcomes[at]) return false;
    if (key[read++] !== NOTHING) return false;
  }
  return key[read] === saidByte(row) && read + 1 === key.length;
}

function isEmpty(row: PageCursor, place: number): boolean {
  return row.fieldFrom(place) === row.fieldEnds[place];
}

/** Its sentences name a time or a link of its own. */
function hasTimesInWords(row: PageCursor): boolean {
  return row.fields > 0 && !(isEmpty(row, AT.until) && isEmpty(row, AT.authorizeUrl));
}

/** Its sentences depend on what time it is. */
const WAITS_FOR_A_PERSON: State = 'awaiting_legal_person';
const DAY_MS = 86_400_000;

/** The same state and problem, and everything else another one's. */
function anotherLike(entry: RowWithOutcome): RowWithOutcome {
  const { relation, registration, row } = entry;
  const later = (at: number | undefined): number | undefined => at && at + 3 * DAY_MS;
  return {
    ...entry,
    relation: relation.kind === 'refused' ? relation : { ...relation, id: 'another' },
    row: {
      ...row,
      line: row.line + 1,
      merchant: row.merchant && { ...row.merchant, name: 'Another', code: 'another' },
    },
    registration: registration && {
      ...registration,
      id: 'another',
      sentAt: later(registration.sentAt),
      finishedAt: later(registration.finishedAt),
      ...(registration.said !== undefined && { said: `${registration.said} another` }),
      ...(registration.appid !== undefined && { appid: 'another' }),
    },
  };
}

function sameOf(told: ReportRow, language: Language): Buffer[] {
  const parts = [''];
  for (const [at, column] of REPORT_COLUMNS.entries()) {
    const joint = at > 0 ? '","' : '';
    if (column in OWN) {
      parts[parts.length - 1] += joint;
      parts.push('');
    } else {
      parts[parts.length - 1] += joint + csvCell(cellOf(told, column, language));
    }
  }
  parts[parts.length - 1] += '"\r\n';
  return parts.map((part) => Buffer.from(part));
}

/** Places of the details among a batch's columns. */
const NAME = 0;
const PHONE = 5;

/** Stand for a name and a phone where a message is put together; no text of ours has them, and they need no guard. */
const NAME_MARK = '\ue000';
const PHONE_MARK = '\ue001';

/** Puts a message together once for all rows with a name and a phone, once for those without a phone, and so on. */
function messageOf(text: Words, { columns }: Batch, language: Language): Alike['message'] {
  const nameColumn = columns[NAME] ?? -1;
  const phoneColumn = columns[PHONE] ?? -1;
  const write = (name: string, phone: string): string => csvCell(addressed(text, name, phone)[language]);
  const neither = frameOf(write('', ''));
  const named = frameOf(write(NAME_MARK, ''));
  const phoned = frameOf(write('', PHONE_MARK));
  const both = frameOf(write(NAME_MARK, PHONE_MARK));

  return (row, to, at) => {
    const name = row.detail(NAME, nameColumn);
    const phone = row.detail(PHONE, phoneColumn);
    const { same, isName } = phone === 0 ? (name === 0 ? neither : named) : name === 0 ? phoned : both;
    let place = putWhole(same[0] as Buffer, to, at);
    for (let n = 0; n < isName.length; n += 1) {
      const detail = isName[n] === true ? name : phone;
      place = putPlain(row.rows, row.partFrom(detail), row.ends[detail] as number, to, place);
      if (place < 0) return putText(write(row.textOf(name), row.textOf(phone)), to, at);
      place = putWhole(same[n + 1] as Buffer, to, place);
    }
    return place;
  };
}

/** A message without its name and phone. */
interface Frame {
  /** What stands before each of them, and behind the last. */
  readonly same: readonly Buffer[];
  readonly isName: readonly boolean[];
}

function frameOf(message: string): Frame {
  const parts = message.split(/([\ue000\ue001])/);
  const isMark = (part: string): boolean => part === NAME_MARK || part === PHONE_MARK;
  return {
    same: parts.filter((part) => !isMark(part)).map((part) => Buffer.from(part)),
    isName: parts.filter(isMark).map((part) => part === NAME_MARK),
  };
}

/** More minutes than a week has. */
const MOST_MINUTES = 12_000;
/** Where the seconds are in `2026-11-21T09:30:00+08:00`. */
const SECONDS_AT = 17;
const ZERO = 0x30;

/** Times as `isoWithOffset` writes them; those of a minute differ in two digits. */
function timesIn(timezone: string): PutRange {
  const minutes = new Map<number, Buffer>();
  return (from, start, end, to, at) => {
    if (start === end) return at;
    let ms = 0;
    for (let place = start; place < end; place += 1) {
      const digit = (from[place] as number) - ZERO;
      if (digit < 0 || digit > 9)
        return putText(isoWithOffset(Number(from.toString('latin1', start, end)), timezone), to, at);
      ms = ms * 10 + digit;
    }
    const second = Math.floor(ms / 1_000);
    const minute = Math.floor(second / 60);
    let text = minutes.get(minute);
    if (text === undefined) {
      if (minutes.size >= MOST_MINUTES) minutes.clear();
      text = Buffer.from(isoWithOffset(minute * 60_000, timezone));
      minutes.set(minute, text);
    }
    const last = putWhole(text, to, at);
    const ofMinute = second - minute * 60;
    to[at + SECONDS_AT] = ZERO + Math.floor(ofMinute / 10);
    to[at + SECONDS_AT + 1] = ZERO + (ofMinute % 10);
    return last;
  };
}

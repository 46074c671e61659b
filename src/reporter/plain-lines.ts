/**
 * Lines of a report for rows that are like thousands of others: the outcome, the reason and the next step of all that are in
 * the same state with the same problem are the same, so they are written once, with everything else that does not differ.
 */
import type { Batch } from '../domain/batch.js';
import { isoWithOffset } from '../domain/calendar.js';
import { REPORT_COLUMNS, type ReportColumn } from '../domain/columns.js';
import type { Outcome, State } from '../domain/registration.js';
import type { RowWithOutcome } from '../domain/row.js';
import type { Language, Words } from '../domain/words.js';
import { type PlainRow, plainRow, unpackedRow } from '../redis/ledger/packed-rows.js';
import { placeOfShown } from '../redis/ledger/registration-fields.js';
import { detailOf } from '../redis/ledger/rows.js';
import { csvCell } from './csv-cell.js';
import { addressed, textFor } from './messages.js';
import { circumstancesOf, type ReportOptions, type ReportRow, reportRow } from './report.js';
import { cellOf } from './shape.js';

/** The line of a row as `page.lua` answers it; undefined where the row needs sentences of its own. */
export type PlainLine = (text: string, outcome: string) => string | undefined;

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

/** What differs between rows whose words are the same. The other columns are written once. */
const OWN = {
  line: ({ line }) => line,
  message: (row, { batch, message, language }) =>
    csvCell(addressed(message, detailOf(row, batch.columns, NAME), detailOf(row, batch.columns, PHONE))[language]),
  appid: ({ values }) => csvCell(values[AT.appid] ?? ''),
  submitted_at: ({ values }, { timezone }) => timeOf(values[AT.sentAt], timezone),
  finished_at: ({ values }, { timezone }) => timeOf(values[AT.finishedAt], timezone),
  registration_id: ({ id }) => id,
} as const satisfies Partial<Record<ReportColumn, (row: PlainRow, alike: Alike) => string>>;

/** Places of the details among a batch's columns. */
const NAME = 0;
const PHONE = 5;

/** Rows whose words are the same. */
interface Alike {
  readonly batch: Batch;
  readonly language: Language;
  readonly timezone: string;
  readonly message: Words;
  /** Text that is the same, and what is each row's own, by turns. */
  readonly parts: readonly (string | ((row: PlainRow, alike: Alike) => string))[];
}

/** More kinds than any platform's codes; words of WeChat that differ from row to row make none. */
const MOST_KINDS = 1_000;

export function openPlainLines(batch: Batch, options: ReportOptions): PlainLine {
  const { language, timezone } = options;
  const circumstances = circumstancesOf(options, () => undefined);
  const width = batch.headings.length;
  const kinds = new Map<string, Alike | undefined>();

  function kindOf({ values }: PlainRow, text: string, outcome: string): Alike | undefined {
    const kind = `${values[AT.state] ?? ''}|${values[AT.attempt] ?? ''}|${values[AT.wait] ?? ''}|${values[AT.problem] ?? ''}|${values[AT.said] ? '1' : ''}`;
    let alike = kinds.get(kind);
    if (alike === undefined && !kinds.has(kind)) {
      alike = kinds.size < MOST_KINDS ? alikeTo(unpackedRow(0, text, outcome, batch.columns)) : undefined;
      kinds.set(kind, alike);
    }
    return alike;
  }

  /** Undefined where the words say something that is the row's own. */
  function alikeTo(row: RowWithOutcome): Alike | undefined {
    const [told, other] = [row, anotherLike(row)].map((it) => reportRow(batch, it, circumstances, options));
    if (told === undefined || other === undefined) return undefined;
    if (REPORT_COLUMNS.some((column) => !(column in OWN) && told[column] !== other[column])) return undefined;
    const message = textFor(row, told.outcome as Outcome, told.problem, circumstances);
    return { batch, language, timezone, message, parts: partsOf(told, language) };
  }

  return (text, outcome) => {
    const row = plainRow(text, outcome);
    if (row === undefined || row.cells.length !== width || hasTimesInWords(row)) return undefined;
    const alike = kindOf(row, text, outcome);
    if (alike === undefined) return undefined;
    let line = '"';
    for (const cell of row.cells) line += `${csvCell(cell)}","`;
    for (const part of alike.parts) line += typeof part === 'string' ? part : part(row, alike);
    return line;
  };
}

/** Its sentences name a time or a link of its own, or depend on what time it is. */
function hasTimesInWords({ values }: PlainRow): boolean {
  if (values.length === 0) return false;
  return values[AT.until] !== '' || values[AT.authorizeUrl] !== '' || values[AT.state] === WAITS_FOR_A_PERSON;
}

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

function partsOf(told: ReportRow, language: Language): Alike['parts'] {
  const parts: (string | ((row: PlainRow, alike: Alike) => string))[] = [];
  let same = '';
  for (const [at, column] of REPORT_COLUMNS.entries()) {
    if (at > 0) same += '","';
    const own = (OWN as Partial<Record<ReportColumn, (row: PlainRow, alike: Alike) => string>>)[column];
    if (own === undefined) {
      same += csvCell(cellOf(told, column, language));
    } else {
      parts.push(same, own);
      same = '';
    }
  }
  return [...parts, `${same}"\r\n`];
}

function timeOf(at: string | undefined, timezone: string): string {
  return at === undefined || at === '' ? '' : isoWithOffset(Number(at), timezone);
}

/** What loading a sheet would do, found out without storing anything. */

import type { AcceptRules } from '../domain/batch.js';
import { ALL_DETAILS, comparableDetail, type DetailField } from '../domain/merchant.js';
import { PROBLEMS, type ProblemCode } from '../domain/problems.js';
import { type AcceptedRow, DIFFERING_DUPLICATE, type ExistingMatch, REPLACED } from '../domain/row.js';
import { type CheckedSheetRow, isWarned, type Rules } from './checked-page.js';
import { checkedRows, countApart, type Refused } from './checked-rows.js';
import { type FirstLines, openFirstLines } from './sheets/first-lines.js';
import type { Sheet } from './sheets/sheet.js';

export type RowStatus = 'ready' | 'invalid' | 'duplicate' | 'in_progress' | 'waits' | 'already_created';

export interface PlannedRow {
  readonly row: CheckedSheetRow;
  readonly status: RowStatus;
  /** For a duplicate: the line of the earlier row, and the details in which the two rows differ. */
  readonly firstLine?: number;
  readonly differing?: readonly DetailField[];
  /** True: it cancels a row of an earlier batch that is not sent yet. */
  readonly replaces?: true;
}

/** How each of the rows would relate to the registrations of the ledger; empty where there is no ledger. */
export type Past = (
  rows: readonly AcceptedRow[],
  acceptRules: AcceptRules,
) => Promise<readonly (ExistingMatch | undefined)[]>;

export async function* plannedRows(sheet: Sheet, rules: Rules, past: Past): AsyncGenerator<PlannedRow[]> {
  const firstLines = openFirstLines();
  for await (const page of checkedRows(sheet, rules)) {
    const known = await past(page, rules);
    yield page.map((row, at) => plannedRowOf(row, firstLines, known[at]));
  }
}

/**
 * Counts rows in a separate pass over the file, because `--max-invalid` has to be decided before a row is stored. Counted as
 * `check` does: a row that is not sent, and has the outcome of another one, needs no correction.
 */
export async function countRefused(sheet: Sheet, rules: Rules, past: Past): Promise<Refused> {
  const apart = await countApart(sheet, rules);
  // Nearly every sheet has no such row, and then no enterprise has to be known.
  if (!apart.hasRefusedCode) return apart;
  let refused = 0;
  for await (const page of plannedRows(sheet, rules, pastOfUnsent(past))) {
    for (const { status } of page) if (status === 'invalid') refused += 1;
  }
  return { rows: apart.rows, refused };
}

/** Whatever the ledger has, a row that can be sent is not refused: the ledger is asked about the others, which are few. */
function pastOfUnsent(past: Past): Past {
  return async (rows, acceptRules) => {
    const unsent = rows.filter(({ registration, merchant }) => registration !== undefined && merchant === undefined);
    if (unsent.length === 0) return [];
    const matches = await past(unsent, acceptRules);
    return rows.map((row) => matches[unsent.indexOf(row)]);
  };
}

function plannedRowOf(row: CheckedSheetRow, firstLines: FirstLines, match: ExistingMatch | undefined): PlannedRow {
  const { registration, merchant } = row;
  if (registration === undefined) return { row, status: 'invalid' };
  if (merchant === undefined) {
    const firstLine = firstLines.lineOf(registration);
    if (firstLine !== undefined) return { row, status: 'duplicate', firstLine };
    if (match !== 'already_created' && match !== 'joins') return { row, status: 'invalid' };
    firstLines.seen(registration, row.line, []);
    return { row, status: STATUS_OF_MATCH[match] };
  }
  // All details, as in the report, also those that the registration API does not need: one of the two rows is wrong.
  const texts = ALL_DETAILS.map((field) => comparableDetail(merchant, field));
  const before = firstLines.seen(registration, row.line, texts);
  if (before !== undefined) {
    const differing = ALL_DETAILS.filter((_, place) => before.differing.includes(place));
    return { row, status: 'duplicate', firstLine: before.line, differing };
  }
  const warning = WARNING_OF_MATCH[match ?? 'begins'];
  const planned = warning === undefined ? row : warnedOf(row, warning);
  return { row: planned, status: STATUS_OF_MATCH[match ?? 'begins'], ...(match === 'replaces' && { replaces: true }) };
}

const WARNING_OF_MATCH: Partial<Readonly<Record<ExistingMatch, ProblemCode>>> = {
  early: 'sheet:too_early',
  repeats: 'sheet:refused_before',
};

/** What the ledger adds to the findings of our checks. */
function warnedOf(row: CheckedSheetRow, code: ProblemCode): CheckedSheetRow {
  const warning = { code, severity: PROBLEMS[code].severity, cell: String(row.number) };
  return { ...row, problems: [...row.problems, warning] };
}

const STATUS_OF_MATCH: Readonly<Record<ExistingMatch, RowStatus>> = {
  begins: 'ready',
  early: 'ready',
  repeats: 'ready',
  replaces: 'ready',
  joins: 'in_progress',
  waits: 'waits',
  already_created: 'already_created',
};

export interface ProblemGroup {
  readonly problem: string;
  readonly severity: 'error' | 'warning';
  readonly count: number;
  /** The first cells with this problem. */
  readonly cells: readonly string[];
}

export type Plan = { readonly [status in RowStatus]: number } & {
  readonly rows: number;
  /** How many of the ready rows cancel a row of an earlier batch. */
  readonly replaces: number;
  /** Rows with warnings and nothing worse. */
  readonly warned: number;
  /** How many rows can be sent and have no phone that the merchant could call. */
  readonly without_phone: number;
  /** The most frequent first. */
  readonly groups: readonly ProblemGroup[];
};

const CELLS_NAMED = 3;

/** Counts the rows that pass through it. */
export function openTally() {
  const statuses = { ready: 0, invalid: 0, duplicate: 0, in_progress: 0, waits: 0, already_created: 0 };
  const counts = { rows: 0, warned: 0, without_phone: 0, replaces: 0, ...statuses };
  const groups = new Map<string, ProblemGroup & { count: number; cells: string[] }>();

  function add({ row, status, differing = [], replaces }: PlannedRow): void {
    counts.rows += 1;
    counts[status] += 1;
    if (replaces) counts.replaces += 1;
    if (isWarned(row) || replaces || differing.length > 0) counts.warned += 1;
    if (row.merchant?.componentPhone === '') counts.without_phone += 1;
    for (const { code, severity, cell } of row.problems) addProblem(row, code, severity, cell);
    if (replaces) addProblem(row, REPLACED, 'warning', '');
    if (differing.length > 0) addProblem(row, DIFFERING_DUPLICATE, 'warning', '');
  }

  function addProblem(row: CheckedSheetRow, code: string, severity: ProblemGroup['severity'], cell: string): void {
    let group = groups.get(code);
    if (group === undefined) {
      group = { problem: code, severity, count: 0, cells: [] };
      groups.set(code, group);
    }
    group.count += 1;
    if (group.cells.length < CELLS_NAMED) group.cells.push(cell === '' ? String(row.number) : cell);
  }

  function plan(): Plan {
    return { ...counts, groups: [...groups.values()].sort((a, b) => b.count - a.count) };
  }

  return { add, plan };
}

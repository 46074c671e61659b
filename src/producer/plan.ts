/** What loading a sheet would do, found out without storing anything. */
import { PROBLEMS, type ProblemCode } from '../domain/problems.js';
import type { Prospect } from '../redis/batches.js';
import { asKnownBefore, type CheckedSheetRow, checkedRows, isWarned, type Rules } from './checked-rows.js';
import { type FirstLines, openFirstLines } from './first-lines.js';
import type { Sheet } from './sheet.js';

export type Fate = 'ready' | 'invalid' | 'duplicate' | 'in_progress' | 'already_created';

export interface PlannedRow {
  readonly row: CheckedSheetRow;
  readonly fate: Fate;
  /** Line of the earlier row, of a duplicate. */
  readonly firstLine?: number;
}

/** What the ledger would make of merchants; nothing where there is no ledger. */
export type Past = (ids: readonly string[], rules: Pick<Rules, 'again'>) => Promise<ReadonlyMap<string, Prospect>>;

export async function* plannedRows(sheet: Sheet, rules: Rules, past: Past): AsyncGenerator<PlannedRow[]> {
  const firstLines = openFirstLines();
  for await (const checked of checkedRows(sheet, rules)) {
    const page = await asKnownBefore(checked, (ids) => past(ids, rules));
    const known = await past(
      page.flatMap((row) => row.registration ?? []),
      rules,
    );
    yield page.map((row) => fateOf(row, firstLines, known));
  }
}

function fateOf(row: CheckedSheetRow, firstLines: FirstLines, known: ReadonlyMap<string, Prospect>): PlannedRow {
  const { registration } = row;
  if (registration === undefined) return { row, fate: 'invalid' };
  const firstLine = firstLines.seen(registration, row.line);
  if (firstLine !== undefined) return { row, fate: 'duplicate', firstLine };
  const prospect = known.get(registration) ?? 'again';
  return { row: prospect === 'early' ? warnedOf(row, TOO_EARLY) : row, fate: FATES[prospect] };
}

const TOO_EARLY: ProblemCode = 'sheet:too_early';

/** What only the ledger knows of a row, beside what our checks say of it. */
function warnedOf(row: CheckedSheetRow, code: ProblemCode): CheckedSheetRow {
  const warning = { code, severity: PROBLEMS[code].severity, cell: String(row.number) };
  return { ...row, problems: [...row.problems, warning] };
}

const FATES: Readonly<Record<Prospect, Fate>> = {
  again: 'ready',
  early: 'ready',
  joins: 'in_progress',
  already_created: 'already_created',
};

export interface ProblemGroup {
  readonly problem: string;
  readonly severity: 'error' | 'warning';
  readonly count: number;
  /** The first cells that have it. */
  readonly cells: readonly string[];
}

export type Plan = { readonly [fate in Fate]: number } & {
  readonly rows: number;
  /** Rows with warnings and nothing worse. */
  readonly warned: number;
  /** The commonest first. */
  readonly groups: readonly ProblemGroup[];
};

const CELLS_NAMED = 3;

/** Counts what passes. */
export function openTally() {
  const counts = { rows: 0, warned: 0, ready: 0, invalid: 0, duplicate: 0, in_progress: 0, already_created: 0 };
  const groups = new Map<string, ProblemGroup & { count: number; cells: string[] }>();

  function add({ row, fate }: PlannedRow): void {
    counts.rows += 1;
    counts[fate] += 1;
    if (isWarned(row)) counts.warned += 1;
    for (const { code, severity, cell } of row.problems) {
      let group = groups.get(code);
      if (group === undefined) {
        group = { problem: code, severity, count: 0, cells: [] };
        groups.set(code, group);
      }
      group.count += 1;
      if (group.cells.length < CELLS_NAMED) group.cells.push(cell === '' ? String(row.number) : cell);
    }
  }

  function plan(): Plan {
    return { ...counts, groups: [...groups.values()].sort((a, b) => b.count - a.count) };
  }

  return { add, plan };
}

/** What loading a sheet would do, found out without storing anything. */
import { type Registration, STATES, type State } from '../domain/registration.js';
import { type CheckedSheetRow, checkedRows, type Rules } from './checked-rows.js';
import type { Sheet } from './sheet.js';

export type Fate = 'ready' | 'invalid' | 'duplicate' | 'in_progress' | 'already_created';

export interface PlannedRow {
  readonly row: CheckedSheetRow;
  readonly fate: Fate;
  /** Line of the earlier row, of a duplicate. */
  readonly firstLine?: number;
}

export type Plan = { readonly [fate in Fate]: number } & { readonly rows: number; readonly warnings: number };

/** What the ledger knows of merchants; nothing where there is no ledger. */
export type Past = (ids: readonly string[]) => Promise<ReadonlyMap<string, Pick<Registration, 'state'>>>;

export async function plan(
  sheet: Sheet,
  rules: Rules,
  past: Past,
  onRow: (row: PlannedRow) => Promise<void> | void,
): Promise<Plan> {
  const counts = { rows: 0, warnings: 0, ready: 0, invalid: 0, duplicate: 0, in_progress: 0, already_created: 0 };
  const firstLines = new Map<string, number>();
  for await (const page of checkedRows(sheet, rules)) {
    const known = await past(page.flatMap((row) => row.registration ?? []));
    for (const row of page) {
      const planned = fateOf(row, firstLines, known);
      counts.rows += 1;
      counts[planned.fate] += 1;
      counts.warnings += row.problems.filter((problem) => problem.severity === 'warning').length;
      await onRow(planned);
    }
  }
  return counts;
}

function fateOf(
  row: CheckedSheetRow,
  firstLines: Map<string, number>,
  known: ReadonlyMap<string, { readonly state: State }>,
): PlannedRow {
  const { registration } = row;
  if (registration === undefined) return { row, fate: 'invalid' };
  const firstLine = firstLines.get(registration);
  if (firstLine !== undefined) return { row, fate: 'duplicate', firstLine };
  firstLines.set(registration, row.line);
  const before = known.get(registration)?.state;
  if (before === 'created') return { row, fate: 'already_created' };
  if (before !== undefined && STATES[before].outcome === 'pending') return { row, fate: 'in_progress' };
  return { row, fate: 'ready' };
}

/** Quota days that so many calls take, counting from a day of which some are used. */
export function daysNeeded(calls: number, perDay: number, leftToday: number): number {
  if (calls === 0) return 0;
  const today = Math.max(leftToday, 0);
  return calls <= today ? 1 : 1 + Math.ceil((calls - today) / perDay);
}

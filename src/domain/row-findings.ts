/** The problems of a row, gathered while its cells are checked. */
import { columnLetters, type Field, type Layout } from './columns.js';
import { unwrapped } from './formula-guard.js';
import { PROBLEMS, type Problem, type ProblemCode } from './problems.js';
import { residentIdIn } from './resident-id.js';
import type { SheetRow } from './sheet-row.js';

const NONE: readonly Problem[] = [];

const NO_FIELDS: readonly Field[] = [];

/** Gathers the problems of a row; most rows have none, and then nothing is allocated for them. */
export class Findings {
  problems: readonly Problem[] = NONE;
  stopped = false;
  private settled: readonly Field[] = NO_FIELDS;
  private readonly row: SheetRow;
  private readonly layout: Layout;

  constructor(row: SheetRow, layout: Layout) {
    this.row = row;
    this.layout = layout;
  }

  cell(field: Field): string {
    const cell = this.row.cells[this.layout.columns[field]] ?? '';
    const text = unwrapped(cell);
    if (text !== cell) this.add('sheet:formula_text', field);
    return text;
  }

  /** Nothing more is reported about a cell whose correct content is unknown. */
  settle(code: ProblemCode, field: Field, detail?: string): void {
    this.add(code, field, detail);
    this.settled = [...this.settled, field];
  }

  add(code: ProblemCode, field: Field, detail?: string): void {
    if (this.settled.includes(field)) return;
    this.addAt(code, this.layout.columns[field], field, detail);
  }

  addAt(code: ProblemCode, column: number, field?: Field, detail?: string): void {
    const cell = column < 0 ? String(this.row.row) : `${columnLetters(column)}${this.row.row}`;
    if (this.problems.some((problem) => problem.code === code && problem.cell === cell)) return;
    const { severity } = PROBLEMS[code];
    if (severity === 'error') this.stopped = true;
    this.problems = [
      ...this.problems,
      {
        code,
        severity,
        ...(field === undefined ? {} : { column: field }),
        cell,
        ...(detail === undefined ? {} : { detail }),
      },
    ];
  }
}

/** Whether a person's ID stands where it has no place; the column of codes has rules of its own. */
export function isPersonal(cell: string, field: Field, findings: Findings): boolean {
  const found = residentIdIn(cell);
  if (found === undefined) return false;
  findings.settle(found === 'resident' ? 'sheet:resident_id' : 'sheet:old_resident_id', field);
  return true;
}

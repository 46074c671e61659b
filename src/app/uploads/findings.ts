/**
 * What is to be said of the rows of a sheet, kept beside it while it waits: a million rows may have more problems than fit into
 * memory. One row a line, a page of the sheet a block; an index says which kinds a block has, so a filter reads no other ones.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { readableName } from '../../domain/clean-cell.js';
import type { DetailField } from '../../domain/merchant.js';
import {
  callsForNothing,
  isError,
  problemNextStep,
  problemReason,
  type ReportedProblem,
} from '../../domain/problems.js';
import { DIFFERING_DUPLICATE, DUPLICATE, problemOfDuplicate, REPLACED } from '../../domain/row.js';
import type { Words } from '../../domain/words.js';
import type { PlannedRow, RowStatus } from '../../producer/plan.js';
import { aboutRow, NOT_SENT } from '../row-problems.js';

/** `correct`: errors. `look`: warnings that call for something. `repaired`: warnings that call for nothing. */
export const FINDING_KINDS = ['correct', 'look', 'repaired', 'not_sent'] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/** One thing that is to be said of a row, at its cell. */
export interface SheetFinding {
  readonly kind: FindingKind;
  readonly code: string;
  /** `B17`, or the row's number. */
  readonly cell: string;
  readonly line: number;
  /** Of the merchant, where the row has one. */
  readonly name: string;
  readonly reason: Words;
  readonly nextStep: Words;
}

/** A row as it is kept. */
interface KeptRow {
  readonly line: number;
  readonly number: number;
  readonly name: string;
  readonly status: RowStatus;
  readonly problems: readonly ReportedProblem[];
  readonly firstLine?: number;
  readonly differing?: readonly DetailField[];
  readonly replaces?: true;
}

/** Where a page's rows lie in the file, and what is among them: places in `tags`. */
type Block = readonly [offset: number, length: number, tags: readonly number[]];

export interface FindingsIndex {
  readonly tags: readonly string[];
  readonly blocks: readonly Block[];
}

const LONGEST_NAME = 80;

/** @param nameColumn of the row's carried cells; -1 without one */
function keptRow({ row, status, firstLine, differing, replaces }: PlannedRow, nameColumn: number): KeptRow | undefined {
  if (row.problems.length === 0 && status === 'ready' && !replaces) return undefined;
  return {
    line: row.line,
    number: row.number,
    name: (row.merchant?.name ?? readableName(row.cells[nameColumn] ?? '')).slice(0, LONGEST_NAME),
    status,
    problems: row.problems.map(({ code, cell, detail }) => ({ code, cell, ...(detail !== undefined && { detail }) })),
    ...(firstLine !== undefined && { firstLine }),
    ...(differing !== undefined && differing.length > 0 && { differing }),
    ...(replaces && { replaces }),
  };
}

const NOTHING: Words = { en: '', zh: '' };

function findingsOf(kept: KeptRow): SheetFinding[] {
  const { line, number, name, status, problems } = kept;
  const at = { line, name };
  const found: SheetFinding[] = problems.map((problem) => ({
    ...at,
    kind: kindOf(problem.code),
    code: problem.code,
    cell: problem.cell || String(number),
    reason: problemReason({ ...problem, cell: '' }),
    nextStep: problemNextStep(problem, problems),
  }));
  const ofRow = { ...at, cell: String(number), nextStep: NOTHING };
  for (const { code, says } of aboutRow(kept)) found.push({ ...ofRow, kind: kindOf(code), code, reason: says });
  if (status !== 'ready' && status !== 'invalid' && status !== 'duplicate') {
    found.push({ ...ofRow, kind: 'not_sent', code: `row:${status}`, reason: NOT_SENT[status] });
  }
  return found;
}

/** The kind of what check-row finds, of what is said of a row, or of a problem group of the plan. */
export function kindOf(code: string): FindingKind {
  if (code === DIFFERING_DUPLICATE || code === DUPLICATE) return 'not_sent';
  if (code === REPLACED) return 'look';
  if (isError(code)) return 'correct';
  return callsForNothing(code) ? 'repaired' : 'look';
}

/** Without the words, which a page of rows makes only when it is shown. */
function addTags({ problems, status, differing = [], replaces }: KeptRow, tags: Set<string>): void {
  for (const { code } of problems) tags.add(code).add(kindOf(code));
  if (replaces) tags.add(REPLACED).add('look');
  if (status === 'ready' || status === 'invalid') return;
  tags.add('not_sent').add(status === 'duplicate' ? problemOfDuplicate(differing) : `row:${status}`);
}

export interface FindingsWriter {
  add(page: readonly PlannedRow[]): Promise<void>;
  end(): Promise<FindingsIndex>;
  close(): Promise<void>;
}

export async function openFindings(path: string, nameColumn: number): Promise<FindingsWriter> {
  const file = await open(path, 'w', 0o600);
  const places = new Map<string, number>();
  const blocks: Block[] = [];
  let offset = 0;

  function placeOf(tag: string): number {
    const place = places.get(tag) ?? places.size;
    places.set(tag, place);
    return place;
  }

  return {
    async add(page) {
      let text = '';
      const tags = new Set<string>();
      for (const planned of page) {
        const row = keptRow(planned, nameColumn);
        if (row === undefined) continue;
        text += `${JSON.stringify(row)}\n`;
        addTags(row, tags);
      }
      if (text === '') return;
      const bytes = Buffer.from(text);
      await file.appendFile(bytes);
      blocks.push([offset, bytes.length, [...tags].map(placeOf)]);
      offset += bytes.length;
    },
    async end() {
      await file.close();
      return { tags: [...places.keys()], blocks };
    },
    close: () => file.close().catch(() => {}),
  };
}

export interface FindingsPage {
  readonly findings: readonly SheetFinding[];
  /** `from` of the next page. */
  readonly next: string | undefined;
}

/**
 * @param show a kind or a code; undefined: everything
 * @param from of the page before
 * @param most rows
 */
export async function readFindings(
  path: string,
  { tags, blocks }: FindingsIndex,
  { show, from = '', most }: { show: string | undefined; from?: string | undefined; most: number },
): Promise<FindingsPage> {
  const wanted = show === undefined ? undefined : tags.indexOf(show);
  const [firstBlock = 0, firstLine = 0] = /^\d{1,9}-\d{1,9}$/.test(from) ? from.split('-').map(Number) : [];
  const findings: SheetFinding[] = [];
  let rows = 0;
  const file = await open(path, 'r');
  try {
    for (let at = firstBlock; at < blocks.length; at += 1) {
      const block = blocks[at] as Block;
      if (wanted !== undefined && !block[2].includes(wanted)) continue;
      const lines = await linesOf(file, block);
      for (let line = at === firstBlock ? firstLine : 0; line < lines.length; line += 1) {
        const found = findingsOf(JSON.parse(lines[line] as string) as KeptRow).filter(
          ({ kind, code }) => show === undefined || kind === show || code === show,
        );
        if (found.length === 0) continue;
        if (rows === most) return { findings, next: `${at}-${line}` };
        findings.push(...found);
        rows += 1;
      }
    }
    return { findings, next: undefined };
  } finally {
    await file.close();
  }
}

async function linesOf(file: FileHandle, [offset, length]: Block): Promise<string[]> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, offset);
  return bytes.toString('utf8', 0, bytesRead).split('\n').filter(Boolean);
}

/**
 * Corrected details of one merchant: a sheet of one row, made of the old row and of what was corrected in it, which is
 * checked, planned and loaded like any other. So what becomes of it is decided by the rule of one enterprise.
 */
import { createHash } from 'node:crypto';
import type { Batch, NamedRow } from '../domain/batch.js';
import { COLUMNS, FIELDS, type Field, type Layout } from '../domain/columns.js';
import {
  type Change,
  CORRECTABLE_FIELDS,
  type CorrectableField,
  changesOf,
  pointerToCorrect,
} from '../domain/correction.js';
import { CorrectionOvertaken } from '../domain/ledger-errors.js';
import type { Merchant } from '../domain/merchant.js';
import { isUnsent, type Registration } from '../domain/registration.js';
import type { CheckedSheetRow, Rules } from '../producer/checked-page.js';
import { batchIdOf, load } from '../producer/load.js';
import { type PlannedRow, plannedRows } from '../producer/plan.js';
import type { Sheet } from '../producer/sheets/sheet.js';
import type { Batches } from '../redis/ledger/batches.js';
import type { Ledger } from '../redis/ledger/ledger.js';
import { detailsPurged } from './note.js';
import { noRegistration } from './registration-named.js';
import { RequestError } from './request-error.js';

export type Corrections = { readonly [field in CorrectableField]?: string | undefined };

export interface CorrectTools {
  readonly ledger: Pick<Ledger, 'read'>;
  readonly batches: Batches;
  readonly rules: Rules;
}

/**
 * What the corrected row would be to its registration. `begins`: a new attempt. `replaces`: it is sent instead of the row that
 * was not sent yet; `leads`: the same where only the phone or the spelling is another one. `joins`: WeChat's task goes on as it is. `waits`: it is
 * sent if that task fails.
 */
export type Becomes = 'begins' | 'replaces' | 'leads' | 'joins' | 'waits';

export interface Correction {
  readonly registration: Registration;
  readonly changes: readonly Change[];
  /** With the warnings of the checks. */
  readonly row: CheckedSheetRow;
  readonly headings: readonly string[];
  readonly becomes: Becomes;
  /** The row that is corrected. */
  readonly from: NamedRow;
  readonly sheet: Sheet;
}

export type CorrectionPreview =
  | { readonly kind: 'created'; readonly appid?: string }
  /** `batch`: of the row that has these details already. */
  | { readonly kind: 'unchanged'; readonly batch: string; readonly state: Registration['state'] }
  /** The checks found an error: nothing can be sent. */
  | { readonly kind: 'invalid'; readonly row: CheckedSheetRow; readonly headings: readonly string[] }
  | { readonly kind: 'ready'; readonly correction: Correction };

/** @throws RequestError */
export async function previewCorrection(
  tools: CorrectTools,
  id: string,
  corrections: Corrections,
): Promise<CorrectionPreview> {
  const { ledger, batches, rules } = tools;
  refuseWhatIsNotSent(corrections, rules);
  const snapshot = await ledger.read(id);
  if (snapshot === undefined) throw noRegistration(id);
  const { registration } = snapshot;
  if (hasMiniProgram(registration)) return createdOf(registration);
  const pointer = pointerToCorrect(registration);
  const from = await batches.rowAt(pointer);
  if (from === undefined) throw detailsPurged(id);

  const sheet = await sheetToLoad(tools, from, pointer, corrections);
  const [planned] = await firstPage(plannedRows(sheet, rules, batches.existingMatches));
  if (planned === undefined) throw new Error(`the correction of ${pointer} has no row`);
  const { row, status } = planned;
  if (row.merchant === undefined) return { kind: 'invalid', row, headings: sheet.headings };
  const changes = changesOf(from.row.merchant, row.merchant);
  if (changes.length === 0) {
    await completeInterrupted(batches, from);
    return { kind: 'unchanged', batch: from.batch.id, state: registration.state };
  }
  if (status === 'already_created') return createdOf(registration);
  const becomes = becomesOf(planned, registration, changes);
  return { kind: 'ready', correction: { registration, changes, row, headings: sheet.headings, becomes, from, sheet } };
}

/** The details that a correction begins with, and where they stand. */
export interface CorrectableDetails {
  readonly merchant: Merchant;
  /** `batch/index` of their row. */
  readonly pointer: string;
  readonly line: number;
  readonly file: string;
  /** Those that the registration API in use sends. */
  readonly fields: readonly CorrectableField[];
}

/** @throws RequestError where there is no such registration, or its details were purged */
export async function correctableDetails(
  { ledger, batches, rules }: CorrectTools,
  id: string,
): Promise<CorrectableDetails> {
  const snapshot = await ledger.read(id);
  if (snapshot === undefined) throw noRegistration(id);
  const pointer = pointerToCorrect(snapshot.registration);
  const from = await batches.rowAt(pointer);
  if (from?.row.merchant === undefined) throw detailsPurged(id);
  const fields = CORRECTABLE_FIELDS.filter((field) => rules.needs.legalPerson || !OF_LEGAL_PERSON.has(field));
  return { merchant: from.row.merchant, pointer, line: from.row.line, file: from.batch.file, fields };
}

const OF_LEGAL_PERSON: ReadonlySet<CorrectableField> = new Set(['legal_persona_wechat', 'legal_persona_name']);

export interface CorrectionDone {
  readonly kind: 'done';
  readonly batch: Batch;
  /** `already_created`: WeChat was faster, and nothing is sent. */
  readonly became: 'sent' | 'joins' | 'waits' | 'already_created';
}

export type CorrectionResult =
  | CorrectionDone
  /** Another row took its place since the preview: what would be sent is not what was shown. */
  | { readonly kind: 'overtaken' };

export interface CorrectionBy {
  readonly who: string;
  readonly because?: string | undefined;
  /** Appended to the name of the old sheet, in the language of the person who corrects it. */
  readonly suffix: string;
  readonly now: () => number;
}

export async function applyCorrection(
  { ledger, batches, rules }: CorrectTools,
  { registration, from, sheet }: Correction,
  { who, because, suffix, now }: CorrectionBy,
): Promise<CorrectionResult> {
  const { id } = registration;
  const pointer = pointerToCorrect(registration);
  const present = await ledger.read(id);
  if (present === undefined || pointerToCorrect(present.registration) !== pointer) return { kind: 'overtaken' };
  const file = from.batch.correction === undefined ? `${from.batch.file}${suffix}` : from.batch.file;
  const correction = { row: pointer, by: who, ...(because && { because }) };
  try {
    const { batch } = await load(sheet, file, { batches, rules, now, canaries: 0, correction });
    return { kind: 'done', batch, became: await whatBecame({ ledger, batches }, id, batch) };
  } catch (error) {
    if (!(error instanceof CorrectionOvertaken)) throw error;
    await batches.drop(batchIdOf(sheet, rules));
    return { kind: 'overtaken' };
  }
}

/** Between the preview and now the old row may have been sent, or settled: the ledger decided when it accepted the row. */
async function whatBecame(
  { ledger, batches }: Pick<CorrectTools, 'ledger' | 'batches'>,
  id: string,
  batch: Batch,
): Promise<CorrectionDone['became']> {
  const relation = (await batches.rowWithOutcome(batch, 0))?.relation.kind;
  if (relation === 'waits' || relation === 'already_created') return relation;
  const row = (await ledger.read(id))?.registration.row;
  return row === `${batch.id}/0` ? 'sent' : 'joins';
}

function becomesOf(
  { status, replaces, row }: PlannedRow,
  { state }: Registration,
  changes: readonly Change[],
): Becomes {
  if (replaces) return 'replaces';
  if (status === 'ready') return 'begins';
  if (status === 'waits') return 'waits';
  const isRespelt = changes.some(({ field }) => field !== 'component_phone' && field !== 'code_type');
  return isUnsent(state) && (isRespelt || !row.isPhoneBlank) ? 'leads' : 'joins';
}

function hasMiniProgram({ state, earlierAppids }: Registration): boolean {
  return state === 'created' || earlierAppids !== undefined;
}

function createdOf({ appid, earlierAppids }: Registration): CorrectionPreview {
  const known = appid ?? earlierAppids?.at(-1);
  return { kind: 'created', ...(known !== undefined && { appid: known }) };
}

/** A correction that changes nothing at WeChat is none. */
function refuseWhatIsNotSent(corrections: Corrections, { needs }: Rules): void {
  if (needs.legalPerson) return;
  if (corrections.legal_persona_wechat === undefined && corrections.legal_persona_name === undefined) return;
  throw new RequestError('refused', {
    en: 'The registration API in use sends neither the Weixin ID nor the name of the legal person: a correction of them would change nothing.',
    zh: '当前注册接口不提交法人微信号和法人姓名，更正它们没有作用。',
  });
}

// --- the sheet of one row ---------------------------------------------------------------------------------------------

/** The same correction is the same batch, unless it was withdrawn there: then it is made once more. */
async function sheetToLoad(
  { batches, rules }: CorrectTools,
  from: NamedRow,
  pointer: string,
  corrections: Corrections,
): Promise<Sheet> {
  for (let withdrawn = 0; ; withdrawn += 1) {
    const sheet = correctedSheet(from, pointer, corrections, withdrawn);
    const known = await batches.find(batchIdOf(sheet, rules));
    const row = known?.complete ? await batches.rowWithOutcome(known, 0) : undefined;
    if (row?.relation.kind !== 'replaced') return sheet;
  }
}

function correctedSheet({ batch, row }: NamedRow, pointer: string, corrections: Corrections, withdrawn: number): Sheet {
  const headings = [...batch.headings];
  const cells = headings.map((_, at) => row.cells[at] ?? '');
  const columns = Object.fromEntries(FIELDS.map((field, at) => [field, batch.columns[at] ?? -1])) as Record<
    Field,
    number
  >;
  for (const field of CORRECTABLE_FIELDS) {
    const value = corrections[field];
    if (value === undefined) continue;
    if (columns[field] < 0) columns[field] = headings.push(headingLike(batch.headings, field)) - 1;
    cells[columns[field]] = value.trim();
  }
  const layout: Layout = { columns, width: headings.length, carried: headings.map((_, at) => at) };
  const { line } = row;
  return {
    kind: 'csv',
    encoding: 'utf-8',
    digest: createHash('sha256')
      .update(JSON.stringify(['correction', pointer, headings, cells, ...(withdrawn > 0 ? [withdrawn] : [])]))
      .digest('hex'),
    bytes: 0,
    headings,
    layout,
    headingLine: 1,
    notes: [],
    async *rows() {
      yield [{ line, row: line, cells }];
    },
  };
}

/** A column that the sheet did not have, in the language of its other headings. */
function headingLike(headings: readonly string[], field: Field): string {
  return headings.some((heading) => /\p{Script=Han}/u.test(heading)) ? (COLUMNS[field].aliases[0] ?? field) : field;
}

async function firstPage<T>(pages: AsyncIterable<T[]>): Promise<T[]> {
  for await (const page of pages) return page;
  return [];
}

/** The process that made the correction died after its row was accepted. */
async function completeInterrupted(batches: Batches, { batch, row }: NamedRow): Promise<void> {
  if (batch.correction === undefined || batch.complete) return;
  await batches.complete(batch.id, row.problems.length > 0 ? 1 : 0, 1);
}

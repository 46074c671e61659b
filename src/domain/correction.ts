/** Which details of a merchant can be corrected, and what two versions of them say differently. */
import type { Batch } from './batch.js';
import type { Field } from './columns.js';
import { CorrectionOvertaken } from './ledger-errors.js';
import type { DetailField, Merchant } from './merchant.js';
import type { Registration } from './registration.js';
import { batchOf } from './row.js';

/** Another code is another enterprise, and so another registration. */
export type CorrectableField = Exclude<Field, 'code'>;

const DETAIL_OF: Readonly<Record<CorrectableField, keyof Merchant>> = {
  name: 'name',
  code_type: 'codeType',
  legal_persona_wechat: 'legalPersonaWechat',
  legal_persona_name: 'legalPersonaName',
  component_phone: 'componentPhone',
};

export const CORRECTABLE_FIELDS = Object.keys(DETAIL_OF) as readonly CorrectableField[];

/** The column of a sheet that has this detail. */
export function columnOfDetail(detail: DetailField): CorrectableField | undefined {
  return CORRECTABLE_FIELDS.find((field) => DETAIL_OF[field] === detail);
}

export interface Change {
  readonly field: CorrectableField;
  readonly before: string;
  readonly after: string;
}

export function changesOf(before: Merchant | undefined, after: Merchant): Change[] {
  return CORRECTABLE_FIELDS.map((field) => {
    const detail = DETAIL_OF[field];
    return { field, before: String(before?.[detail] ?? ''), after: String(after[detail]) };
  }).filter((change) => change.before !== change.after);
}

/** By the columns of a sheet. */
export function detailsOf(merchant: Merchant): Readonly<Record<Field, string>> {
  const details = CORRECTABLE_FIELDS.map((field) => [field, String(merchant[DETAIL_OF[field]])]);
  return { ...Object.fromEntries(details), code: merchant.code };
}

/** `batch/index` of the newest details, which a correction begins with: those of the waiting row, if there is one. */
export function pointerToCorrect({ row, waitingRows }: Pick<Registration, 'row' | 'waitingRows'>): string {
  return waitingRows[0] ?? row;
}

/** @throws CorrectionOvertaken if the newest details are no longer those that the batch corrects, nor its own */
export function refuseOvertaken({ id, correction }: Batch, registration: Registration): void {
  const pointer = pointerToCorrect(registration);
  if (correction === undefined || pointer === correction.row || batchOf(pointer) === id) return;
  throw new CorrectionOvertaken(registration.id);
}

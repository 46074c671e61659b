/** Which of the rows that were sent for an enterprise a push is about: the push repeats the four fields that its task was sent with. */
import { ALL_DETAILS, differingDetails, type Merchant } from '../domain/merchant.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { Batches } from '../redis/ledger/batches.js';
import type { Ledger } from '../redis/ledger/ledger.js';
import type { RegistrationInfo } from '../wechat/push.js';

export interface RowFinder {
  readonly ledger: Pick<Ledger, 'history'>;
  readonly rowAt: Batches['rowAt'];
}

/** For a push whose details no row of ours has: another service of the platform has created that task. */
export const NO_ROW_OF_OURS = '';

/** `batch/index` or {@link NO_ROW_OF_OURS}; undefined where the details are not conclusive. */
export async function rowAbout(
  { ledger, rowAt }: RowFinder,
  { registration, row: leader }: Snapshot,
  info: RegistrationInfo,
): Promise<string | undefined> {
  const pushed = merchantIn(info);
  const isOfLeader = isOf(leader?.merchant, pushed);
  const namesNoPerson = wasSentByName(registration) || info.taskId !== undefined;
  const noRow = leader?.merchant === undefined || namesNoPerson ? undefined : NO_ROW_OF_OURS;
  if (registration.earlierTask === 'none' && registration.task !== 'none') return isOfLeader ? undefined : noRow;
  if (isOfLeader) return namesAPerson(pushed) ? registration.row : undefined;
  const pointers = (await ledger.history(registration.id)).flatMap(({ row, rowBefore }) =>
    [rowBefore, row].filter((it) => it !== undefined),
  );
  for (const pointer of new Set(pointers.reverse())) {
    if (isOf((await rowAt(pointer))?.row.merchant, pushed)) return pointer;
  }
  return noRow;
}

/**
 * By `fastregisterenterpriseweapp`, which gets no legal person: what its push says of one is not from a row. Only its push names a task,
 * and does so where the answer with the task's id was lost.
 */
function wasSentByName({ taskId, byLink }: Snapshot['registration']): boolean {
  return taskId !== undefined || byLink === true;
}

function namesAPerson({ legalPersonaWechat, legalPersonaName }: Merchant): boolean {
  return legalPersonaWechat !== '' && legalPersonaName !== '';
}

function isOf(merchant: Merchant | undefined, pushed: Merchant): boolean {
  return merchant !== undefined && differingDetails(merchant, pushed, ALL_DETAILS).length === 0;
}

/** The push of `fastregisterenterpriseweapp` leaves these fields blank. */
function merchantIn(info: RegistrationInfo): Merchant {
  const { name = '', code = '', legalPersonaWechat = '', legalPersonaName = '', componentPhone = '' } = info;
  return { name, code, codeType: 1, legalPersonaWechat, legalPersonaName, componentPhone };
}

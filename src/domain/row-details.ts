/** What the details of a row are beside those that were sent for its enterprise, or will be. */
import type { AcceptRules } from './batch.js';
import { ALL_DETAILS, type DetailField, differingDetails, type Merchant } from './merchant.js';
import type { Registration, RowDetails } from './registration.js';
import type { AcceptedRow } from './row.js';

/** A task that may be running has what its own API sent, whichever API is in use by now. */
export function comparedDetails(
  { task, earlierTask, taskId, byLink }: Pick<Registration, 'task' | 'earlierTask' | 'taskId' | 'byLink'>,
  { details }: Pick<AcceptRules, 'details'>,
): readonly DetailField[] {
  const mayRun = task === 'open' || earlierTask === 'open';
  return mayRun && taskId === undefined && !byLink ? ALL_DETAILS : details;
}

/** `leader`: what is sent, or was; undefined where it was purged. */
export function detailsBeside(
  leader: Merchant | undefined,
  { merchant, isPhoneBlank }: Pick<AcceptedRow, 'merchant' | 'isPhoneBlank'>,
  compared: readonly DetailField[],
): RowDetails {
  if (merchant === undefined) return 'same';
  if (leader === undefined) return 'newer';
  if (differingDetails(leader, merchant, compared).length > 0) return 'other';
  // Names that our own warnings ask to be corrected, such as one with half-width brackets, differ in the spelling alone.
  const isRespelt = compared.some((field) => merchant[field] !== '' && merchant[field] !== leader[field]);
  if (isRespelt && !losesADetail(leader, merchant, isPhoneBlank === true)) return 'newer';
  return isPhoneBlank || leader.componentPhone === merchant.componentPhone ? 'same' : 'newer';
}

/** A blank cell counts as unchanged, and the newer row is sent as it is. */
function losesADetail(leader: Merchant, merchant: Merchant, isPhoneBlank: boolean): boolean {
  const losesThePhone = isPhoneBlank && leader.componentPhone !== merchant.componentPhone;
  return losesThePhone || ALL_DETAILS.some((field) => merchant[field] === '' && leader[field] !== '');
}

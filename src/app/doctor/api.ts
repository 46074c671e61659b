/** The registration API in use, and the permission sets that it needs. */
import { quotaDay } from '../../domain/calendar.js';
import { troubleOf } from '../../reporter/sentences.js';
import { INTERNAL_PROBLEMS } from '../../reporter/troubles.js';
import { CHECK_PERMISSION_SETS } from '../../wechat/answers.js';
import { PERMISSION_SETS, type PermissionSet } from '../../wechat/permission-sets.js';
import type { Caller } from '../wiring/caller.js';
import type { Store } from '../wiring/store.js';
import type { Finding } from './finding.js';

export async function checkApi({ calls, settings }: Store, { api }: Caller): Promise<Finding> {
  const { retirement } = api;
  const check = 'registration API';
  if (retirement === undefined) return { check, verdict: 'ok', says: api.name };
  const trouble = INTERNAL_PROBLEMS[retirement.problem];
  const line = await calls.line();
  if (line?.problem === retirement.problem) {
    return { check, verdict: 'fault', says: trouble?.en ?? retirement.problem, todo: trouble?.nextStep.en ?? '' };
  }
  if (quotaDay(Date.now(), settings.quotaTimezone).day < retirement.day) {
    return { check, verdict: 'ok', says: `${api.name}, until ${retirement.day}` };
  }
  return {
    check,
    verdict: 'warning',
    says: `WeChat took ${api.name} offline on ${retirement.day}: since then its create was seen to answer ${retirement.errcode} whatever the row says.`,
    todo: 'Set WECHAT_REGISTRATION_API=fastregisterenterpriseweapp, unless you know that WeChat still answers yours.',
  };
}

/** No call of WeChat lists a platform's permission sets: only a refused create says that some are missing. */
export async function checkPermissionSets({ calls }: Store): Promise<Finding> {
  const check = 'permission sets';
  const required = setNames(({ required }) => required);
  const recommended = setNames(({ required }) => !required);
  const line = await calls.line();
  if (troubleOf(line?.problem)?.nextStep === CHECK_PERMISSION_SETS) {
    const says = `WeChat answered ${line?.problem}: one of these is missing or not published network-wide: ${required}`;
    return { check, verdict: 'fault', says, todo: 'See the line.' };
  }
  const says = `WeChat tells of them only when a create is refused; required, published network-wide: ${required}; recommended: ${recommended}`;
  return { check, verdict: 'ok', says };
}

/** In both languages: open.weixin.qq.com shows the Chinese names. */
function setNames(which: (set: PermissionSet) => boolean): string {
  return PERMISSION_SETS.filter(which)
    .map(({ en, zh }) => `${en} (${zh})`)
    .join(', ');
}

/** The registration API in use, and the permission sets that it needs. */
import { quotaDay } from '../../domain/calendar.js';
import { same, type Words } from '../../domain/words.js';
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
  if (retirement === undefined) return { check, verdict: 'ok', says: same(api.name) };
  const trouble = INTERNAL_PROBLEMS[retirement.problem];
  const line = await calls.line();
  if (line?.problem === retirement.problem) {
    return {
      check,
      verdict: 'fault',
      says: trouble ?? same(retirement.problem),
      ...(trouble && { todo: trouble.nextStep }),
    };
  }
  if (quotaDay(Date.now(), settings.quotaTimezone).day < retirement.day) {
    return {
      check,
      verdict: 'ok',
      says: { en: `${api.name}, until ${retirement.day}`, zh: `${api.name}，${retirement.day} 下线` },
    };
  }
  return {
    check,
    verdict: 'warning',
    says: {
      en: `WeChat took ${api.name} offline on ${retirement.day}: since then its create was seen to answer ${retirement.errcode} whatever the row says.`,
      zh: `微信已于 ${retirement.day} 下线 ${api.name}：此后无论内容如何，提交都返回 ${retirement.errcode}。`,
    },
    todo: {
      en: 'Set WECHAT_REGISTRATION_API=fastregisterenterpriseweapp, unless you know that WeChat still answers yours.',
      zh: '请设置 WECHAT_REGISTRATION_API=fastregisterenterpriseweapp，除非确知微信仍受理该接口。',
    },
  };
}

/** Rows may bring a phone of their own, and where none does, merchants have no number to call. */
export function checkContactPhone({ settings }: Pick<Store, 'settings'>, { api }: Pick<Caller, 'api'>): Finding[] {
  if (settings.componentPhone !== undefined) return [];
  const then: Words = api.needs.phone
    ? { en: 'are not sent', zh: '不予提交' }
    : {
        en: 'are sent, and their messages to forward name no number to call',
        zh: '仍会提交，但“转发给商户”的内容中没有可致电的号码',
      };
  return [
    {
      check: 'contact phone',
      verdict: 'warning',
      says: {
        en: `FASTREGISTER_COMPONENT_PHONE is not set: rows without a component_phone ${then.en}.`,
        zh: `未设置 FASTREGISTER_COMPONENT_PHONE：没有客服电话的行${then.zh}。`,
      },
      todo: {
        en: 'Set it to the number that merchants can call, unless every sheet has one in each row.',
        zh: '请设为商户可以致电的号码，除非每份表的每一行都已填写。',
      },
    },
  ];
}

/** No call of WeChat lists a platform's permission sets: only a refused create says that some are missing. */
export async function checkPermissionSets({ calls }: Store): Promise<Finding> {
  const check = 'permission sets';
  const required = setNames(({ required }) => required);
  const recommended = setNames(({ required }) => !required);
  const line = await calls.line();
  if (troubleOf(line?.problem)?.nextStep === CHECK_PERMISSION_SETS) {
    const says = {
      en: `WeChat answered ${line?.problem}: one of these is missing or not published network-wide: ${required.en}`,
      zh: `微信返回 ${line?.problem}：以下权限集有缺少，或未全网发布：${required.zh}`,
    };
    return { check, verdict: 'fault', says, todo: { en: 'See the line.', zh: '请看“提交”一行。' } };
  }
  const says = {
    en: `WeChat mentions them only when a create is refused; required, published network-wide: ${required.en}; recommended: ${recommended.en}`,
    zh: `提交被拒时微信才会说明。须具备并全网发布：${required.zh}；建议：${recommended.zh}`,
  };
  return { check, verdict: 'ok', says };
}

/** The English words have the Chinese names, too: open.weixin.qq.com shows those. */
function setNames(which: (set: PermissionSet) => boolean): Words {
  const sets = PERMISSION_SETS.filter(which);
  return {
    en: sets.map(({ en, zh }) => `${en} (${zh})`).join(', '),
    zh: sets.map(({ zh }) => zh).join('、'),
  };
}

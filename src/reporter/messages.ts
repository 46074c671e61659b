/**
 * A text to the merchant, ready to be pasted into a chat: which message to look for and by when, what to check, what to send
 * us, and what comes next. `next_step` speaks to the staff; this speaks to the merchant.
 */
import type { Field } from '../domain/columns.js';
import { confirmByOf, linkOf, stageOf } from '../domain/link.js';
import { PROBLEMS, worstFirst } from '../domain/problems.js';
import type { Outcome } from '../domain/registration.js';
import { type DetailColumns, nameIn, phoneIn, type RowWithOutcome } from '../domain/row.js';
import type { Words } from '../domain/words.js';
import { lacksItsLink } from './invited.js';

export interface MessageContext {
  /** ms since 1970 */
  readonly now: number;
  /** A time in the reader's words, from ms since 1970. */
  readonly time: (at: number) => Words;
  /** Of the batch of the row. */
  readonly columns?: DetailColumns | undefined;
  /** FASTREGISTER_COMPONENT_PHONE */
  readonly defaultPhone?: string | undefined;
}

const NONE: Words = { en: '', zh: '' };

/** Empty if the merchant has nothing to do or to know. `outcome`, `problem`: as in the report. */
export function messageFor(entry: RowWithOutcome, outcome: Outcome, problem: string, context: MessageContext): Words {
  const text = entry.isSuperseded ? NONE : textFor(entry, outcome, problem, context);
  const { name, phone } = addresseeOf(entry, context);
  return addressed(text, name, phone);
}

/** A text with the merchant's name before it, and the number to call after it; empty if the text is empty. */
export function addressed(text: Words, name: string, phone: string): Words {
  if (text.en === '') return NONE;
  return {
    en: `Hello${name === '' ? '' : ` ${name}`}. ${text.en} ${phone === '' ? 'If you have questions, please answer this message.' : `Questions: ${phone}.`}`,
    zh: `${name === '' ? '' : `${name}，`}您好！${text.zh}如有疑问，${phone === '' ? '请直接回复本消息' : `请致电 ${phone}`}。`,
  };
}

/** Of a row that our checks refused, what its cells have, if that is not what was refused; else the default phone. */
function addresseeOf({ row }: RowWithOutcome, context: MessageContext): { name: string; phone: string } {
  const { merchant, problems } = row;
  if (merchant !== undefined) return { name: merchant.name, phone: merchant.componentPhone };
  const { columns = [], defaultPhone = '' } = context;
  const isSuspect = problems.some(({ code }) =>
    /^sheet:(?:name_|resident_id|old_resident_id|too_many_cells)/.test(code),
  );
  const isPhoneSuspect = problems.some(({ code }) => /^sheet:(?:phone_|too_many_cells)/.test(code));
  return {
    name: isSuspect ? '' : nameIn(row, columns).trim(),
    phone: (isPhoneSuspect ? '' : phoneIn(row, columns)) || defaultPhone,
  };
}

/** The message without the merchant's name and without the number to call. */
export function textFor(entry: RowWithOutcome, outcome: Outcome, problem: string, context: MessageContext): Words {
  switch (outcome) {
    case 'pending':
      return invitation(entry, context);
    case 'created':
      return Object.hasOwn(AUTHORISE_AGAIN, problem) ? (AUTHORISE_AGAIN[problem] ?? NONE) : CREATED;
    case 'expired':
      return EXPIRED;
    case 'rejected':
      return REJECTED[problem.slice(problem.indexOf(':') + 1)] ?? NONE;
    case 'invalid':
      return askFor(entry, problem);
    default:
      return NONE;
  }
}

/** While the 24 hours run: by link, or by the message of WeChat. */
function invitation({ row, registration, relation }: RowWithOutcome, { now, time }: MessageContext): Words {
  if (relation.kind !== 'registered' || registration?.state !== 'awaiting_legal_person') return NONE;
  const link = linkOf(registration);
  if (link !== undefined) {
    if (stageOf(link, now) === 'ended') return NONE;
    const by = time(link.endsAt);
    return {
      en: `Please have your legal person open this link in WeChat before ${by.en} and finish the checks of ID card and face; after that a new application is needed: ${link.url}`,
      zh: `请法定代表人在 ${by.zh} 前用本人微信打开以下链接，完成身份证校验和人脸识别，逾期需重新申请：${link.url} 。`,
    };
  }
  const endsAt = confirmByOf(registration);
  if (endsAt === undefined || now >= endsAt || lacksItsLink(registration)) return NONE;
  const weixinId = row.merchant?.legalPersonaWechat ?? '';
  const account = weixinId === '' ? NONE : { en: ` (Weixin ID ${weixinId})`, zh: `（微信号 ${weixinId}）` };
  return {
    en: `Before ${time(endsAt).en}, please have your legal person${account.en} open the message 创建小程序申请 from 公众平台安全助手 in WeChat and finish the checks of ID card and face. The message may take some minutes. If it does not come, please tell us whether the Weixin ID is right.`,
    zh: `请法定代表人${account.zh}在 ${time(endsAt).zh} 前打开微信中“公众平台安全助手”发送的“创建小程序申请”消息，完成身份证校验和人脸识别。消息可能延迟几分钟；如未收到，请告知我们核对微信号。`,
  };
}

const CREATED: Words = {
  en: 'Your Mini Program has been created. Next come verification and filing, and its name, picture and category; please choose an offline category.',
  zh: '您的小程序已创建成功。接下来请办理认证和备案，并设置名称、头像和服务类目（请选择线下类目）。',
};

const EXPIRED: Words = {
  en: 'Your legal person did not finish the checks within 24 hours, so the application has ended. Please tell us when the legal person has time; we then send it again, and it has to be finished within 24 hours.',
  zh: '法定代表人未在 24 小时内完成验证，本次申请已结束。请告知法定代表人方便的时间，我们将重新提交，届时请在 24 小时内完成验证。',
};

const LOG_IN_AGAIN: Words = {
  en: 'Your Mini Program exists, but we cannot manage it for you yet. Please have its administrator log in to mp.weixin.qq.com and change the authorisation of our platform under 设置 → 第三方设置 → 第三方平台授权管理 (add or remove one permission set).',
  zh: '您的小程序已创建，但我们尚未取得授权，无法为您管理。请管理员登录 mp.weixin.qq.com，在“设置 → 第三方设置 → 第三方平台授权管理”中更新对我们平台的授权（增加或取消一个权限集）。',
};

const AUTHORISE_AGAIN: Readonly<Record<string, Words>> = {
  'push:no_auth_code': LOG_IN_AGAIN,
  'authorize:61010': LOG_IN_AGAIN,
  'authorize:too_late': LOG_IN_AGAIN,
  'authorize:withdrawn': {
    en: 'You have withdrawn the authorisation of our platform, so we cannot manage your Mini Program any more. If you did not mean to, please authorise our platform once more.',
    zh: '您已取消对我们平台的授权，我们无法继续为您管理小程序。如非本意，请重新授权我们的平台。',
  },
};

// --- what was refused -------------------------------------------------------------------------------------------------

const SEND_US: Words = { en: 'Please check and send us the right details.', zh: '请核对后将正确信息发给我们。' };

function refused(en: string, zh: string, next: Words = SEND_US): Words {
  return { en: `${en} ${next.en}`, zh: `${zh}${next.zh}` };
}

const WEIXIN_ID = refused(
  "WeChat did not accept the legal person's Weixin ID. It stands in WeChat under “Me”, below the name; a phone or QQ number does not work.",
  '法定代表人的微信号未通过校验。微信号见微信“我”页面昵称下方，不能使用手机号或 QQ 号。',
);
const REGISTRY = refused(
  'Your details are not as the business registry has them (see www.gsxt.gov.cn).',
  '您的资料与工商登记不一致（可在国家企业信用信息公示系统 www.gsxt.gov.cn 查询）。',
  {
    en: 'Please send us the enterprise name, the code and the name of the legal person exactly as registered.',
    zh: '请将与登记完全一致的企业名称、企业代码和法定代表人姓名发给我们。',
  },
);
const CODE = refused('The code of your enterprise was not accepted.', '企业代码未通过校验。', {
  en: 'Please send us the 18-character Unified Social Credit Code of your business licence.',
  zh: '请将营业执照上的 18 位统一社会信用代码发给我们。',
});
const BLACKLIST: Words = {
  en: "WeChat has restricted the legal person's account, phone number or ID card because of a violation. Please have WeChat lift the restriction, then tell us, and we send it again.",
  zh: '法定代表人的微信、手机号或身份证因违规被微信限制。请先联系微信解除限制，再告知我们重新提交。',
};

/** By code of `create`, `query` or the push: their codes do not overlap where the merchant has to act. */
export const REJECTED: Readonly<Record<string, Words>> = {
  61070: refused(
    "The legal person's name does not belong to the Weixin ID. It has to be the name of the bank card that is linked to this WeChat, and the one at the business registry.",
    '法定代表人姓名与微信号不一致。姓名须与该微信绑定银行卡的姓名及工商登记一致；如近期改名或身份证由 15 位升级为 18 位，请先在银行和微信支付更新实名信息。',
  ),
  86004: WEIXIN_ID,
  86032: WEIXIN_ID,
  86021: refused(
    'According to the business registry, your enterprise is not in operation.',
    '工商数据显示贵企业不在经营状态。',
    { en: 'Please tell us when this is cleared up.', zh: '恢复经营状态后请告知我们重新提交。' },
  ),
  86022: REGISTRY,
  86034: BLACKLIST,
  86036: REGISTRY,
  89248: CODE,
  89255: CODE,
  101: refused(
    'According to the business registry, your enterprise has been deregistered.',
    '工商数据显示贵企业已注销。',
    {
      en: 'If that is wrong, please send us the details of the present registration.',
      zh: '如与实际不符，请将现行有效的登记信息发给我们。',
    },
  ),
  102: REGISTRY,
  103: REGISTRY,
  104: refused(
    "The legal person's ID card number is not the one in the business registry.",
    '法定代表人的身份证号码与工商登记不一致。',
    { en: 'Please have the registry updated, then tell us.', zh: '请先到登记机关更新信息，再告知我们重新提交。' },
  ),
  105: {
    en: "The business registry does not have the legal person's ID card number yet. We send the application again after some working days; you need not do anything now.",
    zh: '工商数据中尚无法定代表人的身份证号码信息。我们将在若干个工作日后重新提交，您暂时无需操作。',
  },
  1000: REGISTRY,
  1003: {
    en: 'The legal person administers as many accounts as WeChat allows. Please give up the administration of one that is not needed (it need not be closed), then tell us, and we send it again.',
    zh: '法定代表人作为管理员绑定的账号数量已达微信上限。请解绑不再使用的账号（无需注销）后告知我们，我们将重新提交。',
  },
  1004: BLACKLIST,
  1005: {
    en: "The legal person's phone number is bound to as many accounts as WeChat allows. Please unbind it from one that is not needed, then tell us, and we send it again.",
    zh: '法定代表人手机号绑定的账号数量已达微信上限。请将该手机号从不再使用的账号解绑后告知我们，我们将重新提交。',
  },
  1006: BLACKLIST,
  1007: {
    en: "As many accounts as WeChat allows were created with the legal person's ID card. Please close one that is not needed, then tell us, and we send it again.",
    zh: '用法定代表人身份证创建的账号数量已达微信上限。请注销不再使用的账号后告知我们，我们将重新提交。',
  },
  1008: BLACKLIST,
  '-1': {
    en: 'WeChat could not complete the registration. The legal person may not be the one at the business registry, or there was another problem. Please check the name, the code and the legal person (see www.gsxt.gov.cn) and tell us; we then send it again.',
    zh: '微信未能完成本次注册，原因可能是法定代表人与工商登记不一致，也可能是其他问题。请核对企业名称、企业代码和法定代表人姓名（可在 www.gsxt.gov.cn 查询）后告知我们，我们将重新提交。',
  },
  11: {
    en: 'WeChat could not complete the registration and gave no reason. Please tell us whether your legal person finished the checks of ID card and face within 24 hours, and check that name and code are as registered (see www.gsxt.gov.cn).',
    zh: '微信未能完成本次注册，未说明原因。请告知我们法定代表人是否已在 24 小时内完成身份证校验和人脸识别，并核对企业名称和企业代码是否与工商登记一致（可在 www.gsxt.gov.cn 查询）。',
  },
};

// --- what our own checks refused --------------------------------------------------------------------------------------

const ASKED_FOR: Readonly<Record<Field, Words | undefined>> = {
  name: { en: 'the name of your enterprise exactly as on the business licence', zh: '与营业执照完全一致的企业名称' },
  code: {
    en: 'the 18-character Unified Social Credit Code of your business licence',
    zh: '营业执照上的 18 位统一社会信用代码',
  },
  code_type: undefined,
  legal_persona_wechat: {
    en: "the legal person's own Weixin ID (in WeChat under “Me”, below the name; not a phone or QQ number)",
    zh: '法定代表人本人的微信号（微信“我”页面昵称下方，不能是手机号或 QQ 号）',
  },
  legal_persona_name: {
    en: "the legal person's name as at the business registry and on the bank card linked to WeChat",
    zh: '法定代表人姓名（与工商登记及微信绑定银行卡一致）',
  },
  component_phone: undefined,
};

/** What the problem codes are about. */
const FIELD_OF_CODE: readonly (readonly [RegExp, Field])[] = [
  [/^sheet:name_/, 'name'],
  [/^sheet:code_type_refused$|^sheet:code_(?!type)/, 'code'],
  [/^sheet:wechat_/, 'legal_persona_wechat'],
  [/^sheet:persona_/, 'legal_persona_name'],
];

/** Only for problems that the merchant can answer: a spoilt cell is for the person who has the sheet. */
function askFor({ row, relation }: RowWithOutcome, problem: string): Words {
  const codes = relation.kind === 'refused' ? worstFirst(row.problems).map(({ code }) => code) : [problem];
  const fields = new Set(
    codes
      .filter((code) => PROBLEMS[code as keyof typeof PROBLEMS]?.who === 'merchant')
      .flatMap((code) => FIELD_OF_CODE.find(([pattern]) => pattern.test(code))?.[1] ?? []),
  );
  const wanted = [...fields].flatMap((field) => ASKED_FOR[field] ?? []);
  if (wanted.length === 0) return NONE;
  return {
    en: `To register your Mini Program, please send us: ${wanted.map(({ en }) => en).join('; ')}.`,
    zh: `为您办理小程序注册，还请提供：${wanted.map(({ zh }) => zh).join('；')}。`,
  };
}

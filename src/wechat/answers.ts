/**
 * Everything that WeChat can answer or push: one row for one code. What fastregister makes of a row follows from its
 * fact, by the tables of `domain/registration`. A new code is a new row here; one that is sent again later (`wait: 'again'`) is also a
 * row of `domain/line-faults`, or a line that it stops waits for a person; one of a push that `query` gives, too, is in
 * `QUERY_GIVES_TOO`.
 *
 * A row's sentences go into reports that clerks pass on to merchants; `docs/answers.md` is printed from these tables.
 */
import type { FactKind, Wait } from '../domain/registration.js';
import { type Actor, AFTER_CREATION, NOTHING_TO_DO, type Words } from '../domain/words.js';
import { PERMISSION_SETS_BY_NAME } from './permission-sets.js';

/** Where we know a row from. */
export const SOURCES = {
  seeds: {
    en: "WeChat's two published documents of `fastregisterweapp`, English and Chinese",
    zh: '微信公布的 `fastregisterweapp` 中英文文档',
  },
  'official page': { en: "a later page of WeChat's documentation", zh: '微信后来的官方文档' },
  log: { en: 'a real answer that was published', zh: '公开的真实返回' },
  support: { en: "a reply of WeChat's support staff", zh: '微信客服的回复' },
  inferred: { en: 'our own inference', zh: '我们的推断' },
} as const satisfies Record<string, Words>;

/** Calls that WeChat turned away before looking at the merchant: what they wait for. */
export const GATEWAY_REFUSALS = {
  token: {
    en: 'refresh the component access token once and repeat the call',
    zh: '刷新 component_access_token 后重试',
  },
  ticket: {
    en: 'have WeChat push a new component_verify_ticket, then go on',
    zh: '等待微信推送新的 component_verify_ticket 后继续',
  },
  day: { en: 'wait for the next quota day', zh: '等待次日额度恢复' },
  minute: { en: 'wait a minute', zh: '等待一分钟' },
} as const satisfies Record<string, Words>;

export type GatewayRefusal = keyof typeof GATEWAY_REFUSALS;

export interface Answer extends Words {
  readonly fact: FactKind;
  readonly acts: Actor;
  /** `en` and `zh` say what the code means; this, what to do about it. */
  readonly nextStep: Words;
  /** The same two where all our patience with this answer is spent: from here on nothing happens by itself. */
  readonly atTheEnd?: Words & { readonly nextStep: Words; readonly acts?: Actor };
  readonly source: keyof typeof SOURCES;
  readonly gateway?: GatewayRefusal;
  readonly wait?: Wait;
  /** Of `search` and `query`, once the push is overdue: a further one would be answered alike, so only the push can settle it. */
  readonly final?: true;
  /** Not to be sent again before so many working days have passed. */
  readonly workingDays?: number;
}

type AnswerRow = Omit<Answer, 'fact'>;

const WAIT_FOR_THE_PUSH: Words = {
  en: "Nothing to do: fastregister waits for WeChat's push with the result.",
  zh: '无需操作，请等待微信推送结果。',
};

const OUR_FAULT: Words = {
  en: 'The line is stopped and no merchant is affected. Report this to the maintainers of fastregister, with the rid.',
  zh: '提交因故障停止，商户不受影响。请将此错误及 rid 反馈给 fastregister 的维护人员。',
};

export const CHECK_PERMISSION_SETS: Words = {
  en: `On open.weixin.qq.com, add the missing permission sets to the third-party platform and publish it network-wide: they take effect only after approval and publication. ${PERMISSION_SETS_BY_NAME.en} Then resume the line.`,
  zh: `请在微信开放平台为第三方平台补全权限集，通过审核并全网发布后生效。${PERMISSION_SETS_BY_NAME.zh}生效后请恢复提交。`,
};

const PUBLISH_THE_PLATFORM: Words = {
  en: 'On open.weixin.qq.com, have the third-party platform approved and publish it network-wide; then resume the line.',
  zh: '请在微信开放平台提交第三方平台审核并全网发布，然后恢复提交。',
};

const ALLOW_THIS_IP: Words = {
  en: "On open.weixin.qq.com, put this server's IP address on the third-party platform's allow-list; then resume the line.",
  zh: '请在微信开放平台将本服务器的 IP 加入第三方平台的白名单，然后恢复提交。',
};

const CHECK_THE_PLATFORM: Words = {
  en: 'On open.weixin.qq.com, check that the third-party platform is verified, not blocked and published network-wide; then resume the line.',
  zh: '请在微信开放平台检查第三方平台是否已认证、未被封禁并已全网发布，然后恢复提交。',
};

const CHECK_APPID_AND_SECRET: Words = {
  en: 'Check WECHAT_COMPONENT_APPID and WECHAT_COMPONENT_APPSECRET against open.weixin.qq.com; then resume the line.',
  zh: '请核对 WECHAT_COMPONENT_APPID 与 WECHAT_COMPONENT_APPSECRET 是否与微信开放平台一致，然后恢复提交。',
};

const SEND_AGAIN_AND_CONFIRM: Words = {
  en: "Ask the merchant whether the legal person got WeChat's message or the link, whether the Weixin ID is right, and when the legal person has time; then send it again. Within 24 hours the legal person has to finish the checks of ID card and face in WeChat.",
  zh: '请与商户确认法人是否收到微信消息或链接、微信号是否正确，并约好时间后重新提交；法人须在 24 小时内于微信中完成身份证校验和人脸识别。',
};

const COMPARE_WITH_THE_REGISTRY: Words = {
  en: 'Ask the merchant for the enterprise name, the code and the legal person exactly as registered (see www.gsxt.gov.cn; “Guangzhou” and “Guangzhou City” are two names), correct the row and send it again.',
  zh: '请商户按工商登记核对企业名称、企业代码和法定代表人（可查询国家企业信用信息公示系统 www.gsxt.gov.cn；“广州”与“广州市”不是同一名称），更正后重新提交。',
};

const ASK_FOR_THE_WEIXIN_ID: Words = {
  en: "Ask the merchant for the legal person's Weixin ID as WeChat shows it under “Me”; a phone or QQ number does not work. Correct the row and send it again.",
  zh: '请商户提供法人本人的微信号（微信“我”页面所示），不能使用手机号或 QQ 号，更正后重新提交。',
};

const ASK_FOR_THE_NAME: Words = {
  en: "Ask the merchant whether the Weixin ID is the legal person's own, and whether the name is exactly the one on the bank card linked to it and the one at the business registry. Ask, too, whether the person was renamed lately, or the ID card was updated from 15 to 18 digits: then the bank and WeChat Pay need the new data first. Correct the row and send it again.",
  zh: '请商户确认：微信号为法人本人所有；法人姓名与该微信绑定银行卡的姓名及工商登记的法定代表人姓名一致；近期是否改过名字，或身份证由 15 位升级为 18 位（如有，请先在银行和微信支付更新实名信息）。更正后重新提交。',
};

const ON_A_BLACKLIST: Words = {
  en: 'Tell the merchant: sending it again will not help until the legal person has cleared this up with WeChat.',
  zh: '请告知商户：法人与微信解决此问题之前，重新提交无效。',
};

/** The call was turned away: a matter of the moment, for `create` and `search` alike. */
// biome-ignore format: one line, one code
const TURNED_AWAY: Readonly<Record<string, AnswerRow>> = {
  40001: { acts: 'us', gateway: 'token', en: 'The component access token is invalid or not the latest one.', zh: 'component_access_token 无效或不是最新的。', nextStep: NOTHING_TO_DO, source: 'official page' },
  40014: { acts: 'us', gateway: 'token', en: 'The component access token is invalid.', zh: 'component_access_token 不合法。', nextStep: NOTHING_TO_DO, source: 'official page' },
  41001: { acts: 'us', gateway: 'token', en: 'The component access token was missing.', zh: '缺少 component_access_token。', nextStep: NOTHING_TO_DO, source: 'official page' },
  42001: { acts: 'us', gateway: 'token', en: 'The component access token has expired.', zh: 'component_access_token 已过期。', nextStep: NOTHING_TO_DO, source: 'official page' },
  61005: { acts: 'us', gateway: 'ticket', en: 'The component_verify_ticket has expired.', zh: 'component_verify_ticket 已过期。', nextStep: NOTHING_TO_DO, source: 'official page' },
  61006: { acts: 'us', gateway: 'ticket', en: 'The component_verify_ticket is invalid.', zh: 'component_verify_ticket 无效。', nextStep: NOTHING_TO_DO, source: 'official page' },
  45009: { acts: 'us', gateway: 'day', en: "The platform's calls of today are used up.", zh: '第三方平台今日的调用额度已用完。', nextStep: NOTHING_TO_DO, source: 'official page' },
  45011: { acts: 'us', gateway: 'minute', en: "The platform's calls of this minute are used up.", zh: '调用过于频繁，已达每分钟上限。', nextStep: NOTHING_TO_DO, source: 'official page' },
};

const OWNED_BY_AN_INDIVIDUAL: AnswerRow = {
  acts: 'platform',
  en: 'The platform is owned by an individual; this API is for platforms of enterprises.',
  zh: '第三方平台的主体为个人，不能使用此接口。',
  nextStep: {
    en: 'Use a third-party platform that belongs to an enterprise; then resume the line.',
    zh: '请改用主体为企业的第三方平台，然后恢复提交。',
  },
  source: 'official page',
};

/** The platform, its permissions or our request is at fault: every other merchant would be refused alike. */
// biome-ignore format: one line, one code
const PLATFORM_AT_FAULT: Readonly<Record<string, AnswerRow>> = {
  40013: { acts: 'platform', en: "WeChat does not know the platform's appid.", zh: '第三方平台的 appid 不合法。', nextStep: CHECK_APPID_AND_SECRET, source: 'official page' },
  40125: { acts: 'platform', en: "The platform's appsecret is wrong.", zh: '第三方平台的 appsecret 不正确。', nextStep: CHECK_APPID_AND_SECRET, source: 'official page' },
  41004: { acts: 'platform', en: "The platform's appsecret was missing.", zh: '缺少第三方平台的 appsecret。', nextStep: CHECK_APPID_AND_SECRET, source: 'official page' },
  41018: { acts: 'platform', en: "The platform's appid was missing.", zh: '缺少第三方平台的 component_appid。', nextStep: CHECK_APPID_AND_SECRET, source: 'official page' },
  48001: { acts: 'platform', en: 'The platform may not use this API.', zh: '第三方平台没有此接口的权限。', nextStep: CHECK_PERMISSION_SETS, source: 'official page' },
  48004: { acts: 'platform', en: 'WeChat has blocked this API for the platform because of a violation.', zh: '因违规，第三方平台的此接口已被封禁。', nextStep: { en: "Read the reason in the platform's notices on open.weixin.qq.com and have the block lifted; then resume the line.", zh: '请在微信开放平台的通知中查看封禁原因并申请解封，然后恢复提交。' }, source: 'official page' },
  50002: { acts: 'platform', en: 'WeChat has restricted the account: it may be frozen or closed.', zh: '账号受限，可能已被冻结或注销。', nextStep: CHECK_THE_PLATFORM, source: 'official page' },
  61003: { acts: 'platform', en: 'WeChat says that the account has not authorised this platform.', zh: '该账号没有授权给此第三方平台。', nextStep: { en: "Check that the access token is the third-party platform's own component access token and not an authorizer's; then resume the line.", zh: '请检查所用的是第三方平台自己的 component_access_token，而非授权方的令牌，然后恢复提交。' }, source: 'official page' },
  61004: { acts: 'platform', en: "This server's IP address is not on the platform's allow-list.", zh: '本服务器的 IP 不在第三方平台的白名单中。', nextStep: ALLOW_THIS_IP, source: 'official page' },
  40164: { acts: 'platform', en: "This server's IP address is not on the allow-list.", zh: '本服务器的 IP 不在白名单中。', nextStep: ALLOW_THIS_IP, source: 'official page' },
  61007: { acts: 'platform', en: 'The platform lacks the permission set of this API.', zh: '第三方平台没有此接口所属的权限集。', nextStep: CHECK_PERMISSION_SETS, source: 'official page' },
  61011: { acts: 'platform', en: 'WeChat does not know this third-party platform.', zh: '第三方平台无效。', nextStep: CHECK_APPID_AND_SECRET, source: 'official page' },
  61014: { acts: 'platform', en: 'The token is not a component access token.', zh: '所用令牌不是 component_access_token。', nextStep: { en: "Check your token service: it must give the third-party platform's component access token; then resume the line.", zh: '请检查令牌服务，必须返回第三方平台的 component_access_token，然后恢复提交。' }, source: 'official page' },
  61028: { acts: 'platform', en: 'The third-party platform is not published network-wide.', zh: '第三方平台未全网发布。', nextStep: PUBLISH_THE_PLATFORM, source: 'official page' },
  61029: { acts: 'platform', en: 'The third-party platform lacks a required permission set.', zh: '第三方平台缺少必备的权限集。', nextStep: CHECK_PERMISSION_SETS, source: 'official page' },
  89254: { acts: 'platform', en: "The platform's permission sets are incomplete, or not yet published network-wide.", zh: '第三方平台的权限集不全，或补全后尚未全网发布。', nextStep: CHECK_PERMISSION_SETS, source: 'seeds' },
  86031: { acts: 'platform', en: "The platform's account is invalid or not published.", zh: '第三方平台账号无效或未全网发布。', nextStep: CHECK_THE_PLATFORM, source: 'official page' },
  86033: { acts: 'platform', en: "The platform's permission sets are incomplete.", zh: '第三方平台的权限集不全。', nextStep: CHECK_PERMISSION_SETS, source: 'official page' },
  86040: OWNED_BY_AN_INDIVIDUAL,
  89295: OWNED_BY_AN_INDIVIDUAL,
  43002: { acts: 'us', en: 'Our request was malformed: WeChat wants a POST.', zh: '请求格式有误：应使用 POST。', nextStep: OUR_FAULT, source: 'official page' },
  43003: { acts: 'us', en: 'Our request was malformed: WeChat wants HTTPS.', zh: '请求格式有误：应使用 HTTPS。', nextStep: { en: 'Check that WECHAT_API_BASE_URL begins with https://; then resume the line.', zh: '请检查 WECHAT_API_BASE_URL 是否以 https:// 开头，然后恢复提交。' }, source: 'official page' },
  44002: { acts: 'us', en: 'Our request was malformed: its body was empty.', zh: '请求格式有误：请求体为空。', nextStep: OUR_FAULT, source: 'official page' },
  47001: { acts: 'us', en: 'Our request was malformed: WeChat could not read its JSON.', zh: '请求格式有误：微信无法解析 JSON。', nextStep: OUR_FAULT, source: 'official page' },
  86030: { acts: 'us', en: 'Our request was malformed: a parameter was missing.', zh: '请求格式有误：缺少参数。', nextStep: OUR_FAULT, source: 'official page' },
};

/** WeChat refused what the sheet says of the merchant. */
// biome-ignore format: one line, one code
const MERCHANT_REFUSED: Readonly<Record<string, AnswerRow>> = {
  61070: { acts: 'merchant', en: "The legal person's name does not match the Weixin ID.", zh: '法人姓名与微信号不一致。', nextStep: ASK_FOR_THE_NAME, source: 'seeds' },
  86004: { acts: 'merchant', en: 'The Weixin ID is invalid.', zh: '微信号无效。', nextStep: ASK_FOR_THE_WEIXIN_ID, source: 'seeds' },
  86021: { acts: 'merchant', en: 'According to the business registry, the enterprise is not in operation.', zh: '工商数据显示该企业不在经营状态。', nextStep: { en: 'Ask the merchant for the state of the enterprise at the registry (see www.gsxt.gov.cn); send it again when it is in operation.', zh: '请商户核实企业的登记状态（可查询 www.gsxt.gov.cn），恢复经营状态后再提交。' }, source: 'official page' },
  86022: { acts: 'merchant', en: 'The enterprise name and the code do not belong together.', zh: '企业名称与企业代码不符。', nextStep: COMPARE_WITH_THE_REGISTRY, source: 'official page' },
  86032: { acts: 'merchant', en: 'The Weixin ID is invalid.', zh: '微信号无效。', nextStep: ASK_FOR_THE_WEIXIN_ID, source: 'official page' },
  86034: { acts: 'merchant', en: "WeChat has restricted the legal person's Weixin account.", zh: '法人的微信账号受限。', nextStep: { en: 'Ask the legal person to have the restriction of the account lifted in WeChat; then send it again.', zh: '请法人先在微信中解除账号限制，再重新提交。' }, source: 'official page' },
  86036: { acts: 'merchant', en: "The legal person's name does not match.", zh: '法人姓名不一致。', nextStep: COMPARE_WITH_THE_REGISTRY, source: 'official page' },
  89248: { acts: 'merchant', en: "The type of the enterprise's code is not the right one.", zh: '企业代码类型无效。', nextStep: { en: 'Ask the merchant which code it is: 1 for a Unified Social Credit Code (18 characters), 2 for an organisation code (9), 3 for a business licence number (15); correct code_type and send it again.', zh: '请商户确认代码种类：1 统一社会信用代码（18 位），2 组织机构代码（9 位），3 营业执照注册号（15 位），更正“代码类型”后重新提交。' }, source: 'seeds' },
  89255: { acts: 'merchant', en: "The enterprise's code does not fit its type.", zh: '企业代码与代码类型不符。', nextStep: { en: 'Ask the merchant for the code exactly as on the business licence; correct code and code_type and send it again.', zh: '请商户按营业执照核对企业代码，更正“企业代码”和“代码类型”后重新提交。' }, source: 'official page' },
};

/** What `create` can answer. */
// biome-ignore format: one line, one code
export const CREATE: Readonly<Record<string, Answer>> = {
  0: { fact: 'create_accepted', acts: 'legal_person', en: 'WeChat has accepted the application. The Mini Program does not exist yet: the legal person has to confirm it first.', zh: '微信已受理申请，小程序尚未创建，需法人先完成确认。', nextStep: { en: 'Ask the legal person to open the message “Mini Program creation application” of the Official Account “Official Accounts Platform Security Assistant” in WeChat, or the authorize_url where there is one, and to finish the checks of ID card and face within 24 hours. WeChat sends the message to the Weixin ID of the row; it takes minutes, sometimes more than ten. If none comes, check the Weixin ID.', zh: '请法人在微信“公众平台安全助手”公众号中打开“创建小程序申请”消息（有“法人确认链接”时打开该链接），在 24 小时内完成身份证校验和人脸识别。消息发送至所填的法人微信号，可能延迟几分钟到十几分钟；若未收到，请核对微信号。' }, source: 'seeds' },
  '-1': { fact: 'create_postponed', wait: 'again', acts: 'us', en: 'WeChat reports a system error.', zh: '微信系统错误。', nextStep: { en: 'Nothing to do: it is sent again later, a few times. If every merchant gets this answer, the line stops, and `fastregister status` says what to do.', zh: '无需操作，稍后会自动重试几次。若所有商户均返回此错误，提交会自动停止，可运行 `fastregister status` 查看处理方法。' }, atTheEnd: { en: 'WeChat reported a system error again, and all tries are spent.', zh: '微信再次返回系统错误，重试次数已用完。', nextStep: { en: "Retry the row on another day; if it stays so, ask WeChat's support with the rid, within about five hours.", zh: '请改日重新提交；若仍失败，请在约五小时内凭 rid 咨询微信客服。' } }, source: 'official page' },
  89247: { fact: 'create_postponed', wait: 'again', acts: 'us', en: 'WeChat reports an internal error. It does so too when the type or the length of the code is wrong.', zh: '微信内部错误；企业代码类型或长度有误时也会返回此错误。', nextStep: { en: 'Nothing to do: it is sent again later, a few times. If it stays so, ask the merchant for the code exactly as on the business licence.', zh: '无需操作，稍后会自动重试几次。若仍失败，请商户按营业执照核对企业代码。' }, atTheEnd: { en: 'WeChat reported an internal error again, and all tries are spent.', zh: '微信再次返回内部错误，重试次数已用完。', nextStep: { en: 'Compare the code and its type with the business licence, for WeChat answers so to a wrong one too; then retry the row.', zh: '请按营业执照核对企业代码及类型（有误时微信也会如此返回），然后重新提交。' } }, source: 'seeds' },
  89249: { fact: 'create_busy', wait: 'busy', acts: 'us', en: 'This enterprise already has a running task at WeChat.', zh: '该企业在微信已有任务正在执行。', nextStep: { en: 'Nothing to do: it is sent again when that task is over, after 24 hours at most. If the legal person has an open message of another application, ask to finish or decline it.', zh: '无需操作，前一任务结束后（最长 24 小时）会自动重新提交。若法人微信中有未处理的申请消息，请先完成或拒绝。' }, atTheEnd: { en: 'Another task of this enterprise was running at WeChat each time, for as long as it was waited for; it is not sent again automatically.', zh: '该企业在微信一直有其他任务在执行，等待期限已过，不再自动提交。', nextStep: { en: 'Ask the merchant who else registers a Mini Program for this enterprise, and the legal person to finish or decline the open message of that application. When it is over, after 24 hours at most, retry the row.', zh: '请商户确认还有谁在为该企业注册小程序，并请法人完成或拒绝微信中未处理的申请消息；待该任务结束后（最长 24 小时），重新提交。' } }, source: 'seeds' },
  89250: { fact: 'answer_unknown', acts: 'us', en: 'WeChat answered “task not found” to an application. Whether it has begun a task is not known.', zh: '提交申请时微信返回“未找到该任务”，无法确定是否已建立任务。', nextStep: { en: 'Ask the legal person whether the message “Mini Program creation application” came. If there is none after 24 hours and no result either, send it again.', zh: '请询问法人是否收到“创建小程序申请”消息；若 24 小时后仍无消息也无结果，可重新提交。' }, source: 'seeds' },
  89251: { fact: 'create_accepted', acts: 'legal_person', en: 'WeChat has sent the legal person its message; the face check is not done yet.', zh: '模板消息已下发，法人尚未完成人脸识别。', nextStep: { en: 'Ask the legal person to open the message “Mini Program creation application” of “Official Accounts Platform Security Assistant” in WeChat and to finish the face check within 24 hours.', zh: '请法人在 24 小时内打开“公众平台安全助手”公众号的“创建小程序申请”消息，完成人脸识别。' }, source: 'seeds' },
  89252: { fact: 'create_accepted', acts: 'us', en: 'WeChat is checking whether the legal person and the enterprise belong together.', zh: '微信正在校验法人与企业信息是否一致。', nextStep: WAIT_FOR_THE_PUSH, source: 'seeds' },
  89253: { fact: 'platform_refused', acts: 'us', en: 'Our request was malformed: a parameter was missing.', zh: '请求格式有误：缺少参数。', nextStep: OUR_FAULT, source: 'seeds' },
  91030: { fact: 'create_postponed', wait: 'person', acts: 'us', en: 'This Weixin ID has been used five times today.', zh: '该微信号今日已使用五次。', nextStep: { en: 'Nothing to do: it is sent again tomorrow.', zh: '无需操作，次日会自动重新提交。' }, atTheEnd: { en: 'This Weixin ID had been used five times on each day that it was tried; it is not sent again automatically.', zh: '每次提交时，该微信号当日均已使用五次，不再自动提交。', nextStep: { en: 'Ask the merchant who else registers with this Weixin ID, and for how many enterprises; retry the row for a day on which it is free.', zh: '请商户确认还有谁在用该微信号注册、涉及多少企业；待该微信号当日有剩余次数时，重新提交。' } }, source: 'official page' },
  ...withFact('create_refused', MERCHANT_REFUSED),
  ...withFact('create_void', TURNED_AWAY),
  ...withFact('platform_refused', PLATFORM_AT_FAULT),
};

const ONLY_THE_PUSH_CAN_TELL: Words = {
  en: "Nothing to do: fastregister waits for WeChat's push. If none comes, a person is asked to look.",
  zh: '无需操作，系统会继续等待微信推送；若始终没有推送，会转人工核实。',
};

const SEARCH_IS_NO_VERDICT: Words = {
  en: 'Nothing to do: fastregister waits for the push and asks again later; if neither has the result, the row goes to review.',
  zh: '无需操作，系统会继续等待推送并稍后再次查询；若始终没有结果，会转人工核实。',
};

/** What `search` can answer. It asks only about the running task and never proves a failure. */
// biome-ignore format: one line, one code
export const SEARCH: Readonly<Record<string, Answer>> = {
  0: { fact: 'task_unclear', acts: 'us', en: 'WeChat answered “successful” without more; presumably no task is running any more, and the push will show how it ended.', zh: '微信仅返回“成功”，任务可能已结束，结果以推送为准。', nextStep: ONLY_THE_PUSH_CAN_TELL, final: true, source: 'inferred' },
  '-1': { fact: 'task_unclear', acts: 'us', en: 'WeChat reports a system error.', zh: '微信系统错误。', nextStep: SEARCH_IS_NO_VERDICT, source: 'official page' },
  89247: { fact: 'task_unclear', acts: 'us', en: 'WeChat reports an internal error.', zh: '微信内部错误。', nextStep: SEARCH_IS_NO_VERDICT, source: 'seeds' },
  89249: { fact: 'task_unclear', acts: 'us', en: 'A task of this enterprise is running; whether it is ours, the answer does not say.', zh: '该企业有任务正在执行，但无法确定是否为本次提交的任务。', nextStep: SEARCH_IS_NO_VERDICT, source: 'inferred' },
  89250: { fact: 'task_unclear', acts: 'us', en: 'WeChat does not find the task. It answers so right after an application and after its end as well, so this proves nothing.', zh: '微信未找到该任务。刚提交时及任务结束后也会这样返回，因此不能说明失败。', nextStep: ONLY_THE_PUSH_CAN_TELL, final: true, source: 'log' },
  89251: { fact: 'task_running', acts: 'legal_person', en: 'WeChat has sent the legal person its message; the face check is not done yet.', zh: '模板消息已下发，法人尚未完成人脸识别。', nextStep: { en: 'Ask the legal person to open the message “Mini Program creation application” of “Official Accounts Platform Security Assistant” in WeChat and to finish the face check before the 24 hours are over.', zh: '请法人在 24 小时期限内打开“公众平台安全助手”公众号的“创建小程序申请”消息，完成人脸识别。' }, source: 'seeds' },
  89252: { fact: 'task_running', acts: 'us', en: 'WeChat is checking whether the legal person and the enterprise belong together.', zh: '微信正在校验法人与企业信息是否一致。', nextStep: WAIT_FOR_THE_PUSH, source: 'seeds' },
  89253: { fact: 'task_running', acts: 'us', en: "WeChat's pages disagree: a check is running, or a parameter is missing. Our searches have all parameters, so a check is running.", zh: '微信文档说法不一：校验中，或缺少参数。查询参数齐全，因此视为校验中。', nextStep: WAIT_FOR_THE_PUSH, source: 'official page' },
  91030: { fact: 'task_unclear', acts: 'us', en: 'This Weixin ID has been used five times today; nothing was learnt about the task.', zh: '该微信号今日已使用五次，未能得知任务情况。', nextStep: SEARCH_IS_NO_VERDICT, source: 'inferred' },
  ...withFact('task_unclear', MERCHANT_REFUSED, { acts: 'us', nextStep: SEARCH_IS_NO_VERDICT, source: 'inferred' }),
  ...withFact('search_void', TURNED_AWAY),
  ...withFact('search_refused', PLATFORM_AT_FAULT),
};

/** What the push `notify_third_fasteregister` can say as its `status`. */
// biome-ignore format: one line, one code
export const PUSH: Readonly<Record<string, Answer>> = {
  0: { fact: 'mini_program_created', acts: 'nobody', en: 'The Mini Program has been created.', zh: '小程序已创建成功。', nextStep: AFTER_CREATION, source: 'seeds' },
  100001: { fact: 'legal_person_timed_out', acts: 'legal_person', en: 'The legal person did not finish within 24 hours: the check of the ID card is missing.', zh: '法人未在 24 小时内完成身份证校验。', nextStep: SEND_AGAIN_AND_CONFIRM, source: 'seeds' },
  100002: { fact: 'legal_person_timed_out', acts: 'legal_person', en: 'The legal person did not finish within 24 hours: the face check is missing.', zh: '法人未在 24 小时内完成人脸识别校验。', nextStep: SEND_AGAIN_AND_CONFIRM, source: 'seeds' },
  100003: { fact: 'legal_person_timed_out', acts: 'legal_person', en: "The legal person did not confirm WeChat's message, or the link, within 24 hours.", zh: '法人未在 24 小时内通过微信消息或链接完成确认。', nextStep: SEND_AGAIN_AND_CONFIRM, source: 'seeds' },
  101: { fact: 'registration_refused', acts: 'merchant', en: 'According to the business registry, the enterprise has been deregistered.', zh: '工商数据显示该企业已注销。', nextStep: { en: 'Ask the merchant for the enterprise that is registered now; if it has been deregistered, it cannot have a Mini Program.', zh: '请商户提供当前有效登记的企业信息；已注销的企业无法创建小程序。' }, source: 'seeds' },
  102: { fact: 'registration_refused', acts: 'merchant', en: 'The business registry does not know the enterprise, or its data is not up to date.', zh: '工商数据显示该企业不存在或企业信息未更新。', nextStep: COMPARE_WITH_THE_REGISTRY, source: 'seeds' },
  103: { fact: 'registration_refused', acts: 'merchant', en: "The legal person's name is not the one in the business registry.", zh: '法定代表人姓名与工商数据不一致。', nextStep: COMPARE_WITH_THE_REGISTRY, source: 'seeds' },
  104: { fact: 'registration_refused', acts: 'merchant', en: "The legal person's ID card number is not the one in the business registry.", zh: '法定代表人身份证号码与工商数据不一致。', nextStep: { en: 'Ask the merchant who is the legal person at the registry (see www.gsxt.gov.cn) and to have the ID card number corrected there if need be; then send it again.', zh: '请商户核对工商登记的法定代表人（可查询 www.gsxt.gov.cn），必要时到登记机关更正身份证号码，然后重新提交。' }, source: 'seeds' },
  105: { fact: 'registration_refused', workingDays: 15, acts: 'us', en: "The business registry does not have the legal person's ID card number yet; WeChat asks for 5 to 15 working days before it is sent again.", zh: '工商数据尚未更新法定代表人的身份证号码，微信要求 5 至 15 个工作日后再提交。', nextStep: { en: 'Send it again unchanged: it waits until 15 working days have passed, and is sent then (command: `fastregister retry`). To send it earlier, choose the outcome “rejected” (`--only rejected`) or load it in a new sheet; WeChat may refuse it again.', zh: '请原样重新提交：系统会等满 15 个工作日后自动提交（命令：`fastregister retry`）。如需提前提交，请在重新提交时选择结果“微信未通过”（`--only rejected`），或放入新的表格重新导入，但可能再次被拒。' }, source: 'seeds' },
  1000: { fact: 'registration_refused', acts: 'merchant', en: 'The enterprise or the legal person is not as in the business registry.', zh: '企业信息或法定代表人信息与工商数据不一致。', nextStep: COMPARE_WITH_THE_REGISTRY, source: 'seeds' },
  1001: { fact: 'registration_refused', acts: 'nobody', en: 'The enterprise already has as many Mini Programs as WeChat allows.', zh: '该主体创建小程序的数量已达上限。', nextStep: { en: 'No further Mini Program can be created for this enterprise, and sending it again will not help. Say so if the merchant asks.', zh: '该主体不能再创建小程序，重新提交无效。商户询问时可如实告知。' }, source: 'official page' },
  1002: { fact: 'registration_refused', acts: 'nobody', en: 'The enterprise is on a blacklist of WeChat because of a violation.', zh: '该主体因违规命中黑名单。', nextStep: { en: 'WeChat creates no Mini Program for this enterprise, and sending it again will not help. Say so if the merchant asks.', zh: '微信不为该主体创建小程序，重新提交无效。商户询问时可如实告知。' }, source: 'official page' },
  1003: { fact: 'registration_refused', acts: 'merchant', en: 'The administrator is bound to as many accounts as WeChat allows.', zh: '管理员绑定的账号数量已达上限。', nextStep: { en: 'Ask the legal person to give up the administration of an account that is no longer needed; then send it again.', zh: '请法人解绑不再使用的账号后重新提交。' }, source: 'official page' },
  1004: { fact: 'registration_refused', acts: 'merchant', en: 'The administrator is on a blacklist of WeChat because of a violation.', zh: '管理员因违规命中黑名单。', nextStep: ON_A_BLACKLIST, source: 'official page' },
  1005: { fact: 'registration_refused', acts: 'merchant', en: "The administrator's phone number is bound to as many accounts as WeChat allows.", zh: '管理员手机号绑定的账号数量已达上限。', nextStep: { en: 'Ask the legal person to unbind the phone number from an account that is no longer needed; then send it again.', zh: '请法人将手机号从不再使用的账号解绑后重新提交。' }, source: 'official page' },
  1006: { fact: 'registration_refused', acts: 'merchant', en: "The administrator's phone number is on a blacklist of WeChat because of a violation.", zh: '管理员手机号因违规命中黑名单。', nextStep: ON_A_BLACKLIST, source: 'official page' },
  1007: { fact: 'registration_refused', acts: 'merchant', en: "As many accounts as WeChat allows have been created with the administrator's ID card.", zh: '管理员身份证创建的账号数量已达上限。', nextStep: { en: 'Ask the legal person to close an account that is no longer needed; then send it again.', zh: '请法人注销不再使用的账号后重新提交。' }, source: 'official page' },
  1008: { fact: 'registration_refused', acts: 'merchant', en: "The administrator's ID card is on a blacklist of WeChat because of a violation.", zh: '管理员身份证因违规命中黑名单。', nextStep: ON_A_BLACKLIST, source: 'official page' },
  '-1': { fact: 'registration_refused', acts: 'merchant', en: "The registration failed: the legal person's name does not match the enterprise, or WeChat could not complete it for another reason, which its message names.", zh: '注册失败：企业与法人姓名不一致，或因其他原因未能完成，具体见微信返回的信息。', nextStep: { en: 'Ask the merchant whether this person is the legal person at the registry (see www.gsxt.gov.cn). If everything is right, send it again.', zh: '请商户核对法人是否与工商登记一致（可查询 www.gsxt.gov.cn）；若信息无误，可重新提交。' }, source: 'seeds' },
};

/** Codes that mean in a `query` what they mean in a push. */
const QUERY_GIVES_TOO: readonly string[] = ['1001', '1002', '1003', '1004', '1005', '1006', '1007', '1008'];

/** What `query`, the successor's way to ask about a task, can say as its `status`. */
// biome-ignore format: one line, one code
export const QUERY: Readonly<Record<string, Answer>> = {
  11: { fact: 'task_failed', acts: 'merchant', en: "The registration has failed. Only WeChat's push has the reason, and it has not arrived.", zh: '注册失败。失败原因仅在微信推送中说明，而该推送尚未收到。', nextStep: { en: 'Ask the merchant whether the legal person finished everything within 24 hours, and whether name and code are as registered (see www.gsxt.gov.cn); then send it again.', zh: '请商户确认法人是否在 24 小时内完成全部验证、企业名称与代码是否与工商登记一致（可查询 www.gsxt.gov.cn），然后重新提交。' }, source: 'official page' },
  12: { fact: 'task_created', acts: 'us', en: "The Mini Program has been created. Only WeChat's push has its appid, and it has not arrived.", zh: '小程序已创建成功。其 appid 仅在微信推送中给出，而该推送尚未收到。', nextStep: { en: "The push may still come, and every night `fastregister serve` looks for the merchant's name in WeChat's list of accounts. To look at once, run `fastregister reconcile`.", zh: '推送可能稍后到达；`fastregister serve` 每晚也会在微信的授权账号列表中按商户名称自动查找。如需立即查找，请运行 `fastregister reconcile`。' }, source: 'official page' },
  ...Object.fromEntries(
    Object.entries(PUSH)
      .filter(([code]) => QUERY_GIVES_TOO.includes(code))
      .map(([code, answer]): [string, Answer] => [code, { ...answer, fact: 'task_failed' }]),
  ),
};

const UNKNOWN_CREATE: Answer = {
  fact: 'answer_unknown',
  acts: 'us',
  en: 'WeChat answered with a code that we do not know. Whether it has begun a task is not known.',
  zh: '微信返回了未知的错误码，无法确定是否已建立任务。',
  nextStep: {
    en: "Look the code up in WeChat's documentation or ask WeChat's support with the rid, within about five hours; then send it again or leave it.",
    zh: '请查阅微信文档，或在约五小时内凭 rid 咨询微信客服，再决定是否重新提交。',
  },
  source: 'inferred',
};

const UNKNOWN_SEARCH: Answer = {
  fact: 'task_unclear',
  acts: 'us',
  en: 'WeChat answered the search with a code that we do not know.',
  zh: '查询时微信返回了未知的错误码。',
  nextStep: SEARCH_IS_NO_VERDICT,
  source: 'inferred',
};

/** Sources number the steps 1 to 9 differently by one, so no step is named. */
const UNKNOWN_QUERY: Answer = {
  fact: 'task_unclear',
  acts: 'us',
  en: 'WeChat names the step that the registration has reached by a number, and sources disagree about what it means.',
  zh: '微信以数字表示注册所处的步骤，各方资料对其含义说法不一。',
  nextStep: ONLY_THE_PUSH_CAN_TELL,
  atTheEnd: {
    en: 'The 24 hours are over, and WeChat shows the registration unfinished: the legal person did not complete it in time.',
    zh: '24 小时已过，微信显示注册未完成：法人未在规定时间内完成全部验证。',
    nextStep: SEND_AGAIN_AND_CONFIRM,
    acts: 'legal_person',
  },
  final: true,
  source: 'official page',
};

/**
 * A step on the way, whatever it is called: one of the numbers below 11 that stand for one in any source. Once the 24 hours
 * of its task are over, it can end in nothing else any more. The meaning of higher numbers is not known.
 */
export function isStepOnTheWay(problem: string): boolean {
  return /^query:(\d|10)$/.test(problem);
}

/** In a report's `problem`, where a push or a query has no status. */
export const NO_STATUS = 'no_status';

const UNKNOWN_PUSH: Answer = {
  fact: 'push_unknown',
  acts: 'us',
  en: 'WeChat pushed a result that we cannot read: an unknown status, none at all, or a success without an appid. Whether the Mini Program exists is not known.',
  zh: '微信推送的结果无法识别（状态码未知、缺少状态码或成功但没有 appid），无法确定小程序是否已创建。',
  nextStep: {
    en: "Look the status up in WeChat's documentation, or ask the merchant whether the Mini Program exists; then send it again or leave it.",
    zh: '请查阅微信文档，或向商户确认小程序是否已创建，再决定是否重新提交。',
  },
  source: 'inferred',
};

/** The prefix of a report's `problem`, the table behind it, and the row of every code that the table lacks. */
export const TABLES = {
  create: { codes: CREATE, unknown: UNKNOWN_CREATE },
  search: { codes: SEARCH, unknown: UNKNOWN_SEARCH },
  query: { codes: QUERY, unknown: UNKNOWN_QUERY },
  push: { codes: PUSH, unknown: UNKNOWN_PUSH },
} as const satisfies Record<string, { codes: Readonly<Record<string, Answer>>; unknown: Answer }>;

export type Table = keyof typeof TABLES;

export function answerToCreate(errcode: number): Answer {
  return answerIn('create', String(errcode));
}

export function answerToSearch(errcode: number): Answer {
  return answerIn('search', String(errcode));
}

/** The `status` of `query`, as it came. */
export function answerToQuery(status: string): Answer {
  return answerIn('query', status);
}

/** Whether the answer to a search, as a report writes it, is about the task; any other answer may be temporary. */
export function concernsTask(problem = ''): boolean {
  if (problem.startsWith('query:')) return true;
  return explain(problem).some(({ answer }) => answer.fact === 'task_running' || answer.final === true);
}

/** A missing status is not 0. */
export function pushStatus(status: string | undefined): Answer {
  return status === undefined ? UNKNOWN_PUSH : answerIn('push', status);
}

export interface Explanation {
  /** As a report writes it: `create:61070`, `push:100003`. */
  readonly problem: string;
  readonly answer: Answer;
}

/**
 * What a code means wherever WeChat uses it. A bare code is looked for in every table and may be in none; with its
 * prefix, as a report has it, it always has an answer, if only that the code is unknown.
 */
export function explain(code: string): Explanation[] {
  const wanted = code.trim().toLowerCase();
  return tableNames().flatMap((table) => {
    const prefix = `${table}:`;
    if (wanted.startsWith(prefix)) return [{ problem: wanted, answer: answerIn(table, wanted.slice(prefix.length)) }];
    return Object.hasOwn(TABLES[table].codes, wanted)
      ? [{ problem: `${prefix}${wanted}`, answer: answerIn(table, wanted) }]
      : [];
  });
}

function tableNames(): Table[] {
  return Object.keys(TABLES) as Table[];
}

function answerIn(table: Table, code: string): Answer {
  const { codes, unknown } = TABLES[table];
  return (Object.hasOwn(codes, code) ? codes[code] : undefined) ?? unknown;
}

function withFact(
  fact: FactKind,
  rows: Readonly<Record<string, AnswerRow>>,
  otherwise: Partial<AnswerRow> = {},
): Record<string, Answer> {
  return Object.fromEntries(Object.entries(rows).map(([code, row]) => [code, { fact, ...row, ...otherwise }]));
}

/** Of what WeChat said, the id that its support asks for; the rest may repeat a merchant's details. */
export function ridOf(said: string | undefined): string | undefined {
  return said === undefined ? undefined : /rid: ?([0-9a-f-]+)/i.exec(said)?.[1];
}

/** Of what WeChat said, our own address as it saw it: behind a router this machine does not know it. */
export function addressOf(said: string | undefined): string | undefined {
  return /\b(?:request|invalid )ip:? ?(\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4}:[0-9a-f:]+)/i.exec(said ?? '')?.[1];
}

/** Words about an answer of WeChat, and behind them what to do with the rid that it said, and the address that it saw. */
export function withRidHint({ en, zh }: Words, said: string | undefined): Words {
  const hint = ridHint(said);
  const address = addressOf(said);
  const seen =
    address === undefined || en.includes(address)
      ? { en: '', zh: '' }
      : { en: ` WeChat saw ${address}.`, zh: `微信看到的 IP：${address}。` };
  return { en: `${en}${hint.en}${seen.en}`.trimStart(), zh: `${zh}${hint.zh}${seen.zh}` };
}

/** What to do with the rid of WeChat's words; empty where they have none. */
export function ridHint(said: string | undefined): Words {
  const rid = ridOf(said);
  if (rid === undefined) return { en: '', zh: '' };
  return {
    en: ` WeChat's support asks for the rid (${rid}) within about five hours.`,
    zh: `如需咨询微信客服，请在约五小时内提供 rid：${rid}。`,
  };
}

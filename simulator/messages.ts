/** The XML that WeChat encrypts, written by hand: nothing here could hide a mistake of an XML library. */

import type { Task } from './tasks.js';

export const OUTCOME_INFO_TYPE = 'notify_third_fasteregister';

/** Words beside a status, as published or seen. */
const STATUS_WORDS: Readonly<Record<number, string>> = {
  [-1]: 'open verity failed',
  0: 'OK',
  101: '工商数据返回：“企业已注销”',
  102: '工商数据返回：“企业不存在或企业信息未更新”',
  103: '工商数据返回：“企业法定代表人姓名不一致”',
  104: '工商数据返回：“企业法定代表人身份证号码不一致”',
  105: '法定代表人身份证号码，工商数据未更新，请5-15个工作日之后尝试',
  1000: '工商数据返回：“企业信息或法定代表人信息不一致”',
  1001: '主体创建小程序数量达到上限',
  1002: '主体违规命中黑名单',
  1003: '管理员绑定账号数量达到上限',
  1004: '管理员违规命中黑名单',
  1005: '管理员手机绑定账号数量达到上限',
  1006: '管理员手机号违规命中黑名单',
  1007: '管理员身份证创建账号数量达到上限',
  1008: '管理员身份证违规命中黑名单',
  100001: '已下发的模板消息法人并未确认且已超时（24h），未进行身份证校验',
  100002: '已下发的模板消息法人并未确认且已超时（24h），未进行人脸识别校验',
  100003: '已下发的模板消息法人并未确认且已超时（24h）',
};

export interface Letterhead {
  readonly componentAppid: string;
  readonly createTimeS: number;
}

export interface Outcome {
  readonly status: number;
  readonly appid: string | undefined;
  readonly authCode: string | undefined;
}

export function ticketMessage(head: Letterhead, ticket: string): string {
  return xml([...opening(head, 'component_verify_ticket'), field('ComponentVerifyTicket', ticket)]);
}

export function authorizationMessage(
  head: Letterhead,
  infoType: 'authorized' | 'updateauthorized',
  appid: string,
  code: string,
  codeExpiresAtS: number,
): string {
  return xml([
    ...opening(head, infoType),
    field('AuthorizerAppid', appid),
    field('AuthorizationCode', code),
    `<AuthorizationCodeExpiredTime>${codeExpiresAtS}</AuthorizationCodeExpiredTime>`,
    field('PreAuthCode', ''),
  ]);
}

export function withdrawalMessage(head: Letterhead, appid: string): string {
  return xml([...opening(head, 'unauthorized'), field('AuthorizerAppid', appid)]);
}

/** The outcome of a task, in WeChat's order of fields; its fate may want it odd. */
export function outcomeMessage(head: Letterhead, task: Task, outcome: Outcome): string {
  const { oddities } = task.fate;
  if (oddities.has('malformed')) return sampleLayout(head, task, outcome);
  const bornDead = oddities.has('noinfo') && outcome.status === -1;
  const words = bornDead ? 'authorize third party failed' : wordsFor(outcome.status);
  return xml([
    ...opening(head, OUTCOME_INFO_TYPE),
    ...(oddities.has('nostatus') ? [] : [`<status>${outcome.status}</status>`]),
    field('msg', words),
    // A failure carries neither.
    ...(outcome.appid ? [field('appid', outcome.appid)] : []),
    ...(outcome.authCode ? [field('auth_code', outcome.authCode)] : []),
    ...(oddities.has('noinfo') ? [] : [`<info>${infoOf(task).join('')}</info>`]),
  ]);
}

/** A push about a merchant that this platform never sent. */
export function foreignMessage(head: Letterhead): string {
  return xml([
    ...opening(head, OUTCOME_INFO_TYPE),
    '<status>102</status>',
    field('msg', wordsFor(102)),
    '<info>',
    field('name', '他人未提交的企业（模拟）'),
    field('code', '91000000MA0FREMDXJ'),
    '<code_type>1</code_type>',
    field('legal_persona_wechat', 'somebody_else'),
    field('legal_persona_name', '某人'),
    field('component_phone', ''),
    '</info>',
  ]);
}

/** The published sample: indented, another order, and `<appid>` closed by `<appid>`. */
function sampleLayout(head: Letterhead, task: Task, { status, appid, authCode }: Outcome): string {
  const lines = [
    `<AppId>${cdata(head.componentAppid)}</AppId>`,
    `<CreateTime>${head.createTimeS}</CreateTime>`,
    `<InfoType>${cdata(OUTCOME_INFO_TYPE)}</InfoType>`,
    ...(appid ? [`<appid>${appid}<appid>`] : []),
    `<status>${status}</status>`,
    ...(authCode ? [`<auth_code>${authCode}</auth_code>`] : []),
    `<msg>${wordsFor(status)}</msg>`,
    '<info>',
    ...infoOf(task),
    '</info>',
  ];
  return `<xml>\n${lines.map((line) => `    ${line}\n`).join('')}</xml>`;
}

/** The successor's push names the task's id; its other fields may be empty. */
function infoOf(task: Task): string[] {
  if (task.api === 'fastregisterweapp') return fieldsOf(task);
  if (task.fate.oddities.has('named')) return [...fieldsOf(task), field('taskid', task.id)];
  const empty = ['name', 'code_type', 'legal_persona_wechat', 'legal_persona_name', 'component_phone'];
  const fields = empty.map((name) => field(name, ''));
  if (task.fate.oddities.has('taskincode')) return [...fields, field('code', task.id)];
  return [...fields, field('code', ''), field('taskid', task.id)];
}

function fieldsOf(task: Task): string[] {
  const { name, code, codeType, legalPersonaWechat, legalPersonaName, componentPhone } = task.fields;
  return [
    field('name', name),
    field('code', code),
    `<code_type>${codeType}</code_type>`,
    field('legal_persona_wechat', legalPersonaWechat),
    field('legal_persona_name', legalPersonaName),
    field('component_phone', componentPhone),
  ];
}

function opening(head: Letterhead, infoType: string): string[] {
  return [
    field('AppId', head.componentAppid),
    `<CreateTime>${head.createTimeS}</CreateTime>`,
    field('InfoType', infoType),
  ];
}

function wordsFor(status: number): string {
  return STATUS_WORDS[status] ?? `unknown status ${status}`;
}

function xml(parts: readonly string[]): string {
  return `<xml>${parts.join('')}</xml>`;
}

export function field(name: string, text: string): string {
  return `<${name}>${cdata(text)}</${name}>`;
}

/** A section cannot hold its own end; it is cut in two there. */
function cdata(text: string): string {
  return `<![CDATA[${text.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`;
}

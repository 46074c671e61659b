/** What pushes say and what was done with them, in words: what `pushes` prints and the console shows. */
import { same, type Words } from '../domain/words.js';
import { NOT_SHOWN, type Replay } from './pushes.js';

/** The Chinese names of what a push says; in English a field has the name that it has inside. */
const CHINESE_FIELDS: Readonly<Record<string, string>> = {
  id: '编号',
  receivedAt: '收到时间',
  infoType: '类型',
  calls_for: '需要的处理',
  componentAppid: '平台 AppID',
  createdAt: '微信推送时间',
  status: '状态',
  msg: '微信说明',
  appid: '小程序 AppID',
  authCode: '授权码',
  ticket: '票据',
  event: '授权变化',
  authorizerAppid: '授权方 AppID',
  authorizationCode: '授权码',
  codeExpiresAt: '授权码有效期至',
  detail: '无法解读的原因',
  'info.name': '企业名称',
  'info.code': '企业代码',
  'info.codeType': '代码类型',
  'info.legalPersonaWechat': '法人微信号',
  'info.legalPersonaName': '法人姓名',
  'info.componentPhone': '客服电话',
  'info.taskId': '任务编号',
};

/** One line a field; `time`: of a moment in ms since 1970. */
export function pushFields(
  says: object,
  time: (at: number) => Words,
  prefix = '',
): (readonly [what: Words, words: Words])[] {
  return Object.entries(says).flatMap(([name, value]): (readonly [Words, Words])[] => {
    if (value === undefined) return [];
    if (typeof value === 'object' && value !== null) return pushFields(value, time, `${name}.`);
    const en = `${prefix}${name}`;
    const field: Words = { en, zh: CHINESE_FIELDS[en] ?? en };
    const isTime = typeof value === 'number' && /At$/.test(name);
    return [[field, isTime ? time(value) : value === NOT_SHOWN.en ? NOT_SHOWN : same(String(value))]];
  });
}

export function replayedInWords({ pushes, changing }: Replay, applied: boolean): Words {
  const { length } = pushes;
  if (changing === 0) {
    return { en: `${length} pushes, none of them changes anything.`, zh: `推送 ${length} 条，均不引起更改。` };
  }
  return {
    en: `${length} pushes, ${changing} of them ${applied ? 'changed' : 'would change'} something.`,
    zh: `推送 ${length} 条，其中 ${changing} 条${applied ? '已引起更改。' : '将引起更改。'}`,
  };
}

export function matchedInWords(words: Words, changed: boolean): Words {
  return changed ? words : { en: `${words.en}; the push is kept.`, zh: `${words.zh}；推送保留。` };
}

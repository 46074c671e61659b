/** What pushes say and what was done with them, in words: what `pushes` prints and the console shows. */
import { same, type Words } from '../domain/words.js';
import { NOT_SHOWN, type Replay } from './pushes.js';

/** What a push says, by the names of `--json`; in Chinese by those that people read. */
const FIELDS = {
  id: { en: 'id', zh: '编号' },
  receivedAt: { en: 'receivedAt', zh: '收到时间' },
  infoType: { en: 'infoType', zh: '类型' },
  calls_for: { en: 'calls_for', zh: '需要的处理' },
  componentAppid: { en: 'componentAppid', zh: '平台 AppID' },
  createdAt: { en: 'createdAt', zh: '微信推送时间' },
  status: { en: 'status', zh: '状态' },
  msg: { en: 'msg', zh: '微信说明' },
  appid: { en: 'appid', zh: '小程序 AppID' },
  authCode: { en: 'authCode', zh: '授权码' },
  ticket: { en: 'ticket', zh: '票据' },
  event: { en: 'event', zh: '授权变化' },
  authorizerAppid: { en: 'authorizerAppid', zh: '授权方 AppID' },
  authorizationCode: { en: 'authorizationCode', zh: '授权码' },
  codeExpiresAt: { en: 'codeExpiresAt', zh: '授权码有效期至' },
  detail: { en: 'detail', zh: '无法解读的原因' },
  'info.name': { en: 'info.name', zh: '企业名称' },
  'info.code': { en: 'info.code', zh: '企业代码' },
  'info.codeType': { en: 'info.codeType', zh: '代码类型' },
  'info.legalPersonaWechat': { en: 'info.legalPersonaWechat', zh: '法人微信号' },
  'info.legalPersonaName': { en: 'info.legalPersonaName', zh: '法人姓名' },
  'info.componentPhone': { en: 'info.componentPhone', zh: '客服电话' },
  'info.taskId': { en: 'info.taskId', zh: '任务编号' },
} as const satisfies Record<string, Words>;

/** One line a field; `time`: of a moment in ms since 1970. */
export function pushFields(
  says: object,
  time: (at: number) => Words,
  prefix = '',
): (readonly [what: Words, words: Words])[] {
  return Object.entries(says).flatMap(([name, value]): (readonly [Words, Words])[] => {
    if (value === undefined) return [];
    if (typeof value === 'object' && value !== null) return pushFields(value, time, `${name}.`);
    const field: Words = FIELDS[`${prefix}${name}` as keyof typeof FIELDS] ?? same(`${prefix}${name}`);
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

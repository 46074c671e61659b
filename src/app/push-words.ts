/** What pushes say and what was done with them, in words: what `pushes` prints and the console shows. */
import { counted, same, type Words } from '../domain/words.js';
import { NOT_SHOWN, type Replay } from './pushes.js';

/** The names of what a push says; `info` is what it names the merchant by. */
const FIELDS: Readonly<Record<string, Words>> = {
  id: { en: 'id', zh: '编号' },
  receivedAt: { en: 'received', zh: '收到时间' },
  infoType: { en: 'type', zh: '类型' },
  calls_for: { en: 'calls for', zh: '需要的处理' },
  componentAppid: { en: 'platform appid', zh: '平台 AppID' },
  createdAt: { en: 'pushed by WeChat', zh: '微信推送时间' },
  status: { en: 'status', zh: '状态' },
  msg: { en: "WeChat's words", zh: '微信说明' },
  appid: { en: 'Mini Program appid', zh: '小程序 AppID' },
  authCode: { en: 'auth code', zh: '授权码' },
  ticket: { en: 'ticket', zh: '票据' },
  event: { en: 'authorization event', zh: '授权变化' },
  authorizerAppid: { en: 'authorizer appid', zh: '授权方 AppID' },
  authorizationCode: { en: 'authorization code', zh: '授权码' },
  codeExpiresAt: { en: 'authorization code expires', zh: '授权码有效期至' },
  detail: { en: 'why it cannot be read', zh: '无法解读的原因' },
  'info.name': { en: 'enterprise name', zh: '企业名称' },
  'info.code': { en: 'enterprise code', zh: '企业代码' },
  'info.codeType': { en: 'code type', zh: '代码类型' },
  'info.legalPersonaWechat': { en: "legal person's Weixin ID", zh: '法人微信号' },
  'info.legalPersonaName': { en: "legal person's name", zh: '法人姓名' },
  'info.componentPhone': { en: 'customer service phone', zh: '客服电话' },
  'info.taskId': { en: 'task id', zh: '任务编号' },
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
    const field = FIELDS[`${prefix}${name}`] ?? same(`${prefix}${name}`);
    const isTime = typeof value === 'number' && /At$/.test(name);
    return [[field, isTime ? time(value) : value === NOT_SHOWN.en ? NOT_SHOWN : same(String(value))]];
  });
}

export function replayedInWords({ pushes, changing }: Replay, applied: boolean): Words {
  const { length } = pushes;
  if (changing === 0) {
    return {
      en: `${counted(length, 'push')}, none of which changes anything.`,
      zh: `推送 ${length} 条，均不引起更改。`,
    };
  }
  return {
    en: `${counted(length, 'push')}, of which ${changing} ${applied ? 'changed' : 'would change'} something.`,
    zh: `推送 ${length} 条，其中 ${changing} 条${applied ? '已引起更改。' : '将引起更改。'}`,
  };
}

export function matchedInWords(words: Words, changed: boolean): Words {
  return changed ? words : { en: `${words.en}; the push is kept.`, zh: `${words.zh}；推送保留。` };
}

/** For the history of a registration: why the push was recorded now, and the person. */
export const REPLAYED_BY = (who: string): Words => ({ en: `replayed (${who})`, zh: `重新处理 (${who})` });
export const MATCHED_BY = (who: string): Words => ({ en: `matched by hand (${who})`, zh: `人工匹配 (${who})` });

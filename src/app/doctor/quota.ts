import { sendingStatus } from '../../reporter/sending-status.js';
import { explain, withRidHint } from '../../wechat/answers.js';
import type { Credential } from '../../wechat/credentials.js';
import { readQuota } from '../../wechat/quota.js';
import type { Caller } from '../wiring/caller.js';
import { limitsOf } from '../wiring/limits.js';
import type { Store } from '../wiring/store.js';
import type { Finding } from './finding.js';
import { CHECK_THE_WAY, notWechat } from './token.js';

export async function checkQuota(
  { calls, settings }: Store,
  { client, api }: Caller,
  credential: Credential,
): Promise<Finding> {
  const check = 'quota';
  if (credential.kind !== 'token')
    return { check, verdict: 'warning', says: { en: 'not asked for, without a token', zh: '没有令牌，未查询' } };
  const quota = await readQuota(client, api.path, credential.token);
  const { used, limit, shut } = await sendingStatus(calls, limitsOf(settings), Date.now());
  switch (quota.kind) {
    case 'page':
      return { check, verdict: 'fault', says: notWechat(quota.why), todo: CHECK_THE_WAY };
    case 'lost':
      return {
        check,
        verdict: 'warning',
        says: { en: `WeChat did not answer: ${quota.why}`, zh: `微信没有答复：${quota.why}` },
        todo: { en: 'Run doctor again.', zh: '请重新运行 doctor。' },
      };
    case 'not_reported':
      return {
        check,
        verdict: 'ok',
        says: {
          en: `WeChat does not report it for this API; ${limit} calls a day are set`,
          zh: `微信不提供此接口的额度；设置为每日 ${limit} 次`,
        },
      };
    case 'refused': {
      const answer = explain(`create:${quota.errcode}`)[0]?.answer;
      const todo = answer?.nextStep ?? {
        en: 'Look the code up: fastregister explain CODE',
        zh: '请查询该代码：fastregister explain 代码',
      };
      return {
        check,
        verdict: 'fault',
        says: {
          en: `WeChat answered ${quota.errcode} ${quota.said}`,
          zh: `微信返回 ${quota.errcode} ${quota.said}`,
        },
        todo: withRidHint(todo, quota.said),
      };
    }
    case 'quota': {
      const says = {
        en: `WeChat: ${quota.used} of ${quota.dailyLimit} used, ${quota.remain} left; here: ${used} of ${limit}`,
        zh: `微信：已用 ${quota.used} / ${quota.dailyLimit} 次，剩余 ${quota.remain} 次；本机：${used} / ${limit} 次`,
      };
      if (shut?.said !== undefined && quota.remain > 0) {
        return {
          check,
          verdict: 'warning',
          says,
          todo: {
            en: 'There are calls again: `fastregister resume` asks WeChat at once.',
            zh: '已有额度：运行 `fastregister resume` 可立即向微信确认。',
          },
        };
      }
      if (limit - used <= quota.remain) return { check, verdict: 'ok', says };
      const todo = {
        en: 'Set FASTREGISTER_DAILY_CALLS to what WeChat allows, or to auto; other programs use this quota too, and WeChat lowers it for platforms that create Mini Programs of online categories.',
        zh: '请将 FASTREGISTER_DAILY_CALLS 设为微信允许的次数或 auto；其他程序也会使用此额度，创建线上类目小程序的平台会被微信降低额度。',
      };
      return { check, verdict: 'warning', says, todo };
    }
  }
}

import { sendingStatus } from '../../reporter/sending-status.js';
import { explain, ridHint } from '../../wechat/answers.js';
import type { Credential } from '../../wechat/credentials.js';
import { readQuota } from '../../wechat/quota.js';
import type { Caller } from '../wiring/caller.js';
import { limitsOf } from '../wiring/limits.js';
import type { Store } from '../wiring/store.js';
import type { Finding } from './finding.js';
import { CHECK_THE_WAY } from './token.js';

export async function checkQuota(
  { calls, settings }: Store,
  { client, api }: Caller,
  credential: Credential,
): Promise<Finding> {
  const check = 'quota';
  if (credential.kind !== 'token') return { check, verdict: 'warning', says: 'not asked for, without a token' };
  const quota = await readQuota(client, api.path, credential.token);
  const { used, limit, shut } = await sendingStatus(calls, limitsOf(settings), Date.now());
  switch (quota.kind) {
    case 'page':
      return { check, verdict: 'fault', says: `not WeChat answered, but: ${quota.why}`, todo: CHECK_THE_WAY };
    case 'lost':
      return { check, verdict: 'warning', says: `WeChat did not answer: ${quota.why}`, todo: 'Run doctor again.' };
    case 'untold':
      return { check, verdict: 'ok', says: `WeChat does not tell it for this API; ${limit} calls a day are set` };
    case 'refused': {
      const answer = explain(`create:${quota.errcode}`)[0]?.answer;
      const todo = answer?.nextStep.en ?? 'Look the code up: fastregister explain CODE';
      return {
        check,
        verdict: 'fault',
        says: `WeChat answered ${quota.errcode} ${quota.said}`,
        todo: `${todo}${ridHint(quota.said).en}`,
      };
    }
    case 'quota': {
      const says = `WeChat: ${quota.used} of ${quota.dailyLimit} used, ${quota.remain} left; here: ${used} of ${limit}`;
      if (shut?.said !== undefined && quota.remain > 0) {
        return {
          check,
          verdict: 'warning',
          says,
          todo: 'There are calls again: `fastregister resume` asks WeChat at once.',
        };
      }
      if (limit - used <= quota.remain) return { check, verdict: 'ok', says };
      const todo =
        'Set FASTREGISTER_DAILY_CALLS to what WeChat allows, or to auto; other programs use this quota too, and WeChat lowers it for platforms that create Mini Programs of online categories.';
      return { check, verdict: 'warning', says, todo };
    }
  }
}

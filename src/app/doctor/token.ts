/** The verify ticket, and the access token that WeChat gives for it. */

import { isoWithOffset } from '../../domain/calendar.js';
import { durationInChinese, formatDuration } from '../../domain/patience.js';
import { same, type Words } from '../../domain/words.js';
import { troubleOf } from '../../reporter/sentences.js';
import { INTERNAL_PROBLEMS } from '../../reporter/troubles.js';
import type { Settings } from '../../settings.js';
import { withRidHint } from '../../wechat/answers.js';
import { type Credential, TICKET_LIVES_MS } from '../../wechat/credentials.js';
import type { Caller } from '../wiring/caller.js';
import type { Finding } from './finding.js';

const TICKET_EVERY_MS = 10 * 60_000;

export async function checkTicket(settings: Settings, { ticketReceivedAt }: Caller): Promise<Finding> {
  const check = 'verify ticket';
  if (settings.wechatComponentAccessToken ?? settings.wechatComponentAccessTokenUrl) {
    return {
      check,
      verdict: 'ok',
      says: { en: 'not needed: the token comes from your own service', zh: '不需要：令牌由自己的服务提供' },
    };
  }
  const receivedAt = await ticketReceivedAt();
  const todo = {
    en: 'WeChat was asked to push one. Let `fastregister listen` or `serve` run, and check that the authorisation event URL of the platform leads to it.',
    zh: '已请微信推送。请运行 `fastregister listen` 或 `serve`，并检查平台的“授权事件接收 URL”指向它。',
  };
  if (receivedAt === undefined) {
    return { check, verdict: 'fault', says: { en: 'none has come yet', zh: '尚未收到' }, todo };
  }
  const age = Date.now() - receivedAt;
  const duration = formatDuration(Math.floor(age / 60_000) * 60_000 || 1_000);
  const says = { en: `${duration} old`, zh: `${durationInChinese(duration)}前收到` };
  if (age <= 3 * TICKET_EVERY_MS) return { check, verdict: 'ok', says };
  return {
    check,
    verdict: age < TICKET_LIVES_MS ? 'warning' : 'fault',
    says: {
      en: `${says.en}; WeChat pushes one every ten minutes, and it lives twelve hours`,
      zh: `${says.zh}；微信每十分钟推送一次，有效期十二小时`,
    },
    todo: {
      en: 'Check that the receiver runs and that the authorisation event URL of the platform leads to it.',
      zh: '请检查接收服务是否在运行，以及平台的“授权事件接收 URL”是否指向它。',
    },
  };
}

export function checkToken(credential: Credential, { timezone }: { timezone: string }): Finding {
  const check = 'access token';
  switch (credential.kind) {
    case 'token':
      return { check, verdict: 'ok', says: { en: 'there', zh: '已取得' } };
    case 'wait':
      if (credential.why === 'ticket') {
        return {
          check,
          verdict: 'fault',
          says: { en: 'waits for a verify ticket', zh: '等待票据' },
          todo: { en: 'See the verify ticket.', zh: '请看“票据”一行。' },
        };
      }
      if (credential.why === 'refused') return { check, verdict: 'fault', ...tokenRefused(credential, timezone) };
      if (credential.why === 'service') return { check, verdict: 'fault', ...tokenServiceAway() };
      if (credential.why === 'page') {
        return { check, verdict: 'fault', says: notWechat(credential.said), todo: CHECK_THE_WAY };
      }
      return {
        check,
        verdict: 'warning',
        says: { en: 'not available at this moment', zh: '暂时无法取得' },
        todo: { en: 'Run doctor again in a minute.', zh: '请一分钟后重新运行 doctor。' },
      };
    case 'fault':
      return {
        check,
        verdict: 'fault',
        says: same(`${credential.problem} ${credential.said}`),
        todo: withRidHint(todoFor(credential), credential.said),
      };
  }
}

export const CHECK_THE_WAY: Words = {
  en: 'Check the proxy and the firewall between this machine and WeChat, and WECHAT_API_BASE_URL.',
  zh: '请检查本机与微信之间的代理和防火墙，以及 WECHAT_API_BASE_URL。',
};

/** A page, or anything else that is no answer of WeChat. */
export function notWechat(said: string | undefined): Words {
  return { en: `not WeChat answered, but: ${said}`, zh: `收到的不是微信的答复：${said}` };
}

function tokenRefused(
  { problem, said, ms }: Extract<Credential, { why: 'refused' }>,
  timezone: string,
): Pick<Finding, 'says' | 'todo'> {
  const trouble = troubleOf(problem);
  const answer = `${problem.replace('token:', '')} ${said}`;
  const at = isoWithOffset(Date.now() + ms, timezone);
  return {
    says: { en: `${trouble?.en ?? ''} WeChat said: ${answer}`, zh: `${trouble?.zh ?? ''}微信答复：${answer}` },
    todo: {
      en: `${trouble?.nextStep.en ?? ''} WeChat is asked again at ${at}.`,
      zh: `${trouble?.nextStep.zh ?? ''}将于 ${at} 再次向微信获取。`,
    },
  };
}

function tokenServiceAway(): Pick<Finding, 'says' | 'todo'> {
  const trouble = INTERNAL_PROBLEMS['token:service_away'];
  return { says: trouble ?? same('token:service_away'), todo: trouble?.nextStep ?? CHECK_THE_WAY };
}

function todoFor({ problem }: Extract<Credential, { kind: 'fault' }>): Words {
  return (
    troubleOf(problem)?.nextStep ?? {
      en: 'Check the token service, or WECHAT_COMPONENT_APPID and WECHAT_COMPONENT_APPSECRET.',
      zh: '请检查令牌服务，或 WECHAT_COMPONENT_APPID 与 WECHAT_COMPONENT_APPSECRET。',
    }
  );
}

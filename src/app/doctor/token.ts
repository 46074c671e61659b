/** The verify ticket, and the access token that WeChat gives for it. */

import { isoWithOffset } from '../../domain/calendar.js';
import { formatDuration } from '../../domain/patience.js';
import { troubleOf } from '../../reporter/sentences.js';
import { INTERNAL_PROBLEMS } from '../../reporter/troubles.js';
import type { Settings } from '../../settings.js';
import { ridHint } from '../../wechat/answers.js';
import { type Credential, TICKET_LIVES_MS } from '../../wechat/credentials.js';
import type { Caller } from '../wiring/caller.js';
import type { Finding } from './finding.js';

const TICKET_EVERY_MS = 10 * 60_000;

export async function checkTicket(settings: Settings, { ticketReceivedAt }: Caller): Promise<Finding> {
  const check = 'verify ticket';
  if (settings.wechatComponentAccessToken ?? settings.wechatComponentAccessTokenUrl) {
    return { check, verdict: 'ok', says: 'not needed: the token comes from your own service' };
  }
  const receivedAt = await ticketReceivedAt();
  const todo =
    'WeChat was asked to push one. Let `fastregister listen` or `serve` run, and check that the authorisation event URL of the platform leads to it.';
  if (receivedAt === undefined) return { check, verdict: 'fault', says: 'none has come yet', todo };
  const age = Date.now() - receivedAt;
  const says = `${formatDuration(Math.floor(age / 60_000) * 60_000 || 1_000)} old`;
  if (age <= 3 * TICKET_EVERY_MS) return { check, verdict: 'ok', says };
  return {
    check,
    verdict: age < TICKET_LIVES_MS ? 'warning' : 'fault',
    says: `${says}; WeChat pushes one every ten minutes, and it lives twelve hours`,
    todo: 'Check that the receiver runs and that the authorisation event URL of the platform leads to it.',
  };
}

export function checkToken(credential: Credential, { timezone }: { timezone: string }): Finding {
  const check = 'access token';
  switch (credential.kind) {
    case 'token':
      return { check, verdict: 'ok', says: 'there' };
    case 'wait':
      if (credential.why === 'ticket') {
        return { check, verdict: 'fault', says: 'waits for a verify ticket', todo: 'See the verify ticket.' };
      }
      if (credential.why === 'refused') return { check, verdict: 'fault', ...tokenRefused(credential, timezone) };
      if (credential.why === 'service') return { check, verdict: 'fault', ...tokenServiceAway() };
      if (credential.why === 'page') {
        return { check, verdict: 'fault', says: `not WeChat answered, but: ${credential.said}`, todo: CHECK_THE_WAY };
      }
      return { check, verdict: 'warning', says: 'not to be had at this moment', todo: 'Run doctor again in a minute.' };
    case 'fault':
      return {
        check,
        verdict: 'fault',
        says: `${credential.problem} ${credential.said}`,
        todo: `${todoFor(credential)}${ridHint(credential.said).en}`,
      };
  }
}

export const CHECK_THE_WAY =
  'Check the proxy and the firewall between this machine and WeChat, and WECHAT_API_BASE_URL.';

function tokenRefused(
  { problem, said, ms }: Extract<Credential, { why: 'refused' }>,
  timezone: string,
): Pick<Finding, 'says' | 'todo'> {
  const trouble = troubleOf(problem);
  const words = `WeChat said: ${problem.replace('token:', '')} ${said}`;
  const next = `WeChat is asked again at ${isoWithOffset(Date.now() + ms, timezone)}.`;
  return { says: `${trouble?.en ?? ''} ${words}`, todo: `${trouble?.nextStep.en ?? ''} ${next}` };
}

function tokenServiceAway(): Pick<Finding, 'says' | 'todo'> {
  const trouble = INTERNAL_PROBLEMS['token:service_away'];
  return { says: trouble?.en ?? '', todo: trouble?.nextStep.en ?? '' };
}

function todoFor({ problem }: Extract<Credential, { kind: 'fault' }>): string {
  return (
    troubleOf(problem)?.nextStep.en ??
    'Check the token service, or WECHAT_COMPONENT_APPID and WECHAT_COMPONENT_APPSECRET.'
  );
}

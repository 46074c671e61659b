/** Whether anything is sent now. */
import { isWorthANotice } from '../../domain/line-faults.js';
import { NOTHING_TO_DO } from '../../domain/words.js';
import { sendingStatus } from '../../reporter/sending-status.js';
import { ASK_AT_ONCE, shutDayFacts, shutDayLines } from '../../reporter/shut-day.js';
import { limitsOf } from '../wiring/limits.js';
import type { Store } from '../wiring/store.js';
import type { Finding } from './finding.js';

export async function checkLine({ calls, settings }: Store): Promise<Finding> {
  const now = Date.now();
  const { stopped, blockedReason, line, used, limit } = await sendingStatus(
    calls,
    limitsOf(settings),
    now,
    settings.wechatRegistrationApi,
  );
  if (blockedReason === undefined)
    return {
      check: 'line',
      verdict: 'ok',
      says: { en: `running; ${used} of ${limit} calls today`, zh: `正常；今日已用 ${used} / ${limit} 次` },
    };
  const { reason, nextStep } = blockedReason;
  const lasts = line !== undefined && isWorthANotice(line, now, settings.patience.notifyAfterMs);
  const isToBeSeenTo = line !== undefined || nextStep.en !== NOTHING_TO_DO.en;
  const verdict = stopped || lasts ? 'fault' : isToBeSeenTo ? 'warning' : 'ok';
  return { check: 'line', verdict, says: reason, todo: nextStep };
}

/** A finding only where WeChat has closed the day. */
export async function checkDay({ calls, settings }: Store): Promise<Finding[]> {
  const limits = limitsOf(settings);
  const facts = shutDayFacts((await sendingStatus(calls, limits, Date.now())).shut, limits);
  if (facts === null || facts.said === null) return [];
  const lines = shutDayLines(facts);
  const says = {
    en: lines.map(([what, words]) => `${what.en} ${words.en}`).join('; '),
    zh: lines.map(([what, words]) => `${what.zh} ${words.zh}`).join('；'),
  };
  return [{ check: 'quota day', verdict: 'warning', says, todo: ASK_AT_ONCE }];
}

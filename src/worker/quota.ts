/** FASTREGISTER_DAILY_CALLS=auto: what remains of the day is what WeChat says, asked at the start and then once an hour. */
import { sendingWindow } from '../domain/limits.js';
import type { Crew } from './crew.js';

const ASK_EVERY_MS = 3_600_000;

/** Before a call, so that the first one of a day already keeps to what WeChat told. */
export async function believeQuota(crew: Crew, token: string): Promise<void> {
  const { calls, limits, log, now, readQuota } = crew;
  if (!limits.believeWeChat || now() < crew.quotaKnownUntil.at) return;
  crew.quotaKnownUntil.at = now() + ASK_EVERY_MS;
  const { day, dayEndsAt } = sendingWindow(limits, now());
  crew.quotaKnownUntil.at = Math.min(crew.quotaKnownUntil.at, dayEndsAt);
  if (!(await calls.mayAskForQuota(Math.min(ASK_EVERY_MS, dayEndsAt - now())))) return;

  const quota = await readQuota(token);
  if (quota.kind !== 'quota') {
    log.warn({ reading: quota.kind, limit: limits.perDay }, 'WeChat does not tell the quota; the default is kept');
    return;
  }
  const today = await calls.ofDay(day);
  const counted = today.create + today.search;
  // What others of this platform have called is in WeChat's number and not in ours: only what remains is believed.
  await calls.keepTold(day, { limit: counted + quota.remain, used: quota.used, counted, at: now() });
  log.info({ used: quota.used, counted, remain: quota.remain }, 'WeChat told the quota');
}

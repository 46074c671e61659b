/** FASTREGISTER_DAILY_CALLS=auto: what remains of the day is what WeChat says, asked at the start and then once an hour. */
import { sendingWindow } from '../domain/limits.js';
import { type Crew, tokenFor } from './crew.js';

const ASK_EVERY_MS = 3_600_000;

/** A token for a call of the day's quota, once WeChat has told what is left of it; undefined where this worker is leaving. */
export async function tokenWithinQuota(crew: Crew): Promise<string | undefined> {
  const token = await tokenFor(crew);
  if (token === undefined) return undefined;
  await believeQuota(crew, token);
  return crew.hold.leaving ? undefined : token;
}

/** Before a call, so that the first one of a day already keeps to what WeChat told: who comes while it is asked waits too. */
async function believeQuota(crew: Crew, token: string): Promise<void> {
  const { limits, now, quota } = crew;
  if (!limits.believeWeChat) return;
  if (now() >= quota.knownUntil) {
    quota.knownUntil = Math.min(now() + ASK_EVERY_MS, sendingWindow(limits, now()).dayEndsAt);
    quota.asking = askForQuota(crew, token).catch((error: unknown) => {
      quota.knownUntil = 0;
      throw error;
    });
  }
  await quota.asking;
}

/** One process asks for all; the others wait for it as long as its call may take. */
async function askForQuota(crew: Crew, token: string): Promise<void> {
  const { calls, limits, hold, now, patience } = crew;
  const { day, dayEndsAt } = sendingWindow(limits, now());
  const ear = hold.listen(['quota']);
  try {
    // Should this process die while it asks, the next one asks soon.
    const turn = await calls.quotaTurn(2 * patience.requestTimeoutMs);
    if (turn === 'asking') await ear.wait(patience.requestTimeoutMs);
    if (turn === 'mine') {
      const forMs = Math.min(ASK_EVERY_MS, dayEndsAt - now());
      await keepWhatWeChatTells(crew, day, token).finally(() => calls.endQuotaTurn(forMs));
    }
  } finally {
    ear.off();
  }
}

async function keepWhatWeChatTells(
  { calls, limits, log, now, patience, readQuota }: Crew,
  day: string,
  token: string,
): Promise<void> {
  // Counted before it is asked: a call that goes out meanwhile may be in WeChat's number already.
  const today = await calls.ofDay(day);
  const counted = today.create + today.search;
  // Looked at after the count, so that none is missing: any of them may come to WeChat after it has told its number.
  const underWay = await calls.underWay(patience.requestTimeoutMs);
  const quota = await readQuota(token);
  if (quota.kind !== 'quota') {
    log.warn({ reading: quota.kind, limit: limits.perDay }, 'WeChat does not tell the quota; the default is kept');
    return;
  }
  // What others of this platform have called is in WeChat's number and not in ours: only what remains is believed.
  const limit = counted + Math.max(quota.remain - underWay, 0);
  await calls.keepTold(day, { limit, used: quota.used, counted, at: now() });
  log.info({ used: quota.used, counted, underWay, remain: quota.remain }, 'WeChat told the quota');
}

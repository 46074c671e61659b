/** Three clocks: this machine's, that of Redis and WeChat's. */

import { formatDuration } from '../../domain/patience.js';
import type { Settings } from '../../settings.js';
import { readClock } from '../../wechat/clock.js';
import type { Store } from '../wiring/store.js';
import type { Finding } from './finding.js';

const CLOCK_WARNING_MS = 10_000;

/** A clock that is fast by minutes takes the push of a new attempt for one of the attempt before. */
const CLOCK_FAULT_MS = 120_000;

/** Three clocks: waits and quota days are measured by that of Redis, facts are dated by this machine's, pushes by WeChat's. */
export async function checkClocks({ settings, calls }: Store): Promise<{ clock: Finding; redisClock: Finding }> {
  const { wechatApiBaseUrl, patience } = settings;
  const wechat = await readClock(wechatApiBaseUrl, patience.requestTimeoutMs, Date.now, fetch);
  const before = Date.now();
  const redis = await calls.now();
  const redisAheadMs = Math.round(redis - (before + Date.now()) / 2);
  const aheadOfWechatMs = wechat.kind === 'offset' ? wechat.ms + redisAheadMs : undefined;
  return { clock: checkClock(settings, wechat), redisClock: checkRedisClock(redisAheadMs, aheadOfWechatMs) };
}

function checkClock({ wechatApiBaseUrl }: Settings, clock: Awaited<ReturnType<typeof readClock>>): Finding {
  if (clock.kind === 'unreachable') {
    return {
      check: 'WeChat',
      verdict: 'fault',
      says: `${wechatApiBaseUrl} cannot be reached: ${clock.why}`,
      todo: 'Check the network, the firewall and WECHAT_API_BASE_URL.',
    };
  }
  const off = Math.abs(clock.ms);
  if (off < CLOCK_WARNING_MS) return { check: 'clock', verdict: 'ok', says: `as WeChat's, at ${wechatApiBaseUrl}` };
  return {
    check: 'clock',
    verdict: off < CLOCK_FAULT_MS ? 'warning' : 'fault',
    says: apartIn(clock.ms, "WeChat's"),
    todo: 'Let the machine take its time from the network (timedatectl set-ntp true): quota days and the order of pushes hang on it.',
  };
}

function checkRedisClock(aheadOfUsMs: number, aheadOfWechatMs: number | undefined): Finding {
  const check = 'clock of Redis';
  const others: readonly (readonly [string, number | undefined])[] = [
    ["this machine's", aheadOfUsMs],
    ["WeChat's", aheadOfWechatMs],
  ];
  const off = others.flatMap(([whose, ms = 0]) => (Math.abs(ms) < CLOCK_WARNING_MS ? [] : [{ whose, ms }]));
  if (off.length === 0) return { check, verdict: 'ok', says: "as this machine's" };
  return {
    check,
    verdict: off.every(({ ms }) => Math.abs(ms) < CLOCK_FAULT_MS) ? 'warning' : 'fault',
    says: off.map(({ whose, ms }) => apartIn(ms, whose)).join(', '),
    todo: 'Let the machine of Redis, and this one, take their time from the network (timedatectl set-ntp true): waits and quota days are measured by the clock of Redis.',
  };
}

function apartIn(ms: number, whose: string): string {
  return `${formatDuration(Math.round(Math.abs(ms) / 1000) * 1000)} ${ms > 0 ? 'ahead of' : 'behind'} ${whose}`;
}

/** Compares three clocks: this machine's, Redis' and WeChat's. */

import { formatDuration } from '../../domain/patience.js';
import type { Words } from '../../domain/words.js';
import type { Settings } from '../../settings.js';
import { readClock } from '../../wechat/clock.js';
import type { Store } from '../wiring/store.js';
import type { Finding } from './finding.js';

const CLOCK_WARNING_MS = 10_000;

/** A clock that is fast by minutes takes the push of a new attempt for one of the attempt before. */
const CLOCK_FAULT_MS = 120_000;

/** Waits and quota days are measured by Redis' clock, facts are dated by this machine's, pushes by WeChat's. */
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
      says: {
        en: `${wechatApiBaseUrl} cannot be reached: ${clock.why}`,
        zh: `无法连接 ${wechatApiBaseUrl}：${clock.why}`,
      },
      todo: {
        en: 'Check the network, the firewall and WECHAT_API_BASE_URL.',
        zh: '请检查网络、防火墙和 WECHAT_API_BASE_URL。',
      },
    };
  }
  const off = Math.abs(clock.ms);
  if (off < CLOCK_WARNING_MS) {
    const says = { en: `as WeChat's, at ${wechatApiBaseUrl}`, zh: `与微信一致（${wechatApiBaseUrl}）` };
    return { check: 'clock', verdict: 'ok', says };
  }
  return {
    check: 'clock',
    verdict: off < CLOCK_FAULT_MS ? 'warning' : 'fault',
    says: apartIn(clock.ms, WECHATS),
    todo: {
      en: 'Let the machine take its time from the network (timedatectl set-ntp true): quota days and the order of pushes depend on it.',
      zh: '请让本机与网络时间同步（timedatectl set-ntp true）：额度日和推送的先后都取决于它。',
    },
  };
}

function checkRedisClock(aheadOfUsMs: number, aheadOfWechatMs: number | undefined): Finding {
  const check = 'clock of Redis';
  const others: readonly (readonly [Words, number | undefined])[] = [
    [THIS_MACHINES, aheadOfUsMs],
    [WECHATS, aheadOfWechatMs],
  ];
  const off = others.flatMap(([whose, ms = 0]) => (Math.abs(ms) < CLOCK_WARNING_MS ? [] : [{ whose, ms }]));
  if (off.length === 0) return { check, verdict: 'ok', says: { en: "as this machine's", zh: '与本机一致' } };
  const apart = off.map(({ whose, ms }) => apartIn(ms, whose));
  return {
    check,
    verdict: off.every(({ ms }) => Math.abs(ms) < CLOCK_FAULT_MS) ? 'warning' : 'fault',
    says: { en: apart.map(({ en }) => en).join(', '), zh: apart.map(({ zh }) => zh).join('，') },
    todo: {
      en: 'Let the machine of Redis, and this one, take their time from the network (timedatectl set-ntp true): waits and quota days are measured by the clock of Redis.',
      zh: '请让 Redis 所在机器与本机都与网络时间同步（timedatectl set-ntp true）：等待和额度日以 Redis 的时钟计算。',
    },
  };
}

const WECHATS: Words = { en: "WeChat's", zh: '微信' };
const THIS_MACHINES: Words = { en: "this machine's", zh: '本机' };

function apartIn(ms: number, whose: Words): Words {
  const duration = formatDuration(Math.round(Math.abs(ms) / 1000) * 1000);
  return {
    en: `${duration} ${ms > 0 ? 'ahead of' : 'behind'} ${whose.en}`,
    zh: `比${whose.zh}${ms > 0 ? '快' : '慢'} ${duration}`,
  };
}

/**
 * Every wait that is a setting, in one table: what it is called, how long it is, and what it waits for. Others stand at the top of
 * the file that waits.
 * Tests and rehearsals shorten these values; nothing else about time is special there.
 */
import type { Words } from './words.js';

export interface Patience {
  readonly requestTimeoutMs: number;
  readonly retryFirstMs: number;
  /** Tries, not a wait: the first call counts as one. */
  readonly retryLimit: number;
  readonly probeFirstMs: number;
  readonly probeMaxMs: number;
  readonly notifyAfterMs: number;
  readonly workerWaitMs: number;
  readonly lostRecheckMs: number;
  readonly busyWaitMs: number;
  readonly pushWaitMs: number;
  readonly pushRecheckMs: number;
  readonly giveUpMs: number;
  readonly resultWaitMs: number;
  readonly tokenRetryMs: number;
  readonly quotaRecheckMs: number;
  readonly redisWaitMs: number;
}

interface WaitRow {
  readonly name: `FASTREGISTER_${string}`;
  /** `timer`: a duration that a timer of Node counts, which has a limit. */
  readonly unit: 'duration' | 'timer' | 'tries';
  readonly default: string;
  readonly sentence: Words;
}

export const WAIT_SETTINGS = {
  requestTimeoutMs: {
    name: 'FASTREGISTER_REQUEST_TIMEOUT',
    unit: 'timer',
    default: '10s',
    sentence: {
      en: 'How long one call to WeChat may take before its answer counts as lost; 24d at most.',
      zh: '一次微信调用的时限，超过即视为答复丢失；最长 24d。',
    },
  },
  retryFirstMs: {
    name: 'FASTREGISTER_RETRY_FIRST',
    unit: 'duration',
    default: '10m',
    sentence: {
      en: "The first pause of a row after 89247 (inner error, retry after some while), -1, or a page instead of WeChat's answer; each further pause is twice as long. Also the least pause before a search that brought nothing is repeated.",
      zh: '返回 89247（内部错误，请稍后重试）、-1 或收到网页而非微信答复后，该行首次等待的时间；之后每次加倍。也是查询无结果后再次查询前的最短等待时间。',
    },
  },
  retryLimit: {
    name: 'FASTREGISTER_RETRY_LIMIT',
    unit: 'tries',
    default: '5',
    sentence: {
      en: 'Attempts before a registration goes to review: creates answered 89247, or searches that could not find the task.',
      zh: '转人工核实前的尝试次数：返回 89247 的提交，或查不到任务的查询。',
    },
  },
  probeFirstMs: {
    name: 'FASTREGISTER_PROBE_FIRST',
    unit: 'duration',
    default: '15s',
    sentence: {
      en: 'The wait before the first probe after sending stopped for a fault of WeChat or the network. The wait doubles after each probe that fails.',
      zh: '因微信或网络故障停止后，首次试探请求前的等待。每次试探失败后加倍。',
    },
  },
  probeMaxMs: {
    name: 'FASTREGISTER_PROBE_MAX',
    unit: 'duration',
    default: '15m',
    sentence: {
      en: 'The longest wait between two probes. Also the longest wait between two attempts to fetch a component access token, which start at 5 seconds.',
      zh: '两次试探请求之间最长的等待，也是两次获取 component_access_token 之间最长的等待（从 5 秒开始）。',
    },
  },
  notifyAfterMs: {
    name: 'FASTREGISTER_NOTIFY_AFTER',
    unit: 'duration',
    default: '10m',
    sentence: {
      en: 'How long such a fault lasts before a notice goes to FASTREGISTER_NOTIFY_URL.',
      zh: '此类故障持续多久后通知 FASTREGISTER_NOTIFY_URL。',
    },
  },
  workerWaitMs: {
    name: 'FASTREGISTER_WORKER_WAIT',
    unit: 'duration',
    default: '2m',
    sentence: {
      en: 'How long rows that could be sent may wait without a live worker before that is a fault. Processes show eight times as often that they live. The same for all processes.',
      zh: '可提交的行在没有工作进程时等待多久算作故障。进程以八倍的频率报告自己在运行。所有进程须相同。',
    },
  },
  lostRecheckMs: {
    name: 'FASTREGISTER_LOST_RECHECK',
    unit: 'duration',
    default: '20m',
    sentence: {
      en: 'How long after a create without an answer one early search checks whether WeChat has the task, while the legal person can still confirm. Only with fastregisterweapp, which can be searched without a task id.',
      zh: '提交未收到答复后多久提前查询一次，以便法人仍来得及确认。仅用于无需任务编号即可查询的 fastregisterweapp。',
    },
  },
  busyWaitMs: {
    name: 'FASTREGISTER_BUSY_WAIT',
    unit: 'duration',
    default: '24h',
    sentence: {
      en: 'How long to wait for the task that WeChat already runs for the same enterprise (89249).',
      zh: '同一企业已有任务在办理（89249）时等待的时间。',
    },
  },
  pushWaitMs: {
    name: 'FASTREGISTER_PUSH_WAIT',
    unit: 'duration',
    default: '26h',
    sentence: {
      en: "How long to wait for the push after a create before one search is sent: the legal person's 24 hours and a margin. After this time the task counts as over, so use less than 24h in rehearsals only.",
      zh: '提交后等待推送多久再查询一次：法人的 24 小时加余量。超过后任务视为已结束，因此只有演练才可短于 24h。',
    },
  },
  pushRecheckMs: {
    name: 'FASTREGISTER_PUSH_RECHECK',
    unit: 'duration',
    default: '6h',
    sentence: {
      en: 'The pause before the next search while the task is still running, or while the answer says nothing about it.',
      zh: '任务仍在办理，或答复未说明其状态时，下一次查询前的等待。',
    },
  },
  giveUpMs: {
    name: 'FASTREGISTER_GIVE_UP',
    unit: 'duration',
    default: '72h',
    sentence: {
      en: 'How long after its create a registration without any result goes to review. The same limit applies to a registration that keeps getting 89249 or 91030.',
      zh: '提交后多久没有任何结果即转人工核实。一直返回 89249 或 91030 的商户同样适用。',
    },
  },
  resultWaitMs: {
    name: 'FASTREGISTER_RESULT_WAIT',
    unit: 'duration',
    default: '2m',
    sentence: {
      en: 'How long to wait for the result push after a new Mini Program has authorised the platform. Then WeChat is asked for its owner, because the authorization code expires after ten minutes.',
      zh: '新小程序授权后等待结果推送的时间。超过后向微信查询其主体，因为授权码十分钟后过期。',
    },
  },
  tokenRetryMs: {
    name: 'FASTREGISTER_TOKEN_RETRY',
    unit: 'duration',
    default: '1m',
    sentence: {
      en: 'The pause before WeChat is asked again for a component access token that it has refused to issue.',
      zh: '微信拒绝发放 component_access_token 后，再次获取前的等待。',
    },
  },
  quotaRecheckMs: {
    name: 'FASTREGISTER_QUOTA_RECHECK',
    unit: 'duration',
    default: '1m',
    sentence: {
      en: 'How long after WeChat closed the quota day (45009) the first check asks whether there are calls again. The next checks follow 5, 15 and 60 times as long after it was closed, then one every 60 times as long. `run` ends with 4 when there are no calls after 15 times as long.',
      zh: '微信关闭额度日（45009）后多久首次检查是否又有额度。之后在关闭后 5、15、60 倍时间各检查一次，再往后每隔 60 倍时间一次。`run` 在 15 倍时间后仍无额度时以状态 4 结束。',
    },
  },
  redisWaitMs: {
    name: 'FASTREGISTER_REDIS_WAIT_TIMEOUT',
    unit: 'duration',
    default: '1s',
    sentence: {
      en: 'How long replicas, or the disk, may take with FASTREGISTER_REDIS_WAIT before a call is not made, and a push is kept on the disk of the receiver.',
      zh: '设置 FASTREGISTER_REDIS_WAIT 时，副本或磁盘确认的时限；超过则不提交，推送暂存在接收服务的磁盘上。',
    },
  },
} as const satisfies Record<keyof Patience, WaitRow>;

export const DEFAULT_PATIENCE: Patience = {
  requestTimeoutMs: parseDuration(WAIT_SETTINGS.requestTimeoutMs.default),
  retryFirstMs: parseDuration(WAIT_SETTINGS.retryFirstMs.default),
  retryLimit: Number(WAIT_SETTINGS.retryLimit.default),
  probeFirstMs: parseDuration(WAIT_SETTINGS.probeFirstMs.default),
  probeMaxMs: parseDuration(WAIT_SETTINGS.probeMaxMs.default),
  notifyAfterMs: parseDuration(WAIT_SETTINGS.notifyAfterMs.default),
  workerWaitMs: parseDuration(WAIT_SETTINGS.workerWaitMs.default),
  lostRecheckMs: parseDuration(WAIT_SETTINGS.lostRecheckMs.default),
  busyWaitMs: parseDuration(WAIT_SETTINGS.busyWaitMs.default),
  pushWaitMs: parseDuration(WAIT_SETTINGS.pushWaitMs.default),
  pushRecheckMs: parseDuration(WAIT_SETTINGS.pushRecheckMs.default),
  giveUpMs: parseDuration(WAIT_SETTINGS.giveUpMs.default),
  resultWaitMs: parseDuration(WAIT_SETTINGS.resultWaitMs.default),
  tokenRetryMs: parseDuration(WAIT_SETTINGS.tokenRetryMs.default),
  quotaRecheckMs: parseDuration(WAIT_SETTINGS.quotaRecheckMs.default),
  redisWaitMs: parseDuration(WAIT_SETTINGS.redisWaitMs.default),
};

/** Times of the checks, in first waits after the day was closed; the last one is repeated. */
const QUOTA_RECHECKS = [1, 5, 15, 60] as const;

/** How long after a quota day was shut each check asks WeChat whether it has calls again; the last is also the interval from then on. */
export function quotaRechecksMs({ quotaRecheckMs }: Pick<Patience, 'quotaRecheckMs'>): readonly number[] {
  return QUOTA_RECHECKS.map((times) => times * quotaRecheckMs);
}

/**
 * The first pause, doubled for every postponement so far, plus or minus 10 % so that rows postponed together do not
 * come back together. Never longer than the time after which the registration is no longer retried.
 * @param random from 0 up to 1, as Math.random gives it
 */
export function retryAfterMs(
  patience: Pick<Patience, 'retryFirstMs' | 'giveUpMs'>,
  postponedSoFar: number,
  random: number,
): number {
  const doubled = patience.retryFirstMs * 2 ** postponedSoFar;
  return Math.round(Math.min(doubled * (0.9 + 0.2 * random), patience.giveUpMs));
}

/** Written out, not computed: parseDuration is called while this module is still being read. */
function unitMs(unit: string): number {
  switch (unit) {
    case 'd':
      return 86_400_000;
    case 'h':
      return 3_600_000;
    case 'm':
      return 60_000;
    case 's':
      return 1_000;
    default:
      return 1;
  }
}

/** `250ms`, `30s`, `90m`, `26h`, `5d` → milliseconds. A bare number is refused: its unit is not known. */
export function parseDuration(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  if (amount === undefined || unit === undefined) {
    const missing = /^\d+(\.\d+)?$/.test(text.trim()) ? 'has no unit' : 'is not a duration';
    throw new Error(`"${text}" ${missing}: write a number and one of ms, s, m, h, d, such as 30s, 90m or 26h`);
  }
  const ms = Math.round(Number(amount) * unitMs(unit));
  if (ms < 1) throw new Error(`"${text}" is no time at all: write at least 1ms`);
  return ms;
}

/** What {@link parseDuration} reads where one unit says it (`26h`), otherwise the two largest units (`1d 3h`). */
export function formatDuration(ms: number): string {
  const units = ['d', 'h', 'm', 's', 'ms'];
  const whole = units.find((unit) => ms % unitMs(unit) === 0 && ms >= unitMs(unit));
  if (whole && ms / unitMs(whole) < 1000) return `${ms / unitMs(whole)}${whole}`;

  const largest = units.findIndex((unit) => ms >= unitMs(unit));
  if (largest === -1) return '0s';
  const [first = 'ms', second = 'ms'] = units.slice(largest);
  const rest = Math.floor((ms % unitMs(first)) / unitMs(second));
  return `${Math.floor(ms / unitMs(first))}${first}${first !== second && rest > 0 ? ` ${rest}${second}` : ''}`;
}

const CHINESE_UNITS: Readonly<Record<string, string>> = { d: '天', h: '小时', m: '分钟', s: '秒', ms: '毫秒' };

/** `1d 3h` → `1 天 3 小时` */
export function durationInChinese(duration: string): string {
  return duration.replace(/(\d)(ms|[dhms])/g, (_, digit: string, unit: string) => `${digit} ${CHINESE_UNITS[unit]}`);
}

/**
 * Faults that concern no single merchant. For each, this table says how many calls are evidence enough to stop the line
 * (line.ts), what opens the line again, and what people read. A refusal of the platform (a secret, a permission, an IP
 * address) is not here: it stops the line at its first answer, with the words of that answer (`wechat/answers`).
 */
import type { Limits } from './limits.js';
import { opensByItself, type ProbeCall, type Tried } from './line.js';
import type { Patience } from './patience.js';
import type { Actor, Words } from './words.js';

export interface LineFault extends Words {
  readonly acts: Actor;
  readonly nextStep: Words;
  /**
   * `create`, `any`: the line opens by itself. One call of that kind, the probe, is sent after a wait that grows, and the
   * line opens when WeChat answers it. Absent: a person has to act, and then `fastregister resume` sends the probe.
   */
  readonly probe?: ProbeCall;
  /**
   * A create that meets it may have arrived, and is not sent again: so WeChat is asked something harmless first (`quota/get`),
   * and only when that is answered does a create try the line.
   */
  readonly asksFirst?: true;
  /** After so many probes in vain it is a person's to repair, and a run that waits for it ends. Absent: it ends by itself. */
  readonly personAfter?: number;
  /** Merchants in a row that are evidence enough, unless FASTREGISTER_STOP_AFTER is less; absent: as many as that says. */
  readonly after?: number;
  /** Calls are counted instead of merchants: the fault is on the way to WeChat, and independent of the merchant. */
  readonly countsCalls?: true;
}

const IT_IS_TRIED: Words = {
  en: 'Nothing to do at first: one call is tried after a growing pause, and the line opens by itself when WeChat takes it.',
  zh: '暂时无需操作：系统会按逐渐加长的间隔发出一次请求，微信受理后自动恢复提交。',
};

export const LINE_FAULTS: Readonly<Record<string, LineFault>> = {
  'create:89247': {
    probe: 'create',
    acts: 'us',
    en: 'WeChat answers 89247 (internal error) to one merchant after the other. That is a fault of WeChat: no row is given up for it, and none loses a try.',
    zh: '微信接连对不同商户返回 89247（内部错误）。这是微信侧故障：不会因此放弃任何行，也不占用其重试次数。',
    nextStep: {
      en: `${IT_IS_TRIED.en} If it lasts for hours, ask WeChat's support with a rid. \`fastregister resume\` tries one call at once.`,
      zh: `${IT_IS_TRIED.zh}若持续数小时，请凭 rid 咨询微信客服。运行 \`fastregister resume\` 可立即尝试一次。`,
    },
  },
  'create:-1': {
    probe: 'create',
    acts: 'us',
    en: 'WeChat answers -1 (system error) to one merchant after the other. No row is given up for it, and none loses a try.',
    zh: '微信接连对不同商户返回 -1（系统错误）。不会因此放弃任何行，也不占用其重试次数。',
    nextStep: {
      en: `${IT_IS_TRIED.en} If it lasts for hours, read WeChat's announcements, or ask its support with a rid. \`fastregister resume\` tries one call at once.`,
      zh: `${IT_IS_TRIED.zh}若持续数小时，请查看微信公告或凭 rid 咨询微信客服。运行 \`fastregister resume\` 可立即尝试一次。`,
    },
  },
  'call:lost': {
    probe: 'any',
    asksFirst: true,
    after: 5,
    countsCalls: true,
    acts: 'us',
    en: "WeChat's answers do not come back: no answer in time, a cut connection, or a server error (HTTP 5xx). What was sent is not sent again: pushes and searches settle it.",
    zh: '收不到微信的答复：超时、连接中断或服务器错误（HTTP 5xx）。已发出的不会重复提交，将以推送或查询结果为准。',
    nextStep: {
      en: `${IT_IS_TRIED.en} If it lasts, check the network, the proxy and WECHAT_API_BASE_URL. \`fastregister resume\` tries one call at once.`,
      zh: `${IT_IS_TRIED.zh}若持续如此，请检查网络、代理和 WECHAT_API_BASE_URL。运行 \`fastregister resume\` 可立即尝试一次。`,
    },
  },
  'call:page': {
    probe: 'any',
    asksFirst: true,
    personAfter: 3,
    after: 3,
    acts: 'us',
    en: 'A page comes back instead of an answer of WeChat: from a proxy, a firewall, the login page of a network, or another server.',
    zh: '返回的不是微信的答复，而是网页：可能来自代理、防火墙、网络登录页或其他服务器。',
    nextStep: {
      en: 'Check the proxy and the firewall between this machine and WeChat, and WECHAT_API_BASE_URL. Then run `fastregister resume`; without it, one call is tried after a growing pause, and the line opens when WeChat answers.',
      zh: '请检查本机与微信之间的代理和防火墙，以及 WECHAT_API_BASE_URL，然后运行 `fastregister resume`；不运行时系统也会按逐渐加长的间隔发出一次请求，微信答复后自动恢复提交。',
    },
  },
  'call:not_sent': {
    probe: 'any',
    after: 3,
    countsCalls: true,
    acts: 'us',
    en: 'WeChat cannot be reached; nothing was sent.',
    zh: '无法连接微信服务器，没有提交。',
    nextStep: {
      en: 'Check the network, the name server, the firewall and WECHAT_API_BASE_URL if it lasts. One call is tried after a growing pause, and the line opens by itself when WeChat answers. `fastregister resume` tries one at once.',
      zh: '若持续如此，请检查网络、DNS、防火墙和 WECHAT_API_BASE_URL。系统会按逐渐加长的间隔发出一次请求，微信答复后自动恢复提交。运行 `fastregister resume` 可立即尝试一次。',
    },
  },
  'call:not_confirmed': {
    probe: 'any',
    after: 3,
    countsCalls: true,
    acts: 'us',
    en: 'What FASTREGISTER_REDIS_WAIT asks for did not have the call in time: no replica answers, or the disk is slow. Nothing was sent.',
    zh: 'FASTREGISTER_REDIS_WAIT 要求的副本或磁盘未在时限内确认，没有提交。',
    nextStep: {
      en: 'Check the replica of Redis and its connection. One call is tried after a growing pause, and the line opens by itself when it is confirmed. `fastregister resume` tries one at once.',
      zh: '请检查 Redis 副本及其连接。系统会按逐渐加长的间隔尝试一次，确认后自动恢复提交。运行 `fastregister resume` 可立即尝试一次。',
    },
  },
  /** Any code of `create` that `wechat/answers` does not have. Words only: each code counts by itself, to FASTREGISTER_STOP_AFTER. */
  'create:unknown': {
    acts: 'us',
    en: 'WeChat answers one merchant after the other with the same code, which fastregister does not know.',
    zh: '微信接连对不同商户返回同一个未知的错误码。',
    nextStep: {
      en: "Look the code up in WeChat's documentation, or ask WeChat's support with a rid; then run `fastregister resume`.",
      zh: '请查阅微信文档或凭 rid 咨询微信客服，处理后运行 `fastregister resume`。',
    },
  },
  /** If the setting was changed since. Before that, the words of `reporter/troubles` apply. */
  'api:changed': {
    acts: 'us',
    en: 'Every create of fastregisterweapp was answered with -1: WeChat took that API offline on 2026-04-30. WECHAT_REGISTRATION_API names another one now.',
    zh: 'fastregisterweapp 的所有提交均返回 -1：微信已于 2026-04-30 下线该接口。WECHAT_REGISTRATION_API 现已改为其他接口。',
    nextStep: {
      en: 'Run `fastregister resume`: one create goes first, and the line opens when WeChat takes it.',
      zh: '请运行 `fastregister resume`：先提交一条，微信受理后恢复提交。',
    },
  },
  'operator:pause': {
    acts: 'us',
    en: 'An operator paused it.',
    zh: '运营人员已人工暂停。',
    nextStep: { en: 'Run `fastregister resume` to send again.', zh: '要恢复提交，请运行 `fastregister resume`。' },
  },
};

/** Should WeChat not answer `quota/get` at all, the line is tried by a create now and then. */
export const PROBE_IN_ANY_CASE_EVERY = 3;

/** How a line opens by itself. */
export interface Probe {
  readonly call: ProbeCall;
  readonly asksFirst: boolean;
  readonly firstMs: number;
  readonly maxMs: number;
}

/** When a fault stops the line, and how it opens again. */
export interface StopRule {
  readonly most: number;
  readonly countsCalls: boolean;
  readonly probe?: Probe;
}

export function stopRuleOf(problem: string, { stopAfter }: Pick<Limits, 'stopAfter'>, patience: Patience): StopRule {
  const { after = stopAfter, countsCalls = false, probe, asksFirst = false } = LINE_FAULTS[problem] ?? {};
  return {
    most: Math.min(after, stopAfter),
    countsCalls,
    ...(probe !== undefined && {
      probe: { call: probe, asksFirst, firstMs: patience.probeFirstMs, maxMs: patience.probeMaxMs },
    }),
  };
}

/** Nothing is sent until a person acts. */
export function needsAPerson(line: {
  readonly problem: string;
  readonly probe?: Tried;
  readonly paused?: string;
}): boolean {
  return (
    !opensByItself(line) || line.probe.failed >= (LINE_FAULTS[line.problem]?.personAfter ?? Number.POSITIVE_INFINITY)
  );
}

/** What a person has to fix, at once; what ends by itself, when calls have tried it in vain for a while. */
export function isWorthANotice(
  line: { readonly problem: string; readonly at: number; readonly probe?: Tried; readonly paused?: string },
  now: number,
  notifyAfterMs: number,
): boolean {
  return needsAPerson(line) || ((line.probe?.failed ?? 0) > 0 && now - line.at >= notifyAfterMs);
}

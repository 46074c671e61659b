/**
 * The line: every call to WeChat, over all workers, behind one circuit breaker. It stops when calls fail for a reason
 * that concerns no single merchant (line-faults.ts), and one call, the probe, shows whether it may open again. Where
 * books on the pattern say that the breaker is closed, calls pass and the line is `running`; where it is open, the line
 * is `stopped`: for the people who read our words, an open line is a line that sends. LINE_STATES, LINE_MOVES and
 * PROBE_ANSWERS are printed into docs/states.md, and the Lua scripts get them when they are loaded (redis/lua-constants.ts):
 * line.lua walks them in `stop_line` and `line_after_probe`, acquire.lua in `passes_line`.
 */
import type { Words } from './words.js';

export interface LineStateRow extends Words {
  /**
   * When a call may go as the probe. `wanted`: the next one may. `due`: when a wait is over that grows with each probe that
   * failed. `sent`: a probe is on its way, and another one goes when any call would be over: its worker has died. Absent:
   * none may.
   */
  readonly probe?: 'wanted' | 'due' | 'sent';
  /**
   * Where the probe is a create, what becomes of searches. `pass`: all are sent. That create may never be sent (it is withdrawn
   * or held), a search has no effect on the merchant, and a search that meets the fault stops the line again. `stand_in`: a
   * search goes as the probe when no create can be sent. Absent: none is sent.
   */
  readonly searches?: 'pass' | 'stand_in';
}

/**
 * The calls that can be the probe, by the `probe` of the fault (line-faults.ts). If WeChat cannot be reached, a search shows that
 * as well as a create does, and is not sent beside the probe. A fault without `probe`, which a person ends, is tried by a create.
 */
export const PROBE_CALLS = {
  create: { create: true, search: false },
  any: { create: true, search: true },
} as const;

export type ProbeCall = keyof typeof PROBE_CALLS;

// biome-ignore format: one line, one state
export const LINE_STATES = {
  running: { en: 'calls pass', zh: '正常提交' },
  paused: { en: 'a person paused it; it met no fault', zh: '运营人员已暂停，没有故障' },
  stopped: { en: 'stopped for a fault that a person has to fix', zh: '因故障停止，需人工处理' },
  stopped_paused: { en: 'the same, and a person paused it', zh: '因故障停止，需人工处理，且运营人员已暂停' },
  half_open: { probe: 'wanted', searches: 'pass', en: 'a person resumed it: the next create is the probe', zh: '运营人员已恢复，下一次创建请求为试探请求' },
  probing: { probe: 'sent', searches: 'pass', en: 'the probe is on its way', zh: '试探请求已发出' },
  retrying: { probe: 'due', searches: 'stand_in', en: 'stopped for a fault that may end by itself: a probe is sent after a wait that grows', zh: '因可能自行消失的故障停止，按逐渐加长的间隔发出试探请求' },
  retrying_paused: { en: 'the same, and a person paused it: no probe is sent', zh: '因可能自行消失的故障停止，且运营人员已暂停：不发出试探请求' },
  retrying_half_open: { probe: 'wanted', searches: 'pass', en: 'a person resumed it before its wait was over: the next call is the probe', zh: '运营人员在等待结束前已恢复，下一次请求为试探请求' },
  retrying_probing: { probe: 'sent', searches: 'pass', en: 'the probe is on its way; should it fail, the line waits for the next one', zh: '试探请求已发出，若失败则等待下一次试探' },
} as const satisfies Record<string, LineStateRow>;

export type LineState = keyof typeof LINE_STATES;

// biome-ignore format: one line, one event
export const LINE_EVENTS = {
  paused: { en: 'a person paused the line', zh: '运营人员暂停提交' },
  resumed: { en: 'a person resumed it, and a create can be sent as the probe', zh: '运营人员恢复提交，且有可作为试探的创建请求' },
  resumed_idle: { en: 'a person resumed it, and nothing waits to be sent', zh: '运营人员恢复提交，且没有待提交的行' },
  fault: { en: 'a fault was met that a person has to fix', zh: '遇到需人工处理的故障' },
  passing_fault: { en: 'a fault that may end by itself was met often enough', zh: '可能自行消失的故障已达到次数' },
  probe_sent: { en: 'a call got its permit as the probe', zh: '某次请求获准作为试探请求' },
  probe_answered: { en: 'WeChat took the probe, or refused its merchant', zh: '微信已受理试探请求，或未通过其商户信息' },
  probe_void: { en: 'the probe was not made, or turned away before WeChat looked at it: nothing was learnt', zh: '试探请求没有发出，或在微信处理前被退回，没有得到结果' },
  probe_failed: { en: 'the probe met the fault again', zh: '试探请求再次遇到该故障' },
  probe_blocked: { en: 'the probe met another fault on the way to WeChat, which may end by itself', zh: '试探请求在途中遇到另一可能自行消失的故障' },
  earlier_probe_accepted: { en: 'a push or a search says that WeChat had accepted the probe before', zh: '推送或查询表明微信已受理此前的试探请求' },
  question_failed: { en: 'WeChat did not answer `quota/get`, which is asked before some probes', zh: '试探前的 `quota/get` 没有得到微信答复' },
} as const satisfies Record<string, Words>;

export type LineEvent = keyof typeof LINE_EVENTS;

export interface LineMove {
  readonly event: LineEvent;
  readonly from: readonly LineState[];
  readonly to: LineState;
  readonly because: Words;
}

/** An event that fits no rule changes nothing. */
// biome-ignore format: one line, one rule
export const LINE_MOVES: readonly LineMove[] = [
  // A person
  { event: 'paused', from: ['running', 'paused'], to: 'paused', because: { en: 'the newest reason is shown', zh: '显示最新的原因' } },
  { event: 'paused', from: ['stopped', 'stopped_paused', 'half_open', 'probing'], to: 'stopped_paused', because: { en: 'the fault is still to be fixed, and the answer to a probe opens no paused line', zh: '故障仍待处理，试探请求的答复不会恢复已暂停的提交' } },
  { event: 'paused', from: ['retrying', 'retrying_paused', 'retrying_half_open', 'retrying_probing'], to: 'retrying_paused', because: { en: 'a pause lasts until a person ends it', zh: '暂停由人工结束' } },
  { event: 'resumed', from: ['paused'], to: 'running', because: { en: 'there is no fault to try', zh: '没有需要试探的故障' } },
  { event: 'resumed', from: ['stopped', 'stopped_paused', 'half_open', 'probing'], to: 'half_open', because: { en: 'whether the fault is fixed shows with the next create', zh: '故障是否已排除，由下一次创建请求验证' } },
  { event: 'resumed', from: ['retrying', 'retrying_paused', 'retrying_half_open', 'retrying_probing'], to: 'retrying_half_open', because: { en: 'the operator does not wait for the next probe', zh: '运营人员不等待下一次试探' } },
  { event: 'resumed_idle', from: ['paused', 'stopped', 'stopped_paused', 'half_open', 'probing', 'retrying', 'retrying_paused', 'retrying_half_open', 'retrying_probing'], to: 'running', because: { en: 'there is no create to probe with, so the next row is sent as usual', zh: '没有可用于试探的请求，下一行照常提交' } },

  // A fault
  { event: 'fault', from: ['running', 'half_open', 'probing', 'retrying', 'retrying_half_open', 'retrying_probing'], to: 'stopped', because: { en: 'a fault that needs a person takes precedence', zh: '需人工处理的故障优先，继续等待没有意义' } },
  { event: 'fault', from: ['paused', 'retrying_paused'], to: 'stopped_paused', because: { en: 'pause and fault stand side by side', zh: '暂停与故障并存' } },
  { event: 'passing_fault', from: ['running', 'half_open', 'probing', 'retrying_half_open', 'retrying_probing'], to: 'retrying', because: { en: 'a probe finds out when the fault is over', zh: '由试探请求确认故障何时消失' } },
  { event: 'passing_fault', from: ['paused'], to: 'retrying_paused', because: { en: 'pause and fault stand side by side', zh: '暂停与故障并存' } },

  // The probe
  { event: 'probe_sent', from: ['half_open', 'probing'], to: 'probing', because: { en: 'one call tries the line; another one where its worker died', zh: '以一次请求试探；其进程已终止时另发一次' } },
  { event: 'probe_sent', from: ['retrying', 'retrying_half_open', 'retrying_probing'], to: 'retrying_probing', because: { en: 'one call tries the line; another one where its worker died', zh: '以一次请求试探；其进程已终止时另发一次' } },
  { event: 'probe_answered', from: ['probing', 'retrying_probing'], to: 'running', because: { en: 'WeChat looks at merchants again', zh: '微信已恢复处理商户' } },
  { event: 'probe_void', from: ['probing'], to: 'half_open', because: { en: 'another call has to try', zh: '需另发一次试探' } },
  { event: 'probe_void', from: ['retrying_probing'], to: 'retrying', because: { en: 'another call tries at once', zh: '立即另发一次试探' } },
  { event: 'probe_failed', from: ['probing'], to: 'stopped', because: { en: 'the fault is not fixed', zh: '故障尚未排除' } },
  { event: 'probe_failed', from: ['retrying_probing'], to: 'retrying', because: { en: 'the next wait is longer', zh: '下一次等待更长' } },
  { event: 'probe_blocked', from: ['probing', 'retrying_probing'], to: 'retrying', because: { en: 'the fault that blocks the probe becomes the reason of the stop', zh: '显示并试探阻碍试探的故障' } },
  { event: 'earlier_probe_accepted', from: ['stopped', 'half_open', 'probing', 'retrying', 'retrying_half_open', 'retrying_probing'], to: 'running', because: { en: 'WeChat had accepted the last probe whose answer was lost', zh: '系统记录最近一次未得到答复的试探请求，直至再次暂停' } },

  // What is asked before the probe
  { event: 'question_failed', from: ['retrying', 'retrying_half_open', 'retrying_probing'], to: 'retrying', because: { en: 'a create that would be lost is not sent', zh: '不发出可能丢失的创建请求' } },
  { event: 'question_failed', from: ['retrying_paused'], to: 'retrying_paused', because: { en: 'a pause lasts until a person ends it', zh: '暂停由人工结束' } },
];

/** The state that an event leads to; undefined where it changes nothing. */
export function nextLine(state: LineState, event: LineEvent): LineState | undefined {
  return LINE_MOVES.find((move) => move.event === event && move.from.includes(state))?.to;
}

/** A probe is on its way, or wanted because a person resumed the line. */
export function isHalfOpen(state: LineState): boolean {
  const { probe }: LineStateRow = LINE_STATES[state];
  return probe === 'wanted' || probe === 'sent';
}

/**
 * The verdict of the worker on a call, for the line and the first rows of a batch (effects.ts). `accepted`: WeChat accepted the
 * task. `refused`: it refused the merchant. `taken`: any other answer of WeChat. `again`: WeChat's gateway turned the call away.
 * `unsent`: the call was not made. `failed`: a fault was met that does not concern the merchant.
 */
export type LineVerdict = 'accepted' | 'refused' | 'taken' | 'again' | 'unsent' | 'failed';

/**
 * The verdict on a probe whose worker has died in the call. It is read from the state that its registration has since, by the
 * verdict of that state (registration.ts, STATES). A state without an entry gives no verdict, nor does any state after a search:
 * another probe is sent later.
 */
export const VERDICTS_WITHOUT_ANSWER = {
  accepted: 'accepted',
  refused: 'failed',
} as const satisfies Record<string, LineVerdict>;

export interface ProbeAnswer {
  readonly verdict: LineVerdict;
  /** Which calls try the line (PROBE_CALLS); absent: whichever do, also where a person has to act first. */
  readonly probe?: ProbeCall;
  /**
   * A fault that the probe met. `same`: the one that stopped the line; `create`, `any`: another one that may end by itself, by
   * the calls that meet it. Absent: whatever it met.
   */
  readonly met?: 'same' | ProbeCall;
  readonly event: LineEvent;
  readonly because: Words;
}

/** What the answer to a probe is for the line: the first rule that fits. */
// biome-ignore format: one line, one rule
export const PROBE_ANSWERS: readonly ProbeAnswer[] = [
  { verdict: 'accepted', event: 'probe_answered', because: { en: 'WeChat looks at merchants again', zh: '微信已恢复处理商户' } },
  { verdict: 'refused', event: 'probe_answered', because: { en: 'WeChat looks at merchants again', zh: '微信已恢复处理商户' } },
  { verdict: 'taken', met: 'same', event: 'probe_failed', because: { en: 'WeChat answered with the fault that stopped the line', zh: '微信的答复仍是导致停止的故障' } },
  { verdict: 'taken', event: 'probe_answered', because: { en: 'another fault concerns the merchant of the probe alone', zh: '其他故障只与试探请求的商户有关' } },
  { verdict: 'again', probe: 'any', event: 'probe_answered', because: { en: 'WeChat could not be reached, and this call has reached it', zh: '此前无法连接微信，而本次请求已到达' } },
  { verdict: 'again', event: 'probe_void', because: { en: 'nothing was learnt of the fault', zh: '没有得到与该故障有关的结果' } },
  { verdict: 'unsent', met: 'same', event: 'probe_failed', because: { en: 'the fault that stopped the line prevents the call', zh: '导致停止的故障使请求无法发出' } },
  { verdict: 'unsent', event: 'probe_void', because: { en: 'WeChat did not see this call', zh: '微信没有收到本次请求' } },
  { verdict: 'failed', met: 'any', event: 'probe_blocked', because: { en: 'no call gets through to WeChat', zh: '任何请求都无法到达微信' } },
  { verdict: 'failed', probe: 'create', met: 'create', event: 'probe_blocked', because: { en: 'the line opens by itself, whichever of the two faults it is', zh: '无论是哪一个故障，提交都会自动恢复' } },
  { verdict: 'failed', probe: 'any', met: 'create', event: 'probe_blocked', because: { en: 'the line opens by itself, whichever of the two faults it is', zh: '无论是哪一个故障，提交都会自动恢复' } },
  { verdict: 'failed', event: 'probe_failed', because: { en: 'the probe met the fault again', zh: '试探请求再次遇到该故障' } },
];

/** How a stopped line is tried by itself: when next, in ms since 1970, and how many calls have failed. */
export interface Tried {
  readonly at: number;
  readonly failed: number;
}

/** A person's pause lasts until that person, or another one, ends it. */
export function opensByItself<L extends { probe?: Tried; paused?: string }>(line: L): line is L & { probe: Tried } {
  return line.probe !== undefined && line.paused === undefined;
}

export interface LineStop {
  readonly because: string;
  readonly problem: string;
  /** ms since 1970 */
  readonly at: number;
  /** A probe is on its way, or wanted because a person resumed the line. */
  readonly halfOpen: boolean;
  /** Why a person paused it beside its fault; `resume` ends both. */
  readonly paused?: string;
  /** How often its fault was met, by how many merchants until it stopped, and when first, in ms since 1970. */
  readonly times?: number;
  readonly merchants?: number;
  readonly since?: number;
  /** It opens by itself: when the next call tries it, in ms since 1970, and how many have failed. Absent: a person opens it. */
  readonly probe?: Tried;
}

/** A problem that begins with this is no fault, but a pause (line.lua, is_pause). */
export const PAUSE_PREFIX = 'operator:';

export const PAUSE = `${PAUSE_PREFIX}pause` as const;

/** Why a person paused it, where no reason is given. */
export const PAUSED_BY_A_PERSON: Words = { en: 'paused by an operator', zh: '由运营人员暂停' };

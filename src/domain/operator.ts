/**
 * What an operator may ask of a registration: to send it again, or to withdraw it. Why it cannot be done, and what has to
 * be thought of first, are rows of two tables.
 */
import { type Fact, isOver, next, type Registration } from './registration.js';
import type { Actor, Words } from './words.js';

export type Ask = 'retry' | 'cancel';

/** Why it is not done. */
export const CANNOT = {
  created: { en: 'the Mini Program exists', zh: '小程序已创建' },
  not_sent_yet: { en: 'it waits to be sent anyway', zh: '正在等待提交' },
  under_way: {
    en: 'it was sent, and WeChat has not reported the result: it cannot be withdrawn, and a second call would be blind',
    zh: '已提交且微信尚未告知结果，无法撤回，也不能盲目重复提交',
  },
  over: { en: 'it has its outcome already', zh: '已有结果' },
  row_refused: {
    en: 'our checks refused the row: correct it in the sheet and load the sheet again',
    zh: '本行有误：请在表格中更正后重新导入',
  },
  other_row: { en: 'the row has no attempt of its own', zh: '该行没有独立的提交' },
  later_batch: {
    en: 'a later batch has sent this merchant again: ask there',
    zh: '之后的批次已重新提交该商户，请在那个批次中操作',
  },
  purged: { en: "the merchant's details were purged: load the row again", zh: '商户信息已清除，请重新导入该行' },
  unknown_outcome: {
    en: 'its outcome is not known, so WeChat may have begun a task: ask the merchant first, then choose the outcome "to be reviewed" (command line: --only needs_review)',
    zh: '结果未知，微信可能已开始任务：请先向商户确认，再选择结果“需人工核实”（命令行：--only needs_review）',
  },
  hopeless: {
    en: 'WeChat will refuse this enterprise again, whatever is sent; to send it all the same, choose the outcome "rejected" (command line: --only rejected)',
    zh: '微信会再次拒绝该主体；如仍要提交，请选择结果“微信未通过”（命令行：--only rejected）',
  },
} as const satisfies Record<string, Words>;

export type Cannot = keyof typeof CANNOT;

/** What is done, and should be known before. */
export const MIND = {
  not_before: {
    en: 'WeChat asks for 5 to 15 working days (105): they wait until 15 have passed, and are sent then; to send them now, choose the outcome "rejected" (command line: --only rejected)',
    zh: '微信要求 5 至 15 个工作日后再提交（105）：将等满 15 个工作日后自动提交；如需立即提交，请选择结果“微信未通过”（命令行：--only rejected）',
  },
  too_early: {
    en: 'WeChat asks for 5 to 15 working days (105), and 15 have not passed: sent now, they may be refused again',
    zh: '微信要求 5 至 15 个工作日后再提交（105），目前未满 15 个工作日：现在提交可能再次被拒',
  },
  unknown_outcome: {
    en: 'their outcome is not known: a second call may spend a try of the legal person, or meet a task that runs',
    zh: '结果未知：再次提交可能消耗法人的一次机会，或遇到正在执行的任务',
  },
  same_details: {
    en: 'WeChat refused these very details: without a change at the merchant they will be refused again',
    zh: '微信拒绝过同样的信息：商户未更正前会再次被拒绝',
  },
  still_unknown: {
    en: 'an earlier attempt of them ended without a word: they are not sent again, and are to be reviewed as before',
    zh: '此前的提交结果未知：不再提交，恢复为“需人工核实”',
  },
  other_batches: {
    en: 'another batch asks for the same merchants, and will show them as cancelled too',
    zh: '其他批次也包含这些商户，将一并显示为已撤回',
  },
} as const satisfies Record<string, Words>;

export type Mind = keyof typeof MIND;

export type Verdict =
  | { readonly kind: 'can'; readonly fact: Pick<Fact, 'kind' | 'until' | 'wait' | 'row'>; readonly mind?: Mind }
  | { readonly kind: 'cannot'; readonly why: Cannot };

export interface Asking {
  readonly ask: Ask;
  /** ms since 1970 */
  readonly now: number;
  /** The operator named the outcome of this registration, and so knows it. */
  readonly insists: boolean;
  /** The side that has to act next, as the answer that ended the registration says. */
  readonly acts: Actor | undefined;
  /** `batch/index` of the row that is asked for, where that one waits for the end of another row's task. */
  readonly waitingRow?: string;
}

export function judge(registration: Registration, asking: Asking): Verdict {
  return asking.ask === 'retry' ? judgeRetry(registration, asking) : judgeCancel(registration, asking);
}

function judgeRetry(registration: Registration, { now, insists, acts }: Asking): Verdict {
  const { state, task, earlierTask, until, wait } = registration;
  if (state === 'created') return { kind: 'cannot', why: 'created' };
  if (wait === 'not_before' && insists) return { kind: 'can', fact: { kind: 'retry_asked' }, mind: 'too_early' };
  if (state === 'queued' || state === 'deferred') return { kind: 'cannot', why: 'not_sent_yet' };
  if (!isOver(state)) return { kind: 'cannot', why: 'under_way' };
  const isUnknown = task === 'open' || earlierTask === 'open';
  if (isUnknown && !insists) return { kind: 'cannot', why: 'unknown_outcome' };
  if (acts === 'nobody' && !insists) return { kind: 'cannot', why: 'hopeless' };
  const isEarly = until !== undefined && until > now;
  if (isEarly && !insists) {
    return { kind: 'can', fact: { kind: 'retry_asked', until, wait: 'not_before' }, mind: 'not_before' };
  }
  const mind = mindOfSendingNow(registration, isUnknown, isEarly);
  return { kind: 'can', fact: { kind: 'retry_asked' }, ...(mind && { mind }) };
}

function mindOfSendingNow(registration: Registration, isUnknown: boolean, isEarly: boolean): Mind | undefined {
  if (isUnknown) return 'unknown_outcome';
  if (isEarly) return 'too_early';
  return isRefusedForGood(registration) ? 'same_details' : undefined;
}

/** Without a change at the merchant. After 105, WeChat asks for the same details once a time is over. */
export function isRefusedForGood({ state, until }: Registration): boolean {
  return state === 'rejected' && until === undefined;
}

function judgeCancel(registration: Registration, { now, waitingRow }: Asking): Verdict {
  const { state, row, joinedRows, waitingRows } = registration;
  if (waitingRow !== undefined) {
    const fact = { kind: 'cancel_asked', row: waitingRow } as const;
    return { kind: 'can', fact, ...(isOfSeveralBatches(waitingRows) && { mind: 'other_batches' as const }) };
  }
  if (state === 'queued' || state === 'deferred') {
    const fact = { kind: 'cancel_asked', row } as const;
    if (next(registration, { ...fact, at: now })?.to === 'needs_review') {
      return { kind: 'can', fact, mind: 'still_unknown' };
    }
    return { kind: 'can', fact, ...(isOfSeveralBatches([row, ...joinedRows]) && { mind: 'other_batches' as const }) };
  }
  if (!isOver(state)) return { kind: 'cannot', why: 'under_way' };
  return { kind: 'cannot', why: state === 'created' ? 'created' : 'over' };
}

/** `batch/index` of each row. */
function isOfSeveralBatches(rows: readonly string[]): boolean {
  return new Set(rows.map((pointer) => pointer.slice(0, pointer.lastIndexOf('/')))).size > 1;
}

/** The line, stopped and started by a person. */
import { PAUSE } from '../domain/line.js';
import type { Words } from '../domain/words.js';
import type { Resumption } from '../redis/line-switch.js';
import { askDayAgain } from './ask-day.js';
import type { Store } from './wiring/store.js';

/** No create and no search is sent until it is resumed. */
export async function pause({ calls }: Pick<Store, 'calls'>, because: string, at: number): Promise<void> {
  await calls.stopLine({ because, problem: PAUSE, at });
}

/** The reason where none is given. */
export const PAUSED_BY_A_PERSON: Words = { en: 'paused by an operator', zh: '由运营人员暂停' };

export interface Resumed {
  /** `probe`: one call is sent first, and the line opens when WeChat answers it. */
  readonly line: Resumption;
  /** WeChat has closed the quota day; a worker asks at once whether it has calls again. */
  readonly isDayShut: boolean;
}

export async function resume(store: Pick<Store, 'calls' | 'settings'>): Promise<Resumed> {
  const line = await store.calls.resumeLine();
  return { line, isDayShut: await askDayAgain(store) };
}

/** What a resumption did, a sentence each. */
export function resumedInWords({ line, isDayShut }: Resumed): Words[] {
  return [RESUMED[line], ...(isDayShut ? [DAY_ASKED] : [])];
}

const DAY_ASKED: Words = {
  en: 'WeChat has closed the quota day (45009). The next worker with rows to send asks WeChat at once whether there are calls again.',
  zh: '微信答复当日额度已用完（45009）。下一个有行待提交的工作进程会立即询问微信是否又有额度。',
};

export const RESUMED = {
  running: { en: 'The line was not stopped.', zh: '提交没有停止，无需恢复。' },
  resumed: { en: 'The line runs again.', zh: '已恢复提交。' },
  probe: {
    en: 'One call is sent first, as soon as a worker runs; the line opens when WeChat answers it.',
    zh: '工作进程运行后先发出一次试探请求，微信正常答复后恢复提交。',
  },
} as const satisfies Record<Resumption, Words>;

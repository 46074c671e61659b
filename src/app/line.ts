/** The line, stopped and started by a person. */
import { joined, type Words } from '../domain/words.js';
import type { Resumption, StopName } from '../redis/line-switch.js';
import { askDayAgain } from './ask-day.js';
import { RequestError } from './request-error.js';
import { sendingNow } from './sending-now.js';
import type { Store } from './wiring/store.js';

type LineStore = Pick<Store, 'calls' | 'settings'>;

/**
 * No create and no search is sent until it is resumed.
 * @param shown what stopped the line when the person looked; absent: the person has not looked
 * @throws RequestError where another person has paused it since
 */
export async function pause(store: LineStore, because: string, at: number, shown?: StopName): Promise<void> {
  if (!(await store.calls.pauseLine(because, at, shown))) throw await changed(store);
}

export interface Resumed {
  /** `probe`: one call is sent first, and the line opens when WeChat answers it. */
  readonly line: Resumption;
  /** WeChat has closed the quota day; a worker asks at once whether it has calls again. */
  readonly isDayShut: boolean;
}

/**
 * @param shown what stopped the line when the person looked; absent: the person has not looked
 * @throws RequestError where something else has stopped it since
 */
export async function resume(store: LineStore, shown?: StopName): Promise<Resumed> {
  const line = await store.calls.resumeLine(shown);
  if (line === 'changed') throw await changed(store);
  return { line, isDayShut: await askDayAgain(store) };
}

/** Read before what is shown: a stop that comes in between is not ended by what the person sees. */
export function stopShown({ calls }: Pick<Store, 'calls'>): Promise<StopName> {
  return calls.stopName();
}

async function changed(store: LineStore): Promise<RequestError> {
  const { blockedReason } = await sendingNow(store);
  return new RequestError('refused', joined([CHANGED, ...(blockedReason === undefined ? [] : [blockedReason.reason])]));
}

const CHANGED: Words = {
  en: 'The line was paused or stopped again since the page was shown: nothing was done. How it is now:',
  zh: '页面显示之后，提交又被暂停或停止，因此未作任何操作。当前情况：',
};

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

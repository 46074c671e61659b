/** The line, stopped and started by a person. */
import { PAUSE } from '../domain/line.js';
import type { Resumption } from '../redis/calls.js';
import { askDayAgain } from './ask-day.js';
import type { Store } from './wiring/store.js';

/** No create and no search is sent until it is resumed. */
export async function pause({ calls }: Pick<Store, 'calls'>, because: string, at: number): Promise<void> {
  await calls.stopLine({ because, problem: PAUSE, at });
}

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

import { sendingWindow } from '../domain/limits.js';
import { limitsOf } from './wiring/limits.js';
import type { Store } from './wiring/store.js';

/** Asks for a check at once whether a day that is shut has calls again. True: WeChat has closed it. */
export async function askDayAgain({ calls, settings }: Pick<Store, 'calls' | 'settings'>): Promise<boolean> {
  return calls.askDayAgain(sendingWindow(limitsOf(settings), await calls.now()).day);
}

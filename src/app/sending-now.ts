import { type SendingStatus, sendingStatus } from '../reporter/sending-status.js';
import { limitsOf } from './wiring/limits.js';
import type { Store } from './wiring/store.js';

/** Why nothing is sent at this moment, if that is so, and the calls of today. */
export function sendingNow({ calls, settings }: Pick<Store, 'calls' | 'settings'>): Promise<SendingStatus> {
  return sendingStatus(calls, limitsOf(settings), Date.now(), settings.wechatRegistrationApi);
}

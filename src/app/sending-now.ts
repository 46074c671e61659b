import { processesNow } from '../reporter/missing-worker.js';
import { type SendingStatus, sendingStatus } from '../reporter/sending-status.js';
import type { BlockedReason } from '../reporter/sentences.js';
import { limitsOf } from './wiring/limits.js';
import { processSourcesOf } from './wiring/process-sources.js';
import type { Store } from './wiring/store.js';

/** Why nothing is sent at this moment, if that is so, and the calls of today. */
export function sendingNow({ calls, settings }: Pick<Store, 'calls' | 'settings'>): Promise<SendingStatus> {
  return sendingStatus(calls, limitsOf(settings), Date.now(), settings.wechatRegistrationApi);
}

/** What holds every unsent row back: that no worker runs, where one would be all that is wanting; else why workers send nothing. */
export async function heldBackNow(
  store: Pick<Store, 'calls' | 'settings' | 'redis'>,
): Promise<BlockedReason | undefined> {
  const [{ presence, missing }, { blockedReason }] = await Promise.all([
    processesNow(processSourcesOf(store.settings, store.redis)),
    sendingNow(store),
  ]);
  return missing === undefined ? blockedReason : { ...missing, dueBy: presence.now };
}

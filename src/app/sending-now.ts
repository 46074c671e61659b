import { processesNow } from '../reporter/missing-worker.js';
import { type SendingStatus, sendingStatus } from '../reporter/sending-status.js';
import type { BlockedReason } from '../reporter/sentences.js';
import { limitsOf } from './wiring/limits.js';
import { processSourcesOf } from './wiring/process-sources.js';
import type { Store } from './wiring/store.js';

/** What is asked in one turn of the loop: parts of a page share an answer. */
const asked = new WeakMap<Store['calls'], Promise<SendingStatus>>();

/** Why nothing is sent at this moment, if that is so, and the calls of today. */
export function sendingNow({ calls, settings }: Pick<Store, 'calls' | 'settings'>): Promise<SendingStatus> {
  let answer = asked.get(calls);
  if (answer === undefined) {
    answer = sendingStatus(calls, limitsOf(settings), Date.now(), settings.wechatRegistrationApi);
    asked.set(calls, answer);
    setImmediate(() => asked.delete(calls));
  }
  return answer;
}

/** What holds every unsent row back: that no worker runs, where one would be all that is wanting; else why workers send nothing. */
export async function heldBackNow(
  store: Pick<Store, 'calls' | 'settings' | 'redis'>,
): Promise<BlockedReason | undefined> {
  const [{ presence, missing }, { blockedReason }] = await Promise.all([
    processesNow(processSourcesOf(store.settings, store.redis), 'alone'),
    sendingNow(store),
  ]);
  return missing === undefined ? blockedReason : { ...missing, dueBy: presence.now };
}

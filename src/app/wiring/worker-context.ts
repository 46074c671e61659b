import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { openCalls } from '../../redis/calls.js';
import { openComponentStore } from '../../redis/component-store.js';
import type { Confirmation } from '../../redis/confirmation.js';
import { openLedger } from '../../redis/ledger/ledger.js';
import type { LossGuard } from '../../redis/ledger/loss.js';
import { openWorkload } from '../../redis/ledger/workload.js';
import { newWriteId } from '../../redis/ledger/write-set.js';
import type { WakeupChannel } from '../../redis/wakeup-channel.js';
import type { Settings } from '../../settings.js';
import type { Client } from '../../wechat/client.js';
import { openCredentials } from '../../wechat/credentials.js';
import { readQuota } from '../../wechat/quota.js';
import type { WorkerContext } from '../../worker/context.js';
import { openPermits } from '../../worker/permits.js';
import { openWakeups } from '../../worker/wakeups.js';
import { tokenSource } from './caller.js';
import { journalOfCalls } from './journal.js';
import { limitsOf } from './limits.js';
import { registrationApi } from './registration-api.js';
import { vaultLater } from './vault.js';

export function workerContextOf(
  settings: Settings,
  redis: Redis,
  wakeupChannel: WakeupChannel,
  client: Client,
  guard: LossGuard,
  confirm: Confirmation['confirm'],
  onJournal: (canWrite: boolean) => void,
  { now, clock }: Pick<WorkerContext, 'now' | 'clock'>,
  log: Logger,
): WorkerContext {
  const store = openComponentStore(redis, vaultLater(settings));
  return {
    ledger: openLedger(redis, guard.ofAnswers),
    calls: openCalls(redis, guard),
    memory: {
      ...journalOfCalls(guard.journal, log, onJournal),
      restore: guard.restore,
      keep: guard.keep,
      isWhole: guard.ofOthers.pass,
    },
    confirm,
    workload: openWorkload(redis),
    api: registrationApi(settings, client),
    credentials: openCredentials(store, tokenSource(settings, client, store), Date.now),
    patience: settings.patience,
    limits: limitsOf(settings),
    wakeups: openWakeups(wakeupChannel),
    permits: openPermits(settings.patience.requestTimeoutMs, () => performance.now()),
    clockAheadMs: client.clockAheadMs,
    readQuota: (token) => readQuota(client, registrationApi(settings, client).path, token),
    quota: { knownUntil: 0 },
    token: {},
    now,
    clock,
    random: Math.random,
    newWriteId,
    log,
  };
}

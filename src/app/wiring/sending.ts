/** Worker and relay, with what has to run beside them. */
import type { Redis } from 'ioredis';
import { sendingWindow } from '../../domain/limits.js';
import { NO_JOURNAL, type Running, WRONG_CLOCK } from '../../domain/presence.js';
import { startDelivering } from '../../notices/deliver.js';
import { type EventWatcher, startEventWatcher } from '../../notices/event-watcher.js';
import { startLinkWatch } from '../../notices/link-watch.js';
import { outletsOf } from '../../notices/targets.js';
import { openCalls } from '../../redis/calls.js';
import { openBatches } from '../../redis/ledger/batches.js';
import { lastLoss, unreported } from '../../redis/ledger/last-loss.js';
import { openLedger } from '../../redis/ledger/ledger.js';
import { openLinks } from '../../redis/ledger/links.js';
import { factTime } from '../../redis/ledger/packed-write-sets.js';
import { registrationsNamed } from '../../redis/ledger/registrations-named.js';
import { openNights } from '../../redis/nights.js';
import { openNotices, queueForPeople } from '../../redis/notices.js';
import { openAuthCode, openAuthCodes } from '../../redis/pushes/auth-codes.js';
import { openAuthorizers } from '../../redis/pushes/authorizers.js';
import { openPushes } from '../../redis/pushes/pushes.js';
import { openSentNotices } from '../../redis/sent-notices.js';
import { refuseVolatile } from '../../redis/server/durability.js';
import { openWakeupChannel, type WakeupChannel } from '../../redis/wakeup-channel.js';
import { blockedByLine, blockedByWait } from '../../reporter/line-words.js';
import { sendingStatus } from '../../reporter/sending-status.js';
import { exchangeAuthCode } from '../../wechat/authorization.js';
import { authorizerInfo, listAuthorizers } from '../../wechat/authorizer-list.js';
import { openClient } from '../../wechat/client.js';
import { type JobLocks, startWorker } from '../../worker/worker.js';
import { openClock } from './clock.js';
import { confirmationOf } from './confirmation.js';
import { authorizationNotifier, createdNotifier, createdWebhook } from './created-webhook.js';
import { limitsOf } from './limits.js';
import type { Part } from './part.js';
import { startBeatingAs } from './processes.js';
import type { Store } from './store.js';
import { vaultOf } from './vault.js';
import { workerContextOf } from './worker-context.js';

/** Jobs of each kind that BullMQ holds at most: enough for any number of workers, little for Redis. */
const WINDOW_SIZE = 10_000;

/** Worker and relay: what sends. */
export async function startSending(
  store: Store,
  running: Running = 'steady',
  locks?: JobLocks,
  now: () => number = factTime,
): Promise<Part> {
  const { settings, log } = store;
  // First what can fail: nothing is open yet that would have to be closed.
  if (settings.redisUrl !== undefined && settings.redisPersistence === 'required') await refuseVolatile(store.redis);
  // Before anything that takes long to load: while a killed process is started again, every create may wait for its journal.
  const guard = await store.lossGuard();
  // BullMQ is a third of what a worker loads.
  const { createsOfAJob, startRelay, workersOn } = await import('../../redis/ledger/relay.js');
  const vault = vaultOf(settings);
  const redis = await store.connect('background');
  const wakeupChannel = await openWakeupChannel(redis);
  const client = openClient({
    baseUrl: settings.wechatApiBaseUrl,
    requestTimeoutMs: settings.patience.requestTimeoutMs,
    // One for each call in flight, and some for tokens, searches and exchanges.
    connections: settings.concurrency + 8,
  });
  const authorizers = openAuthorizers(redis, vault);
  const componentAppid = settings.wechatComponentAppid ?? '';
  const { confirm } = await confirmationOf(store, 'background');
  const clock = openClock(now, log, (isRight) => beating.report(WRONG_CLOCK, !isRight));
  const beating = startBeatingAs('worker', store, redis, running, clock);
  const onJournal = (canWrite: boolean): void => beating.report(NO_JOURNAL, !canWrite);
  const time = { now, clock };
  const context = workerContextOf(settings, redis, wakeupChannel, client, guard, confirm, onJournal, time, log);
  const relay = startRelay({
    redis,
    wakeupChannel,
    log,
    windowSize: WINDOW_SIZE,
    perSecond: settings.callsPerSecond,
    now: Date.now,
  });
  const worker = startWorker({
    openWorker: workersOn(redis),
    relay,
    context,
    concurrency: settings.concurrency,
    createsOfAJob: createsOfAJob(settings.callsPerSecond),
    locks,
    authorizing: {
      authorizers,
      codes: openAuthCodes(redis),
      pushes: openPushes(redis),
      named: (name) => registrationsNamed(redis, name),
      notifyCreated: createdNotifier(settings, redis),
      notifyAuthorization: authorizationNotifier(settings, redis),
      openAuthCode: (authCode, appid) => openAuthCode(vault, appid, authCode),
      exchange: (authCode, token) => exchangeAuthCode(client, componentAppid, authCode, token),
      infoOf: (appid, token) => authorizerInfo(client, componentAppid, token, appid),
      list: (offset, token) => listAuthorizers(client, componentAppid, token, offset),
    },
  });
  const delivering = startDelivering({
    notices: openNotices(redis),
    wakeupChannel,
    destinations: {
      created: createdWebhook(settings, authorizers),
    },
    secret: settings.webhookSecret ?? '',
    requestTimeoutMs: settings.patience.requestTimeoutMs,
    log,
  });
  const eventWatcher = settings.notifyUrl === undefined ? undefined : startEventWatcherOf(store, redis, wakeupChannel);
  const linkWatch = startLinkWatch({
    links: openLinks(redis),
    ledger: openLedger(redis),
    queueNotice:
      settings.notifyUrl === undefined
        ? undefined
        : (orderingKey, notice) => queueForPeople(redis, outletsOf(settings), orderingKey, notice),
    timezone: settings.quotaTimezone,
    now: Date.now,
    log,
  });
  const notifying = await store.notifying();
  log.info({ part: 'worker' }, 'ready');
  return {
    async close() {
      await worker.close();
      await beating.stop();
      await eventWatcher?.close();
      await linkWatch.close();
      await notifying.close();
      await delivering.close();
      await relay.stop();
      await wakeupChannel.close();
      await client.close();
    },
  };
}

function startEventWatcherOf({ settings, log }: Store, redis: Redis, wakeupChannel: WakeupChannel): EventWatcher {
  const calls = openCalls(redis);
  const limits = limitsOf(settings);
  return startEventWatcher({
    sentNotices: openSentNotices(redis, outletsOf(settings)),
    batches: openBatches(redis),
    nights: openNights(redis),
    calls,
    wakeupChannel,
    now: Date.now,
    log,
    loss: async () => ((await unreported(redis)) === 0 ? lastLoss(redis) : undefined),
    words: (why) =>
      'line' in why
        ? blockedByLine(why.line, limits, Date.now(), settings.wechatRegistrationApi)
        : blockedByWait(why.wait, limits, Date.now()),
    notifyAfterMs: settings.patience.notifyAfterMs,
    async spentDay() {
      const { blockedReason, stopped, used } = await sendingStatus(calls, limits, Date.now());
      const { day, dayEndsAt } = sendingWindow(limits, Date.now());
      // A day that WeChat has just closed often opens again within minutes.
      return stopped && blockedReason?.problem === 'quota:day' ? { day, endsAt: dayEndsAt, used } : undefined;
    },
  });
}

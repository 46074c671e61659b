/** The one file that wires: which parts a command works with, made from its settings. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Settings } from './config.js';
import { startConsole } from './console/server.js';
import { exchangesPerSecond, type Limits, sendingWindow } from './domain/limits.js';
import type { Identify } from './domain/merchant.js';
import { quotaRechecksMs } from './domain/patience.js';
import { heartbeatOf, liveOf, type ProcessRole, type Running } from './domain/presence.js';
import type { ReceivedPush } from './domain/push.js';
import { type Forwarding, startForwarding } from './events/forward.js';
import { openPushIntake } from './events/push-intake.js';
import { type Judge, type Recording, startRecording } from './events/record.js';
import { openRefusals } from './events/refusals.js';
import { type ReceiverServer, startReceiver } from './events/server.js';
import { openSpool } from './events/spool.js';
import type { NightTools } from './nights/night.js';
import { startNightScheduler } from './nights/night-scheduler.js';
import { type DeliveryTarget, startDelivering } from './notices/deliver.js';
import { type EventWatcher, startEventWatcher } from './notices/event-watcher.js';
import { startLinkWatch } from './notices/link-watch.js';
import { startWorkerWatch } from './notices/worker-watch.js';
import { compareAndRecord } from './operator/reconcile.js';
import { startReconciling } from './operator/reconciling.js';
import { VERSION } from './package.js';
import type { Rules } from './producer/checked-rows.js';
import { type Calls, openCalls } from './redis/calls.js';
import { isSealedTicket, openComponentStore, sealTicket, ticketReceivedAt } from './redis/component-store.js';
import { type Confirmation, openConfirmation, refuseUnconfirmable } from './redis/confirmation.js';
import { type AuthorizationChange, type Created, tellAuthorization, tellCreated } from './redis/created.js';
import { type Beating, openHeartbeats, startBeating } from './redis/heartbeat.js';
import { ownersOf } from './redis/ledger/appids.js';
import { type Batches, openBatches } from './redis/ledger/batches.js';
import { apiAddress, claimLedger, type LedgerIdentity, nameLedger } from './redis/ledger/identity.js';
import type { Journal } from './redis/ledger/journal.js';
import { type Ledger, openLedger } from './redis/ledger/ledger.js';
import { identifyIn } from './redis/ledger/ledger-key.js';
import { openLinks } from './redis/ledger/links.js';
import { liveRegistrations } from './redis/ledger/live.js';
import { guardAgainstLoss, type LossGuard, lastLoss, unreported } from './redis/ledger/loss.js';
import { openWorkload, type Workload } from './redis/ledger/workload.js';
import { openNights } from './redis/nights.js';
import { openNotices, queueNotice } from './redis/notices.js';
import { openAuthCode, openAuthCodes } from './redis/pushes/auth-codes.js';
import { type Authorizers, openAuthorizers } from './redis/pushes/authorizers.js';
import { openPushes, openPushReader, openPushRelay, type Pushes } from './redis/pushes/pushes.js';
import { openReadings } from './redis/readings.js';
import { openReconciliations } from './redis/reconciliations.js';
import { knownSecretKeyUnder, secretKeyUnder } from './redis/secret-key.js';
import { openSentNotices } from './redis/sent-notices.js';
import {
  type Address,
  checkServer,
  connect,
  isRedisGone,
  RedisUnavailable,
  type Role,
} from './redis/server/connection.js';
import { refuseVolatile } from './redis/server/durability.js';
import { joinPrivateServer } from './redis/server/private-server.js';
import { fingerprintOf, openVault, type Vault } from './redis/vault.js';
import { openWakeupChannel, type WakeupChannel } from './redis/wakeup-channel.js';
import { batchProgress } from './reporter/ending.js';
import { blockedByLine, blockedByWait } from './reporter/line-words.js';
import { type ProcessSources, processesNow } from './reporter/missing-worker.js';
import { sendingStatus } from './reporter/sending-status.js';
import { exchangeAuthCode } from './wechat/authorization.js';
import { authorizerInfo, listAuthorizers } from './wechat/authorizer-list.js';
import { type Client, openClient } from './wechat/client.js';
import { fixedToken, openCredentials, ticketExchange, tokenService } from './wechat/credentials.js';
import { decodeAesKey, type PushCredential } from './wechat/crypt.js';
import { fastregisterenterpriseweapp } from './wechat/fastregisterenterpriseweapp.js';
import { fastregisterweapp } from './wechat/fastregisterweapp.js';
import { readQuota } from './wechat/quota.js';
import type { RegistrationApi } from './wechat/registration-api.js';
import type { WorkerContext } from './worker/context.js';
import { openPermits } from './worker/permits.js';
import { openWakeups } from './worker/wakeups.js';

/** Jobs of each kind that BullMQ holds at most: enough for any number of workers, little for Redis. */
const WINDOW_SIZE = 10_000;

const LEAVE_WITHIN_MS = 5_000;

/** The ledger and what belongs to it, over one connection. */
export interface Store {
  readonly redis: Redis;
  readonly ledger: Ledger;
  readonly batches: Batches;
  readonly calls: Calls;
  readonly workload: Workload;
  /** The ledger was made just now. */
  readonly isNew: boolean;
  /** The registration of an enterprise, by its code. */
  readonly identify: Identify;
  readonly settings: Settings;
  readonly log: Logger;
  /** How the receiver is, where this process has one: /readyz of the console says the same. */
  readonly receiver: { isReady?: () => Promise<boolean> };
  /** What this process does against a Redis that forgets; made by the first part that needs it. */
  readonly lossGuard: () => Promise<LossGuard>;
  /** Posts notices to people, and looks whether a worker is missing, until as many have said that they leave as have begun. */
  readonly notifying: () => Promise<Part>;
  /** A further connection; closed with the store. */
  connect(role: Role): Promise<Redis>;
  close(): Promise<void>;
}

/**
 * @param leaving see `connect`
 * @param claim false: whatever platform the ledger belongs to; only who compares them by itself asks for that
 * @throws RedisUnreachable, RedisMisconfigured, LedgerMismatch
 */
export async function openStore(
  settings: Settings,
  log: Logger,
  role: Role,
  leaving?: AbortSignal,
  claim = true,
): Promise<Store> {
  nameLedger(settings.ledger);
  const server = await reachServer(settings, log);
  const connections: Redis[] = [];
  const connectTo = async (to: Role, until?: AbortSignal): Promise<Redis> => {
    const redis = await connect(server.address, to, log, until);
    connections.push(redis);
    return redis;
  };
  let guarding: Promise<LossGuard> | undefined;
  const close = async (): Promise<void> => {
    await (await guarding?.catch(() => undefined))?.close();
    for (const redis of connections) redis.disconnect();
    await server.leave();
  };
  try {
    const redis = await connectTo(role, leaving);
    if (settings.redisUrl !== undefined) {
      for (const warning of await checkServer(redis)) log.warn({}, warning);
    }
    const notifying = sharedPart(() => startNotifying(connectTo, settings, log));
    const isNew = claim && (await claimLedger(redis, ledgerIdentityOf(settings)));
    return {
      redis,
      ledger: openLedger(redis),
      batches: openBatches(redis),
      calls: openCalls(redis),
      workload: openWorkload(redis),
      identify: await identifyIn(redis),
      isNew,
      settings,
      log,
      receiver: {},
      lossGuard: () => {
        guarding ??= startGuarding(connectTo, settings, log);
        return guarding;
      },
      notifying,
      connect: (to) => connectTo(to),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startGuarding(
  connectTo: (role: Role) => Promise<Redis>,
  settings: Settings,
  log: Logger,
): Promise<LossGuard> {
  return guardAgainstLoss({
    redis: await connectTo('background'),
    home: settings.home,
    vault: vaultOf(settings),
    permitMs: settings.patience.requestTimeoutMs,
    now: Date.now,
    log,
  });
}

/** Begun by the first who wants it, and closed by the last. */
function sharedPart(begin: () => Promise<Part>): () => Promise<Part> {
  let part: Promise<Part> | undefined;
  let users = 0;
  return async () => {
    users += 1;
    part ??= begin();
    const mine = await part;
    return {
      async close() {
        users -= 1;
        if (users > 0) return;
        part = undefined;
        await mine.close();
      },
    };
  };
}

/** What people are told: by whichever process is there. Of a missing worker no worker could tell. */
async function startNotifying(
  connectTo: (role: Role) => Promise<Redis>,
  settings: Settings,
  log: Logger,
): Promise<Part> {
  if (settings.notifyUrl === undefined) return { close: async () => {} };
  const redis = await connectTo('background');
  const wakeupChannel = await openWakeupChannel(redis);
  const delivering = startDelivering({
    redis,
    wakeupChannel,
    destinations: { notify: { url: settings.notifyUrl } },
    secret: settings.webhookSecret ?? '',
    requestTimeoutMs: settings.patience.requestTimeoutMs,
    log,
  });
  const sources = processSourcesOf(settings, redis);
  const watch = startWorkerWatch({
    told: openSentNotices(redis),
    async look() {
      const { presence, missing } = await processesNow(sources);
      return { workers: liveOf(presence, 'worker').length, missing };
    },
    now: Date.now,
    everyMs: heartbeatOf(settings.patience.workerWaitMs).everyMs,
    log,
  });
  return {
    async close() {
      await watch.close();
      await delivering.close();
      await wakeupChannel.close();
    },
  };
}

/** Where it is asked which processes live. */
export function processSourcesOf(settings: Settings, redis: Redis): ProcessSources {
  return {
    heartbeats: openHeartbeats(redis),
    calls: openCalls(redis),
    nights: openNights(redis),
    limits: limitsOf(settings),
    workerWaitMs: settings.patience.workerWaitMs,
  };
}

function startBeatingAs(
  role: ProcessRole,
  { settings }: Pick<Store, 'settings'>,
  redis: Redis,
  running?: Running,
): Beating {
  const process = {
    role,
    ...(running !== undefined && { running }),
    version: VERSION,
    host: hostname(),
    pid: globalThis.process.pid,
    id: randomBytes(4).toString('hex'),
  };
  return startBeating(redis, process, heartbeatOf(settings.patience.workerWaitMs));
}

/** What a process with these settings would make a ledger for. */
export function ledgerIdentityOf(settings: Settings): LedgerIdentity {
  const isPrivate = settings.redisUrl === undefined;
  const secretKey = settings.secretKey ?? (isPrivate ? knownSecretKeyUnder(settings.home) : undefined);
  return {
    component: settings.wechatComponentAppid,
    api: apiAddress(settings.wechatApiBaseUrl),
    secretKey: secretKey && fingerprintOf(secretKey),
    previousSecretKey: settings.secretKeyPrevious && fingerprintOf(settings.secretKeyPrevious),
  };
}

async function reachServer(settings: Settings, log: Logger): Promise<{ address: Address; leave: () => Promise<void> }> {
  if (settings.redisUrl !== undefined) return { address: { url: settings.redisUrl }, leave: async () => {} };
  const { socketPath, leave } = await joinPrivateServer({ home: settings.home, log });
  return { address: { socketPath }, leave };
}

/** What a row has to be like, for the registration API in use, and how its enterprise is known in the ledger in use. */
export function rulesOf(settings: Settings, acceptWarnings: boolean, identify: Identify): Rules {
  const { needs, details } = registrationApi(settings, NO_CLIENT);
  return { needs: { ...needs, defaultPhone: settings.componentPhone }, details, identify, acceptWarnings };
}

/** Rules are asked for without calling anybody. */
export const NO_CLIENT: Client = {
  post: async () => ({ kind: 'not_sent', why: 'no call is made here' }),
  clockAheadMs: () => 0,
  close: async () => {},
};

const REGISTRATION_APIS: Readonly<Record<Settings['wechatRegistrationApi'], (client: Client) => RegistrationApi>> = {
  fastregisterweapp,
  fastregisterenterpriseweapp,
};

export function registrationApi(settings: Settings, client: Client): RegistrationApi {
  return REGISTRATION_APIS[settings.wechatRegistrationApi](client);
}

/** What asks WeChat a question outside the line: the same token as the workers', a connection of its own. */
export function openCaller({ settings, redis }: Pick<Store, 'settings' | 'redis'>) {
  const client = openClient({
    baseUrl: settings.wechatApiBaseUrl,
    requestTimeoutMs: settings.patience.requestTimeoutMs,
    connections: 1,
  });
  const store = openComponentStore(redis, vaultLater(settings));
  return {
    client,
    api: registrationApi(settings, client),
    ticketReceivedAt: () => ticketReceivedAt(redis),
    credentials: openCredentials(store, tokenSource(settings, client, store), Date.now),
    close: () => client.close(),
  };
}

/** What `reconcile` works with. */
export function reconcileTools(store: Store, { client }: ReturnType<typeof openCaller>, token: string) {
  const appid = store.settings.wechatComponentAppid ?? '';
  return {
    batches: store.batches,
    ledger: store.ledger,
    authorizers: openAuthorizers(store.redis, vaultOf(store.settings)),
    ownersOf: (appids: readonly string[]) => ownersOf(store.redis, appids),
    tellCreated: toldOfCreated(store.settings, store.redis),
    tellAuthorization: toldOfAuthorization(store.settings, store.redis),
    now: Date.now,
    patience: store.settings.patience,
    list: (offset: number) => listAuthorizers(client, appid, token, offset),
    infoOf: (authorizer: string) => authorizerInfo(client, appid, token, authorizer),
  };
}

/** `reconcile --apply`, once a night and after an outage of the receivers, by one process of all. */
export async function startReconcilingOf(store: Store): Promise<Part> {
  const { settings, log } = store;
  const redis = await store.connect('background');
  const calls = openCalls(redis);
  const limits = limitsOf(settings);
  const heartbeats = openHeartbeats(redis);
  const caller = openCaller({ ...store, redis });
  // Reading a list is in no hurry.
  const pauseMs = 1_000 / exchangesPerSecond(limits);

  const reconciling = startReconciling({
    runs: openReconciliations(redis),
    heartbeats,
    async mayCall() {
      const { stopped, blockedReason } = await sendingStatus(calls, limits, Date.now());
      return !stopped && blockedReason?.problem !== 'quota:day';
    },
    async compare(mayGoOn, missed) {
      const credential = await caller.credentials.current();
      if (credential.kind !== 'token') return undefined;
      const tools = reconcileTools({ ...store, redis }, caller, credential.token);
      const inTurn = async <Answer>(ask: () => Promise<Answer>): Promise<Answer | typeof INTERRUPTED> => {
        await sleep(pauseMs);
        return (await mayGoOn()) ? ask() : INTERRUPTED;
      };
      return compareAndRecord({
        ...tools,
        missed,
        list: (offset) => inTurn(() => tools.list(offset)),
        infoOf: (appid) => inTurn(() => tools.infoOf(appid)),
      });
    },
    timezone: settings.quotaTimezone,
    now: Date.now,
    log,
  });
  return {
    async close() {
      await reconciling.close();
      await caller.close();
    },
  };
}

const INTERRUPTED = { kind: 'refused', reply: { kind: 'not_sent', why: 'it was interrupted' } } as const;

export interface Part {
  close(): Promise<void>;
}

/** Worker and relay: what sends. */
export async function startSending(store: Store, running: Running = 'steady'): Promise<Part> {
  const { settings, log } = store;
  // BullMQ is a fifth of the memory of a command, and most commands send nothing.
  const { startRelay } = await import('./redis/ledger/relay.js');
  const { startWorker } = await import('./worker/worker.js');
  // What can fail comes first: nothing after it has to be closed for a fault of another.
  if (settings.redisUrl !== undefined && settings.redisPersistence === 'required') await refuseVolatile(store.redis);
  const vault = vaultOf(settings);
  const redis = await store.connect('background');
  const wakeupChannel = await openWakeupChannel(redis);
  const client = openClient({
    baseUrl: settings.wechatApiBaseUrl,
    requestTimeoutMs: settings.patience.requestTimeoutMs,
    // One for each slot of submit, and some for tokens, searches and exchanges.
    connections: settings.concurrency + 8,
  });
  const authorizers = openAuthorizers(redis, vault);
  const componentAppid = settings.wechatComponentAppid ?? '';
  const guard = await store.lossGuard();
  const { confirm } = await confirmationOf(store, 'background');
  const context = workerContextOf(settings, redis, wakeupChannel, client, guard, confirm, log);
  const relay = startRelay({
    redis,
    wakeupChannel,
    log,
    windowSize: WINDOW_SIZE,
    perSecond: settings.callsPerSecond,
    now: Date.now,
  });
  const worker = startWorker({
    redis,
    relay,
    context,
    concurrency: settings.concurrency,
    authorizing: {
      authorizers,
      codes: openAuthCodes(redis),
      pushes: openPushes(redis),
      live: () => liveRegistrations(redis),
      tellCreated: toldOfCreated(settings, redis),
      tellAuthorization: toldOfAuthorization(settings, redis),
      openAuthCode: (authCode, appid) => openAuthCode(vault, appid, authCode),
      exchange: (authCode, token) => exchangeAuthCode(client, componentAppid, authCode, token),
      infoOf: (appid, token) => authorizerInfo(client, componentAppid, token, appid),
      list: (offset, token) => listAuthorizers(client, componentAppid, token, offset),
    },
  });
  const delivering = startDelivering({
    redis,
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
    tell: settings.notifyUrl === undefined ? undefined : (lane, notice) => queueNotice(redis, 'notify', lane, notice),
    timezone: settings.quotaTimezone,
    now: Date.now,
    log,
  });
  const notifying = await store.notifying();
  const beating = startBeatingAs('worker', store, redis, running);
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
    told: openSentNotices(redis),
    batches: openBatches(redis),
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

/** Undefined where nobody wants to hear of new Mini Programs. */
export function toldOfCreated(settings: Settings, redis: Redis): ((created: Created) => Promise<void>) | undefined {
  return settings.createdWebhook === undefined ? undefined : (created) => tellCreated(redis, created);
}

export function toldOfAuthorization(
  settings: Settings,
  redis: Redis,
): ((change: AuthorizationChange) => Promise<void>) | undefined {
  return settings.createdWebhook === undefined ? undefined : (change) => tellAuthorization(redis, change);
}

/** The refresh token goes only where nobody on the way can read it. */
export function createdWebhook(
  { createdWebhook: url }: Pick<Settings, 'createdWebhook'>,
  authorizers: Pick<Authorizers, 'find'>,
): DeliveryTarget | undefined {
  if (url === undefined) return undefined;
  const { protocol, hostname } = new URL(url);
  const isPrivate = protocol === 'https:' || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
  return {
    url,
    complete: async (data) => {
      const kept = isPrivate ? await authorizers.find(String(data.appid)) : undefined;
      return { ...data, refresh_token: kept?.refreshToken ?? null };
    },
  };
}

const NOTHING_TO_CONFIRM: Confirmation = { confirm: async () => true };

/** @throws RedisMisconfigured where this Redis cannot wait as it is asked to */
async function confirmationOf({ settings, connect: another }: Store, role: Role): Promise<Confirmation> {
  const { redisWait, patience } = settings;
  if (redisWait === 'none') return NOTHING_TO_CONFIRM;
  const redis = await another(role);
  await refuseUnconfirmable(redis, redisWait);
  return openConfirmation(redis, redisWait, patience.redisWaitMs);
}

function workerContextOf(
  settings: Settings,
  redis: Redis,
  wakeupChannel: WakeupChannel,
  client: Client,
  guard: LossGuard,
  confirm: Confirmation['confirm'],
  log: Logger,
): WorkerContext {
  const store = openComponentStore(redis, vaultLater(settings));
  return {
    ledger: openLedger(redis, guard.ofAnswers),
    calls: openCalls(redis, guard),
    memory: {
      write: (entry) => written(() => guard.journal.write(entry), log),
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
    now: Date.now,
    random: Math.random,
    log,
  };
}

function written(write: () => void, log: Logger): boolean {
  try {
    write();
    return true;
  } catch (error) {
    log.error({ err: error }, 'the journal cannot be written');
    return false;
  }
}

/** With `auto`, until WeChat has told its number, or where it does not. */
const DAILY_CALLS_UNTIL_TOLD = 1000;

export function limitsOf(settings: Settings): Limits {
  return {
    perSecond: settings.callsPerSecond,
    perMinute: settings.callsPerMinute,
    perDay: settings.dailyCalls === 'auto' ? DAILY_CALLS_UNTIL_TOLD : settings.dailyCalls,
    believeWeChat: settings.dailyCalls === 'auto',
    searchShare: settings.searchReserve,
    quotaRechecksMs: quotaRechecksMs(settings.patience),
    timezone: settings.quotaTimezone,
    sendingHours: settings.sendingHours,
    stopAfter: settings.stopAfter,
  };
}

/** Asks for a check at once whether a day that is shut has calls again. True: WeChat has closed it. */
export async function askDayAgain({ calls, settings }: Pick<Store, 'calls' | 'settings'>): Promise<boolean> {
  return calls.askDayAgain(sendingWindow(limitsOf(settings), await calls.now()).day);
}

function tokenSource(settings: Settings, client: Client, store: ReturnType<typeof openComponentStore>) {
  const { wechatComponentAccessToken, wechatComponentAccessTokenUrl, patience } = settings;
  if (wechatComponentAccessToken !== undefined) return fixedToken(wechatComponentAccessToken);
  if (wechatComponentAccessTokenUrl !== undefined) {
    return tokenService(wechatComponentAccessTokenUrl, patience.requestTimeoutMs, fetch);
  }
  const component = { appid: settings.wechatComponentAppid ?? '', appsecret: settings.wechatComponentAppsecret ?? '' };
  return ticketExchange(client, component, store, Date.now, patience.tokenRetryMs);
}

/** Receiver and recorder: what listens. */
export async function startListening(store: Store): Promise<Part & { port: number }> {
  const receiver = await openReceiverService(store.settings, store.log);
  try {
    await receiver.recordIn(store);
    return { port: await receiver.open(), close: receiver.close };
  } catch (error) {
    await receiver.close();
    throw error;
  }
}

/**
 * The same where Redis may come later than the first push. WeChat may tell a result only once, so the port is open before
 * Redis is looked for, and stays open. Resolves when Redis is there, or without a store when told to leave before.
 *
 * @param open whoever gives it closes the store at last
 * @throws what `open` throws, except that Redis is away
 */
export async function startListeningAtOnce(
  settings: Settings,
  log: Logger,
  open: () => Promise<Store>,
  leaving: AbortSignal,
): Promise<Part & { store: Store | undefined }> {
  const receiver = await openReceiverService(settings, log);
  try {
    await receiver.open();
    return { store: await recordOnceThere(), close: receiver.close };
  } catch (error) {
    await receiver.close();
    throw error;
  }

  async function recordOnceThere(): Promise<Store | undefined> {
    // Each reason once: a server that starts may refuse connections first and read its data then.
    const told = new Set<string>();
    while (!leaving.aborted) {
      try {
        const store = await openAndRecord();
        if (told.size > 0) log.info({}, 'Redis is there now.');
        return store;
      } catch (error) {
        // The second is a Redis that came and went again in the middle of it.
        if (!(error instanceof RedisUnavailable || isRedisGone(error))) throw error;
        if (error instanceof RedisUnavailable && !told.has(error.message) && !leaving.aborted) {
          log.warn({}, `${error.message} Until it can be reached, pushes are kept on disk.`);
          told.add(error.message);
        }
        await sleep(TRY_AGAIN_MS, undefined, { signal: leaving }).catch(() => {});
      }
    }
    return undefined;
  }

  async function openAndRecord(): Promise<Store> {
    const store = await open();
    try {
      await receiver.recordIn(store);
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }
}

const TRY_AGAIN_MS = 1_000;

interface ReceiverService extends Part {
  /** Takes pushes from here on, and answers at which port. */
  open(): Promise<number>;
  /** Until then Redis counts as away, and pushes go to the spool. */
  recordIn(store: Store): Promise<void>;
}

async function openReceiverService(settings: Settings, log: Logger): Promise<ReceiverService> {
  // The door answers WeChat at once, also when Redis is away or was not there yet; the recorder waits for Redis to come back.
  let door:
    | {
        readonly redis: Redis;
        readonly pushes: Pushes;
        readonly journal: Journal;
        readonly confirm: () => Promise<boolean>;
      }
    | undefined;
  let recording: Recording | undefined;
  let forwarding: Forwarding | undefined;
  let server: ReceiverServer | undefined;
  let beating: Beating | undefined;
  let notifying: Part | undefined;
  const pushes = async (): Promise<Pushes> => {
    if (door === undefined) throw new Error('Redis was not reached yet');
    return door.pushes;
  };
  const vault = vaultLater(settings);
  const sealed = (ticket: string): string => sealTicket(vault(), ticket);
  const withSealedTicket = (push: ReceivedPush): ReceivedPush =>
    push.ticket === undefined || isSealedTicket(push.ticket) ? push : { ...push, ticket: sealed(push.ticket) };
  async function confirmed(): Promise<void> {
    if ((await door?.confirm()) === false) throw new Error('Neither a replica of Redis nor its disk had it in time');
  }
  const intake = openPushIntake({
    pushes: {
      async store(received, mark) {
        const stored = await (await pushes()).store(received.map(withSealedTicket), mark);
        written(() => door?.journal.writePushes(received), log);
        await confirmed();
        return stored;
      },
      // Also what was stored and not confirmed: it stays in the spool until it is.
      async storedOf(segment) {
        await confirmed();
        return (await pushes()).storedOf(segment);
      },
    },
    spool: await openSpool(join(settings.home, 'spool'), log),
    redisAnswers: async () => door !== undefined && answers(door.redis),
    log,
  });
  const refusals = openRefusals({ log, save: async (counts) => (await pushes()).countRefusals(counts) });
  return {
    async open() {
      server = await startReceiver({
        host: settings.eventsHost,
        port: settings.eventsPort,
        path: settings.eventsPath,
        trustedProxies: settings.eventsTrustProxy,
        canStore: intake.canStore,
        receiver: {
          credentials: pushCredentials(settings),
          componentAppid: settings.wechatComponentAppid ?? '',
          put: intake.put,
          sealTicket: sealed,
          refusals,
          now: Date.now,
          log,
        },
      });
      log.info(
        { part: 'receiver', address: settings.eventsHost, port: server.port, path: settings.eventsPath },
        'ready',
      );
      return server.port;
    },
    async recordIn(store) {
      const answering = await store.connect('interactive');
      const guard = await store.lossGuard();
      const { confirm } = await confirmationOf(store, 'interactive');
      const redis = await store.connect('background');
      if (settings.forwardUrl !== undefined) {
        forwarding = startForwarding({
          relay: await openPushRelay(redis),
          judge: judgeOf(store, redis),
          url: settings.forwardUrl,
          what: settings.forward,
          requestTimeoutMs: settings.patience.requestTimeoutMs,
          log,
        });
      }
      recording = startRecording(
        {
          ...judgeOf(store, redis),
          ...settlingOf(store, redis),
          ledger: openLedger(redis, guard.ofOthers),
          pushes: openPushes(redis),
          resultWaitMs: settings.patience.resultWaitMs,
          tellAuthorization: toldOfAuthorization(settings, redis),
          now: Date.now,
        },
        openPushReader(redis, `${process.pid}-${randomBytes(4).toString('hex')}`),
        intake.isBusy,
      );
      notifying = await store.notifying();
      beating = startBeatingAs('receiver', store, redis);
      store.receiver.isReady = async () => (await server?.isReady()) ?? false;
      // Last: a relay that is new begins behind what is stored, and is not to miss what the spool has.
      door = { redis: answering, pushes: openPushes(answering), journal: guard.journal, confirm };
    },
    async close() {
      await server?.close();
      refusals.close();
      await intake.close();
      // Both wait for a Redis that is away; what they have not done is kept there, and shutdown has 25 s for everything.
      const late = new Promise((resolve) => setTimeout(resolve, LEAVE_WITHIN_MS).unref());
      const leaving = [recording?.stop(), forwarding?.close(), beating?.stop(), notifying?.close()];
      await Promise.race([late, Promise.all(leaving)]);
    },
  };
}

/** What it takes to say what a stored push is about. */
export function judgeOf({ settings, identify }: Pick<Store, 'settings' | 'identify'>, redis: Redis): Judge {
  return {
    identify,
    credentials: pushCredentials(settings),
    componentAppid: settings.wechatComponentAppid ?? '',
    ledger: openLedger(redis),
    matchOf: registrationApi(settings, NO_CLIENT).matchOf,
  };
}

/** What it takes to record what a push says about a registration. */
export function settlingOf({ settings, log }: Pick<Store, 'settings' | 'log'>, redis: Redis) {
  return {
    ledger: openLedger(redis),
    rowAt: openBatches(redis).rowAt,
    codes: openAuthCodes(redis),
    vault: vaultOf(settings),
    // Whatever is relayed to the other service has its codes exchanged there.
    isShared: settings.forwardUrl !== undefined,
    tellCreated: toldOfCreated(settings, redis),
    log,
  };
}

/** Nightly runs over inbox folders. */
export async function startNights(store: Store): Promise<Part> {
  const { log } = store;
  const { onNight, openNightClock } = await import('./redis/night-clock.js');
  const redis = await store.connect('background');
  const clock = openNightClock(redis);
  const tools = nightToolsOf(store, redis);
  for (const schedule of await tools.nights.schedules()) await clock.set(schedule);
  const batches = openBatches(redis);
  const calls = openCalls(redis);
  const workload = openWorkload(redis);
  const nightScheduler = startNightScheduler({
    tools,
    batchProgress: async (ids, untilSubmitted) =>
      (await batchProgress({ batches, calls, workload }, tools.limits, ids, untilSubmitted)).ending,
    clock: (topic) => onNight(redis, log, topic),
    log,
  });
  const notifying = await store.notifying();
  const beating = startBeatingAs('scheduler', store, redis);
  log.info({ part: 'nights' }, 'ready');
  return {
    async close() {
      await nightScheduler.close();
      await beating.stop();
      await notifying.close();
      await clock.close();
    },
  };
}

export function nightToolsOf({ settings, identify, log }: Store, redis: Redis): NightTools {
  const { invitation, unanswered } = registrationApi(settings, NO_CLIENT);
  return {
    nights: openNights(redis),
    readings: openReadings(redis),
    batches: openBatches(redis),
    calls: openCalls(redis),
    rules: rulesOf(settings, true, identify),
    limits: limitsOf(settings),
    invitation,
    unanswered,
    now: Date.now,
    log,
    tell:
      settings.notifyUrl === undefined
        ? undefined
        : ({ id, at, data }) =>
            queueNotice(redis, 'notify', 'nights', { id: `night-${id}`, type: 'night.ended', at, data }),
  };
}

/** The console's port. */
export async function startConsoleOf(store: Store): Promise<Part & { port: number }> {
  const { settings, log } = store;
  const door = await store.connect('interactive');
  const pushes = openPushes(door);
  const server = await startConsole({
    host: settings.consoleHost,
    port: settings.consolePort,
    password: settings.consolePassword,
    log,
    isReady: () => store.receiver.isReady?.() ?? answers(door),
    sources: {
      batches: openBatches(door),
      calls: openCalls(door),
      pushes,
      ticketReceivedAt: () => ticketReceivedAt(door),
      processes: processSourcesOf(settings, door),
      workload: openWorkload(door),
      notices: openNotices(door),
      links: openLinks(door),
      nights: openNights(door),
      limits: limitsOf(settings),
      now: Date.now,
      version: VERSION,
    },
  });
  log.info({ part: 'console', address: settings.consoleHost, port: server.port }, 'ready');
  return {
    port: server.port,
    close: server.close,
  };
}

async function answers(redis: Redis): Promise<boolean> {
  return (await redis.ping().catch(() => '')) === 'PONG';
}

/** Token and key are rotated one by one, so every pair of them may be in use. */
function pushCredentials(settings: Settings): PushCredential[] {
  const tokens = [settings.wechatMessageToken, settings.wechatMessageTokenPrevious].filter((it) => it !== undefined);
  const keys = [settings.wechatEncodingAesKey, settings.wechatEncodingAesKeyPrevious].filter((it) => it !== undefined);
  return keys.flatMap((encodingAesKey) => tokens.map((token) => ({ token, aesKey: decodeAesKey(encodingAesKey) })));
}

/** For whoever may not need it: a key that is missing is made. */
function vaultLater(settings: Settings): () => Vault {
  let vault: Vault | undefined;
  return () => {
    vault ??= vaultOf(settings);
    return vault;
  };
}

export function vaultOf(settings: Settings): Vault {
  return openVault(settings.secretKey ?? secretKeyUnder(settings.home), settings.secretKeyPrevious);
}

/** The receiver's port, and the recorder once Redis is there. */
import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { OTHER_KEY } from '../../domain/presence.js';
import type { ReceivedPush } from '../../domain/push.js';
import type { Forwarding } from '../../events/forward.js';
import { openPushIntake } from '../../events/push-intake.js';
import { type Recording, startRecording } from '../../events/record.js';
import { openRefusals } from '../../events/refusals.js';
import { type ReceiverServer, startReceiver } from '../../events/server.js';
import { openSpool } from '../../events/spool.js';
import { isSealedTicket, sealTicket, ticketCreatedAt } from '../../redis/component-store.js';
import type { Beating } from '../../redis/heartbeat.js';
import type { Journal } from '../../redis/ledger/journal.js';
import { openLedger } from '../../redis/ledger/ledger.js';
import { openPushRelay } from '../../redis/pushes/push-relay.js';
import { openPushes, openPushReader, type Pushes } from '../../redis/pushes/pushes.js';
import type { Settings } from '../../settings.js';
import { confirmationOf } from './confirmation.js';
import { written } from './journal.js';
import { matchContextOf, pushCredentials, settlingOf } from './matching.js';
import type { Part } from './part.js';
import { startBeatingAs } from './processes.js';
import { answers } from './redis-answers.js';
import { spoolFolder } from './spool-folder.js';
import type { Store } from './store.js';
import { vaultLater } from './vault.js';

const LEAVE_WITHIN_MS = 5_000;

interface ReceiverService extends Part {
  /** Takes pushes from here on, and answers at which port. */
  open(): Promise<number>;
  /** Until then Redis counts as away, and pushes go to the spool. */
  recordIn(store: Store): Promise<void>;
}

export async function openReceiverService(settings: Settings, log: Logger): Promise<ReceiverService> {
  // undici, with which it posts, is a third of what a receiver loads. Loaded now: Redis may be there hours later, after an upgrade.
  const { forwardUrl: url } = settings;
  const forwarder = url === undefined ? undefined : { url, ...(await import('../../events/forward.js')) };
  // The receiver answers WeChat at once, also when Redis is away or was not there yet; the recorder waits for Redis to come back.
  let connected:
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
    if (connected === undefined) throw new Error('Redis was not reached yet');
    return connected.pushes;
  };
  const vault = vaultLater(settings);
  const sealed = (ticket: string): string => sealTicket(vault(), ticket);
  const withSealedTicket = (push: ReceivedPush): ReceivedPush =>
    push.ticket === undefined || isSealedTicket(push.ticket) ? push : { ...push, ticket: sealed(push.ticket) };
  async function confirmed(): Promise<void> {
    if ((await connected?.confirm()) === false)
      throw new Error('Neither a replica of Redis nor its disk had it in time');
  }
  const intake = openPushIntake({
    pushes: {
      async store(received, mark) {
        const stored = await (await pushes()).store(received.map(withSealedTicket), mark);
        await written(() => connected?.journal.writePushes(received), log);
        await confirmed();
        return stored;
      },
      // Also what was stored and not confirmed: it stays in the spool until it is.
      async storedOf(segment) {
        await confirmed();
        return (await pushes()).storedOf(segment);
      },
    },
    spool: await openSpool(spoolFolder(settings), log),
    redisAnswers: async () => connected !== undefined && answers(connected.redis),
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
      server?.knowTime(await ticketCreatedAt(answering));
      const guard = await store.lossGuard();
      const { confirm } = await confirmationOf(store, 'interactive');
      const redis = await store.connect('background');
      // What can fail comes first: a recorder that has begun would go on beside that of the next attempt.
      const forward = forwarder === undefined ? undefined : { ...forwarder, relay: await openPushRelay(redis) };
      notifying = await store.notifying();
      if (forward !== undefined) {
        forwarding = forward.startForwarding({
          url: forward.url,
          relay: forward.relay,
          matching: matchContextOf(store, redis),
          what: settings.forward,
          requestTimeoutMs: settings.patience.requestTimeoutMs,
          log,
        });
      }
      recording = startRecording(
        {
          ...matchContextOf(store, redis),
          ...settlingOf(store, redis),
          ledger: openLedger(redis, guard.ofOthers),
          pushes: openPushes(redis),
          epoch: guard.epoch,
          onOtherKey: () => beating?.report(OTHER_KEY, true),
          now: Date.now,
        },
        openPushReader(redis, `${process.pid}-${randomBytes(4).toString('hex')}`),
        intake.isBusy,
      );
      beating = startBeatingAs('receiver', store, redis);
      store.receiver.isReady = async () => (await server?.isReady()) ?? false;
      // Last: a relay that is new begins behind what is stored, and is not to miss what the spool has.
      connected = { redis: answering, pushes: openPushes(answering), journal: guard.journal, confirm };
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

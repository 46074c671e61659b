import type { Logger } from 'pino';
import { isRedisGone } from '../../domain/ledger-errors.js';
import { RedisUnavailable, unableRedis } from '../../redis/server/errors.js';
import type { Settings } from '../../settings.js';
import { sleep } from '../../sleep.js';
import type { Part } from './part.js';
import { openReceiverService } from './receiver-service.js';
import type { Store } from './store.js';

const TRY_AGAIN_MS = 1_000;

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
 * The same if Redis may come later than the first push. WeChat may send a result only once, so the port is open before
 * Redis is looked for, and stays open. Resolves when Redis is there, or without a store if the process has to end
 * earlier.
 * @param open its caller closes the store at the end
 * @throws what `open` throws, except that Redis is unavailable
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
    const logged = new Set<string>();
    while (!leaving.aborted) {
      try {
        const store = await openAndRecord();
        if (logged.size > 0) log.info({}, 'Redis is there now.');
        return store;
      } catch (error) {
        // The second is a Redis that came and went again in the middle of it.
        const why = error instanceof RedisUnavailable ? error : unableRedis(error);
        if (why === undefined && !isRedisGone(error)) throw error;
        if (why !== undefined && !logged.has(why.message) && !leaving.aborted) {
          const until = error instanceof RedisUnavailable ? 'it can be reached' : 'it takes them';
          log.warn({}, `${why.message} Until ${until}, pushes are kept on disk.`);
          logged.add(why.message);
        }
        await sleep(TRY_AGAIN_MS, leaving);
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

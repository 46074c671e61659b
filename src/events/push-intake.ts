/**
 * Where a push is put before we answer `success`: Redis, all pushes of a tick in one step; the spool while Redis is
 * away; and if neither can take it, the answer is not `success`. Order is kept over both: from the first push that went to the
 * spool until it is empty again, every push goes there.
 */
import type { Logger } from 'pino';
import type { ReceivedPush } from '../domain/push.js';
import { Rush } from '../http/rush.js';
import { sharedAnswer } from '../http/shared-answer.js';
import type { Pushes } from '../redis/pushes/pushes.js';
import { sleep } from '../sleep.js';
import type { Spool } from './spool.js';

export interface PushIntake {
  /** The push is stored when this resolves. Throws if neither Redis nor the disk takes it. */
  put(push: ReceivedPush): Promise<void>;
  canStore(): Promise<boolean>;
  /** Whether many pushes have come at once just now. */
  isBusy(): boolean;
  /** Accepts no more pushes; the spool keeps its pushes for the next process. */
  close(): Promise<void>;
}

export interface PushIntakeOptions {
  readonly pushes: Pick<Pushes, 'store' | 'storedOf'>;
  readonly spool: Spool;
  /** Whether Redis answers. */
  readonly redisAnswers: () => Promise<boolean>;
  readonly log: Logger;
}

/** More pushes in this time than any platform gets: 500 a second. */
const MANY = 50;
const SPAN_MS = 100;

/** Pushes that are stored in one step. */
interface Step {
  readonly pushes: ReceivedPush[];
  /** One for all of them. */
  readonly over: Promise<void>;
  readonly stored: () => void;
  readonly failed: (error: unknown) => void;
}

function newStep(): Step {
  let stored = (): void => {};
  let failed = (_error: unknown): void => {};
  const over = new Promise<void>((resolve, reject) => {
    stored = resolve;
    failed = reject;
  });
  return { pushes: [], over, stored, failed };
}

const LOOK_FOR_REDIS_EVERY_MS = 250;
/** How often the spool is checked for pushes that another process has left there. */
const LOOK_FOR_LEFTOVERS_EVERY_MS = 30_000;
/** When a pass stores no more pushes than this, the next pass is the last, and new pushes wait for its end. */
const FEW = 200;

/** Most old pushes in the spool: captured pushes that are sent again must not fill the disk. Redis parks no more than this, either. */
const MOST_OLD_IN_SPOOL = 1_000;

/** A check of the disk for /readyz writes a file, and any client may request it: the result is used again for a second. */
const PROBE_EVERY_MS = 1_000;

export function openPushIntake({ pushes, spool, redisAnswers, log }: PushIntakeOptions): PushIntake {
  let next = newStep();
  let flushing = false;
  const rush = new Rush(MANY, SPAN_MS, () => performance.now());
  let spooling = false;
  /** Whether new pushes wait while the rest of the spool is stored: under load the spool would never be empty otherwise. */
  let handover: Promise<void> | undefined;
  let emptying: Promise<void> | undefined;
  const leaving = new AbortController();
  let oldInSpool = 0;
  const redisIsThere = sharedAnswer(redisAnswers);
  const diskIsThere = sharedAnswer(spool.canWrite, PROBE_EVERY_MS);

  /**
   * One step at a time: pushes that come meanwhile share the next step. A step costs one sync of the disk, however many
   * pushes it stores; under load this doubles the throughput.
   */
  async function flush(): Promise<void> {
    while (next.pushes.length > 0) {
      const step = next;
      next = newStep();
      rush.add(step.pushes.length);
      await store(step.pushes).then(step.stored, step.failed);
    }
    flushing = false;
  }

  async function store(batch: readonly ReceivedPush[]): Promise<void> {
    while (handover !== undefined) await handover;
    if (!spooling) {
      try {
        await pushes.store(batch);
        return;
      } catch (error) {
        if (!spooling) log.warn({ err: error }, 'Redis does not take pushes; they are kept on disk until it does');
        spooling = true;
        emptySpool();
      }
    }
    await spool.append(batch.filter(({ isOld }) => isOld !== true || ++oldInSpool <= MOST_OLD_IN_SPOOL));
  }

  function emptySpool(): void {
    emptying ??= untilEmpty();
  }

  async function untilEmpty(): Promise<void> {
    let count = 0;
    while (!leaving.signal.aborted) {
      try {
        if (await redisAnswers()) {
          const stored = await spool.empty(pushes);
          count += stored;
          if (stored > FEW) continue;
          if (await handOver()) {
            log.info({ pushes: count }, 'the spool is empty: every push is in Redis');
            return;
          }
        }
      } catch (error) {
        log.warn({ err: error }, 'the spool could not be emptied; trying again');
      }
      await sleep(LOOK_FOR_REDIS_EVERY_MS, leaving.signal);
    }
  }

  /** New pushes wait while the last ones of the spool are stored; then they go to Redis again. */
  async function handOver(): Promise<boolean> {
    let over = (): void => {};
    handover = new Promise((resolve) => {
      over = resolve;
    });
    try {
      // Appends that began earlier are in the spool's own queue: once they are done, the spool is complete.
      await spool.settled();
      await spool.empty(pushes);
      if (!(await spool.isEmpty())) return false;
      spooling = false;
      emptying = undefined;
      oldInSpool = 0;
      return true;
    } finally {
      handover = undefined;
      over();
    }
  }

  /** Stores pushes of a process that was killed, or of an earlier start. */
  async function lookForLeftovers(): Promise<void> {
    if (leaving.signal.aborted || spooling || (await spool.isEmpty())) return;
    spooling = true;
    emptySpool();
  }

  void lookForLeftovers();
  const leftovers = setInterval(() => void lookForLeftovers(), LOOK_FOR_LEFTOVERS_EVERY_MS).unref();

  return {
    put(push) {
      next.pushes.push(push);
      if (!flushing) {
        flushing = true;
        // After the requests of this tick: one step for all of them.
        setImmediate(flush);
      }
      return next.over;
    },
    isBusy: () => rush.isOn,
    canStore: async () => (await redisIsThere()) || (await diskIsThere()),
    async close() {
      leaving.abort();
      clearInterval(leftovers);
      await emptying;
      await spool.close();
    },
  };
}

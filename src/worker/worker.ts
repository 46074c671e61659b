/** A worker process: takes a few jobs of all three kinds from BullMQ, and limits how many calls it makes at a time. */
import { type Job, registrationOf, type WorkKind } from '../domain/work.js';
import type { OpenWorker, Relay } from '../redis/ledger/relay.js';
import { authorize } from './authorize.js';
import type { AuthorizeTools } from './authorizing.js';
import { isClockRight, type WorkerContext } from './context.js';
import { followUp } from './follow-up.js';
import { openSemaphore } from './semaphore.js';
import { submit } from './submit.js';

/** How long a worker keeps its jobs without renewing their locks. */
export interface JobLocks {
  readonly lockMs: number;
  /** How often a worker looks for jobs without a lock; the second look that finds one takes it up. */
  readonly lookEveryMs: number;
}

/**
 * A frozen Redis or event loop shorter than the lock does no harm; after a kill -9 the jobs of the dead run again when
 * their locks have run out and another worker has looked (measured: 31 to 34 s with these two).
 */
const JOB_LOCKS: JobLocks = { lockMs: 30_000, lookEveryMs: 4_000 };

/** A job may outlive any number of workers: the ledger sees to it that no attempt is sent twice. */
const MOST_DEATHS = Number.MAX_SAFE_INTEGER;

/** Registrations that a worker has taken, for each call in flight: enough that no call waits, and the rest is for other workers. */
const READ_AHEAD = 4;

const PAUSE_AFTER_ERROR_MS = 1_000;

/** Of the journal and the clock. */
const LOOK_AGAIN_EVERY_MS = 3_000;

/** SIGTERM has to be over in 25 s; a call in flight takes at most the request timeout. */
const CLOSE_WITHIN_MS = 20_000;

export interface RunningWorker {
  /** Stops taking, finishes the calls in flight and records them. */
  close(): Promise<void>;
}

export interface WorkerOptions {
  readonly openWorker: OpenWorker;
  readonly relay: Pick<Relay, 'roomMade'>;
  readonly context: WorkerContext;
  readonly authorizing: AuthorizeTools;
  /** Calls in flight. */
  readonly concurrency: number;
  /** Registrations that one job has at most. */
  readonly createsOfAJob?: number;
  readonly locks?: JobLocks | undefined;
}

export function startWorker(options: WorkerOptions): RunningWorker {
  const { openWorker, relay, context, authorizing, concurrency, createsOfAJob = 1, locks = JOB_LOCKS } = options;
  const withPermit = openSemaphore(concurrency);
  const work: Record<WorkKind, (job: Job, id: string) => Promise<void>> = {
    authorize: (job, appid) => authorize(context, authorizing, job, appid),
    'follow-up': (job, id) => followUp(context, job, id),
    submit: (job, id) => submit(context, withPermit, job, id),
  };
  const submitAtOnce = Math.min(Math.ceil((READ_AHEAD * concurrency) / createsOfAJob) + 1, concurrency);
  const jobsAtOnce: Record<WorkKind, number> = { authorize: 4, 'follow-up': 2, submit: submitAtOnce };

  const { clock, memory, wakeups } = context;
  const resting = new Set<WorkKind>();

  const isAble = (kind: WorkKind): boolean => clock.isRight() && (kind !== 'submit' || memory.canWrite());

  async function isAbleAgain(kind: WorkKind): Promise<boolean> {
    // Redis may be away.
    const isRight = await isClockRight(context).catch(() => false);
    return isRight && (kind !== 'submit' || memory.tryAgain());
  }

  /** Workers of other machines take its work meanwhile. */
  async function rest(kind: WorkKind, worker: ReturnType<OpenWorker>): Promise<void> {
    if (resting.has(kind)) return;
    resting.add(kind);
    await worker.pause(true);
    while (await wakeups.wait(LOOK_AGAIN_EVERY_MS, [])) {
      if (!(await isAbleAgain(kind))) continue;
      resting.delete(kind);
      return worker.resume();
    }
  }

  const workers = (Object.keys(work) as WorkKind[]).map((kind) => {
    const workOff = (name: string): Promise<void> => {
      const [job, id] = [{ kind, name }, registrationOf(name)];
      return wakeups.leaving || !clock.isRight() ? context.workload.giveBack(job, id, 0) : work[kind](job, id);
    };
    const worker = openWorker(
      kind,
      async ({ jobs }) => {
        const done = await Promise.allSettled(jobs.map(workOff));
        relay.roomMade();
        if (!isAble(kind)) void rest(kind, worker);
        const faults = done.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
        if (faults.length > 0) throw new AggregateError(faults, `${faults.length} of ${done.length} failed`);
      },
      {
        concurrency: jobsAtOnce[kind],
        lockDuration: locks.lockMs,
        stalledInterval: locks.lookEveryMs,
        maxStalledCount: MOST_DEATHS,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 0 },
      },
    );
    // Failed means that our program threw. Its jobs stay in the ledger's window and are handed out again.
    worker.on('failed', (job, error) => context.log.error({ err: error, jobs: job?.data.jobs }, 'our program failed'));
    worker.on('stalled', (job) =>
      context.log.warn({ kind, job }, 'registrations are taken up from a worker that is gone'),
    );
    worker.on('error', (error) => {
      // A Redis that takes no writes fails at once and for ever: thousands of tries a second would help nothing.
      if (worker.isPaused()) return;
      context.log.warn({ err: error }, 'worker: Redis');
      worker.pause(true).catch(() => {});
      setTimeout(() => !wakeups.leaving && !resting.has(kind) && worker.resume(), PAUSE_AFTER_ERROR_MS).unref();
    });
    return worker;
  });

  return {
    async close() {
      wakeups.leave();
      const closed = Promise.all(workers.map((worker) => worker.close()));
      const late = new Promise<'late'>((resolve) => setTimeout(resolve, CLOSE_WITHIN_MS, 'late').unref());
      if ((await Promise.race([closed, late])) === 'late') {
        await Promise.race([Promise.all(workers.map((worker) => worker.close(true))), late]);
      }
    },
  };
}

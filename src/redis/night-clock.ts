/** BullMQ's job schedulers ring when a night is due. Which night that is, and whether it was begun, the ledger knows. */
import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Schedule } from '../domain/night.js';
import { prefix } from './keys.js';

const QUEUE = 'nights';

export interface NightClock {
  set(schedule: Schedule): Promise<void>;
  remove(name: string): Promise<void>;
  close(): Promise<void>;
}

export function openNightClock(redis: Redis): NightClock {
  const queue = new Queue(QUEUE, { connection: redis, prefix: prefix() });
  queue.on('error', () => {
    // Reported by whoever waits for the command that failed.
  });
  return {
    async set({ name, at, timezone }) {
      await queue.upsertJobScheduler(
        name,
        { pattern: at, tz: timezone },
        { name: 'night', opts: { removeOnComplete: true, removeOnFail: true } },
      );
    },
    async remove(name) {
      await queue.removeJobScheduler(name);
    },
    close: () => queue.close(),
  };
}

/** Rings in one of the processes that listen. */
export function onNight(redis: Redis, log: Logger, topic: () => void): { close(): Promise<void> } {
  const worker = new Worker(QUEUE, async () => topic(), { connection: redis, prefix: prefix() });
  worker.on('error', (error) => log.warn({ err: error }, 'nights: Redis'));
  return { close: () => worker.close() };
}

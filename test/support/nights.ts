/** Nights over an inbox of a rehearsal's own, at any hour that a test wants. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { sendAndListen } from '../../src/app/send-and-listen.js';
import { nightToolsOf } from '../../src/app/wiring/nights.js';
import type { Night, Schedule } from '../../src/domain/night.js';
import { type NightPlan, type NightTools, runNight } from '../../src/nights/night.js';
import { type NightScheduler, startNightScheduler } from '../../src/nights/night-scheduler.js';
import type { Summary } from '../../src/nights/summary.js';
import { openNights } from '../../src/redis/nights.js';
import { batchProgress } from '../../src/reporter/ending.js';
import { EVENTS_PATH, type Rehearsal, rehearse } from './rehearsal.js';

export interface Office {
  readonly inbox: string;
  /** The nights' own clock, ms since 1970. */
  now: number;
  /** Puts a file into the inbox; nobody writes into it any more. */
  put(name: string, content: string | Buffer): void;
  schedule(changes?: Partial<Schedule>): Schedule;
  /** As one process that serves keeps nights. */
  keep(changes?: Partial<NightTools>): Promise<NightScheduler>;
  /** As `run --inbox` does it. */
  run(changes?: Partial<NightPlan>, others?: Partial<NightTools>): Promise<Night | undefined>;
  nights(): Promise<Night[]>;
  read(...path: string[]): string;
  summary(night: Night): Summary;
}

/** An office with a schedule, of a rehearsal that sends. */
export async function officeWithSchedule() {
  const rehearsal = await rehearse();
  await rehearsal.start();
  const office = openOffice(rehearsal);
  const nights = openNights(rehearsal.store.redis);
  const schedule = office.schedule();
  await nights.add(schedule);
  return { rehearsal, office, nights, schedule };
}

export function openOffice(rehearsal: Rehearsal): Office {
  const { store, simulator } = rehearsal;
  const inbox = join(rehearsal.home, 'inbox');
  mkdirSync(inbox);
  const office = { now: Date.now() + 10 * 86_400_000 };
  const toolsOn = (redis = store.redis): NightTools => ({ ...nightToolsOf(store, redis), now: () => office.now });

  return Object.assign(office, {
    inbox,
    put(name: string, content: string | Buffer) {
      writeFileSync(join(inbox, name), content);
    },
    schedule: (changes: Partial<Schedule> = {}): Schedule => ({
      name: 'nightly',
      inbox,
      at: '0 22 * * *',
      timezone: 'Asia/Shanghai',
      until: 'settled' as const,
      language: 'en' as const,
      addedAt: office.now - 4 * 86_400_000,
      ...changes,
    }),
    async keep(changes: Partial<NightTools> = {}) {
      const redis = await store.connect('background');
      const tools = { ...toolsOn(redis), ...changes };
      const keeper = startNightScheduler({
        tools,
        batchProgress: async (ids, untilSubmitted) =>
          (await batchProgress(store, tools.limits, ids, untilSubmitted)).ending,
        log: store.log,
      });
      onTestFinished(() => keeper.close());
      return keeper;
    },
    run: (changes: Partial<NightPlan> = {}, others: Partial<NightTools> = {}) =>
      runNight(
        { ...toolsOn(), ...others },
        { inbox, timezone: 'Asia/Shanghai', language: 'en' as const, until: 'settled' as const, ...changes },
        (batches, signal) =>
          sendAndListen(
            store,
            { batches, untilSubmitted: false, signal },
            { onListening: (port) => simulator.setPushUrl(`http://127.0.0.1:${port}${EVENTS_PATH}`) },
          ),
        new AbortController().signal,
      ),
    nights: () => toolsOn().nights.list(),
    read: (...path: string[]) => readFileSync(join(inbox, ...path), 'utf8'),
    summary: (night: Night) =>
      JSON.parse(readFileSync(join(inbox, 'done', night.date, `${night.name}.json`), 'utf8')) as Summary,
  });
}

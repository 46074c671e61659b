/** Requests that were refused: a flood of them is one log line a period, and a count. */
import type { Logger } from 'pino';

export type Refusal = 'bad_signature' | 'unreadable' | 'too_large' | 'too_many' | 'not_stored';

export interface Refusals {
  /** `detail` names no value of the request. */
  count(why: Refusal, detail: string): void;
  close(): void;
}

export interface RefusalsOptions {
  readonly log: Logger;
  /** Where they are added up over all processes; lost counts do no harm. */
  readonly save: (counts: Readonly<Record<string, number>>) => Promise<void>;
  readonly periodMs?: number;
}

const PERIOD_MS = 60_000;

/** The first refusal of a kind is told at once, those that follow it within the period as one number. */
export function openRefusals({ log, save, periodMs = PERIOD_MS }: RefusalsOptions): Refusals {
  /** Since they were last saved. */
  let counts: Record<string, number> = {};
  /** Told of in this period already; and what came after that. */
  let quiet = new Set<Refusal>();
  let untold = new Map<Refusal, { count: number; detail: string }>();
  let timer: NodeJS.Timeout | undefined;

  function endOfPeriod(): void {
    for (const [why, facts] of untold) log.warn({ why, ...facts, periodMs }, 'requests were refused');
    // A flood that goes on is one line a period.
    quiet = new Set(untold.keys());
    untold = new Map();
    save(counts).catch(() => {});
    counts = {};
    timer = quiet.size > 0 ? setTimeout(endOfPeriod, periodMs).unref() : undefined;
  }

  return {
    count(why, detail) {
      counts[why] = (counts[why] ?? 0) + 1;
      if (quiet.has(why)) {
        untold.set(why, { count: (untold.get(why)?.count ?? 0) + 1, detail });
      } else {
        quiet.add(why);
        log.warn({ why, detail }, 'a request was refused');
      }
      timer ??= setTimeout(endOfPeriod, periodMs).unref();
    },
    close() {
      if (timer === undefined) return;
      clearTimeout(timer);
      endOfPeriod();
      clearTimeout(timer);
    },
  };
}

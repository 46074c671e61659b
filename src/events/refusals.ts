/** Counts refused requests; a flood of them is one log line a period. */
import type { Logger } from 'pino';
import type { ConnectionRefusal } from '../http/places.js';

/** `repeated` and `old` were answered `success`: WeChat signed these pushes, and they bring nothing new. */
export type PushRefusal =
  | 'bad_signature'
  | 'unreadable'
  | 'too_large'
  | 'too_many_chunks'
  | 'not_stored'
  | 'repeated'
  | 'old'
  | ConnectionRefusal;

const ANSWERED: ReadonlySet<PushRefusal> = new Set(['repeated', 'old']);

export interface Refusals {
  /** `detail` has no value from the request. */
  count(why: PushRefusal, detail: string): void;
  /** Saves the counts now; they are also saved once a period. */
  flush(): void;
  close(): void;
}

export interface RefusalsOptions {
  readonly log: Logger;
  /** Adds counts to those of all processes; a lost count does no harm. */
  readonly save: (counts: Readonly<Record<string, number>>) => Promise<void>;
  readonly periodMs?: number;
}

const PERIOD_MS = 60_000;

/** The first refusal of a kind is logged at once, further ones within the period as one number. */
export function openRefusals({ log, save, periodMs = PERIOD_MS }: RefusalsOptions): Refusals {
  /** Counts since the last save. */
  let counts: Record<string, number> = {};
  /** Kinds of refusals that were logged in this period; `unlogged` counts the later refusals of these kinds. */
  let quiet = new Set<PushRefusal>();
  let unlogged = new Map<PushRefusal, { count: number; detail: string }>();
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    if (Object.keys(counts).length > 0) save(counts).catch(() => {});
    counts = {};
  }

  function endOfPeriod(): void {
    for (const [why, facts] of unlogged) {
      const what = ANSWERED.has(why) ? 'pushes were answered and not taken again' : 'requests were refused';
      log.warn({ why, ...facts, periodMs }, what);
    }
    // A flood that goes on is one line a period.
    quiet = new Set(unlogged.keys());
    unlogged = new Map();
    flush();
    timer = quiet.size > 0 ? setTimeout(endOfPeriod, periodMs).unref() : undefined;
  }

  return {
    count(why, detail) {
      counts[why] = (counts[why] ?? 0) + 1;
      if (quiet.has(why)) {
        unlogged.set(why, { count: (unlogged.get(why)?.count ?? 0) + 1, detail });
      } else {
        quiet.add(why);
        log.warn(
          { why, detail },
          ANSWERED.has(why) ? 'a push was answered and not taken again' : 'a request was refused',
        );
      }
      timer ??= setTimeout(endOfPeriod, periodMs).unref();
    },
    flush,
    close() {
      if (timer === undefined) return;
      clearTimeout(timer);
      endOfPeriod();
      clearTimeout(timer);
    },
  };
}

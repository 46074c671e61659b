/**
 * Simulated time: it starts at the real now and runs `speed` times faster. Everything that WeChat does later (a ticket,
 * a legal person who confirms, a push) waits here, so that closing the simulator leaves no timer behind.
 */

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Beijing has no summer time; WeChat's quota day presumably begins there. */
const BEIJING_OFFSET_MS = 8 * HOUR_MS;

/** Node fires a longer timer at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const UNITS_MS: Record<string, number> = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };

export interface Timeline {
  /** Simulated milliseconds since 1970. */
  now(): number;
  /** What the `clock` option says, milliseconds since 1970. */
  realNow(): number;
  /** Runs once after so much simulated time; the answer cancels it. */
  after(simulatedMs: number, run: () => void): () => void;
  /** Runs once after so much real time, for what lives at the speed of the network. */
  afterReal(realMs: number, run: () => void): () => void;
  /** Jumps ahead in simulated time; what falls due on the way runs in its order, each at its own moment. */
  advance(simulatedMs: number): void;
  close(): void;
}

interface Appointment {
  readonly dueAt: number;
  readonly run: () => void;
  timer: NodeJS.Timeout | undefined;
}

export function startTimeline(clock: () => number, speed: number): Timeline {
  const startedAt = clock();
  const appointments = new Set<Appointment>();
  const realTimers = new Set<NodeJS.Timeout>();
  let skippedMs = 0;
  let closed = false;

  const now = () => startedAt + (clock() - startedAt) * speed + skippedMs;

  function arm(appointment: Appointment): void {
    clearTimeout(appointment.timer);
    const realMs = Math.max(0, (appointment.dueAt - now()) / speed);
    appointment.timer = setTimeout(
      () => (realMs > LONGEST_TIMER_MS ? arm(appointment) : keep(appointment)),
      Math.min(realMs, LONGEST_TIMER_MS),
    );
  }

  function keep(appointment: Appointment): void {
    clearTimeout(appointment.timer);
    if (appointments.delete(appointment)) appointment.run();
  }

  function earliestUntil(limit: number): Appointment | undefined {
    let earliest: Appointment | undefined;
    for (const each of appointments) {
      if (each.dueAt <= limit && (!earliest || each.dueAt < earliest.dueAt)) earliest = each;
    }
    return earliest;
  }

  return {
    now,
    realNow: clock,
    after(simulatedMs, run) {
      if (closed) return () => {};
      const appointment: Appointment = { dueAt: now() + simulatedMs, run, timer: undefined };
      appointments.add(appointment);
      arm(appointment);
      return () => {
        clearTimeout(appointment.timer);
        appointments.delete(appointment);
      };
    },
    afterReal(realMs, run) {
      if (closed) return () => {};
      const timer = setTimeout(() => {
        realTimers.delete(timer);
        run();
      }, realMs);
      realTimers.add(timer);
      return () => {
        clearTimeout(timer);
        realTimers.delete(timer);
      };
    },
    advance(simulatedMs) {
      const target = now() + simulatedMs;
      for (let next = earliestUntil(target); next; next = earliestUntil(target)) {
        skippedMs += Math.max(0, next.dueAt - now());
        keep(next);
      }
      skippedMs += Math.max(0, target - now());
      for (const each of appointments) arm(each);
    },
    close() {
      closed = true;
      for (const each of appointments) clearTimeout(each.timer);
      for (const timer of realTimers) clearTimeout(timer);
      appointments.clear();
      realTimers.clear();
    },
  };
}

/** `5m`, `1500ms`, `24h`, or a plain number of milliseconds. */
export function durationMs(duration: string | number): number {
  if (typeof duration === 'number' && duration >= 0) return duration;
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(String(duration)) ?? [];
  const unitMs = UNITS_MS[unit ?? ''];
  if (amount === undefined || unitMs === undefined) {
    throw new Error(`"${duration}" is not a duration; write a number with its unit, such as 90s, 5m or 24h.`);
  }
  return Number(amount) * unitMs;
}

/** The ordinal of the Beijing day in which this moment lies. */
export function beijingDay(atMs: number): number {
  return Math.floor((atMs + BEIJING_OFFSET_MS) / DAY_MS);
}

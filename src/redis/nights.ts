/** Nightly runs: their schedules, their results, and which process has an inbox at the moment. */
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Night, NightFile, RejectedFile, Schedule } from '../domain/night.js';
import { answersOf } from './exec.js';
import { key } from './keys.js';
import { openLeases } from './lease.js';
import { script } from './scripts.js';

/** The lease of an inbox, as the night that has it knows it. */
export interface InboxLease {
  /** Greater than the fence of any earlier night. */
  readonly fence: number;
  /** Renews the lease; false once the inbox is another night's. */
  renew(): Promise<boolean>;
  release(): Promise<void>;
}

export interface Nights {
  schedules(): Promise<Schedule[]>;
  add(schedule: Schedule): Promise<void>;
  /** False if there is no schedule of that name. */
  remove(name: string): Promise<boolean>;
  /** The time of the schedule's last night that was begun, in ms; 0 if there was none. */
  lastOccurrence(name: string): Promise<number>;
  begun(name: string, occurrence: number): Promise<void>;
  /** A person wants a night of this schedule now. */
  ask(name: string, at: number): Promise<void>;
  /** When a person asked for a night that has not begun, by schedule; ms since 1970. */
  asked(): Promise<Readonly<Record<string, number>>>;
  /** Keeps a request whose night could not begin because another night has the inbox; sends no wakeup. */
  askAgain(name: string, at: number): Promise<void>;
  /** True for one process: it begins the night. */
  takeAsked(name: string): Promise<boolean>;
  /** Writes a night, unless another night has its inbox by now. */
  save(night: Night, lease: InboxLease): Promise<boolean>;
  /** Adds a file that a night has taken, or changes it: writing the whole list for each file would take longer the more files there are. */
  note(night: Night, taken: NightFile | RejectedFile, lease: InboxLease): Promise<boolean>;
  /** Nights in the order in which they began. */
  list(): Promise<Night[]>;
  /** Undefined while another night has the inbox. */
  acquire(inbox: string): Promise<InboxLease | undefined>;
  /** Nights that began before this time (ms since 1970) and whose rows no longer wait. */
  oldOnes(time: number): Promise<readonly Night[]>;
  /** Deletes them. */
  forgetBefore(time: number): Promise<void>;
}

/** A process that does not renew for this long counts as dead. */
const LEASE_MS = 60_000;

export function openNights(redis: Redis): Nights {
  const saveScript = script(redis, 'save-night');
  const leases = openLeases(redis);
  const leaseName = (inbox: string): string =>
    key('inbox', createHash('sha256').update(inbox).digest('hex').slice(0, 16));

  async function oldOnes(time: number): Promise<Night[]> {
    return (await list()).filter(({ startedAt, open }) => startedAt < time && !open);
  }

  async function list(): Promise<Night[]> {
    const nights = Object.values(await redis.hgetall(key('nights'))).map((text) => JSON.parse(text) as Night);
    const taking = nights.filter(({ ending }) => ending === undefined);
    const steps = redis.pipeline();
    for (const { id } of taking) steps.lrange(key('nightFiles', id), 0, -1);
    const noted = await answersOf(steps);
    const whole = new Map(taking.map((night, at) => [night.id, withNoted(night, (noted[at] ?? []) as string[])]));
    return nights.map((night) => whole.get(night.id) ?? night).sort((one, other) => one.startedAt - other.startedAt);
  }

  return {
    async schedules() {
      const schedules = Object.values(await redis.hgetall(key('schedules'))).map(
        (text) => JSON.parse(text) as Schedule,
      );
      return schedules.sort((one, other) => (one.name < other.name ? -1 : 1));
    },
    async add(schedule) {
      await redis.hset(key('schedules'), schedule.name, JSON.stringify(schedule));
    },
    async remove(name) {
      // In one step: a schedule that stays without its last night would have it once more.
      const steps = redis.multi();
      for (const of of ['schedules', 'occurrences', 'nightsAsked'] as const) steps.hdel(key(of), name);
      return (await answersOf(steps))[0] === 1;
    },
    lastOccurrence: async (name) => Number((await redis.hget(key('occurrences'), name)) ?? 0),
    async begun(name, occurrence) {
      await redis.hset(key('occurrences'), name, occurrence);
    },
    async ask(name, at) {
      await answersOf(redis.multi().hset(key('nightsAsked'), name, at).publish(key('wakeups'), 'night'));
    },
    async asked() {
      const found = await redis.hgetall(key('nightsAsked'));
      return Object.fromEntries(Object.entries(found).map(([name, at]) => [name, Number(at)]));
    },
    async askAgain(name, at) {
      await redis.hsetnx(key('nightsAsked'), name, at);
    },
    takeAsked: async (name) => (await redis.hdel(key('nightsAsked'), name)) === 1,
    async save(night, { fence }) {
      return (await saveScript([leaseName(night.inbox)], [fence, night.id, JSON.stringify(night)])) === 1;
    },
    async note(night, taken, { fence }) {
      return (await saveScript([leaseName(night.inbox)], [fence, night.id, '', JSON.stringify(taken)])) === 1;
    },
    list,
    async acquire(inbox) {
      const fence = await redis.incr(key('fence'));
      const name = leaseName(inbox);
      if (!(await leases.acquire(name, fence, LEASE_MS))) return undefined;
      return {
        fence,
        renew: () => leases.renew(name, fence, LEASE_MS),
        release: () => leases.release(name, fence),
      };
    },
    oldOnes,
    async forgetBefore(time) {
      const old = await oldOnes(time);
      if (old.length > 0) await redis.hdel(key('nights'), ...old.map(({ id }) => id));
    },
  };
}

/** The night with the files that were added since it was written. The last note on a file counts: it may say that the file was not moved. */
function withNoted(night: Night, noted: readonly string[]): Night {
  const notes = noted.map((text) => JSON.parse(text) as NightFile | RejectedFile);
  const taken = new Map(notes.map((it) => [it.name, it]));
  const files = [...night.files];
  const rejected = [...night.rejected];
  for (const it of taken.values()) {
    if ('batch' in it) files.push(it);
    else rejected.push(it);
  }
  return { ...night, files, rejected };
}

/** Nightly runs: which there are, what they have done, and which process has an inbox at the moment. */
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
  /** False where there is none of that name. */
  remove(name: string): Promise<boolean>;
  /** The last night of a schedule that was begun, as its time in ms; 0 where there was none. */
  lastOccurrence(name: string): Promise<number>;
  begun(name: string, occurrence: number): Promise<void>;
  /** A person wants a night of this schedule now. */
  ask(name: string, at: number): Promise<void>;
  /** When nights were asked for that have not begun, by schedule; ms since 1970. */
  asked(): Promise<Readonly<Record<string, number>>>;
  /** Asked for as before, because another night has its inbox, without a wakeup. */
  askAgain(name: string, at: number): Promise<void>;
  /** True for one process: it begins the night. */
  takeAsked(name: string): Promise<boolean>;
  /** Writes a night down, unless its inbox has become another's. */
  save(night: Night, lease: InboxLease): Promise<boolean>;
  /** Notes a file that a night has taken: to write all of its files down for each would take the longer the more there are. */
  note(night: Night, taken: NightFile | RejectedFile, lease: InboxLease): Promise<boolean>;
  /** In the order in which they began. */
  list(): Promise<Night[]>;
  /** Undefined while another night has the inbox. */
  acquire(inbox: string): Promise<InboxLease | undefined>;
  /** Deletes nights that began before (ms since 1970) and have no more rows that wait. */
  forgetBefore(time: number): Promise<void>;
}

/** A process that does not renew for this long counts as dead. */
const LEASE_MS = 60_000;

export function openNights(redis: Redis): Nights {
  const saveScript = script(redis, 'save-night');
  const leases = openLeases(redis);
  const leaseName = (inbox: string): string =>
    key('inbox', createHash('sha256').update(inbox).digest('hex').slice(0, 16));

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
      await redis.hdel(key('occurrences'), name);
      await redis.hdel(key('nightsAsked'), name);
      return (await redis.hdel(key('schedules'), name)) === 1;
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
    async forgetBefore(time) {
      const old = (await list()).filter(({ startedAt, open }) => startedAt < time && !open);
      if (old.length > 0) await redis.hdel(key('nights'), ...old.map(({ id }) => id));
    },
  };
}

/** As it stands after the files that were noted since it was written down. A repeated note is of the same file. */
function withNoted(night: Night, noted: readonly string[]): Night {
  const taken = new Map(noted.map((text) => [text, JSON.parse(text) as NightFile | RejectedFile]));
  const files = [...night.files];
  const rejected = [...night.rejected];
  for (const it of taken.values()) {
    if ('batch' in it) files.push(it);
    else rejected.push(it);
  }
  return { ...night, files, rejected };
}

/** Permits to call WeChat: one step decides over every budget and writes that the call is on its way. */
import type { Redis } from 'ioredis';
import type { Budgets, GlobalWait } from '../domain/budgets.js';
import type { Effects } from '../domain/effects.js';
import type { Fact } from '../domain/registration.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { Job } from '../domain/work.js';
import { key } from './keys.js';
import { hasWriteId } from './ledger/ledger.js';
import { type LossGuard, SETTLE_MS } from './ledger/loss.js';
import { packWriteSet } from './ledger/packed-write-sets.js';
import { newWriteId } from './ledger/write-set.js';
import { manyScript } from './scripts.js';

export type Permit =
  /**
   * The call is recorded as sent; `snapshot` is the registration with that fact. `isDayProbe`: the day is closed, and
   * no other call goes before this one is answered.
   */
  | { readonly kind: 'go'; readonly snapshot: Snapshot; readonly isDayProbe?: true }
  /** The day is shut, and this process asks WeChat for all processes whether it has calls again; it reports with `endCheck`. */
  | { readonly kind: 'check'; readonly check: number }
  /** Another fact was recorded meanwhile: read again. */
  | { readonly kind: 'conflict' }
  /** Journals have facts of the registration that Redis had forgotten: restore them, and read again. */
  | { readonly kind: 'forgotten' }
  /** Nothing was changed; `ms` is Infinity where it is not known when the line opens. */
  | { readonly kind: 'wait'; readonly ms: number; readonly why: GlobalWait }
  | { readonly kind: 'held'; readonly until: number; readonly why: 'person' };

type Granted = Extract<Permit, { kind: 'go' }>;

export interface CallPermits {
  /** @param person whose Weixin ID WeChat counts tries of; '' of a search, and where the API knows no legal person */
  acquire(snapshot: Snapshot, fact: Fact, job: Job, budgets: Budgets, person: string): Promise<Permit>;
}

/** { kind, number, why }: see acquire.lua. */
type Answer = [kind: string, number?: number, why?: string];

/** @param guard of a process that calls: a run of Redis that it has not compared with its journal gives it no permit */
export function openCallPermits(redis: Redis, guard?: Pick<LossGuard, 'epoch' | 'check'>): CallPermits {
  const acquireScript = manyScript(redis, 'acquire', guard?.check);
  const textOf = openTexts();

  async function answerTo(budgets: Budgets, args: (string | number)[]): Promise<Answer> {
    for (;;) {
      const answer = (await acquireScript(textOf(budgets, guard?.epoch()), args)) as Answer;
      if (answer[0] !== 'epoch') return answer;
      await guard?.check();
    }
  }

  return {
    async acquire(snapshot, fact, job, budgets, person) {
      const writeId = newWriteId();
      const id = snapshot.registration.id;
      const { text, recorded, alike } = packWriteSet(snapshot, fact, NO_EFFECTS);
      const granted: Granted = {
        kind: 'go',
        snapshot: { ...snapshot, registration: recorded.after, version: writeId, alike },
      };
      const call = fact.kind === 'create_sent' ? 'create' : 'search';
      const answer = await answerTo(budgets, [id, snapshot.version, call, job.name, text, person, writeId]);
      return permitFrom(answer, granted) ?? permitOfFirstRun(redis, granted, budgets.day);
    },
  };
}

const NO_EFFECTS: Effects = {};

/** Undefined where there is a conflict. */
function permitFrom([kind, number = 0, why]: Answer, granted: Granted): Permit | undefined {
  switch (kind) {
    case 'go':
      return why === 'day_probe' ? { ...granted, isDayProbe: true } : granted;
    case 'check':
      return { kind, check: number };
    case 'wait':
      return { kind, ms: number < 0 ? Number.POSITIVE_INFINITY : number, why: why as GlobalWait };
    case 'forgotten':
      return { kind };
    case 'held':
      return { kind, until: number, why: why as 'person' };
    default:
      return undefined;
  }
}

/** The second run of a command that ioredis sent twice meets a conflict; the write id shows that the first run was written. */
async function permitOfFirstRun(redis: Redis, granted: Granted, day: string): Promise<Permit> {
  const { registration, version } = granted.snapshot;
  if (!(await hasWriteId(redis, registration.id, version))) return { kind: 'conflict' };
  const isDayProbe = (await redis.hget(key('calls', day), 'probe')) === registration.id;
  return isDayProbe ? { ...granted, isDayProbe } : granted;
}

/** The budgets as the argument of acquire.lua. Thousands of calls share the same budgets, so their text is made once. */
function openTexts(): (budgets: Budgets, epoch: string | undefined) => string {
  const texts = new WeakMap<Budgets, { readonly epoch: string | undefined; readonly text: string }>();
  return (budgets, epoch) => {
    let known = texts.get(budgets);
    if (known === undefined || known.epoch !== epoch) {
      const text = JSON.stringify(epoch === undefined ? budgets : { ...budgets, epoch, settleMs: SETTLE_MS });
      known = { epoch, text };
      texts.set(budgets, known);
    }
    return known.text;
  };
}

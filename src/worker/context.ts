/** What the three kinds of work share. */
import type { Logger } from 'pino';
import type { Budgets, GlobalWait } from '../domain/budgets.js';
import type { Effects } from '../domain/effects.js';
import {
  budgetOfDay,
  type Limits,
  sendingWindow,
  TRIES_OF_A_RETRY,
  TRIES_PER_PERSON_AND_DAY,
} from '../domain/limits.js';
import { type LineStop, opensByItself } from '../domain/line.js';
import { type Merchant, personOf } from '../domain/merchant.js';
import type { Patience } from '../domain/patience.js';
import type { Fact, Registration } from '../domain/registration.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { Calls } from '../redis/calls.js';
import type { JournalEntry } from '../redis/ledger/journal-lines.js';
import type { Ledger } from '../redis/ledger/ledger.js';
import type { Workload } from '../redis/ledger/workload.js';
import { ridOf } from '../wechat/answers.js';
import type { Reply } from '../wechat/client.js';
import type { Credential, Credentials, TokenFault } from '../wechat/credentials.js';
import type { QuotaReading } from '../wechat/quota.js';
import type { RegistrationApi } from '../wechat/registration-api.js';
import type { CallResult } from './call-result.js';
import type { Permits } from './permits.js';
import type { Subscription, Wakeups } from './wakeups.js';

export interface WorkerContext {
  readonly ledger: Ledger;
  readonly calls: Calls;
  readonly workload: Workload;
  readonly api: RegistrationApi;
  readonly credentials: Credentials;
  readonly patience: Patience;
  readonly limits: Limits;
  readonly wakeups: Wakeups;
  readonly permits: Permits;
  readonly memory: Memory;
  /** Whether earlier writes are as safe as FASTREGISTER_REDIS_WAIT demands; false if they were not in time. */
  readonly confirm: () => Promise<boolean>;
  /** How far our clock is ahead of WeChat's, in ms. */
  readonly clockAheadMs: () => number;
  readonly readQuota: (token: string) => Promise<QuotaReading>;
  /** The time before which this process need not ask for the quota, in ms since 1970; and the request that is under way. */
  readonly quota: { knownUntil: number; asking?: Promise<void> };
  /**
   * All calls of this process that wait for a token share one request. `stop`: WeChat refused new tokens one after the other, and no
   * further one is fetched before a person has resumed the line from this stop.
   */
  readonly token: { asking?: Promise<string | undefined>; stop?: LineStop | undefined };
  readonly now: () => number;
  /** Whether it may date facts. */
  readonly clock: Clock;
  readonly random: () => number;
  /** Distinguishes a fact from every other one, in the ledger and in the journal. */
  readonly newWriteId: () => string;
  readonly log: Logger;
}

/** What a request for a token needs. */
export interface TokenContext extends Pick<WorkerContext, 'wakeups' | 'token' | 'patience' | 'now' | 'log'> {
  readonly credentials: Pick<Credentials, 'current'>;
  readonly calls: Pick<Calls, 'tokenRestMs' | 'forgetWait' | 'noteWait' | 'line' | 'stopLine'>;
}

interface RefusalContext extends Pick<WorkerContext, 'token' | 'now' | 'log'> {
  readonly credentials: Pick<Credentials, 'refuse'>;
  readonly calls: Pick<Calls, 'line' | 'stopLine'>;
}

/** The journal of calls, because Redis may forget them. */
export interface Memory {
  /** The entry is on disk when this resolves. False: it could not be written. */
  write(entry: JournalEntry): Promise<boolean>;
  /** False since an entry could not be written, until `tryAgain` finds that entries can be: until then, this process makes no create. */
  canWrite(): boolean;
  /** Whether entries can be written now. */
  tryAgain(): boolean;
  /** Records what journals have of a registration that Redis had forgotten. */
  restore(registration: string): Promise<void>;
  /** Keeps an entry of a registration that Redis has forgotten as a whole, until its row is loaded again. */
  keep(entry: JournalEntry): Promise<void>;
  /** Resolves when every other process has recorded the answers that Redis had forgotten, or was waited for long enough. */
  isWhole(): Promise<void>;
}

/** This machine's clock beside Redis' (domain/clock.ts). While they are too far apart, this process calls nothing and dates nothing. */
export interface Clock {
  /** @param before our clock, before Redis read its own: `redisNow` */
  compare(before: number, redisNow: number): void;
  isRight(): boolean;
}

export interface ReadNow {
  readonly snapshot: Snapshot | undefined;
  /** Redis' clock, by which days and hours begin for every worker: this machine's clock may show another day. */
  readonly redisNow: () => number;
}

/** Reads a registration and Redis' clock. This machine's clock only measures how much time has passed since. */
export async function readNow(
  { ledger, now, clock }: Pick<WorkerContext, 'ledger' | 'now' | 'clock'>,
  id: string,
): Promise<ReadNow> {
  const before = now();
  const snapshot = await ledger.read(id);
  const readAt = now();
  if (snapshot !== undefined) clock.compare(before, snapshot.now);
  return { snapshot, redisNow: () => (snapshot?.now ?? readAt) + now() - readAt };
}

/** Reads Redis' clock alone. */
export async function isClockRight({
  calls,
  now,
  clock,
}: Pick<WorkerContext, 'calls' | 'now' | 'clock'>): Promise<boolean> {
  const before = now();
  clock.compare(before, await calls.now());
  return clock.isRight();
}

/**
 * The same object as long as the budgets do not change: a new object for each call cost as much as all other decisions.
 * @param now Redis' clock, by which permits are given
 */
export function budgetsFor(
  registration: Registration,
  { limits, patience }: Pick<WorkerContext, 'limits' | 'patience'>,
  now: number,
): Budgets {
  const isAgain = isTriedAgain(registration);
  const window = sendingWindow(limits, now);
  const known = lastBudgets.get(limits);
  const last = isAgain ? known?.again : known?.first;
  const callMs = longestCallMs(patience);
  if (last?.dayEndsAt === window.dayEndsAt && last.closedMs === window.closedMs && last.askMs === callMs) return last;
  const budgets = {
    ...budgetOfDay(limits),
    recheck: limits.quotaRechecksMs,
    askMs: callMs,
    triesPerDay: isAgain ? TRIES_OF_A_RETRY : TRIES_PER_PERSON_AND_DAY,
    probeMs: callMs,
    ...window,
  };
  lastBudgets.set(limits, { ...known, ...(isAgain ? { again: budgets } : { first: budgets }) });
  return budgets;
}

/** Patience with registrations that are tried again, and with others. */
const lastBudgets = new WeakMap<Limits, { readonly first?: Budgets; readonly again?: Budgets }>();

/** The Weixin ID whose tries WeChat counts; '' if the API knows no legal person. */
export function personFor(merchant: Merchant, { api }: Pick<WorkerContext, 'api'>): string {
  return api.needs.legalPerson ? personOf(merchant.legalPersonaWechat) : '';
}

/** A call may wait for a connection before it is made. After this time it is answered, or never will be. */
export function longestCallMs({ requestTimeoutMs }: WorkerContext['patience']): number {
  return 2 * requestTimeoutMs;
}

/** However the clocks of two machines differ, no worker asks for a permit without a pause. */
const SHORTEST_CLOCK_WAIT_MS = 100;

/** The worker reports this fact, not a person: the wait that WeChat's answer began is over. */
function isTriedAgain({ postponed, wait }: Registration): boolean {
  return postponed > 0 || wait === 'again';
}

/** Waits for this time, or until a wakeup says that a wait of all workers may be over early. */
export async function holdFor(
  context: Pick<WorkerContext, 'wakeups'>,
  { ms, why }: { ms: number; why: GlobalWait | string },
): Promise<boolean> {
  const shortest = why === 'clock' ? SHORTEST_CLOCK_WAIT_MS : 1;
  return context.wakeups.wait(Math.max(ms, shortest), why === 'pace' ? [] : ['line', 'token', 'quota']);
}

/**
 * A token to call with; undefined where this worker is leaving. A fault of the platform stops the line. All calls of this process ask as
 * one: a secret that is dead is dead for each of them.
 */
export function tokenFor(context: TokenContext): Promise<string | undefined> {
  const { token } = context;
  token.asking ??= askForToken(context).finally(() => {
    delete token.asking;
  });
  return token.asking;
}

async function askForToken(context: TokenContext): Promise<string | undefined> {
  // A stopped line holds creates and searches back, and not the exchange of a code: one token after the other would be fetched and refused.
  if (!(await untilResumed(context))) return undefined;
  for (let hasWaited = false; ; hasWaited = true) {
    // WeChat pushes a ticket before it has answered the call that asks for it: listen first, then ask.
    const subscription = context.wakeups.subscribe(['line', 'token']);
    try {
      // If another process has asked in vain meanwhile, its wait holds for all processes.
      const restMs = hasWaited ? await context.calls.tokenRestMs() : 0;
      if (restMs > 0) {
        if (!(await subscription.wait(restMs))) return undefined;
        continue;
      }
      const credential = await context.credentials.current();
      if (credential.kind === 'token') {
        if (hasWaited) await context.calls.forgetWait();
        return credential.token;
      }
      if (!(await untilAskedAgain(context, credential, subscription))) return undefined;
    } finally {
      subscription.cancel();
    }
  }
}

async function untilAskedAgain(
  context: TokenContext,
  credential: Exclude<Credential, { kind: 'token' }>,
  subscription: Subscription,
): Promise<boolean> {
  if (credential.kind === 'fault') {
    await stopForToken(context, credential);
    return untilResumed(context);
  }
  const { why, ms, said } = credential;
  if (why === 'refresher') return subscription.wait(ms);
  // A ticket comes by itself, with a wakeup; after a refusal, the time of the next try is set for all processes. A
  // server that cannot be reached is asked less and less often.
  const maxMs = why === 'ticket' || why === 'refused' ? {} : { maxMs: context.patience.probeMaxMs };
  const noted = await context.calls.noteWait({ why, ms, ...(said !== undefined && { said }), ...maxMs });
  const what = why === 'refused' ? { problem: credential.problem, rid: ridOf(said) } : { said };
  if (noted.isNew) context.log.info({ why, ...what }, 'waiting for a component access token');
  return subscription.wait(noted.ms);
}

/** Our own stop is a wakeup too: WeChat is asked for a token again when the line has been resumed, and not before. */
async function untilResumed(context: TokenContext): Promise<boolean> {
  const { token, calls, wakeups } = context;
  while (token.stop !== undefined) {
    const subscription = wakeups.subscribe(['line']);
    try {
      if (!isStillStopped(token.stop, await calls.line())) delete token.stop;
      else if (!(await subscription.wait(Number.POSITIVE_INFINITY))) return false;
    } finally {
      subscription.cancel();
    }
  }
  return true;
}

/** A later pause, or another fault, shows that the line was resumed in between: the exchange of a code is not to wait for its end. */
function isStillStopped(stop: LineStop, line: LineStop | undefined): boolean {
  if (line === undefined || line.halfOpen || opensByItself(line)) return false;
  return line.problem === stop.problem && line.at === stop.at;
}

/** Records the outcome of a call for its merchant and for the token. */
export async function recordCall(
  context: WorkerContext,
  id: string,
  decision: CallResult,
  reply: Reply,
  token: string,
  snapshot: Snapshot,
): Promise<void> {
  await recordInJournal(context, id, decision, snapshot);
  // The call was made, whether or not its answer can be recorded. The journal has it.
  if (!(await context.confirm())) context.log.warn({ registration: id }, 'an answer was not confirmed in time');
  if (decision.refusedToken) await refuseToken(context, token);
  else if (reply.kind === 'answer') await context.credentials.accepted(token);
}

/** Records what became of a call, and has it in the journal before: Redis may forget it. */
export async function recordInJournal(
  context: WorkerContext,
  id: string,
  { fact, effects }: Pick<CallResult, 'fact' | 'effects'>,
  snapshot: Snapshot,
): Promise<void> {
  const entry = { registration: id, writeId: context.newWriteId(), fact };
  await context.memory.write(entry);
  try {
    await recordFact(context, id, fact, effects, snapshot, entry.writeId);
  } catch (error) {
    if ((await context.ledger.read(id)) !== undefined) throw error;
    await context.memory.keep(entry);
  }
}

/** WeChat refused this token: the next call gets another. */
export async function refuseToken(context: RefusalContext, token: string): Promise<void> {
  const fault = await context.credentials.refuse(token);
  if (fault !== undefined) await stopForToken(context, fault);
}

/** Another fault may have stopped the line before, and remains its reason. */
async function stopForToken(context: Omit<RefusalContext, 'credentials'>, fault: TokenFault): Promise<void> {
  await stopLine(context, fault);
  context.token.stop = await context.calls.line();
}

/** Only the worker that stops the line logs it: the other workers have met the same fault. */
async function stopLine(
  context: Omit<RefusalContext, 'credentials' | 'token'>,
  { problem, said }: TokenFault,
): Promise<void> {
  if (!(await context.calls.stopLine({ because: said, problem, at: context.now() }))) return;
  context.log.error({ problem, rid: ridOf(said) }, 'the line is stopped');
}

/** Records a fact and says so in one log line, which names no merchant. */
export async function recordFact(
  context: Pick<WorkerContext, 'ledger' | 'log'>,
  id: string,
  fact: Fact,
  effects: Effects = {},
  known?: Snapshot,
  writeId?: string,
): Promise<Registration> {
  const { before, after, move } = await context.ledger.record(id, fact, effects, known, writeId);
  const { kind, problem, said } = fact;
  const rid = ridOf(said);
  context.log.info({ registration: id, fact: kind, problem, rid, from: before.state, to: move?.to }, 'fact');
  if (move?.so?.includes('stop_line'))
    context.log.error({ problem, rid, because: fact.because }, 'the line is stopped');
  return after;
}

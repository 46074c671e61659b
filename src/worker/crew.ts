/** What the three kinds of work share. */
import type { Logger } from 'pino';
import {
  budgetOfDay,
  type Limits,
  sendingWindow,
  TRIES_OF_A_RETRY,
  TRIES_PER_PERSON_AND_DAY,
} from '../domain/limits.js';
import { type Merchant, personOf } from '../domain/merchant.js';
import type { Patience } from '../domain/patience.js';
import type { Fact, Registration } from '../domain/registration.js';
import type { Budgets, Calls, GlobalWait } from '../redis/calls.js';
import type { JournalEntry } from '../redis/journal.js';
import { type Aside, type Ledger, newMark, type View } from '../redis/ledger.js';
import type { Workload } from '../redis/workload.js';
import { ridOf } from '../wechat/answers.js';
import type { Reply } from '../wechat/client.js';
import type { Credential, Credentials, Fault } from '../wechat/credentials.js';
import type { QuotaReading } from '../wechat/quota.js';
import type { RegistrationApi } from '../wechat/registration-api.js';
import type { Told } from './facts.js';
import type { Ear, Hold } from './hold.js';
import type { Permits } from './permits.js';

export interface Crew {
  readonly ledger: Ledger;
  readonly calls: Calls;
  readonly workload: Workload;
  readonly api: RegistrationApi;
  readonly credentials: Credentials;
  readonly patience: Patience;
  readonly limits: Limits;
  readonly hold: Hold;
  readonly permits: Permits;
  readonly memory: Memory;
  /** Whether what was recorded before is safe as FASTREGISTER_REDIS_WAIT asks; false where that was not so in time. */
  readonly confirm: () => Promise<boolean>;
  /** How far our clock is ahead of WeChat's, in ms. */
  readonly clockAheadMs: () => number;
  readonly readQuota: (token: string) => Promise<QuotaReading>;
  /** Until when this process need not ask for the quota, in ms since 1970; and the asking that is under way. */
  readonly quota: { knownUntil: number; asking?: Promise<void> };
  /** Who waits for a token in this process waits for one asking. */
  readonly token: { asking?: Promise<string | undefined> };
  readonly now: () => number;
  readonly random: () => number;
  readonly log: Logger;
}

/** What is remembered of calls beside Redis, which may forget. */
export interface Memory {
  /** On disk when it returns. False: the disk does not take it. */
  write(entry: JournalEntry): boolean;
  /** Records what journals have of a registration that Redis had forgotten. */
  restore(registration: string): Promise<void>;
  /** Of a registration that Redis has forgotten as a whole: until its row is loaded again. */
  keep(entry: JournalEntry): Promise<void>;
  /** Resolves when no other process has an answer that Redis has forgotten, as far as it is waited for. */
  isWhole(): Promise<void>;
}

export interface ReadNow {
  readonly view: View | undefined;
  /** Redis' clock, by which days and hours begin for every worker; this machine's clock may be in another day. */
  readonly redisNow: () => number;
}

/** Reads a registration and Redis' clock. This machine's clock only measures how much time has passed since. */
export async function readNow({ ledger, now }: Crew, id: string): Promise<ReadNow> {
  const view = await ledger.read(id);
  const readAt = now();
  return { view, redisNow: () => (view?.now ?? readAt) + now() - readAt };
}

/** `now`: Redis' clock, by which permission is given. */
export function budgetsFor(
  merchant: Merchant,
  registration: Registration,
  { limits, patience, api }: Crew,
  now: number,
): Budgets {
  return {
    ...budgetOfDay(limits),
    recheck: limits.quotaRechecksMs,
    askMs: longestCallMs(patience),
    triesPerDay: isTriedAgain(registration) ? TRIES_OF_A_RETRY : TRIES_PER_PERSON_AND_DAY,
    probeMs: longestCallMs(patience),
    person: api.needs.legalPerson ? personOf(merchant.legalPersonaWechat) : '',
    ...sendingWindow(limits, now),
  };
}

/** A call may wait for a connection before it is made. After this time it is answered, or never will be. */
export function longestCallMs({ requestTimeoutMs }: Crew['patience']): number {
  return 2 * requestTimeoutMs;
}

/** However the clocks of two machines differ, no worker asks for permission without a pause. */
const SHORTEST_CLOCK_WAIT_MS = 100;

/** By us, and by nobody's wish: WeChat had put it off. */
function isTriedAgain({ postponed, wait }: Registration): boolean {
  return postponed > 0 || wait === 'again';
}

/** What is rung when a wait of everybody may be over early. */
export async function holdFor(crew: Crew, { ms, why }: { ms: number; why: GlobalWait | string }): Promise<boolean> {
  const shortest = why === 'clock' ? SHORTEST_CLOCK_WAIT_MS : 1;
  return crew.hold.wait(Math.max(ms, shortest), why === 'pace' ? [] : ['line', 'token', 'quota']);
}

/**
 * A token to call with; undefined where this worker is leaving. A fault of the platform stops the line. All slots ask as
 * one: a secret that is dead is dead for each of them.
 */
export function tokenFor(crew: Crew): Promise<string | undefined> {
  const { token } = crew;
  token.asking ??= askForToken(crew).finally(() => {
    delete token.asking;
  });
  return token.asking;
}

async function askForToken(crew: Crew): Promise<string | undefined> {
  for (let hasWaited = false; ; hasWaited = true) {
    // WeChat pushes a ticket before it has answered the call that asks for it: listen first, then ask.
    const ear = crew.hold.listen(['line', 'token']);
    try {
      // Somebody may have asked in vain meanwhile: then that one's wait is everybody's.
      const restMs = hasWaited ? await crew.calls.tokenRestMs() : 0;
      if (restMs > 0) {
        if (!(await ear.wait(restMs))) return undefined;
        continue;
      }
      const credential = await crew.credentials.current();
      if (credential.kind === 'token') {
        if (hasWaited) await crew.calls.forgetWait();
        return credential.token;
      }
      if (!(await untilAskedAgain(crew, credential, ear))) return undefined;
    } finally {
      ear.off();
    }
  }
}

async function untilAskedAgain(
  crew: Crew,
  credential: Exclude<Credential, { kind: 'token' }>,
  ear: Ear,
): Promise<boolean> {
  if (credential.kind === 'fault') {
    await stopLine(crew, credential);
    // Our own stop rings the bell too: WeChat is asked again when somebody has resumed the line, and not before.
    while ((await crew.calls.line())?.onTrial === false) {
      if (!(await holdFor(crew, { ms: Number.POSITIVE_INFINITY, why: 'line' }))) return false;
    }
    return true;
  }
  const { why, ms, said } = credential;
  if (why === 'refresher') return ear.wait(ms);
  // A ticket comes by itself, and rings; of a refusal the time of the next try is set for all. Who cannot be reached is asked
  // less and less often.
  const maxMs = why === 'ticket' || why === 'refused' ? {} : { maxMs: crew.patience.probeMaxMs };
  const noted = await crew.calls.noteWait({ why, ms, ...(said !== undefined && { said }), ...maxMs });
  const what = why === 'refused' ? { problem: credential.problem, rid: ridOf(said) } : { said };
  if (noted.isNew) crew.log.info({ why, ...what }, 'waiting for a component access token');
  return ear.wait(noted.ms);
}

/** Records what a call told, of its merchant and of its token. */
export async function reportCall(
  crew: Crew,
  id: string,
  told: Told,
  reply: Reply,
  token: string,
  view: View,
): Promise<void> {
  const entry = { registration: id, mark: newMark(), fact: told.fact };
  crew.memory.write(entry);
  try {
    await report(crew, id, told.fact, told.aside, view, entry.mark);
  } catch (error) {
    if ((await crew.ledger.read(id)) !== undefined) throw error;
    await crew.memory.keep(entry);
  }
  // The call was made, whoever knows of its answer. The journal has it.
  if (!(await crew.confirm())) crew.log.warn({ registration: id }, 'an answer was not confirmed in time');
  if (told.refusedToken) await refuseToken(crew, token);
  else if (reply.kind === 'answer') await crew.credentials.accepted(token);
}

/** WeChat refused this token: whoever needs one next gets another. */
export async function refuseToken(crew: Crew, token: string): Promise<void> {
  const fault = await crew.credentials.refuse(token);
  if (fault !== undefined) await stopLine(crew, fault);
}

/** Only the first who stops it says so: the others have met the same trouble. */
async function stopLine(crew: Crew, { problem, said }: Fault): Promise<void> {
  if (!(await crew.calls.stopLine({ because: said, problem, at: crew.now() }))) return;
  crew.log.error({ problem, rid: ridOf(said) }, 'the line is stopped');
}

/** Records a fact and says so in one log line, which names no merchant. */
export async function report(
  crew: Crew,
  id: string,
  fact: Fact,
  aside: Aside = {},
  known?: View,
  mark?: string,
): Promise<Registration> {
  const { before, after, move } = await crew.ledger.record(id, fact, aside, known, mark);
  const { kind, problem, said } = fact;
  const rid = ridOf(said);
  crew.log.info({ registration: id, fact: kind, problem, rid, from: before.state, to: move?.to }, 'fact');
  if (move?.so?.includes('stop_line')) crew.log.error({ problem, rid, because: fact.because }, 'the line is stopped');
  return after;
}

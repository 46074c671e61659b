/** What the three kinds of work share. */
import type { Logger } from 'pino';
import {
  type Limits,
  LONGEST_TASK_MS,
  searchReserve,
  sendingWindow,
  TRIES_PER_PERSON_AND_DAY,
} from '../domain/limits.js';
import { type Merchant, personOf } from '../domain/merchant.js';
import type { Patience } from '../domain/patience.js';
import type { Fact, Registration } from '../domain/registration.js';
import type { Budgets, Calls, GlobalWait } from '../redis/calls.js';
import type { Aside, Ledger, View } from '../redis/ledger.js';
import type { Workload } from '../redis/workload.js';
import { ridOf } from '../wechat/answers.js';
import type { Credential, Credentials } from '../wechat/credentials.js';
import type { QuotaReading } from '../wechat/quota.js';
import type { RegistrationApi } from '../wechat/registration-api.js';
import type { Ear, Hold } from './hold.js';

export interface Crew {
  readonly ledger: Ledger;
  readonly calls: Calls;
  readonly workload: Workload;
  readonly api: RegistrationApi;
  readonly credentials: Credentials;
  readonly patience: Patience;
  readonly limits: Limits;
  readonly hold: Hold;
  readonly readQuota: (token: string) => Promise<QuotaReading>;
  /** Until when this process need not ask for the quota, in ms since 1970; and the asking that is under way. */
  readonly quota: { knownUntil: number; asking?: Promise<void> };
  readonly now: () => number;
  readonly random: () => number;
  readonly log: Logger;
}

export function budgetsFor(merchant: Merchant, { limits, patience, api }: Crew, now: number): Budgets {
  return {
    perSecond: limits.perSecond,
    perMinute: limits.perMinute,
    perDay: limits.perDay,
    believe: limits.believeWeChat,
    reserve: searchReserve(limits),
    triesPerDay: TRIES_PER_PERSON_AND_DAY,
    busyMs: Math.min(patience.busyWaitMs, LONGEST_TASK_MS),
    person: api.needs.legalPerson ? personOf(merchant.legalPersonaWechat) : '',
    ...sendingWindow(limits, now),
  };
}

/** What is rung when a wait of everybody may be over early. */
export async function holdFor(crew: Crew, wait: { ms: number; why: GlobalWait | string }): Promise<boolean> {
  return crew.hold.wait(Math.max(wait.ms, 1), wait.why === 'pace' ? [] : ['line', 'token']);
}

/** A token to call with; undefined where this worker is leaving. A fault of the platform stops the line. */
export async function tokenFor(crew: Crew): Promise<string | undefined> {
  for (let hasWaited = false; ; hasWaited = true) {
    // WeChat pushes a ticket before it has answered the call that asks for it: listen first, then ask.
    const ear = crew.hold.listen(['line', 'token']);
    try {
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
    await stopLine(crew, credential.problem, credential.said);
    // Our own stop rings the bell too: WeChat is asked again when somebody has resumed the line, and not before.
    while ((await crew.calls.line())?.onTrial === false) {
      if (!(await holdFor(crew, { ms: Number.POSITIVE_INFINITY, why: 'line' }))) return false;
    }
    return true;
  }
  if (await crew.calls.noteWait(credential.why, credential.ms)) {
    crew.log.info({ why: credential.why }, 'waiting for a component access token');
  }
  return ear.wait(credential.ms);
}

/** Another token after WeChat refused this one. */
export async function renewToken(crew: Crew, refused: string): Promise<void> {
  const credential = await crew.credentials.renew(refused);
  if (credential.kind === 'fault') await stopLine(crew, credential.problem, credential.said);
}

async function stopLine(crew: Crew, problem: string, said: string): Promise<void> {
  await crew.calls.stopLine({ because: said, problem, at: crew.now() });
  crew.log.error({ problem, rid: ridOf(said) }, 'the line is stopped');
}

/** Records a fact and says so in one log line, which names no merchant. */
export async function report(
  crew: Crew,
  id: string,
  fact: Fact,
  aside: Aside = {},
  known?: View,
): Promise<Registration> {
  const { before, after, move } = await crew.ledger.record(id, fact, aside, known);
  const { kind, problem, said } = fact;
  const rid = ridOf(said);
  crew.log.info({ registration: id, fact: kind, problem, rid, from: before.state, to: move?.to }, 'fact');
  if (move?.so?.includes('stop_line')) crew.log.error({ problem, rid, because: fact.because }, 'the line is stopped');
  return after;
}

/** Stored pushes, one after the other: open → parse → match → one fact. */
import { afterWorkingDays } from '../domain/calendar.js';
import { GuardClosed, isRedisUnable, RegistrationUnknown } from '../domain/ledger-errors.js';
import { AUTH_CODE_LIVES_MS } from '../domain/limits.js';
import type { Identify } from '../domain/merchant.js';
import type { Created } from '../domain/notice.js';
import type { Parking, PushOutcome, StoredPush } from '../domain/push.js';
import type { Fact } from '../domain/registration.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { Ledger } from '../redis/ledger/ledger.js';
import type { Pushes, PushReader } from '../redis/pushes/pushes.js';
import { sleep } from '../sleep.js';
import { NO_STATUS, pushStatus } from '../wechat/answers.js';
import { openPush, type PushCredential } from '../wechat/crypt.js';
import { type AuthorizationPush, type Push, type RegistrationPush, readPush, type Unreadable } from '../wechat/push.js';
import type { RegistrationApi } from '../wechat/registration-api.js';
import { type RowFinder, rowAbout } from './about-row.js';
import { type AuthorizationTools, offerCodeOfResult, recordAuthorization } from './authorization.js';
import { signedPart } from './receive.js';

/** Dependencies of finding out what a stored push is about. */
export interface MatchContext {
  readonly credentials: readonly PushCredential[];
  readonly componentAppid: string;
  readonly ledger: Pick<Ledger, 'read' | 'ofTask' | 'ofAppid'>;
  /** The task or the enterprise that a push is about, by the registration API in use. */
  readonly matchOf: RegistrationApi['matchOf'];
  readonly identify: Identify;
}

export interface Recorder extends MatchContext, RowFinder, AuthorizationTools {
  readonly ledger: Ledger;
  readonly pushes: Pick<Pushes, 'done' | 'park' | 'trimBefore' | 'forgetReaders' | 'parked' | 'listParked' | 'unpark'>;
  /** A push passed the check of some receiver, and no key of this one opens it. */
  readonly onOtherKey?: (() => void) | undefined;
  /** The epoch of the ledger with which this process has compared its journal; '' of a process without one. */
  readonly epoch: () => string;
  /** Absent without FASTREGISTER_CREATED_WEBHOOK. A Mini Program with an auth_code is announced after its exchange. */
  readonly notifyCreated?: ((created: Created) => Promise<void>) | undefined;
  readonly now: () => number;
}

export interface Recording {
  stop(): Promise<void>;
}

/** A reader that waits in Redis looks up this often, so that leaving takes no longer. */
const BLOCK_MS = 1_000;
const PAUSE_MS = 1_000;

/** While the receiver is busy, recording pauses this many times as long as it ran: it gets a sixteenth of the time. */
const PAUSES_WHEN_BUSY = 15;

/** Then it takes so few pushes at a time that no answer waits for more than two milliseconds of it. */
const AT_ONCE_WHEN_BUSY = 16;

/** How long a push can be shown and replayed. */
const KEPT_MS = 30 * 86_400_000;
const TRIM_EVERY_MS = 3_600_000;
/** A reader asks every second, unless Redis is away. */
const READER_IS_DEAD_MS = 3_600_000;

/** @param receiverIsBusy whether WeChat is waiting for many answers now: recording can wait, an answer cannot */
export function startRecording(recorder: Recorder, reader: PushReader, receiverIsBusy: () => boolean): Recording {
  const leaving = new AbortController();
  let trimmedAt = 0;
  const readAgain = rereading(recorder);
  const running = (async () => {
    while (!leaving.signal.aborted) {
      try {
        const batch = await reader.next(BLOCK_MS, receiverIsBusy() ? AT_ONCE_WHEN_BUSY : undefined);
        const startedAt = performance.now();
        await recordAll(recorder, batch);
        if (receiverIsBusy()) await sleep((performance.now() - startedAt) * PAUSES_WHEN_BUSY, leaving.signal);
        else await readAgain();
        if (recorder.now() - trimmedAt > TRIM_EVERY_MS) {
          await recorder.pushes.trimBefore(recorder.now() - KEPT_MS);
          await recorder.pushes.forgetReaders(READER_IS_DEAD_MS);
          trimmedAt = recorder.now();
        }
      } catch (error) {
        // Redis is away. What was taken and not recorded comes again.
        if (leaving.signal.aborted) return;
        recorder.log.error({ err: error }, 'pushes could not be recorded; trying again');
        await sleep(PAUSE_MS, leaving.signal);
      }
    }
  })();
  return {
    async stop() {
      leaving.abort();
      reader.close();
      await running;
    },
  };
}

const LOOK_AT_PARKED_EVERY_MS = 60_000;

/**
 * While keys are changed one receiver after the other, a reader with other keys parks pushes that this one can open: they are recorded
 * here. What this reader cannot open either is left as it is, so two readers pass nothing to and fro.
 */
function rereading(recorder: Recorder): () => Promise<void> {
  let lookedAt = 0;
  let readAllAt = 0;
  let known = -1;
  return async () => {
    const { pushes, now, log } = recorder;
    if (now() - lookedAt < LOOK_AT_PARKED_EVERY_MS) return;
    lookedAt = now();
    const parked = await pushes.parked();
    if (parked === known && now() - readAllAt < TRIM_EVERY_MS) return;
    readAllAt = now();
    for (const stored of parked === 0 ? [] : await pushes.listParked()) {
      const push = stored.why === 'unreadable' ? openStored(recorder, stored) : undefined;
      if (push === undefined || push.kind === 'unreadable') continue;
      const outcome = await record(recorder, stored, push);
      if (outcome !== 'parked') await pushes.unpark(stored.id);
      log.info({ push: stored.id, outcome }, 'a push that a receiver with other keys could not open is recorded');
    }
    known = await pushes.parked();
  };
}

/** How often a push is matched anew because Redis has forgotten its registration meanwhile. */
const MOST_MATCHES = 3;

/** What a push calls for, before anything is done about it. */
export type MatchResult =
  | { readonly kind: 'fact'; readonly snapshot: Snapshot; readonly push: RegistrationPush }
  | { readonly kind: 'authorization'; readonly push: AuthorizationPush }
  /** `awaits`: what has to be there before it can be matched, see `Pushes.park`. */
  | { readonly kind: 'park'; readonly why: Parking; readonly awaits: readonly string[] }
  | { readonly kind: 'not_ours' };

/** A push as it was stored, opened and read. */
export function openStored(
  { credentials, componentAppid }: MatchContext,
  { query, body }: StoredPush,
): Push | Unreadable {
  const opened = openPush({ credentials, componentAppid, query: signedPart(query), body });
  return opened.ok
    ? readPush(opened.message.toString())
    : { kind: 'unreadable', detail: opened.detail, isSealed: true };
}

/** Nothing is guessed: a push that names neither its task nor a Mini Program that is known waits for a person. */
export async function match(
  { ledger, matchOf, identify }: MatchContext,
  push: Push | Unreadable,
): Promise<MatchResult> {
  if (push.kind === 'unreadable') return { kind: 'park', why: 'unreadable', awaits: [] };
  if (push.kind === 'authorization') return { kind: 'authorization', push };
  if (push.kind !== 'registration') return { kind: 'not_ours' };
  const { taskIds, codes } = matchOf(push.info);
  const registrations = codes.map(identify);
  const byTask = await Promise.all(taskIds.map((taskId) => ledger.ofTask(taskId)));
  // A push that names its merchant is about that merchant only.
  const appid = registrations.length === 0 ? push.appid : undefined;
  const byAppid = appid === undefined ? undefined : await ledger.ofAppid(appid);
  for (const id of [...byTask, ...registrations, byAppid]) {
    const snapshot = id === undefined ? undefined : await ledger.read(id);
    if (snapshot !== undefined) return { kind: 'fact', snapshot, push };
  }
  // A task's id comes with the answer to create; the push may be faster.
  const named = [...registrations, ...taskIds.map((taskId) => `task:${taskId}`)];
  const awaits = appid === undefined ? named : [...named, `appid:${appid}`];
  return { kind: 'park', why: named.length === 0 ? 'no_info' : 'unknown_merchant', awaits };
}

/** Those about the same registration or Mini Program one after the other, the others side by side. */
async function recordAll(recorder: Recorder, batch: readonly StoredPush[]): Promise<void> {
  if (batch.length === 0) return;
  const last = new Map<string, Promise<unknown>>();
  // Facts of before a power cut may be gone when the last of the batch is recorded after it.
  const epoch = recorder.epoch();
  const outcomes = batch.map(async (stored): Promise<[StoredPush, PushOutcome]> => {
    const push = openStored(recorder, stored);
    const subjects = subjectsOf(recorder, push);
    const before = Promise.all(subjects.map((subject) => last.get(subject)));
    const outcome = before.then(() => record(recorder, stored, push));
    for (const subject of subjects) last.set(subject, outcome);
    return [stored, await outcome];
  });
  if (await recorder.pushes.done(await Promise.all(outcomes), epoch)) return;
  recorder.log.warn({ pushes: batch.length }, 'Redis began anew while pushes were recorded; they are recorded again');
}

function subjectsOf({ matchOf }: MatchContext, push: Push | Unreadable): string[] {
  if (push.kind === 'authorization') return push.authorizerAppid === undefined ? [] : [push.authorizerAppid];
  if (push.kind !== 'registration') return [];
  const registration = JSON.stringify(matchOf(push.info));
  return push.appid === undefined ? [registration] : [registration, push.appid];
}

async function record(recorder: Recorder, stored: StoredPush, push: Push | Unreadable): Promise<PushOutcome> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await recordOnce(recorder, stored, push);
    } catch (error) {
      if (isRedisUnable(error) || error instanceof GuardClosed) throw error;
      // Redis forgot the registration after it was matched: matched anew, the push waits for the sheet that brings it back.
      if (error instanceof RegistrationUnknown && tries < MOST_MATCHES) continue;
      // A fault of ours must not hold up the pushes behind this one.
      recorder.log.error({ err: error, push: stored.id }, 'our program failed on a push, which is kept');
      await recorder.pushes.park(stored, 'fault', []);
      return 'parked';
    }
  }
}

async function recordOnce(recorder: Recorder, stored: StoredPush, push: Push | Unreadable): Promise<PushOutcome> {
  const { pushes, log } = recorder;
  const facts = { push: stored.id, infoType: stored.infoType };
  for (;;) {
    const result = await match(recorder, push);
    if (result.kind === 'not_ours') {
      log.info(facts, 'a push that is not about a registration');
      return 'not_ours';
    }
    if (result.kind === 'authorization') return recordAuthorization(recorder, result.push, stored);
    if (result.kind === 'fact') {
      return (await settle(recorder, result.snapshot, result.push, stored)) ? 'recorded' : 'changed_nothing';
    }
    const { why, awaits } = result;
    if (push.kind === 'registration') {
      const namesItsMerchant = recorder.matchOf(push.info).codes.length > 0;
      await offerCodeOfResult(recorder, push, namesItsMerchant, stored);
    }
    if (push.kind === 'unreadable' && push.isSealed) recorder.onOtherKey?.();
    if (await pushes.park(stored, why, awaits)) {
      log.warn({ ...facts, why }, 'a push fits no registration and is kept');
      return 'parked';
    }
  }
}

/** Records what a push says about a registration. Answers whether that changed anything. */
export async function settle(
  recorder: Pick<Recorder, 'ledger' | 'rowAt' | 'codes' | 'isShared' | 'sealAuthCode' | 'log' | 'notifyCreated'>,
  snapshot: Snapshot,
  push: RegistrationPush,
  stored: StoredPush,
): Promise<boolean> {
  const { id } = snapshot.registration;
  const factOn = (now: Snapshot) => factAbout(recorder, now, push, stored.receivedAt, recorder.sealAuthCode);
  let fact = await factOn(snapshot);
  const factAgain = async (now: Snapshot): Promise<Fact> => {
    // Another row may be in the place of the one that the push was compared with.
    if (now !== snapshot) fact = await factOn(now);
    return fact;
  };
  const { before, after, move } = await recorder.ledger.record(id, factAgain, {}, snapshot);
  if (move === undefined) await offerFurtherCode(recorder, fact);
  // Also after a repetition: a process that died in between has sent no notice. The notice has the same id.
  if (after.state === 'created' && after.appid !== undefined && after.authorizer === undefined) {
    await recorder.notifyCreated?.({ registration: id, appid: after.appid, at: fact.at, authorization: 'none' });
  }
  recorder.log.info(
    {
      registration: id,
      push: stored.id,
      fact: fact.kind,
      problem: fact.problem,
      from: before.state,
      to: move?.to,
      lagMs: push.createdAt === undefined ? undefined : stored.receivedAt - push.createdAt,
    },
    'fact',
  );
  return move !== undefined;
}

/** A success that is known already may come again with another code; the same code is known by its mark. */
async function offerFurtherCode(
  { codes, isShared }: Pick<Recorder, 'codes' | 'isShared'>,
  { appid, authCode, at, pushedAt = at }: Fact,
): Promise<void> {
  if (appid === undefined || authCode === undefined) return;
  const diesAt = at + AUTH_CODE_LIVES_MS;
  await codes.offer(appid, { authCode, at, diesAt, pushedAt, from: 'authorized', isShared });
}

/** What a push says about a registration, and about which of its attempts, where there were several. */
export async function factAbout(
  finder: RowFinder,
  snapshot: Snapshot,
  push: RegistrationPush,
  at: number,
  seal: (authCode: string, appid: string) => string,
): Promise<Fact> {
  const fact = factOf(push, at, seal);
  const aboutRow = await rowAbout(finder, snapshot, push.info);
  return aboutRow === undefined ? fact : { ...fact, aboutRow };
}

/** @param at when it was received: pushes that waited, in the spool or parked, happened then */
export function factOf(push: RegistrationPush, at: number, seal: (authCode: string, appid: string) => string): Fact {
  const answer = pushStatus(push.status);
  const base = {
    at,
    ...(push.createdAt !== undefined && { pushedAt: push.createdAt }),
    ...(push.info.taskId !== undefined && { aboutTask: push.info.taskId }),
    ...(push.msg !== undefined && { said: push.msg }),
  };
  if (answer.fact === 'mini_program_created') {
    // Which Mini Program was created is not known without its appid.
    if (push.appid === undefined) return { ...base, kind: 'push_unknown', problem: 'push:no_appid' };
    const { appid, authCode } = push;
    const code = authCode === undefined ? { problem: 'push:no_auth_code' } : { authCode: seal(authCode, appid) };
    return { ...base, kind: answer.fact, appid, ...code };
  }
  return {
    ...base,
    kind: answer.fact,
    problem: `push:${push.status ?? NO_STATUS}`,
    ...(answer.workingDays !== undefined && { until: afterWorkingDays(at, answer.workingDays) }),
  };
}

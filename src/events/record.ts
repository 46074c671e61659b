/** Stored pushes, one after the other: open → parse → match → one fact. */
import type { Logger } from 'pino';
import { afterWorkingDays } from '../domain/calendar.js';
import type { Fact, Registration } from '../domain/registration.js';
import { isRedisGone } from '../redis/connection.js';
import type { Created } from '../redis/created.js';
import type { Ledger } from '../redis/ledger.js';
import type { Parking, Pushes, PushReader, StoredPush } from '../redis/pushes.js';
import type { Vault } from '../redis/vault.js';
import { pushStatus } from '../wechat/answers.js';
import { openPush, type PushCredential } from '../wechat/crypt.js';
import { type Push, type RegistrationPush, readPush, type Unreadable } from '../wechat/push.js';
import type { RegistrationApi } from '../wechat/registration-api.js';
import { signedPart } from './receive.js';

/** What it takes to say what a stored push is about. */
export interface Judge {
  readonly credentials: readonly PushCredential[];
  readonly componentAppid: string;
  readonly ledger: Pick<Ledger, 'read' | 'ofTask'>;
  /** Which registrations a push can be about, by the registration API in use. */
  readonly matchOf: RegistrationApi['matchOf'];
}

export interface Recorder extends Judge {
  readonly ledger: Ledger;
  readonly pushes: Pick<Pushes, 'done' | 'park' | 'trimBefore'>;
  readonly vault: Vault;
  /** Absent where nobody wants to hear of new Mini Programs. Those with an auth_code are told of after its exchange. */
  readonly tellCreated?: ((created: Created) => Promise<void>) | undefined;
  readonly now: () => number;
  readonly log: Logger;
}

export interface Recording {
  stop(): Promise<void>;
}

/** A reader that waits in Redis looks up this often, so that leaving takes no longer. */
const BLOCK_MS = 1_000;
const PAUSE_MS = 1_000;

/** So long a push can be shown and replayed. */
const KEPT_MS = 30 * 86_400_000;
const TRIM_EVERY_MS = 3_600_000;

export function startRecording(recorder: Recorder, reader: PushReader): Recording {
  let stopped = false;
  let trimmedAt = 0;
  const running = (async () => {
    while (!stopped) {
      try {
        for (const push of await reader.next(BLOCK_MS)) await record(recorder, push);
        if (recorder.now() - trimmedAt > TRIM_EVERY_MS) {
          await recorder.pushes.trimBefore(recorder.now() - KEPT_MS);
          trimmedAt = recorder.now();
        }
      } catch (error) {
        // Redis is away. What was taken and not recorded comes again.
        if (stopped) return;
        recorder.log.error({ err: error }, 'pushes could not be recorded; trying again');
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  })();
  return {
    async stop() {
      stopped = true;
      reader.close();
      await running;
    },
  };
}

/** What a push calls for, before anything is done about it. */
export type Judgement =
  | { readonly kind: 'fact'; readonly registration: Registration; readonly push: RegistrationPush }
  /** `awaits`: who has to appear for it to be matched, see `Pushes.park`. */
  | { readonly kind: 'park'; readonly why: Parking; readonly awaits: readonly string[] }
  | { readonly kind: 'not_ours' };

/** A push as it was stored, opened and read. */
export function openStored({ credentials, componentAppid }: Judge, { query, body }: StoredPush): Push | Unreadable {
  const opened = openPush({ credentials, componentAppid, query: signedPart(query), body });
  return opened.ok ? readPush(opened.xml) : { kind: 'unreadable', detail: opened.detail };
}

/** Nothing is guessed: a push that does not name its task waits for a person. */
export async function judge({ ledger, matchOf }: Judge, push: Push | Unreadable): Promise<Judgement> {
  if (push.kind === 'unreadable') return { kind: 'park', why: 'unreadable', awaits: [] };
  if (push.kind !== 'registration') return { kind: 'not_ours' };
  const { taskIds, registrations } = matchOf(push.info);
  const byTask = await Promise.all(taskIds.map((taskId) => ledger.ofTask(taskId)));
  for (const id of [...byTask, ...registrations]) {
    const known = id === undefined ? undefined : (await ledger.read(id))?.registration;
    if (known !== undefined) return { kind: 'fact', registration: known, push };
  }
  // A task's id comes with the answer to create; the push may be faster.
  const awaits = [...registrations, ...taskIds.map((taskId) => `task:${taskId}`)];
  return { kind: 'park', why: awaits.length === 0 ? 'no_info' : 'unknown_merchant', awaits };
}

async function record(recorder: Recorder, stored: StoredPush): Promise<void> {
  try {
    await recordOnce(recorder, stored);
  } catch (error) {
    if (isRedisGone(error)) throw error;
    // A fault of ours must not hold up the pushes behind this one.
    recorder.log.error({ err: error, push: stored.id }, 'our program failed on a push, which is kept');
    await recorder.pushes.park(stored, 'fault', []);
    await recorder.pushes.done(stored, 'parked');
  }
}

async function recordOnce(recorder: Recorder, stored: StoredPush): Promise<void> {
  const { pushes, log } = recorder;
  const facts = { push: stored.id, infoType: stored.infoType };
  for (;;) {
    const judgement = await judge(recorder, openStored(recorder, stored));
    if (judgement.kind === 'not_ours') {
      log.info(facts, 'a push that is not about a registration');
      return pushes.done(stored, 'not_ours');
    }
    if (judgement.kind === 'fact') {
      const changed = await settle(recorder, judgement.registration.id, judgement.push, stored);
      return pushes.done(stored, changed ? 'recorded' : 'changed_nothing');
    }
    const { why, awaits } = judgement;
    if (await pushes.park(stored, why, awaits)) {
      log.warn({ ...facts, why }, 'a push fits no registration and is kept');
      return pushes.done(stored, 'parked');
    }
  }
}

/** Records what a push says about a registration. Answers whether that changed anything. */
export async function settle(
  recorder: Pick<Recorder, 'ledger' | 'vault' | 'log' | 'tellCreated'>,
  id: string,
  push: RegistrationPush,
  stored: StoredPush,
): Promise<boolean> {
  const fact = factOf(push, stored.receivedAt, (authCode) => recorder.vault.seal(authCode, id));
  const { before, after, move } = await recorder.ledger.record(id, fact);
  // Also after a repetition: a process that died in between has not told. The notice has the same id.
  const isWithoutCode = after.authCode === undefined && after.authorizer === undefined;
  if (after.state === 'created' && after.appid !== undefined && isWithoutCode) {
    await recorder.tellCreated?.({ registration: id, appid: after.appid, at: fact.at, authorization: 'none' });
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

/** @param at when it was received: pushes that waited, in the spool or parked, happened then */
export function factOf(push: RegistrationPush, at: number, seal: (authCode: string) => string): Fact {
  const answer = pushStatus(push.status);
  const base = {
    at,
    ...(push.createdAt !== undefined && { pushedAt: push.createdAt }),
    ...(push.info.taskId !== undefined && { aboutTask: push.info.taskId }),
    ...(push.msg !== undefined && { said: push.msg }),
  };
  if (answer.fact === 'mini_program_created') {
    // Which Mini Program was created? Without its appid, nobody can say.
    if (push.appid === undefined) return { ...base, kind: 'push_unknown', problem: 'push:no_appid' };
    const authCode = push.authCode === undefined ? { problem: 'push:no_auth_code' } : { authCode: seal(push.authCode) };
    return { ...base, kind: answer.fact, appid: push.appid, ...authCode };
  }
  return {
    ...base,
    kind: answer.fact,
    problem: `push:${push.status ?? 'no_status'}`,
    ...(answer.workingDays !== undefined && { until: afterWorkingDays(at, answer.workingDays) }),
  };
}

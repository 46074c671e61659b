/** Stored pushes, one after the other: parse → match → one fact. */
import type { Logger } from 'pino';
import { afterWorkingDays } from '../domain/calendar.js';
import { type IdentityFields, identityOf } from '../domain/merchant.js';
import type { Fact } from '../domain/registration.js';
import type { Ledger } from '../redis/ledger.js';
import type { Parking, Pushes, StoredPush } from '../redis/pushes.js';
import type { Vault } from '../redis/vault.js';
import { pushStatus } from '../wechat/answers.js';
import { type RegistrationInfo, type RegistrationPush, readPush } from '../wechat/push.js';

export interface Recorder {
  readonly ledger: Ledger;
  readonly pushes: Pushes;
  readonly vault: Vault;
  /** The fields by which the registration API in use knows a task. */
  readonly identity: IdentityFields;
  readonly now: () => number;
  readonly log: Logger;
}

export interface Recording {
  stop(): Promise<void>;
}

/** A reader that waits in Redis looks up this often, so that leaving takes no longer. */
const BLOCK_MS = 1_000;
const PAUSE_MS = 1_000;

export function startRecording(recorder: Recorder): Recording {
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      try {
        for (const push of await recorder.pushes.next(BLOCK_MS)) await record(recorder, push);
      } catch (error) {
        // Redis is away, or a push met an error of ours: it stays in the stream and comes again.
        if (stopped) return;
        recorder.log.error({ err: error }, 'pushes could not be recorded; trying again');
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  })();
  return {
    async stop() {
      stopped = true;
      recorder.pushes.close();
      await running;
    },
  };
}

async function record(recorder: Recorder, stored: StoredPush): Promise<void> {
  const { ledger, pushes, log, now } = recorder;
  const push = readPush(stored.xml);
  if (push.kind === 'unreadable') {
    await park(recorder, stored, 'unreadable');
  } else if (push.kind === 'registration') {
    const id = registrationOf(push.info, recorder.identity);
    if (id === undefined) {
      await park(recorder, stored, 'no_info');
    } else if ((await ledger.read(id)) === undefined) {
      await park(recorder, stored, 'unknown_merchant');
    } else {
      const fact = factOf(push, now(), (authCode) => recorder.vault.seal(authCode, id));
      const { before, move } = await ledger.record(id, fact);
      log.info({ registration: id, fact: fact.kind, problem: fact.problem, from: before.state, to: move?.to }, 'fact');
    }
  }
  await pushes.done(stored.id);
}

/** Nothing is guessed: a push that does not name its task waits for a person. */
async function park({ pushes, log }: Recorder, stored: StoredPush, why: Parking): Promise<void> {
  await pushes.park(stored.id, why);
  log.warn({ push: stored.id, infoType: stored.infoType, why }, 'a push fits no registration and is kept');
}

function registrationOf(info: RegistrationInfo, fields: IdentityFields): string | undefined {
  const { name = '', code = '', legalPersonaWechat = '', legalPersonaName = '' } = info;
  const merchant = { name, code, legalPersonaWechat, legalPersonaName };
  return fields.every((field) => merchant[field] !== '') ? identityOf(merchant, fields) : undefined;
}

function factOf(push: RegistrationPush, at: number, seal: (authCode: string) => string): Fact {
  const answer = pushStatus(push.status);
  const base = {
    at,
    ...(push.createdAt !== undefined && { pushedAt: push.createdAt }),
    ...(push.msg !== undefined && { said: push.msg }),
  };
  if (answer.fact === 'mini_program_created') {
    // Which Mini Program was created? Without its appid, nobody can say.
    if (push.appid === undefined) return { ...base, kind: 'push_unknown', problem: 'push:no_appid' };
    const authCode = push.authCode === undefined ? {} : { authCode: seal(push.authCode) };
    return { ...base, kind: answer.fact, appid: push.appid, ...authCode };
  }
  return {
    ...base,
    kind: answer.fact,
    problem: `push:${push.status ?? 'no_status'}`,
    ...(answer.workingDays !== undefined && { until: afterWorkingDays(at, answer.workingDays) }),
  };
}

/** What records pushes, over a ledger that a test plays: each part as if nothing were known and everything were taken. */
import type { Logger } from 'pino';
import type { PushOutcome } from '../../src/domain/push.js';
import { type Move, newRegistration, type Registration, type State } from '../../src/domain/registration.js';
import type { Recorded } from '../../src/domain/snapshot.js';
import type { Recorder } from '../../src/events/record.js';
import { matching } from './match-context.js';

type Ledger = Recorder['ledger'];

export function playedRecorder(log: Logger, changes: Partial<Recorder>): Recorder {
  return {
    ...matching({}),
    ledger: playedLedger(),
    rowAt: async () => undefined,
    codes: playedCodes(),
    pushes: playedPushes(),
    sealAuthCode: (code, appid) => `${code} of ${appid}`,
    isShared: false,
    resultWaitMs: 120_000,
    epoch: () => '',
    now: Date.now,
    log,
    ...changes,
  };
}

export function playedLedger(parts: Partial<Ledger> = {}): Ledger {
  return {
    ...matching({}).ledger,
    record: async () => Promise.reject(new Error('nothing is to be recorded')),
    history: async () => [],
    ...parts,
  };
}

/** What the ledger answers to a fact. @param moved false: the fact changed nothing */
export function recordedAs(state: State, fields: Partial<Registration> = {}, moved = true): Recorded {
  const registration = { ...newRegistration('a', 'b/0'), ...fields, state };
  const move: Move = { fact: 'registration_refused', from: [], to: state, because: { en: '', zh: '' } };
  return { before: registration, after: registration, move: moved ? move : undefined };
}

export function playedCodes(parts: Partial<Recorder['codes']> = {}): Recorder['codes'] {
  return { offer: async () => 'nobody', withdraw: async () => 'nobody', ...parts };
}

/** What became of the pushes is in `outcomes`. */
export function playedPushes(parts: Partial<Recorder['pushes']> = {}) {
  const outcomes: PushOutcome[] = [];
  const pushes: Recorder['pushes'] = {
    async done(all) {
      outcomes.push(...all.map(([, outcome]) => outcome));
      return true;
    },
    park: async () => true,
    trimBefore: async () => {},
    forgetReaders: async () => 0,
    parked: async () => 0,
    listParked: async () => [],
    unpark: async () => {},
    ...parts,
  };
  return { ...pushes, outcomes };
}

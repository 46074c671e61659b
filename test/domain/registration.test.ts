import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { apply, turnOfWaitingRow } from '../../src/domain/apply.js';
import {
  FACTS,
  type Fact,
  type FactKind,
  isOver,
  isUnsent,
  MOVES,
  newRegistration,
  next,
  PURGED_ROW,
  type Registration,
  STATES,
  type State,
  statesMovedBy,
  WAITS,
  type Wait,
} from '../../src/domain/registration.js';
import { runs } from '../support/runs.js';

const kinds = Object.keys(FACTS) as FactKind[];
const states = Object.keys(STATES) as State[];

/** Noon of some day, in whole seconds as WeChat counts. */
const NOON = 1_763_697_600_000;
const HOUR = 3_600_000;
const UNHEARD_OF = NOON - 60_000;

describe('every state and every fact', () => {
  const time = fc.option(fc.integer({ min: NOON - 10_000, max: NOON + 10_000 }), { nil: undefined });
  const text = fc.option(fc.string(), { nil: undefined });
  const task = fc.constantFrom('none' as const, 'open' as const, 'ended' as const);

  const anyFact = fc.record(
    {
      kind: fc.constantFrom(...kinds),
      at: fc.integer({ min: NOON - 10_000, max: NOON + 10_000 }),
      callSentAt: time,
      problem: text,
      said: text,
      until: time,
      wait: fc.constantFrom(...(Object.keys(WAITS) as Wait[])),
      pushedAt: time,
      appid: text,
      authCode: text,
      taskId: text,
      authorizeUrl: text,
      byLink: fc.boolean(),
      tasksOverBefore: time,
      because: text,
      row: text,
      details: fc.constantFrom(undefined, 'same' as const, 'newer' as const, 'other' as const),
    },
    { requiredKeys: ['kind', 'at'] },
  ) as fc.Arbitrary<Fact>;

  const anyRegistration = fc.record({
    id: fc.constant('a'),
    state: fc.constantFrom(...states),
    row: fc.constant('b/0'),
    joinedRows: fc.constantFrom([], ['c/1']),
    waitingRows: fc.constantFrom([], ['d/1'], ['d/1', 'e/2']),
    clockAheadMs: fc.constantFrom(0, 60_000),
    heardAt: time,
    attempt: fc.nat(5),
    task,
    earlierTask: task,
    sentAt: time,
    postponed: fc.nat(9),
    busySince: time,
    personSince: time,
    earlierSentAt: time,
    byLink: fc.constantFrom(undefined, true as const),
    linksLost: fc.constantFrom(undefined, 1),
    until: time,
  }) as fc.Arbitrary<Registration>;

  test('have a rule: its state is in the table, or the fact changes nothing', () => {
    fc.assert(
      fc.property(anyRegistration, anyFact, (registration, fact) => {
        const move = next(registration, fact);
        if (move === undefined) return;
        expect(MOVES).toContain(move);
        const after = apply(registration, fact, move);
        expect(states).toContain(after.state);
        expect(after.state).toBe(move.to);
        expect(after.id).toBe(registration.id);
        expect(after.wait === undefined || after.state === 'deferred').toBe(true);
        const [wasOver, isOver] = [registration.state, after.state].map((it) => STATES[it].outcome !== 'pending');
        if (!isOver) expect(after.finishedAt).toBeUndefined();
        else if (!wasOver) expect(after.finishedAt).toBe(fact.at);
      }),
      { numRuns: runs(5_000) },
    );
  });

  test('change nothing if the fact is a note', () => {
    fc.assert(
      fc.property(anyRegistration, anyFact, (registration, fact) => {
        expect(next(registration, { ...fact, kind: 'noted', note: 'called', who: 'wang' })).toBeUndefined();
      }),
    );
  });

  test('are tried in every pair', () => {
    for (const state of states) {
      for (const kind of kinds) {
        const move = next({ ...fresh(), state }, { kind, at: NOON });
        if (move !== undefined) expect(move).toMatchObject({ fact: kind, from: expect.arrayContaining([state]) });
      }
    }
  });

  test('that fit no rule leave a Mini Program that was created created', () => {
    fc.assert(
      fc.property(anyRegistration, anyFact, (registration, fact) => {
        const created = { ...registration, state: 'created' as const };
        expect(met(created, fact).state).toBe('created');
      }),
      { numRuns: runs(2_000) },
    );
  });

  test('are named by rules that each can be met: no rule is hidden behind an earlier one', () => {
    const met = new Set<unknown>();
    for (const state of states) {
      for (const kind of kinds) {
        met.add(next({ ...fresh(), state, earlierAppids: ['wxold'] }, { kind, at: NOON, row: 'b2/0' }));
        for (const earlierTask of ['none', 'open', 'ended'] as const) {
          for (const task of ['none', 'open', 'ended'] as const) {
            const known = { ...fresh(), state, task, earlierTask, appid: 'wxold' };
            met.add(next(known, { kind, at: NOON, again: true }));
            for (const until of [undefined, NOON]) {
              for (const [problem, again] of [[], ['query:11'], [undefined, true]] as const) {
                for (const [byLink, linksLost, wait] of [
                  [],
                  [true],
                  [true, 1],
                  [undefined, 0, 'not_before'],
                ] as const) {
                  const special = { byLink, linksLost, wait } as const;
                  const registration = { ...fresh(), state, task, earlierTask, sentAt: NOON, problem, ...special };
                  met.add(next(registration, { kind, at: NOON, ...(until && { until }), ...(again && { again }) }));
                  met.add(next(registration, { kind, at: NOON, aboutRow: 'b1/7', appid: 'wxnew' }));
                  met.add(next({ ...registration, adoptsTask: true }, { kind, at: NOON, aboutRow: 'b1/7' }));
                }
              }
            }
            for (const wait of ['busy', 'again'] as const) {
              for (const aboutRow of [fresh().row, '']) {
                met.add(
                  next({ ...fresh(), state, task, earlierTask, wait, sentAt: NOON }, { kind, at: NOON, aboutRow }),
                );
              }
            }
            for (const details of ['same', 'newer', 'other'] as const) {
              for (const wait of [undefined, 'busy' as const]) {
                const registration = {
                  ...fresh(),
                  state,
                  task,
                  earlierTask,
                  wait,
                  appid: 'wxold',
                  waitingRows: ['w/1'],
                };
                met.add(next(registration, { kind, at: NOON, details, row: 'w/1', appid: 'wxnew' }));
              }
            }
          }
        }
      }
    }
    expect(MOVES.filter((move) => !met.has(move))).toEqual([]);
  });
});

describe('a call', () => {
  test('that WeChat accepted waits for the legal person, and its push settles it', () => {
    const settled = through(sent(), accepted(), created());
    expect(settled).toMatchObject({ state: 'created', attempt: 1, task: 'ended', appid: 'wxnew', problem: undefined });
  });

  test('whose answer comes after the push changes nothing', () => {
    const pushed = through(sent(), created());
    for (const kind of ['create_accepted', 'create_refused', 'answer_lost', 'answer_unknown'] as const) {
      expect(met(pushed, { kind, at: NOON + 9_000, callSentAt: NOON })).toEqual(pushed);
    }
  });

  test('whose answer comes after a newer call was sent changes nothing', () => {
    const again = through(sent(), refused(), { kind: 'retry_asked', at: NOON + 60_000 }, sentAt(NOON + 70_000));
    expect(met(again, { kind: 'create_refused', at: NOON + 71_000, callSentAt: NOON })).toEqual(again);
  });

  test('that WeChat did not process is no attempt', () => {
    const turnedAway = through(sent(), { kind: 'create_void', at: NOON + 100, callSentAt: NOON });
    expect(turnedAway).toMatchObject({ state: 'queued', attempt: 0, task: 'none' });
  });

  test('that could not be sent for want of a connection is no attempt, and waits', () => {
    const until = NOON + 30_000;
    const waiting = through(sent(), { kind: 'create_void', at: NOON, callSentAt: NOON, until, wait: 'connection' });
    expect(waiting).toMatchObject({ state: 'deferred', wait: 'connection', until, attempt: 0 });
  });

  test('that the platform is to blame for goes back to where it was, and the line stops', () => {
    const fact: Fact = { kind: 'platform_refused', at: NOON, callSentAt: NOON, problem: 'create:89254' };
    expect(next(sent(), fact)?.so).toContain('stop_line');
    expect(met(sent(), fact)).toMatchObject({ state: 'queued', attempt: 0, task: 'none' });
  });

  test('whose answer is unknown waits for a person, neither success nor failure', () => {
    const unknown = through(sent(), { kind: 'answer_unknown', at: NOON, callSentAt: NOON, problem: 'create:4711' });
    expect(unknown).toMatchObject({ state: 'needs_review', task: 'open', problem: 'create:4711' });
  });

  test('whose answer was lost is not sent again: WeChat is asked about it', () => {
    const lost = met(sent(), { kind: 'answer_lost', at: NOON, callSentAt: NOON });
    expect(lost).toEqual(sent());
    expect(next(lost, { kind: 'create_sent', at: NOON + 1 })).toBeUndefined();
    expect(next(lost, { kind: 'search_sent', at: NOON + 1, callSentAt: NOON })?.to).toBe('submitting');
  });
});

describe('89249', () => {
  const busy = (until?: number): Fact => ({
    kind: 'create_busy',
    at: NOON,
    callSentAt: NOON,
    ...(until && { until, wait: 'busy' as const }),
  });

  test('on the first call of a registration means another platform’s task, which is waited for', () => {
    expect(met(sent(), busy(NOON + 1))).toMatchObject({ state: 'deferred', wait: 'busy', task: 'none', attempt: 1 });
  });

  test('after an earlier attempt without an answer means our task: that attempt arrived', () => {
    const again = through(unheardOf(), { kind: 'retry_asked', at: NOON - 1_000 }, sentAt(NOON));
    expect(again.earlierTask).toBe('open');
    expect(met(again, busy(NOON + 1))).toMatchObject({ state: 'awaiting_legal_person', attempt: 2 });
  });

  test('that never reached WeChat leaves the attempt before it as it was, whose end is unknown', () => {
    const asked = through(unheardOf(), { kind: 'retry_asked', at: NOON - 1_000 });
    const taken = through(asked, sentAt(NOON), { kind: 'create_void', at: NOON + 1, callSentAt: NOON });
    expect(taken).toMatchObject({ state: 'queued', attempt: 1, task: 'open', sentAt: asked.sentAt });
    const over = met(taken, failed({ at: NOON + 2, pushedAt: (asked.sentAt ?? 0) + 5_000 }));
    expect(over).toMatchObject({ task: 'ended', earlierTask: 'ended' });
  });

  test('after an earlier attempt that has ended is not ours', () => {
    const again = through(
      sentAt(NOON - 60_000),
      failed({ at: NOON - 50_000, pushedAt: NOON - 50_000 }),
      { kind: 'retry_asked', at: NOON - 1_000 },
      sentAt(NOON),
    );
    expect(again.earlierTask).toBe('ended');
    expect(met(again, busy(NOON + 1)).state).toBe('deferred');
  });

  test('that never ends waits for a person in the end', () => {
    expect(met(sent(), busy())).toMatchObject({ state: 'needs_review', task: 'none' });
  });
});

describe('a postponement', () => {
  const postponed = (until?: number): Fact => ({
    kind: 'create_postponed',
    at: NOON,
    callSentAt: NOON,
    ...(until && { until, wait: 'again' as const }),
  });

  test('is counted', () => {
    expect(met(sent(), postponed(NOON + 5))).toMatchObject({
      state: 'deferred',
      until: NOON + 5,
      postponed: 1,
      attempt: 1,
    });
  });

  test('without a time to try again means that patience is spent: a person looks', () => {
    expect(met({ ...sent(), postponed: 4 }, postponed())).toMatchObject({
      state: 'needs_review',
      task: 'none',
    });
  });

  test('is forgotten when an operator asks again, so that the new attempt has all its tries', () => {
    const spent = met({ ...sent(), postponed: 4 }, postponed());
    expect(met(spent, { kind: 'retry_asked', at: NOON })).toMatchObject({ state: 'queued', postponed: 0 });
  });
});

describe('a push', () => {
  test('of success settles a registration in every state except created', () => {
    for (const state of states.filter((it) => it !== 'created')) {
      expect(met({ ...sent(), state }, created()).state).toBe('created');
    }
  });

  test('of failure that comes late never undoes a success', () => {
    const settled = through(sent(), accepted(), created());
    for (const late of [failed(), timedOut(), unknownPush()]) expect(met(settled, late)).toEqual(settled);
  });

  test('of success that comes after a failure is believed: a Mini Program that exists settles everything', () => {
    for (const first of [failed(), timedOut(), unknownPush()]) {
      expect(through(sent(), accepted(), first, created()).state).toBe('created');
    }
  });

  test('before the answer settles as one after it does', () => {
    expect(through(sent(), failed(), accepted())).toMatchObject({ state: 'rejected', task: 'ended' });
    expect(through(sent(), timedOut(), accepted())).toMatchObject({ state: 'expired', task: 'ended' });
  });

  test('of an older attempt never settles a newer one', () => {
    const again = through(
      sentAt(NOON - 60_000),
      accepted(NOON - 60_000),
      failed({ pushedAt: NOON - 50_000 }),
      { kind: 'retry_asked', at: NOON - 1_000 },
      sentAt(NOON),
    );
    for (const old of [failed, timedOut, unknownPush]) {
      expect(met(again, old({ at: NOON + 500, pushedAt: NOON - 50_000 }))).toEqual(again);
    }
    expect(met(again, failed({ pushedAt: NOON + 5_000 })).state).toBe('rejected');
  });

  test('of the same second as the call is about that call: WeChat sends whole seconds', () => {
    const again = through(
      sentAt(NOON - 60_000),
      failed({ pushedAt: NOON - 50_000 }),
      { kind: 'retry_asked', at: NOON - 1_000 },
      sentAt(NOON + 999),
    );
    expect(met(again, failed({ pushedAt: NOON })).state).toBe('rejected');
  });

  test('from a clock that is slow by minutes is believed where there is no earlier attempt', () => {
    expect(met(sent(), created({ pushedAt: NOON - 600_000 })).state).toBe('created');
    expect(met(sent(), failed({ pushedAt: NOON - 600_000 })).state).toBe('rejected');
    // Nor has WeChat anything of an attempt that it refused.
    const again = through(sent(), refused(), { kind: 'retry_asked', at: NOON + HOUR }, sentAt(NOON + HOUR));
    expect(again.earlierTask).toBe('none');
    expect(met(again, failed({ at: NOON + HOUR, pushedAt: NOON + HOUR - 600_000 })).state).toBe('rejected');
  });

  test('of failure that came before the first call was made is about no task of ours', () => {
    for (const old of [failed, timedOut, unknownPush]) {
      // It waited for its merchant, and is recorded once the row is sent.
      expect(met(sent(), old({ at: NOON - HOUR, pushedAt: NOON - HOUR }))).toEqual(sent());
      expect(met(through(sent(), accepted()), old({ at: NOON - HOUR }))).toEqual(through(sent(), accepted()));
    }
    expect(met(sent(), created({ at: NOON - HOUR })).state).toBe('created');
    // The receiver's clock may be a second behind the worker's, and the worker's minutes ahead of WeChat's.
    expect(met(sent(), failed({ at: NOON - 1_000 })).state).toBe('rejected');
    const fast = { ...sent(), clockAheadMs: 600_000 };
    expect(met(fast, failed({ at: NOON - 590_000 })).state).toBe('rejected');
    expect(met(fast, failed({ at: NOON - HOUR }))).toEqual(fast);
  });

  test('without a time is believed', () => {
    expect(met(sent(), { kind: 'registration_refused', at: NOON }).state).toBe('rejected');
  });

  test('of failure does not end what was not sent again yet', () => {
    const queued = through(sent(), failed(), { kind: 'retry_asked', at: NOON + 20_000 });
    expect(met(queued, failed({ at: NOON + 30_000 }))).toEqual(queued);
  });

  test('of an unknown status waits for a person, and the next push may still settle it', () => {
    const unknown = through(sent(), accepted(), unknownPush());
    expect(unknown.state).toBe('needs_review');
    expect(met(unknown, failed()).state).toBe('rejected');
  });

  test('settles a registration that was closed without a result', () => {
    expect(unheardOf().state).toBe('needs_review');
    expect(met(unheardOf(), failed({ pushedAt: NOON })).state).toBe('rejected');
    expect(met(unheardOf(), created({ pushedAt: NOON })).state).toBe('created');
  });

  test('gives its auth_code to be exchanged, and the end of the exchange says what became of it', () => {
    const settled = met(sent(), created());
    expect(next(sent(), created())?.so).toContain('authorize');
    expect(settled.authorizer).toBe('due');
    expect(met(settled, { kind: 'authorizer_kept', at: NOON, appid: 'wxnew' })).toMatchObject({
      state: 'created',
      authorizer: 'kept',
    });
    expect(met(settled, { kind: 'authorizer_lost', at: NOON, problem: 'authorize:61010' })).toMatchObject({
      state: 'created',
      authorizer: 'lost',
      problem: 'authorize:61010',
    });
  });

  test('of an authorisation that was lost or withdrawn restores it with the next token, and removes its words', () => {
    const settled = met(sent(), created());
    for (const [kind, authorizer] of [
      ['authorizer_lost', 'lost'],
      ['authorizer_withdrawn', 'withdrawn'],
    ] as const) {
      const without = met(settled, { kind, at: NOON, appid: 'wxnew', problem: 'authorize:some', said: 'words' });
      expect(without).toMatchObject({ authorizer, problem: 'authorize:some' });
      const asked = met(without, { kind: 'authorization_pushed', at: NOON, appid: 'wxnew' });
      expect(asked).toEqual(without);
      expect(met(asked, { kind: 'authorizer_kept', at: NOON, appid: 'wxnew' })).toMatchObject({
        authorizer: 'kept',
        problem: undefined,
        said: undefined,
      });
    }
  });

  test('does not change what the row says by what happens to the authorisation of another one of the same merchant', () => {
    const settled = met(sent(), created());
    for (const kind of ['authorizer_kept', 'authorizer_lost', 'authorizer_withdrawn'] as const) {
      expect(next(settled, { kind, at: NOON, appid: 'wxother' })).toBeUndefined();
    }
  });
});

describe('facts about one attempt end in the same state in whatever order they come', () => {
  const twice = () =>
    through(
      sentAt(NOON - 60_000),
      accepted(NOON - 60_000),
      failed({ pushedAt: NOON - 50_000 }),
      { kind: 'retry_asked', at: NOON - 1_000 },
      sentAt(NOON),
    );
  const neverHeard = () => through(unheardOf(), { kind: 'retry_asked', at: NOON - 1_000 }, sentAt(NOON));

  const oldFailure = failed({ pushedAt: NOON - 50_000 });
  const oldSuccess = created({ pushedAt: NOON - 50_000, appid: 'wxold' });

  // biome-ignore format: one line, one story
  const STORIES: readonly (readonly [string, () => Registration, readonly Fact[], State])[] = [
    ['answer, success, the same success again, a failure', sent, [accepted(), created(), created(), failed()], 'created'],
    ['lost answer, success, a failure, an unknown push', sent, [{ kind: 'answer_lost', at: NOON, callSentAt: NOON }, created(), failed(), unknownPush()], 'created'],
    ['answer, failure, the same failure again', sent, [accepted(), failed(), failed()], 'rejected'],
    ['answer, failure, an unknown push', sent, [accepted(), failed(), unknownPush()], 'rejected'],
    ['answer, time-out, the same time-out again', sent, [accepted(), timedOut(), timedOut()], 'expired'],
    ['answer, failure, given up', sent, [accepted(), failed(), { kind: 'push_overdue', at: NOON, callSentAt: NOON }], 'rejected'],
    ['answer, success, a failure of the attempt before', twice, [accepted(), created(), oldFailure], 'created'],
    ['answer, failure, a failure of the attempt before', twice, [accepted(), failed(), oldFailure], 'rejected'],
    ['answer, a failure of the attempt before, no push yet', twice, [accepted(), oldFailure, oldFailure], 'awaiting_legal_person'],
    ['89249, success of the attempt before that was never heard of', neverHeard, [{ kind: 'create_busy', at: NOON, callSentAt: NOON, until: NOON + 1 }, oldSuccess, oldSuccess], 'created'],
    ['failure, success of the attempt before that was never heard of', neverHeard, [accepted(), failed(), oldSuccess], 'created'],
  ];

  test.each(STORIES)('%s', (_, begin, facts, end) => {
    for (const order of permutations(facts)) {
      const said = order.map(({ kind, pushedAt }) => `${kind}${pushedAt && pushedAt < NOON ? ' (old)' : ''}`);
      expect([through(begin(), ...order).state, said]).toEqual([end, said]);
    }
  });
});

describe('what stays silent', () => {
  test('is asked about once more each time, and a person is asked in the end', () => {
    for (const state of ['submitting', 'awaiting_legal_person'] as const) {
      for (const kind of ['search_sent', 'task_running', 'task_unclear', 'search_void', 'search_refused'] as const) {
        expect(next({ ...sent(), state }, { kind, at: NOON, callSentAt: NOON, until: NOON + 1 })?.so).toContain('ask');
      }
      const overdue: Fact = { kind: 'push_overdue', at: NOON, callSentAt: NOON };
      expect(met({ ...sent(), state }, overdue).state).toBe('needs_review');
    }
  });

  test('and that a search finds running has arrived', () => {
    expect(met(sent(), { kind: 'task_running', at: NOON, callSentAt: NOON }).state).toBe('awaiting_legal_person');
  });

  test('and without an answer is not sent again, and says so', () => {
    const lost = met(sent(), answerLost());
    expect(lost).toMatchObject({ state: 'submitting', task: 'open', problem: 'call:lost' });
    expect(next(lost, { kind: 'link_lost', at: NOON, callSentAt: NOON })).toBeUndefined();
  });

  test('is never settled by search alone', () => {
    for (const kind of ['task_running', 'task_unclear', 'search_void', 'search_refused'] as const) {
      expect(STATES[met(sent(), { kind, at: NOON, callSentAt: NOON }).state].outcome).toBe('pending');
    }
  });
});

describe('a query that reports the end', () => {
  const ended = (kind: 'task_created' | 'task_failed', problem: string) =>
    through(sent(), accepted(), { kind, at: NOON, callSentAt: NOON, problem });

  test('settles it, though it names neither appid nor reason', () => {
    expect(ended('task_created', 'query:12')).toMatchObject({ state: 'created', task: 'ended', problem: 'query:12' });
    expect(ended('task_failed', 'query:11')).toMatchObject({ state: 'rejected', task: 'ended', problem: 'query:11' });
  });

  test('is completed by the push that comes after all, once', () => {
    const named = met(ended('task_created', 'query:12'), created());
    expect(named).toMatchObject({ state: 'created', problem: undefined, authorizer: 'due' });
    expect(next(ended('task_created', 'query:12'), created())?.so).toContain('authorize');
    expect(met(named, created())).toEqual(named);
    const refused = met(ended('task_failed', 'query:11'), failed({ problem: 'push:103' }));
    expect(refused).toMatchObject({ state: 'rejected', problem: 'push:103' });
    expect(met(ended('task_failed', 'query:11'), timedOut()).state).toBe('expired');
    expect(met(refused, timedOut())).toEqual(refused);
  });

  test('of an attempt before changes nothing', () => {
    const again = through(
      ended('task_failed', 'query:11'),
      { kind: 'retry_asked', at: NOON + 1_000 },
      sentAt(NOON + 2_000),
    );
    expect(met(again, { kind: 'task_created', at: NOON + 3_000, callSentAt: NOON, problem: 'query:12' })).toEqual(
      again,
    );
  });
});

describe('89249 while the answer of an earlier attempt is not known', () => {
  const busy = (sentLaterMs: number): Registration => {
    const again = through(unheardOf(), { kind: 'retry_asked', at: NOON - 1_000 }, sentAt(UNHEARD_OF + sentLaterMs));
    const at = UNHEARD_OF + sentLaterMs + 100;
    return met(again, {
      kind: 'create_busy',
      at,
      callSentAt: UNHEARD_OF + sentLaterMs,
      until: at + 24 * HOUR,
      wait: 'busy',
      tasksOverBefore: at - 26 * HOUR,
    });
  };

  test('is about the task of that attempt while its time runs', () => {
    expect(busy(HOUR)).toMatchObject({ state: 'awaiting_legal_person', task: 'open' });
    expect(busy(25 * HOUR)).toMatchObject({ state: 'awaiting_legal_person', task: 'open' });
  });

  test('is about the task of another platform once that time is over, and waits for its end', () => {
    expect(busy(26 * HOUR)).toMatchObject({ state: 'deferred', wait: 'busy', task: 'none' });
    expect(busy(72 * HOUR)).toMatchObject({ state: 'deferred', wait: 'busy', task: 'none' });
  });

  test('counts from the latest attempt that may run, also through a call that was none', () => {
    const twice = through(
      unheardOf(),
      { kind: 'retry_asked', at: NOON },
      sentAt(NOON + 30 * HOUR),
      { kind: 'answer_lost', at: NOON + 30 * HOUR, callSentAt: NOON + 30 * HOUR },
      { kind: 'push_overdue', at: NOON + 31 * HOUR, callSentAt: NOON + 30 * HOUR },
      { kind: 'retry_asked', at: NOON + 31 * HOUR },
      sentAt(NOON + 32 * HOUR),
      { kind: 'create_void', at: NOON + 32 * HOUR, callSentAt: NOON + 32 * HOUR },
      sentAt(NOON + 33 * HOUR),
    );
    expect(twice).toMatchObject({ earlierTask: 'open', earlierSentAt: NOON + 30 * HOUR });
    const at = NOON + 33 * HOUR;
    const fact: Fact = { kind: 'create_busy', at, callSentAt: at, tasksOverBefore: at - 26 * HOUR };
    expect(met(twice, fact).state).toBe('awaiting_legal_person');
  });
});

describe('a link that only the lost answer had', () => {
  const linked = (at = NOON): Fact => ({ ...sentAt(at), byLink: true });
  const lost = (at = NOON): Fact => ({ kind: 'link_lost', at: at + 26 * HOUR, callSentAt: at });

  test('lets the row be sent again by itself when its task is over, with nothing of ours running', () => {
    const again = through(linked(), answerLost(), lost());
    expect(again).toMatchObject({ state: 'queued', task: 'ended', problem: 'link:lost', until: undefined, attempt: 1 });
    expect(next(through(linked(), answerLost()), lost())?.so).toEqual(['send']);
    // 89249 is another platform's then.
    const later = NOON + 27 * HOUR;
    const busy: Fact = { kind: 'create_busy', at: later, callSentAt: later, until: later + HOUR, wait: 'busy' };
    expect(through(again, linked(later), busy)).toMatchObject({ state: 'deferred', wait: 'busy' });
  });

  test('lets it be sent again once, then a person is asked, and a retry has the same patience', () => {
    const second = through(linked(), lost(), linked(NOON + 27 * HOUR), lost(NOON + 27 * HOUR));
    expect(second).toMatchObject({ state: 'needs_review', task: 'ended', problem: 'link:lost', attempt: 2 });
    const third = through(second, { kind: 'retry_asked', at: NOON }, linked(NOON + 60 * HOUR), lost(NOON + 60 * HOUR));
    expect(third).toMatchObject({ state: 'queued', attempt: 3 });
  });

  test('is not lost where the task or the link is known, or WeChat has written to the legal person', () => {
    const known = { taskId: 'task', authorizeUrl: 'https://example.com/link' };
    for (const part of [{ taskId: known.taskId }, { authorizeUrl: known.authorizeUrl }, known]) {
      expect(next(through(linked(), { ...accepted(), ...part }), lost())).toBeUndefined();
    }
    expect(next(sent(), lost())).toBeUndefined();
  });

  test('is no reason to send again while an earlier attempt of unknown outcome may have reached the legal person', () => {
    const unknown = { kind: 'answer_unknown', at: NOON, callSentAt: NOON, problem: 'create:4711' } as const;
    const retried: Fact = { kind: 'retry_asked', at: NOON };
    const byMessage = through(sentAt(NOON), unknown, retried, linked(NOON + HOUR));
    expect(next(byMessage, lost(NOON + HOUR))).toBeUndefined();
    const linkIsOut = through(
      linked(),
      { ...accepted(), taskId: 'first', authorizeUrl: 'https://example.com/link' },
      unknownPush(),
      retried,
      linked(NOON + HOUR),
    );
    expect(next(linkIsOut, lost(NOON + HOUR))).toBeUndefined();
    const nobodyWasAsked = through(linked(), unknown, retried, linked(NOON + HOUR));
    expect(met(nobodyWasAsked, lost(NOON + HOUR)).state).toBe('queued');
    // Nor does an attempt between them that WeChat refused change it.
    const refusedThen = (first: Fact): Registration =>
      through(
        first,
        unknown,
        retried,
        linked(NOON + HOUR),
        { ...refused(), callSentAt: NOON + HOUR },
        retried,
        linked(NOON + 2 * HOUR),
      );
    expect(next(refusedThen(sentAt(NOON)), lost(NOON + 2 * HOUR))).toBeUndefined();
    expect(met(refusedThen(linked()), lost(NOON + 2 * HOUR)).state).toBe('queued');
    // How an attempt ended of which WeChat told the end does not matter.
    const failedByMessage = through(sentAt(NOON), failed(), retried, linked(NOON + HOUR));
    expect(met(failedByMessage, lost(NOON + HOUR)).state).toBe('queued');
  });

  test('makes WeChat’s time-out a failure without a cause: the row is sent again, once', () => {
    expect(through(linked(), answerLost(), timedOut({ problem: 'push:100003' }))).toMatchObject({
      state: 'queued',
      problem: 'link:lost',
      task: 'ended',
    });
    const second = through(
      linked(),
      lost(),
      linked(NOON + 27 * HOUR),
      timedOut({ at: NOON + 51 * HOUR, pushedAt: NOON + 51 * HOUR }),
    );
    expect(second.state).toBe('expired');
    const known = through(linked(), { ...accepted(), taskId: 'task' }, timedOut());
    expect(known.state).toBe('expired');
  });

  test('and a push that settles it first prevents that it is sent again', () => {
    for (const push of [created(), failed()]) expect(next(through(linked(), push), lost())).toBeUndefined();
  });
});

describe('a task that is unfinished when its time is over', () => {
  const unfinished = () =>
    through(sent(), accepted(), {
      kind: 'task_unfinished',
      at: NOON + 26 * HOUR,
      callSentAt: NOON,
      problem: 'query:3',
    });

  test('is expired and over: it may be sent again', () => {
    expect(unfinished()).toMatchObject({ state: 'expired', task: 'ended', problem: 'query:3' });
  });

  test('and the push that comes after all says what it really was', () => {
    expect(met(unfinished(), created())).toMatchObject({ state: 'created', appid: 'wxnew' });
    expect(met(unfinished(), failed())).toMatchObject({ state: 'rejected', problem: 'push:103' });
    expect(met(unfinished(), timedOut({ problem: 'push:100002' }))).toMatchObject({
      state: 'expired',
      problem: 'push:100002',
    });
  });
});

describe('a push that names its task', () => {
  const again = () =>
    through(
      sentAt(NOON - 60_000),
      { ...accepted(NOON - 60_000), taskId: 'first' },
      failed({ pushedAt: NOON - 50_000 }),
      { kind: 'retry_asked', at: NOON - 1_000 },
      sentAt(NOON),
    );
  const answered = () => met(again(), { ...accepted(), taskId: 'second' });

  test('is about the attempt that has this task, whatever its time says', () => {
    expect(met(answered(), failed({ pushedAt: NOON + 5_000, aboutTask: 'first' }))).toEqual(answered());
    expect(met(answered(), failed({ pushedAt: NOON - 50_000, aboutTask: 'second' })).state).toBe('rejected');
    // A success settles its merchant, whatever task it names.
    expect(met(answered(), created({ pushedAt: NOON + 5_000, aboutTask: 'foreign' })).state).toBe('created');
  });

  test('is matched by its time while the task of the attempt is not known', () => {
    expect(met(again(), failed({ pushedAt: NOON + 5_000, aboutTask: 'second' })).state).toBe('rejected');
    expect(met(again(), failed({ pushedAt: NOON - 50_000, aboutTask: 'first' }))).toEqual(again());
  });
});

describe('an operator', () => {
  test('may have sent again what failed, was withdrawn, or waits for a person, and nothing else', () => {
    const may = states.filter((state) => next({ ...sent(), state }, { kind: 'retry_asked', at: NOON }) !== undefined);
    expect(may).toEqual(['rejected', 'expired', 'needs_review', 'cancelled', 'invalid']);
  });

  test('need not wait for the business registry', () => {
    const waits = { ...fresh(), state: 'deferred' as const, wait: 'not_before' as const, until: NOON + 15 * 24 * HOUR };
    expect(met(waits, { kind: 'retry_asked', at: NOON })).toMatchObject({ state: 'queued', until: undefined });
    expect(next({ ...waits, wait: 'busy' }, { kind: 'retry_asked', at: NOON })).toBeUndefined();
    // The same retry, asked twice: the second one finds it waiting.
    expect(next(waits, { kind: 'retry_asked', at: NOON, until: waits.until, wait: 'not_before' })).toBeUndefined();
  });

  test('may withdraw only what was not sent', () => {
    const may = states.filter((state) => next({ ...sent(), state }, { kind: 'cancel_asked', at: NOON }) !== undefined);
    expect(may).toEqual(['queued', 'deferred']);
  });

  test('withdraws the row that was looked at, or the row that it joined, and none that took its place', () => {
    const replaced = { ...fresh(), row: 'later/3' };
    const joined = { ...replaced, joinedRows: [fresh().row] };
    const withdrawn: Fact = { kind: 'cancel_asked', at: NOON, row: fresh().row };
    expect([fresh(), joined, replaced].map((it) => met(it, withdrawn).state)).toEqual([
      'cancelled',
      'cancelled',
      'queued',
    ]);
  });

  test('that requests a retry before the registry is up to date gets a retry that waits', () => {
    const rejected = { ...sent(), state: 'rejected' as const, task: 'ended' as const };
    const until = NOON + 86_400_000;
    expect(met(rejected, { kind: 'retry_asked', at: NOON, until, wait: 'not_before' })).toMatchObject({
      state: 'deferred',
      wait: 'not_before',
      until,
    });
  });
});

describe('a row of a later sheet', () => {
  const row: Fact = { kind: 'row_accepted', at: NOON, row: 'later/3' };

  test('begins a new attempt where the one before failed, with the new row', () => {
    for (const state of ['rejected', 'expired', 'cancelled', 'invalid'] as const) {
      expect(met({ ...sent(), state, task: 'ended', problem: 'push:103', joinedRows: ['c/1'] }, row)).toMatchObject({
        state: 'queued',
        row: 'later/3',
        joinedRows: [],
        problem: undefined,
      });
    }
  });

  test('with the same details joins what is under way, and changes nothing of what is created', () => {
    for (const state of ['queued', 'deferred', 'submitting', 'awaiting_legal_person'] as const) {
      const until = state === 'queued' ? undefined : NOON;
      const before = { ...sent(), state, until, wait: 'again' as const, problem: 'create:89247' };
      const { wait, problem } = met(before, row);
      expect(met(before, row)).toEqual({ ...before, wait, joinedRows: ['later/3'] });
      expect([wait, problem]).toEqual([state === 'deferred' ? 'again' : undefined, 'create:89247']);
    }
    expect(next({ ...sent(), state: 'created' }, row)).toBeUndefined();
  });

  test('with a newer phone is sent, as long as no row was', () => {
    const newer = { ...row, details: 'newer' as const };
    expect(met({ ...fresh(), joinedRows: ['c/1'] }, newer)).toMatchObject({
      row: 'later/3',
      joinedRows: ['c/1', 'b/0'],
    });
    expect(met(sent(), newer)).toMatchObject({ state: 'submitting', row: 'b/0', joinedRows: ['later/3'] });
  });

  test('with other details replaces what is not sent yet, and has all its tries', () => {
    const other = { ...row, details: 'other' as const };
    const waiting = {
      ...fresh(),
      state: 'deferred' as const,
      until: NOON + 9_000,
      problem: 'create:89247',
      postponed: 3,
    };
    for (const unsent of [fresh(), { ...waiting, wait: 'again' as const }, { ...waiting, wait: 'person' as const }]) {
      expect(met({ ...unsent, joinedRows: ['c/1'] }, other)).toMatchObject({
        state: 'queued',
        row: 'later/3',
        joinedRows: [],
        until: undefined,
        postponed: 0,
      });
    }
    // That somebody else's task runs is true of the enterprise, whatever the details.
    expect(met({ ...waiting, wait: 'busy' }, other)).toMatchObject({
      state: 'deferred',
      until: NOON + 9_000,
      wait: 'busy',
    });
  });

  test('with other details waits while a task may be running', () => {
    const other = { ...row, details: 'other' as const };
    const running = [sent(), through(sent(), accepted()), unheardOf()];
    for (const before of running) expect(met(before, other)).toEqual({ ...before, waitingRows: ['later/3'] });

    const waiting = met(sent(), other);
    const third: Fact = { ...other, row: 'third/1' };
    expect(met(waiting, { ...third, detailsOfWaiting: 'same' }).waitingRows).toEqual(['later/3', 'third/1']);
    expect(met(waiting, { ...third, detailsOfWaiting: 'newer' }).waitingRows).toEqual(['third/1', 'later/3']);
    expect(met(waiting, { ...third, detailsOfWaiting: 'other' }).waitingRows).toEqual(['third/1']);
    // The operator withdraws it, and the running task stays as it is.
    expect(met(waiting, { kind: 'cancel_asked', at: NOON, row: 'later/3' })).toEqual(sent());
    expect(met(waiting, { kind: 'cancel_asked', at: NOON })).toEqual(waiting);
  });

  test('that waited takes its turn when nothing can be running any more, and never before', () => {
    const waiting = { ...met(sent(), { ...row, details: 'other' as const }), waitingRows: ['later/3', 'third/1'] };
    const turn: Fact = { kind: 'row_accepted', at: NOON + 1, row: 'later/3', details: 'other' };
    for (const before of [waiting, met(waiting, accepted()), met(waiting, unknownPush()), met(waiting, created())]) {
      expect(turnOfWaitingRow(before, NOON + 1)).toBeUndefined();
    }
    for (const end of [failed(), timedOut(), refused(), { kind: 'create_void', at: NOON, callSentAt: NOON } as const]) {
      const before = met(waiting, end);
      expect(turnOfWaitingRow(before, NOON + 1)).toEqual(turn);
      expect(met(before, turn)).toMatchObject({
        state: 'queued',
        row: 'later/3',
        joinedRows: ['third/1'],
        waitingRows: [],
      });
    }
    expect(met(waiting, created()).waitingRows).toEqual([]);
  });

  test('that waited takes its turn beside what is unsent, and not while an earlier task may be running', () => {
    const waits = { ...fresh(), waitingRows: ['later/3'] };
    const turn = (changes: Partial<Registration>) => turnOfWaitingRow({ ...waits, ...changes }, NOON) !== undefined;
    expect(turn({ state: 'queued' })).toBe(true);
    expect(turn({ state: 'deferred' })).toBe(true);
    expect(turn({ state: 'submitting' })).toBe(false);
    expect(turn({ state: 'needs_review', task: 'none', earlierTask: 'open' })).toBe(false);
    expect(turn({ state: 'needs_review', task: 'none', earlierTask: 'ended' })).toBe(true);
    // Whatever became of an earlier one, this one was refused.
    expect(turn({ state: 'rejected', task: 'none', earlierTask: 'open' })).toBe(true);
    expect(turn({ state: 'created', task: 'ended' })).toBe(false);
    expect(turn({ state: 'rejected', task: 'none', waitingRows: [] })).toBe(false);
  });

  test('leads a registration that was purged and has no row any more', () => {
    const purged = { ...sent(), state: 'needs_review' as const, row: PURGED_ROW, joinedRows: ['c/1'] };
    expect(met(purged, { ...row, details: 'newer' })).toMatchObject({ row: 'later/3', joinedRows: ['c/1'] });
    expect(met({ ...purged, row: 'b/0' }, { ...row, details: 'newer' })).toMatchObject({
      row: 'later/3',
      joinedRows: ['c/1', 'b/0'],
    });
  });

  test('that asks for one more Mini Program gets a new attempt', () => {
    const created = { ...sent(), state: 'created' as const, task: 'ended' as const, appid: 'wxfirst' };
    const again = { ...row, again: true };
    expect(met({ ...created, authorizer: 'kept' }, again)).toMatchObject({
      state: 'queued',
      appid: undefined,
      authorizer: undefined,
      earlierAppids: ['wxfirst'],
    });
  });

  test('after it, a late push of the first Mini Program settles nothing, and a push of the second does', () => {
    const created = { ...sent(), state: 'created' as const, task: 'ended' as const, appid: 'wxfirst' };
    const queued = met(created, { ...row, again: true });
    const submitting = met(queued, { kind: 'create_sent', at: NOON });
    const lost = { ...submitting, earlierTask: 'open' as const };
    for (const second of [queued, submitting, lost]) {
      const push: Fact = { kind: 'mini_program_created', at: NOON + 1, pushedAt: NOON + 60_000, appid: 'wxfirst' };
      expect(next(second, push)).toBeUndefined();
      expect(met(second, { ...push, appid: 'wxsecond' })).toMatchObject({ state: 'created', appid: 'wxsecond' });
    }
  });

  test('re-opens what waits for a person only where nothing of ours can be running at WeChat', () => {
    const waiting = { ...sent(), state: 'needs_review' as const };
    expect(next({ ...waiting, task: 'none' }, row)?.to).toBe('queued');
    expect(next({ ...waiting, task: 'open' }, row)).toMatchObject({ to: 'needs_review', rows: 'joins' });
    expect(next({ ...waiting, task: 'none', earlierTask: 'open' }, row)).toMatchObject({ rows: 'joins' });
  });
});

test('a second Mini Program of an enterprise is said, until a person has seen to it', () => {
  const created: Fact = { kind: 'mini_program_created', at: NOON + 1, appid: 'wxfirst', authCode: 'sealed' };
  const first = through(sentAt(NOON), created);
  expect(first.problem).toBeUndefined();
  const second = met(first, { ...created, at: NOON + 2, appid: 'wxsecond' });
  expect(second).toMatchObject({ appid: 'wxsecond', earlierAppids: ['wxfirst'], problem: 'push:second_mini_program' });
  const kept = met(second, { kind: 'authorizer_kept', at: NOON + 3, appid: 'wxsecond' });
  expect(kept).toMatchObject({ authorizer: 'kept', problem: 'push:second_mini_program' });
});

test('a success of an earlier attempt with the details of another row is said, until a person has seen to it', () => {
  const second = { ...through(sentAt(NOON)), row: 'later/3', earlierTask: 'open' as const };
  const success: Fact = { kind: 'mini_program_created', at: NOON + 9, appid: 'wxfirst', authCode: 'sealed' };
  const created = met(second, { ...success, aboutRow: 'b/0' });
  expect(created).toMatchObject({ state: 'created', appid: 'wxfirst', problem: 'push:created_from_another_row' });
  const kept = met(created, { kind: 'authorizer_kept', at: NOON + 10, appid: 'wxfirst' });
  expect(kept).toMatchObject({ authorizer: 'kept', problem: 'push:created_from_another_row' });
  // A repetition changes nothing, and the own row is no other row.
  expect(next(created, { ...success, aboutRow: 'b/0' })).toBeUndefined();
  expect(met(second, { ...success, aboutRow: 'later/3' }).problem).toBeUndefined();
});

describe('a success with details that no row of ours has', () => {
  const success: Fact = {
    kind: 'mini_program_created',
    at: NOON + 70_000,
    pushedAt: NOON + 70_000,
    appid: 'wxfirst',
    authCode: 'sealed',
    aboutRow: '',
  };
  const problem = 'push:created_with_other_details';
  const accepted = through(sentAt(NOON), { kind: 'create_accepted', at: NOON + 500, callSentAt: NOON });

  test('is said, until a person has seen to it: another service of the platform may have asked for it', () => {
    const early = { ...success, pushedAt: NOON + 5_000 };
    for (const waiting of [
      newRegistration('a', 'b/0'),
      through(sentAt(NOON)),
      { ...accepted, adoptsTask: true as const },
    ]) {
      expect(met(waiting, early)).toMatchObject({ state: 'created', appid: 'wxfirst', task: 'ended', problem });
    }
    const created = met(accepted, early);
    expect(created).toMatchObject({ state: 'created', problem });
    const kept = met(created, { kind: 'authorizer_kept', at: NOON + 80_000, appid: 'wxfirst' });
    expect(kept).toMatchObject({ authorizer: 'kept', problem });
    expect(next(created, early)).toBeUndefined();
  });

  test('that ended after WeChat had accepted ours is ours, and its details are written otherwise', () => {
    const created = met(accepted, success);
    expect(created).toMatchObject({ state: 'created', appid: 'wxfirst' });
    expect(created.problem).toBeUndefined();
  });
});

test('a failure with details that no row of ours has is none of ours', () => {
  const waiting = through(sentAt(NOON));
  expect(met(waiting, failed({ pushedAt: NOON + 5_000, aboutRow: '' }))).toEqual(waiting);
  expect(met(waiting, failed({ pushedAt: NOON + 5_000 })).state).toBe('rejected');
});

test('a failure that ends after WeChat has accepted ours is ours, though its details are written otherwise', () => {
  const waiting = through(sentAt(NOON), { kind: 'create_accepted', at: NOON + 500, callSentAt: NOON });
  const ended = { pushedAt: NOON + 61_000, aboutRow: '' };
  expect(met(waiting, failed(ended)).state).toBe('rejected');
  // Not so the late push of a task from before, and not where another task may have been the one that ran.
  expect(met(waiting, failed({ ...ended, pushedAt: NOON + 30_000 }))).toEqual(waiting);
  expect(met(waiting, failed({ aboutRow: '' }))).toEqual(waiting);
  expect(met({ ...waiting, adoptsTask: true }, failed(ended)).state).toBe('awaiting_legal_person');
  expect(met({ ...waiting, earlierTask: 'open' }, failed(ended)).state).toBe('awaiting_legal_person');
  const lost = through(sentAt(NOON));
  expect(met(lost, failed(ended))).toEqual(lost);
});

describe('a failure that is pushed while a create that was put off waits', () => {
  const putOff = (kind: 'create_postponed' | 'create_busy', wait: 'again' | 'busy') =>
    through(sentAt(NOON), { kind, at: NOON + 500, callSentAt: NOON, until: NOON + HOUR, wait, tasksOverBefore: NOON });
  const again = putOff('create_postponed', 'again');
  const busy = putOff('create_busy', 'busy');
  const row = again.row;
  const timedOut = (more: Partial<Fact>): Fact => ({ ...failed(more), kind: 'legal_person_timed_out' });

  test('with the details of that create settles the row: the same details would be refused again', () => {
    for (const waiting of [again, busy]) {
      const settled = met(waiting, failed({ pushedAt: NOON + 1_000, aboutRow: row }));
      expect(settled).toMatchObject({ state: 'rejected', problem: 'push:103', task: 'ended' });
    }
    expect(met(again, timedOut({ pushedAt: NOON + 1_000, aboutRow: row })).state).toBe('expired');
  });

  test('changes nothing where it was pushed before the call, or has no details or other ones', () => {
    expect(met(again, failed({ pushedAt: NOON - 1_000, aboutRow: row }))).toEqual(again);
    expect(met(busy, failed({ pushedAt: NOON - 1_000, aboutRow: row }))).toEqual(busy);
    for (const more of [{}, { aboutRow: '' }, { aboutRow: 'older/1' }]) {
      expect(met(again, failed({ pushedAt: NOON + 1_000, ...more }))).toEqual(again);
    }
  });

  test('ends the wait for a task that is not ours, and the next one is waited for anew', () => {
    for (const ended of [failed({ pushedAt: NOON + 1_000, aboutRow: '' }), timedOut({ aboutRow: row })]) {
      const free = met(busy, ended);
      expect(free).toMatchObject({ state: 'queued', problem: 'create:89249' });
      expect(free.busySince).toBeUndefined();
      expect(free.until).toBeUndefined();
    }
  });

  test('and comes again once the row was sent is a repetition, also in the second of that call', () => {
    const ended = timedOut({ pushedAt: NOON + 1_000 });
    const accepted: Fact = { kind: 'create_accepted', at: NOON + 1_400, callSentAt: NOON + 1_300 };
    const running = through(busy, ended, sentAt(NOON + 1_300), accepted);
    expect(running.state).toBe('awaiting_legal_person');
    for (const more of [{}, { aboutRow: row }])
      expect(met(running, { ...ended, at: NOON + 5_000, ...more })).toEqual(running);
    expect(met(running, timedOut({ pushedAt: NOON + HOUR })).state).toBe('expired');
  });

  test('and comes only once the row was sent again is about the task that was in its way', () => {
    const running = through(busy, sentAt(NOON + HOUR), {
      kind: 'create_accepted',
      at: NOON + HOUR + 500,
      callSentAt: NOON + HOUR,
    });
    expect(met(running, failed({ at: NOON + 2 * HOUR, pushedAt: NOON + HOUR - 2_000 }))).toEqual(running);
    expect(met(running, failed({ at: NOON + 2 * HOUR, pushedAt: NOON + HOUR + 2_000 })).state).toBe('rejected');
  });
});

describe('a failure that was pushed for an earlier attempt', () => {
  const [first, second] = ['b/0', 'later/3'];
  const again = () =>
    through(
      sentAt(NOON - 60_000),
      failed({ pushedAt: NOON - 50_000 }),
      { kind: 'row_accepted', at: NOON - 1_000, row: second },
      sentAt(NOON),
    );

  test('is known by the details that it repeats, whatever its time says', () => {
    expect(met(again(), failed({ pushedAt: NOON + 5_000, aboutRow: first }))).toEqual(again());
    expect(met(again(), failed({ pushedAt: NOON + 5_000, aboutRow: second })).state).toBe('rejected');
  });

  test('is a repetition if it is no younger than the push that ended that attempt', () => {
    // Ours is an hour slow: by its time alone, every old push would be about the new attempt.
    const slow = { ...again(), sentAt: NOON - 3_600_000 };
    expect(met(slow, failed({ pushedAt: NOON - 50_000 }))).toEqual(slow);
    expect(met(slow, failed({ pushedAt: NOON - 49_000 })).state).toBe('rejected');
  });

  test('is recognised by WeChat’s clock: if our clock is fast by minutes, no failure of the present attempt is dropped', () => {
    const fast = through(
      sentAt(NOON - 600_000),
      { kind: 'answer_lost', at: NOON - 590_000, callSentAt: NOON - 600_000 },
      { kind: 'push_overdue', at: NOON - 580_000, callSentAt: NOON - 600_000 },
      { kind: 'retry_asked', at: NOON - 1_000 },
      { ...sentAt(NOON), clockAheadMs: 180_000 },
    );
    expect(met(fast, failed({ pushedAt: NOON - 170_000 })).state).toBe('rejected');
    expect(met(fast, failed({ pushedAt: NOON - 190_000 }))).toEqual(fast);
  });
});

describe('three attempts', () => {
  const busyAt = (at: number): Fact => ({
    kind: 'create_busy',
    at,
    callSentAt: at,
    until: at + 24 * HOUR,
    wait: 'busy',
    tasksOverBefore: at - 26 * HOUR,
  });
  const later = (at: number): Fact => ({
    kind: 'create_postponed',
    at,
    callSentAt: at,
    until: at + 600_000,
    wait: 'again',
  });

  test('of which the first was lost, the second got 89247 and the third 89249: the first attempt arrived, and is waited for', () => {
    const third = through(
      unheardOf(),
      { kind: 'retry_asked', at: NOON },
      sentAt(NOON + HOUR),
      later(NOON + HOUR),
      sentAt(NOON + 2 * HOUR),
    );
    expect(third).toMatchObject({ attempt: 3, earlierTask: 'open', earlierSentAt: UNHEARD_OF });
    expect(met(third, busyAt(NOON + 2 * HOUR)).state).toBe('awaiting_legal_person');
  });

  test('count from the lost attempt, and not from the refused attempt after it', () => {
    const sentAgain = NOON + 25.5 * HOUR;
    const third = through(
      unheardOf(),
      { kind: 'retry_asked', at: NOON },
      sentAt(sentAgain),
      later(sentAgain),
      sentAt(NOON + 26 * HOUR),
    );
    expect(met(third, busyAt(NOON + 26 * HOUR))).toMatchObject({ state: 'deferred', wait: 'busy' });
  });

  test('of which the first ended and the second was refused have no task that 89249 could be about', () => {
    const third = through(
      sent(),
      failed(),
      { kind: 'retry_asked', at: NOON + HOUR },
      sentAt(NOON + HOUR),
      later(NOON + HOUR),
      sentAt(NOON + 2 * HOUR),
    );
    expect(third).toMatchObject({ attempt: 3, earlierTask: 'ended', earlierSentAt: undefined });
    expect(met(third, busyAt(NOON + 2 * HOUR)).state).toBe('deferred');
    // A push of the first one is still told apart by its time.
    expect(met(third, failed({ pushedAt: NOON + 8_500 }))).toEqual(third);
  });
});

describe('what WeChat said', () => {
  const postponed = (said: string, more: Partial<Fact> = {}): Fact => ({
    kind: 'create_postponed',
    at: NOON,
    callSentAt: NOON,
    until: NOON + 1,
    wait: 'again',
    problem: 'create:89247',
    said,
    ...more,
  });
  const again: Fact = { ...sentAt(NOON), at: NOON };

  test('to each try of a postponed row is kept for the person who has to decide', () => {
    expect(through(sent(), postponed('first'), again, postponed('second')).said).toBe('first · second');
    expect(through(sent(), postponed('only')).said).toBe('only');
  });

  test('to a row that was put off stays while it is sent again, whatever it waited for', () => {
    const { said: _, ...nothing } = postponed('');
    for (const wait of ['again', 'page', 'busy', 'person'] as const) {
      const before = through(sent(), {
        ...postponed('first'),
        kind: wait === 'busy' ? 'create_busy' : 'create_postponed',
        wait,
      });
      expect(met(before, again)).toMatchObject({ state: 'submitting', problem: 'create:89247', said: 'first' });
      expect(through(before, again, nothing).said).toBeUndefined();
    }
  });

  test('to an earlier attempt is no word of a new one', () => {
    const failedOnce = through(sent(), failed({ said: 'words' }), { kind: 'retry_asked', at: NOON + HOUR });
    expect(failedOnce).toMatchObject({ problem: undefined, said: undefined });
    const held = met({ ...fresh(), problem: 'create:91030', said: 'words' }, { kind: 'create_sent', at: NOON });
    expect(held).toMatchObject({ problem: undefined, said: undefined });
  });

  test('is replaced by what it says next, and is gone with a success', () => {
    const lost = met(sent(), answerLost());
    const searched: Fact = {
      kind: 'task_running',
      at: NOON,
      callSentAt: NOON,
      problem: 'search:89251',
      said: 'running',
    };
    expect(met(lost, searched).said).toBe('running');
    expect(through(lost, searched, created())).toMatchObject({ problem: undefined, said: undefined });
    const overdue: Fact = { kind: 'push_overdue', at: NOON, callSentAt: NOON, problem: 'push:overdue', said: 'last' };
    expect(through(lost, searched, overdue).said).toBe('last');
  });

  test('to a row is not an answer to another row with other details, unless both wait for the same task of another platform', () => {
    const row: Fact = { kind: 'row_accepted', at: NOON, row: 'later/3', details: 'other' };
    expect(through(sent(), postponed('first'), row)).toMatchObject({ problem: undefined, said: undefined });
    const withoutLink = through({ ...sentAt(NOON), byLink: true }, { kind: 'link_lost', at: NOON, callSentAt: NOON });
    expect(withoutLink).toMatchObject({ state: 'queued', problem: 'link:lost' });
    expect(met(withoutLink, row)).toMatchObject({ state: 'queued', problem: undefined });
    const busy = through(sent(), {
      ...postponed('running', { problem: 'create:89249' }),
      kind: 'create_busy',
      wait: 'busy',
    });
    expect(met(busy, row)).toMatchObject({ state: 'deferred', problem: 'create:89249', said: 'running' });
  });
});

describe('patience with a registration', () => {
  const putOff = (wait: Wait, at = NOON): Fact => ({
    kind: wait === 'busy' ? 'create_busy' : 'create_postponed',
    at,
    callSentAt: NOON,
    until: at + 1,
    wait,
  });
  const again: Fact = { ...sentAt(NOON), at: NOON };

  test('is counted for each answer by itself', () => {
    const all = through(sent(), putOff('again'), again, putOff('busy', NOON + 5), again, putOff('person', NOON + 9));
    expect(all).toMatchObject({ postponed: 1, busySince: NOON + 5, personSince: NOON + 9 });
    const page: Fact = { ...putOff('page'), kind: 'create_intercepted' };
    expect(through(sent(), page)).toMatchObject({ postponed: 1, busySince: undefined, personSince: undefined });
  });

  test('with a running task and with a used up Weixin ID is counted from when they were met first', () => {
    for (const [wait, name] of [
      ['busy', 'busySince'],
      ['person', 'personSince'],
    ] as const) {
      expect(through(sent(), putOff(wait), again, putOff(wait, NOON + 5_000))[name]).toBe(NOON);
    }
  });

  test('is not spent on a Weixin ID whose tries we have counted ourselves', () => {
    const held: Fact = { kind: 'create_held', at: NOON, until: NOON + 1, wait: 'person' };
    expect(met(fresh(), held)).toMatchObject({ state: 'deferred', wait: 'person', personSince: undefined });
  });

  test('returns a try that a fault of all calls cost, and nothing else', () => {
    const spent = { ...through(sent(), putOff('again')), busySince: 1, personSince: 2, linksLost: 1, said: 'first' };
    const returned: Fact = {
      kind: 'try_returned',
      at: NOON,
      problem: 'create:89247',
      postponed: 0,
      until: NOON + 7,
      wait: 'again',
    };
    expect(met(spent, returned)).toMatchObject({
      state: 'deferred',
      postponed: 0,
      busySince: 1,
      personSince: 2,
      linksLost: 1,
      until: NOON + 7,
      said: 'first',
    });
    const { until: _until, wait: _wait, ...givenUp } = putOff('again');
    const last = met({ ...sent(), postponed: 4 }, { ...givenUp, problem: 'create:89247', said: 'last' });
    expect(last.state).toBe('needs_review');
    expect(met(last, { ...returned, postponed: 4 })).toMatchObject({ state: 'deferred', postponed: 4, said: 'last' });
    const { postponed: _, ...asItWas } = returned;
    expect(met(spent, asItWas).postponed).toBe(1);
  });
});

describe('the Mini Programs of a registration', () => {
  test('that were created after each other are all kept, the latest in front', () => {
    const three = through(
      sent(),
      created({ appid: 'wx1' }),
      created({ appid: 'wx2', pushedAt: NOON + 60_000 }),
      created({ appid: 'wx3', pushedAt: NOON + 70_000 }),
    );
    expect(three).toMatchObject({ appid: 'wx3', earlierAppids: ['wx1', 'wx2'] });
    for (const appid of ['wx1', 'wx2', 'wx3']) expect(met(three, created({ appid }))).toEqual(three);
    const lost: Fact = { kind: 'authorizer_lost', at: NOON, problem: 'authorize:61010' };
    expect(met(three, lost)).toMatchObject({ appid: 'wx3', earlierAppids: ['wx1', 'wx2'], authorizer: 'lost' });
  });

  test('that were asked for with --again are kept one after the other', () => {
    const again: Fact = { kind: 'row_accepted', at: NOON, row: 'later/3', again: true };
    const second = through(sent(), created({ appid: 'wx1' }), again, sentAt(NOON), created({ appid: 'wx2' }), again);
    expect(second).toMatchObject({ state: 'queued', appid: undefined, earlierAppids: ['wx1', 'wx2'] });
    expect(through(second, sentAt(NOON), created({ appid: 'wx3' }))).toMatchObject({
      appid: 'wx3',
      earlierAppids: ['wx1', 'wx2'],
    });
  });

  test('are no list where there is one, or none', () => {
    const row: Fact = { kind: 'row_accepted', at: NOON, row: 'later/3', again: true };
    expect(through(sent(), created()).earlierAppids).toBeUndefined();
    expect(through(sent(), failed(), row).earlierAppids).toBeUndefined();
  });
});

test('only a push that ends a task can be repeated by a later push', () => {
  const settled = through(sent(), failed({ pushedAt: NOON + 8_000 }), created({ pushedAt: NOON + 9_000 }));
  expect(settled.heardAt).toBe(NOON + 9_000);
  const authorized: Fact = { kind: 'authorization_pushed', at: NOON, pushedAt: NOON + 60_000, appid: 'wxnew' };
  expect(met(settled, authorized).heardAt).toBe(NOON + 9_000);
});

test('the time of an end is the time of the fact that brought it, whatever comes later', () => {
  const settled = through(sent(), created({ at: NOON + 9_000 }));
  const kept: Fact = { kind: 'authorizer_kept', at: NOON + 60_000, appid: 'wxnew' };
  expect(met(settled, kept)).toMatchObject({ authorizer: 'kept', finishedAt: NOON + 9_000 });
  const given = unheardOf();
  expect(given.finishedAt).toBe(NOON - 2_000);
  expect(met(given, failed({ at: NOON + 5_000 })).finishedAt).toBe(NOON + 5_000);
  expect(through(given, { kind: 'retry_asked', at: NOON }).finishedAt).toBeUndefined();
});

test('a fact of a later version, which no rule knows, changes nothing', () => {
  expect(next(sent(), { kind: 'of_a_later_version' as FactKind, at: NOON })).toBeUndefined();
});

test('the states that a fact moves are the states of its rules', () => {
  expect(statesMovedBy('cancel_asked').toSorted()).toEqual(
    ['awaiting_legal_person', 'deferred', 'needs_review', 'queued', 'submitting'].toSorted(),
  );
  expect(statesMovedBy('create_accepted')).toEqual(['submitting']);
  expect(statesMovedBy('of_a_later_version' as FactKind)).toEqual([]);
});

test('unsent is what waits to be sent, and over what has its outcome', () => {
  expect(states.filter(isUnsent)).toEqual(['queued', 'deferred']);
  expect(states.filter(isOver)).toEqual(['created', 'rejected', 'expired', 'needs_review', 'cancelled', 'invalid']);
});

test('over every order of create, failure, retry and success no appid is ever lost', () => {
  const kinds = ['send', 'accept', 'lose', 'fail', 'timeOut', 'giveUp', 'retry', 'row', 'query', 'again'] as const;
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...kinds).map((kind) => ({ kind })) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('succeed' as const),
        appid: fc.constantFrom('wx1', 'wx2', 'wx3'),
        /** WeChat's clock, and tasks of attempts long ago. */
        late: fc.constantFrom(0, 1, 1_000, 100_000),
        aboutTask: fc.constantFrom(undefined, 'task-1', 'task-9'),
      }),
    },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      let registration = fresh();
      const pushed = new Set<string>();
      for (const [index, it] of steps.entries()) {
        const at = NOON + index * 1_000;
        const call = { at, callSentAt: registration.sentAt ?? 0 };
        const FACTS_OF = {
          send: () => ({ ...sentAt(at), clockAheadMs: index * 7 }),
          accept: () => ({ ...call, kind: 'create_accepted', taskId: `task-${registration.attempt}` }),
          lose: () => ({ ...call, kind: 'answer_lost' }),
          fail: () => failed({ at, pushedAt: at }),
          timeOut: () => timedOut(),
          giveUp: () => ({ ...call, kind: 'push_overdue' }),
          retry: () => ({ kind: 'retry_asked', at }),
          row: () => ({ kind: 'row_accepted', at, row: `b${index}/0`, details: 'other' }),
          query: () => ({ ...call, kind: 'task_created', problem: 'query:12' }),
          again: () => ({ kind: 'row_accepted', at, row: `b${index}/0`, again: true }),
        } satisfies Record<(typeof kinds)[number], () => Fact>;
        if (it.kind === 'succeed') {
          const push = created({ at, appid: it.appid, pushedAt: at - it.late });
          registration = met(registration, it.aboutTask === undefined ? push : { ...push, aboutTask: it.aboutTask });
          pushed.add(it.appid);
          expect(registration.state === 'created' || registration.earlierAppids?.includes(it.appid)).toBe(true);
        } else registration = met(registration, FACTS_OF[it.kind]());
        const kept = new Set([registration.appid ?? [], registration.earlierAppids ?? []].flat());
        expect(kept).toEqual(pushed);
      }
    }),
    { numRuns: runs(20_000) },
  );
});

// --- helpers ----------------------------------------------------------------------------------------------------------

function fresh(): Registration {
  return newRegistration('a', 'b/0');
}

/** A registration through some facts; those that fit no rule change nothing. */
function through(first: Registration | Fact, ...facts: Fact[]): Registration {
  const [begin, rest] = 'kind' in first ? [fresh(), [first, ...facts]] : [first, facts];
  return rest.reduce(met, begin);
}

function met(registration: Registration, fact: Fact): Registration {
  const move = next(registration, fact);
  return move === undefined ? registration : apply(registration, fact, move);
}

function sentAt(at: number): Fact {
  return { kind: 'create_sent', at, until: at + 26 * 3_600_000 };
}

function sent(): Registration {
  return through(sentAt(NOON));
}

function answerLost(): Fact {
  return { kind: 'answer_lost', at: NOON + 10_000, callSentAt: NOON, problem: 'call:lost', said: 'no answer in time' };
}

/** Sent a minute before noon, and given up: neither an answer nor a push ever came. */
function unheardOf(): Registration {
  const callSentAt = UNHEARD_OF;
  return through(
    sentAt(callSentAt),
    { kind: 'answer_lost', at: NOON - 55_000, callSentAt },
    { kind: 'push_overdue', at: NOON - 2_000, callSentAt },
  );
}

function accepted(callSentAt = NOON): Fact {
  return { kind: 'create_accepted', at: callSentAt + 100, callSentAt };
}

function refused(): Fact {
  return { kind: 'create_refused', at: NOON + 100, callSentAt: NOON, problem: 'create:61070' };
}

function created(changes: Partial<Fact> = {}): Fact {
  const kind = 'mini_program_created';
  return { kind, at: NOON + 9_000, pushedAt: NOON + 8_000, appid: 'wxnew', authCode: 'sealed', ...changes };
}

function failed(changes: Partial<Fact> = {}): Fact {
  return { kind: 'registration_refused', at: NOON + 9_000, pushedAt: NOON + 8_000, problem: 'push:103', ...changes };
}

function timedOut(changes: Partial<Fact> = {}): Fact {
  return { kind: 'legal_person_timed_out', at: NOON + 9_000, pushedAt: NOON + 8_000, ...changes };
}

function unknownPush(changes: Partial<Fact> = {}): Fact {
  return { kind: 'push_unknown', at: NOON + 9_000, pushedAt: NOON + 8_000, problem: 'push:777', ...changes };
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}

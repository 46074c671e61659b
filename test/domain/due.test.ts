import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  afterEarlySearch,
  afterSearch,
  createDueAt,
  firstFollowUpAt,
  isDue,
  isEarlySearch,
  type Learnt,
  searchDueAt,
} from '../../src/domain/due.js';
import { newRegistration, type Registration, STATES, type State } from '../../src/domain/registration.js';
import { handedAt, STATES_WITH_WORK } from '../../src/domain/work.js';

const OVERDUE_AT = 100;
const WAITS = {
  lostRecheckMs: 20,
  requestTimeoutMs: 10,
  pushWaitMs: 100,
  giveUpMs: 300,
  pushRecheckMs: 30,
  retryFirstMs: 5,
};
const LOST_LINK = { task: 'open', byLink: true } as const;

function registrationIn(state: State, fields: Partial<Registration> = {}): Registration {
  return { ...newRegistration('a', 'b/0'), state, ...fields };
}

describe('the next call about a registration', () => {
  const statesWhere = (has: (registration: Registration) => boolean) =>
    (Object.keys(STATES) as State[]).filter((state) => has(registrationIn(state, { until: 1 })));

  // A worker would give back for ever what the relay hands out for ever.
  test('is due at some time exactly in the states for which work is handed out', () => {
    expect(statesWhere((it) => createDueAt(it) !== undefined)).toEqual(STATES_WITH_WORK.submit);
    expect(statesWhere((it) => searchDueAt(it, OVERDUE_AT) !== undefined)).toEqual(STATES_WITH_WORK['follow-up']);
  });

  test.each([
    ['a create, at once', 'queued', {}, 0],
    ['a create, when its wait is over', 'deferred', { until: 50 }, 50],
    ['a create, at once where no time was noted', 'deferred', {}, 0],
    ['no create', 'submitting', { until: 50 }, undefined],
    ['no create', 'created', {}, undefined],
  ] as const)('is %s: %s', (_, state, fields, dueAt) => {
    expect(createDueAt(registrationIn(state, fields))).toBe(dueAt);
  });

  test.each([
    ['the early search', 'submitting', { until: 20 }, 20],
    ['a search, when the push is overdue', 'submitting', { until: OVERDUE_AT }, OVERDUE_AT],
    ['a search at once where no time was noted', 'submitting', {}, 0],
    ['none before the push is overdue where its link was lost', 'submitting', { ...LOST_LINK, until: 20 }, OVERDUE_AT],
    ['none before the push is overdue where WeChat has the task', 'awaiting_legal_person', { until: 20 }, OVERDUE_AT],
    ['a further search later', 'awaiting_legal_person', { until: 130 }, 130],
    ['a further look at a lost link later', 'submitting', { ...LOST_LINK, until: 130 }, 130],
    ['no search', 'queued', {}, undefined],
    ['no search', 'needs_review', { until: 20 }, undefined],
  ] as const)('is %s: %s %j', (_, state, fields, dueAt) => {
    expect(searchDueAt(registrationIn(state, fields), OVERDUE_AT)).toBe(dueAt);
  });
});

describe('a call', () => {
  const job = { name: 'aaaaaaaaaaaaaaaa-70.1-0' };

  test('that is not to be made is never due', () => expect(isDue(undefined, 1_000, job)).toBe(false));

  test.each([
    ['by the clock', 80, 80, true],
    ['because its job was handed out then, though the clock is late', 70, 10, true],
    ['and not before', 81, 80, false],
  ])('is due %s', (_, dueAt, now, due) => expect(isDue(dueAt, now, job)).toBe(due));

  test.each([
    ['aaaaaaaaaaaaaaaa-1700000000000.5-12', 1_700_000_000_000],
    ['wx-1-70.1-0', 70],
    ['no-job', 0],
  ])('of the job %s was handed out at %d', (name, at) => expect(handedAt(name)).toBe(at));
});

describe('a create whose answer may be lost', () => {
  test('is searched for early, but never while the answer may still come, and never after its push is overdue', () => {
    expect(firstFollowUpAt(WAITS, 1_000, true)).toBe(1_020);
    expect(firstFollowUpAt({ ...WAITS, lostRecheckMs: 5 }, 1_000, true)).toBe(1_010);
    expect(firstFollowUpAt({ ...WAITS, lostRecheckMs: 500 }, 1_000, true)).toBe(1_100);
  });

  test('waits for its push where it cannot be searched for', () => {
    expect(firstFollowUpAt(WAITS, 1_000, false)).toBe(1_100);
  });

  test.each([
    ['it was put down for a time before', { state: 'submitting', sentAt: 50, until: 70 }, 80, true],
    ['the clock of whichever process looks is late', { state: 'submitting', sentAt: 50, until: 70 }, 150, false],
    ['it was put down for that time', { state: 'submitting', sentAt: 50, until: 150 }, 80, false],
    ['nothing was put down', { state: 'submitting', sentAt: 50, until: undefined }, 80, false],
    ['WeChat has the task', { state: 'awaiting_legal_person', sentAt: 50, until: 70 }, 80, false],
  ] as const)('is an early search before its push is overdue; here %s', (_, registration, now, early) => {
    expect(isEarlySearch(WAITS, registration, now)).toBe(early);
  });
});

describe('the next search after a search', () => {
  test.each<[Learnt, number, number]>([
    ['final', 40, 100],
    ['running', 40, 100],
    ['nothing', 40, 100],
    ['lost', 40, 100],
    ['page', 40, 70],
    ['not_asked', 40, 70],
    ['not_asked', 90, 100],
  ])('that was early and brought "%s" at %d is due at %d', (learnt, at, dueAt) => {
    expect(afterEarlySearch(WAITS, 0, at, learnt)).toBe(dueAt);
  });

  test.each<[Learnt, number, number]>([
    ['final', 110, 300],
    ['running', 110, 140],
    ['running', 290, 300],
    ['nothing', 110, 140],
    ['nothing', 298, 303],
    ['not_asked', 310, 315],
    ['lost', 110, 140],
    ['lost', 299, 304],
    ['lost', 300, 330],
    ['page', 300, 330],
  ])('that brought "%s" at %d is due at %d', (learnt, at, dueAt) => {
    expect(afterSearch(WAITS, 0, at, learnt)).toBe(dueAt);
  });

  test('is never due before its pause where it may bring something new', () => {
    fc.assert(
      fc.property(fc.constantFrom<Learnt>('nothing', 'lost', 'page', 'not_asked'), fc.nat(1_000), (learnt, at) => {
        expect(afterSearch(WAITS, 0, at, learnt)).toBeGreaterThanOrEqual(at + WAITS.retryFirstMs);
      }),
    );
  });
});

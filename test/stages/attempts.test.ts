import { expect, test } from 'vitest';
import type { HistoryEntry } from '../../src/domain/snapshot.js';
import { attemptsIn } from '../../src/reporter/attempts.js';

const entry = (kind: HistoryEntry['kind'], at: number, more: Partial<HistoryEntry> = {}): HistoryEntry => ({
  kind,
  at,
  ...more,
});

test('each create is an attempt, with the last result before the next one was asked for', () => {
  const refused = { problem: 'push:103', said: 'not match rid: 1' };
  expect(
    attemptsIn([
      entry('create_held', 1, { to: 'deferred' }),
      entry('create_sent', 2, { to: 'submitting' }),
      entry('create_accepted', 3, { to: 'awaiting_legal_person' }),
      entry('noted', 4, { note: 'called' }),
      entry('registration_refused', 5, { to: 'rejected', ...refused }),
      entry('registration_refused', 6),
      entry('retry_asked', 7, { to: 'queued' }),
      entry('create_sent', 8, { to: 'submitting' }),
    ]),
  ).toEqual([{ sentAt: 2, settledAt: 5, fact: 'registration_refused', to: 'rejected', ...refused }, { sentAt: 8 }]);
});

test('a row that joins changes no attempt, and one that begins another leaves its result', () => {
  expect(
    attemptsIn([
      entry('create_sent', 1, { to: 'submitting' }),
      entry('row_accepted', 2, { row: 'b2/0' }),
      entry('legal_person_timed_out', 3, { to: 'expired' }),
      entry('row_accepted', 4, { row: 'b3/0', to: 'queued' }),
      entry('cancel_asked', 5, { to: 'cancelled' }),
    ]),
  ).toEqual([{ sentAt: 1, settledAt: 3, fact: 'legal_person_timed_out', to: 'expired' }]);
});

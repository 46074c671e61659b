import { afterEach, expect, test, vi } from 'vitest';
import { type Fact, newRegistration, type Registration } from '../../src/domain/registration.js';
import type { Alike, Snapshot } from '../../src/domain/snapshot.js';
import { factTime, NEW, packWriteSet } from '../../src/redis/ledger/packed-write-sets.js';

afterEach(() => void vi.useRealTimers());

const SENT: Fact = { kind: 'create_sent', at: 1_000, until: 2_000 };
const ACCEPTED: Fact = { kind: 'create_accepted', at: 1_500, callSentAt: 1_000, until: 9_000 };

function snapshotOf(registration: Registration, alike?: Alike): Snapshot {
  return { registration, version: '', now: 1_000, row: undefined, alike };
}

test('alike registrations get the same text for the same fact, and each keeps its own id and row', () => {
  const [one, other] = [newRegistration('one', 'b1/0'), newRegistration('other', 'b1/1')];
  const sent = [one, other].map((it) => packWriteSet(snapshotOf(it, NEW), SENT, {}));
  const alone = packWriteSet(snapshotOf(other), SENT, {});
  expect(sent.map(({ text }) => text)).toEqual([alone.text, alone.text]);
  expect(sent[1]?.recorded).toEqual(alone.recorded);
  expect(sent[0]?.recorded.after).toMatchObject({ id: 'one', row: 'b1/0', state: 'submitting' });

  const [first, second] = sent.map(({ recorded, alike }) =>
    packWriteSet(snapshotOf(recorded.after, alike), ACCEPTED, {}),
  );
  const secondAlone = packWriteSet(snapshotOf(alone.recorded.after), ACCEPTED, {});
  expect(first?.text).toBe(second?.text);
  expect(second?.text).toBe(secondAlone.text);
  expect(second?.recorded).toEqual(secondAlone.recorded);
});

test('another time, other effects or another past make another text', () => {
  const textOf = (fact: Fact, effects = {}): string =>
    packWriteSet(snapshotOf(newRegistration('one', 'b1/0'), NEW), fact, effects).text;
  const verdict = { verdict: 'taken' } as const;
  expect(new Set([textOf(SENT), textOf({ ...SENT, at: 1_001 }), textOf(SENT, verdict)]).size).toBe(3);
  const sentBefore = packWriteSet(snapshotOf(newRegistration('one', 'b1/0'), NEW), SENT, {});
  const again = { kind: 'create_void', at: 1_600, callSentAt: 1_000 } as const;
  expect(packWriteSet(snapshotOf(sentBefore.recorded.after, sentBefore.alike), again, {}).text).not.toBe(textOf(again));
});

test('a fact whose history entry names a row serves no other registration', () => {
  const fact: Fact = { kind: 'row_accepted', at: 1_000, row: 'b2/7', details: 'newer' };
  const [one, other] = ['b1/0', 'b1/1'].map(
    (row) => packWriteSet(snapshotOf(newRegistration('it', row), NEW), fact, {}).text,
  );
  expect(one).toContain('b1/0');
  expect(other).toContain('b1/1');
});

test('words with half a surrogate pair are recorded: Redis cannot decode it', () => {
  const { text } = packWriteSet(
    snapshotOf(newRegistration('one', 'b1/0')),
    { ...SENT, said: 'cut \ud83d here, 𠮷 whole' },
    {},
  );
  const { entry } = JSON.parse(text) as { entry: string };
  expect((JSON.parse(entry) as Fact).said).toBe('cut \ufffd here, 𠮷 whole');
});

test('facts of four milliseconds have one time', () => {
  vi.useFakeTimers();
  const times = [1_003, 1_004, 1_005, 1_007, 1_008].map((now) => {
    vi.setSystemTime(now);
    return factTime();
  });
  expect(times).toEqual([1_000, 1_004, 1_004, 1_004, 1_008]);
});

import { expect, test } from 'vitest';
import { linkOf, stageOf } from '../../src/domain/link.js';
import { newRegistration, type Registration, STATES, type State } from '../../src/domain/registration.js';

const HOUR_MS = 3_600_000;
const SENT = Date.parse('2026-11-21T10:00:00+08:00');

const waiting: Registration = {
  ...newRegistration('a', 'b/0'),
  state: 'awaiting_legal_person',
  sentAt: SENT,
  authorizeUrl: 'https://wechat.example/authorize?a=1',
};

test('a link lives 24 hours from the call', () => {
  expect(linkOf(waiting)).toEqual({ url: 'https://wechat.example/authorize?a=1', endsAt: SENT + 24 * HOUR_MS });
});

test('only a merchant that waits for the legal person has a link to open', () => {
  const states = Object.keys(STATES) as State[];
  const having = states.filter((state) => linkOf({ ...waiting, state }) !== undefined);
  expect(having).toEqual(['awaiting_legal_person']);
  expect(linkOf({ ...waiting, authorizeUrl: undefined })).toBeUndefined();
});

test.each([
  [0, 'open'],
  [21 * HOUR_MS - 1, 'open'],
  [21 * HOUR_MS, 'ending'],
  [24 * HOUR_MS - 1, 'ending'],
  [24 * HOUR_MS, 'ended'],
])('%d ms after the call it is %s', (after, stage) => {
  const link = linkOf(waiting);
  expect(link && stageOf(link, SENT + after)).toBe(stage);
});

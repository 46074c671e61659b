import { expect, test } from 'vitest';
import { notifyDestination, placeFor } from '../../src/domain/notice.js';

test('each address of people has a destination of its own, and the first keeps its name', () => {
  expect([0, 1, 2].map(notifyDestination)).toEqual(['notify', 'notify:2', 'notify:3']);
});

test('a program gets notices at once, in the order of each subject', () => {
  const place = placeFor({ destination: 'notify' }, 'batch b1');
  expect(place).toEqual({ destination: 'notify', orderingKey: 'batch b1', dueInMs: 0 });
});

test('a chat gets all notices in one order, and the first waits for others', () => {
  const place = placeFor({ destination: 'notify', gatherMs: 3_000 }, 'batch b1');
  expect(place).toEqual({ destination: 'notify', orderingKey: 'chat', dueInMs: 3_000 });
});

import { expect, test } from 'vitest';
import { countedWhileWaiting } from '../../src/domain/batch.js';
import { STATES, type State } from '../../src/domain/registration.js';

test('a row that waits for a task counts as deferred until the outcome of the task is unknown', () => {
  const counted = (Object.keys(STATES) as State[]).filter(
    (state) => countedWhileWaiting(state) !== 'deferred/enterprise',
  );
  expect(counted).toEqual(['needs_review']);
  expect(countedWhileWaiting('needs_review')).toBe('needs_review');
});

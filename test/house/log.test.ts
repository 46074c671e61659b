import { expect, test } from 'vitest';
import { readableLog } from '../support/log.js';

interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly stack: string;
  readonly cause?: LoggedError;
  readonly errors?: readonly LoggedError[];
}

function logged(err: unknown): LoggedError {
  const { log, lines } = readableLog();
  log.error({ err }, 'our program failed');
  return (JSON.parse(lines[0] ?? '') as { err: LoggedError }).err;
}

test('an error is logged with its cause and with the errors that it gathers', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  const fault = new TypeError('a registration without a state', { cause: refused });
  const { message, errors } = logged(new AggregateError([fault], '1 of 1 failed'));
  expect(message).toBe('1 of 1 failed');
  expect(errors).toEqual([
    {
      type: 'TypeError',
      message: 'a registration without a state',
      stack: expect.stringContaining('log.test.ts'),
      cause: { type: 'Error', message: 'connect ECONNREFUSED', code: 'ECONNREFUSED', stack: expect.any(String) },
    },
  ]);
});

test('what a library hangs on an error is not logged, however deep the error lies', () => {
  const reply = Object.assign(new Error('WRONGTYPE'), { command: { name: 'hset', args: ['张三'] } });
  const line = JSON.stringify(logged(new AggregateError([new Error('not stored', { cause: reply })], '1 of 1 failed')));
  expect(line).toContain('WRONGTYPE');
  expect(line).not.toContain('张三');
});

test('an error that is its own cause, or gathers thousands, makes a line of some length', () => {
  const round = new Error('round');
  round.cause = round;
  const many = Array.from({ length: 1_000 }, (_, at) => new Error(`fault ${at}`, { cause: round }));
  const told = logged(new AggregateError(many, '1000 of 1000 failed'));
  expect(told.errors).toHaveLength(5);
  expect(JSON.stringify(told).match(/"message":"round"/g)).toHaveLength(15);
});

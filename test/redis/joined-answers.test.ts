import { expect, test } from 'vitest';
import { JoinedAnswers, NoAnswer } from '../../src/redis/joined-answers.js';

const JOINT = 0x1e;

const ANSWERS = Buffer.from(
  [
    // Three texts, one of them empty, one missing.
    '$4\r\n\u5f20a\r\n$0\r\n\r\n$-1\r\n',
    // A list with two texts, and an empty list.
    `*2\r\n$90\r\n${'\r\n$5\r\n'.repeat(13).slice(0, 90).padEnd(90, 'x')}\r\n$1\r\ny\r\n`,
    '*0\r\n',
    // A number, and words.
    ':12\r\n+OK\r\n',
    '-WRONGTYPE no hash\r\n$1\r\nz\r\n',
    '$1\r\nq\r\n',
  ].join(''),
);

/** `size`: of the pieces in which the answers come. */
async function read(size: number): Promise<(string | Error)[]> {
  const answers = new JoinedAnswers(JOINT);
  const requests = [3, 1, 1, 2, 2, 1].map((count) => answers.next(count, 1));
  const read = Promise.all(requests.map((joined) => joined.then(String, (error: Error) => error)));
  for (let at = 0; at < ANSWERS.length; at += size) answers.take(ANSWERS.subarray(at, at + size));
  return read;
}

test('texts are joined request by request, in pieces of whatever size they come', async () => {
  const whole = await read(ANSWERS.length);

  expect(whole).toEqual([
    '\u5f20a\u001e\u001e',
    `${'\r\n$5\r\n'.repeat(13).slice(0, 90).padEnd(90, 'x')}\u001ey`,
    '',
    '12\u001eOK',
    new NoAnswer('WRONGTYPE no hash'),
    'q',
  ]);
  for (let size = 1; size < ANSWERS.length; size += 1) expect([size, await read(size)]).toEqual([size, whole]);
});

test('an answer with an error fails its own request, and no other', async () => {
  const [, , , , failed, next] = await read(1);
  expect(failed).toBeInstanceOf(NoAnswer);
  expect(next).toBe('q');
});

test('what was not answered when the connection is lost fails', async () => {
  const answers = new JoinedAnswers(JOINT);
  const [first, second] = [answers.next(1, 10), answers.next(2, 10)];
  answers.take(Buffer.from('$1\r\na\r\n$1\r\nb\r\n'));
  answers.fail('the connection was lost');

  expect(String(await first)).toBe('a');
  await expect(second).rejects.toThrow(new NoAnswer('the connection was lost'));
});

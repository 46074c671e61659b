/** What reaches a terminal: also through `| less`, `| head` or a connection to another machine. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { print, printData, printPage, say, table } from '../../src/cli/terminal.js';
import { run } from '../support/program.js';

/** Sets the clipboard, the title, and turns the reading direction. */
const HOSTILE = 'a\u001b]52;c;eA==\u0007\u009b31m\u202eb';
const WRITTEN_OUT = 'a\\u001b]52;c;eA==\\u0007\\u009b31m\\u202eb';
const { isTTY } = process.stdout;

afterEach(() => {
  vi.restoreAllMocks();
  Object.assign(process.stdout, { isTTY });
});

/** What is written to stdout and stderr until the test ends. */
function listen(isTerminal: boolean): string[] {
  const written: string[] = [];
  Object.assign(process.stdout, { isTTY: isTerminal });
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((text: string | Uint8Array, ...more: unknown[]) => {
      written.push(String(text));
      const done = more.at(-1);
      if (typeof done === 'function') done();
      return true;
    });
  }
  return written;
}

describe.each([true, false])('to a terminal: %s', (isTerminal) => {
  test('what people read has no control characters of a file', async () => {
    const written = listen(isTerminal);
    await print(HOSTILE);
    say(HOSTILE);
    await printPage(HOSTILE, true);
    expect(written).toEqual([WRITTEN_OUT, `${WRITTEN_OUT}\n`, expect.stringMatching(/\\u202eb$/)]);
    expect(written.join('')).not.toContain(HOSTILE);
  });
});

test('JSON that is printed means the same', async () => {
  const written = listen(false);
  await print(JSON.stringify({ name: HOSTILE }));
  expect(written.join('')).not.toContain('\u202e');
  expect(JSON.parse(written.join(''))).toEqual({ name: HOSTILE });
});

test('data goes into a file or a pipe as it is, and to a terminal without control characters', async () => {
  const piped = listen(false);
  await printData(HOSTILE);
  expect(piped).toEqual([HOSTILE]);
  vi.restoreAllMocks();
  const shown = listen(true);
  await printData(HOSTILE);
  expect(shown).toEqual([WRITTEN_OUT]);
});

test('a page takes the place of the one before on a terminal, and stands below it in a file', async () => {
  const shown = listen(true);
  await printPage('one\n', true);
  await printPage('two\n', false);
  expect(shown).toEqual(['\u001b[2J\u001b[Hone\n', '\u001b[2J\u001b[Htwo\n']);
  vi.restoreAllMocks();
  const piped = listen(false);
  await printPage('one\n', true);
  await printPage('two\n', false);
  expect(piped.join('')).toBe('one\n\ntwo\n');
});

test('a table stands straight where a file has such a name', () => {
  const lines = table([
    ['b1', HOSTILE, 'done'],
    ['b2', 'merchants.csv', 'done'],
  ]).split('\n');
  expect(lines.map((line) => line.lastIndexOf('done'))).toEqual([
    4 + WRITTEN_OUT.length + 2,
    4 + WRITTEN_OUT.length + 2,
  ]);
});

test('a command ends when it is over, also where a library has a timer that goes on', async () => {
  const timer = `data:text/javascript,${encodeURIComponent('setInterval(() => {}, 1_000)')}`;
  const ended = await run(['explain', 'push:105'], { env: { NODE_OPTIONS: `--import ${timer}` } });
  expect(ended).toMatchObject({ status: 0, stdout: expect.stringContaining('105') });
});

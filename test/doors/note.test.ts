/** After a phone call: what was said is in the merchant's history and on the list of whom to call, and nothing else changes. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addNote } from '../../src/app/note.js';
import { purgeToolsOf } from '../../src/app/wiring/purging.js';
import { explainCommand } from '../../src/cli/commands/explain.js';
import { noteCommand } from '../../src/cli/commands/note.js';
import { todoCommand } from '../../src/cli/commands/todo.js';
import { purge } from '../../src/operator/purge.js';
import { key } from '../../src/redis/keys.js';
import { NOTED } from '../../src/redis/ledger/write-set.js';
import { run } from '../support/command-line.js';
import { type Book, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
const [one, two] = [merchant(1), merchant(2)];
const [first, second] = [idOf(one), idOf(two)];

let home: string;
let book: Book;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'fr-note-'));
  book = openBook(server.redis);
  await book.load('b1', [one, two]);
  await book.send(first);
  await book.send(second);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const env = () => ({ REDIS_URL: server.url, FASTREGISTER_HOME: home });

async function note(...args: string[]) {
  const { stdout } = await run(noteCommand, [...args, '--json'], env());
  return JSON.parse(stdout) as Record<string, unknown>;
}

type Todo = Readonly<Record<'registration_id' | 'contacted_at' | 'contacted_by' | 'note', string>>;

async function todos(...args: string[]): Promise<Todo[]> {
  const { stdout } = await run(todoCommand, [...args, '--json'], env());
  return JSON.parse(stdout) as Todo[];
}

async function explained(...args: string[]): Promise<string> {
  return (await run(explainCommand, [first, ...args], env())).stdout;
}

test('a note is in the history with its author, and moves nothing', async () => {
  const before = await book.registration(first);
  expect(await note(first, '今晚确认', '--by', 'Wang')).toMatchObject({
    registration_id: first,
    by: 'Wang',
    contacted: false,
  });
  await note(first, '--contacted');
  expect(await book.registration(first)).toEqual(before);
  expect(await book.batches.counts('b1')).toEqual({ awaiting_legal_person: 2 });
  const page = await explained();
  expect(page).toMatch(/ {2}noted\n {2}Wang: 今晚确认\n/);
  expect(page).toContain(`  ${userInfo().username}: contacted the merchant\n`);
  expect(await explained('--lang', 'zh')).toContain('：已联系商户');
});

test('todo shows when each merchant was contacted and by which person, and --not-contacted the others', async () => {
  const { at } = await note(first, '今晚确认', '--contacted', '--by', 'Wang');
  await note(second, 'wrong number');
  expect(await todos()).toMatchObject([
    { registration_id: first, contacted_at: at, contacted_by: 'Wang', note: '今晚确认' },
    { registration_id: second, contacted_at: '', contacted_by: '', note: 'wrong number' },
  ]);
  expect(await todos('--not-contacted')).toMatchObject([{ registration_id: second }]);
});

test('a merchant who was reminded, and let the time pass, has to be called again', async () => {
  await note(first, '--contacted');
  await book.record(first, 'legal_person_timed_out', { problem: 'push:100003' });
  expect((await todos('--not-contacted')).map((it) => it.registration_id)).toContain(first);
});

test('a note that looks like a formula or an entry of the history is text', async () => {
  await note(
    first,
    '=1+1\n2026-11-21T22:09:00+08:00  mini_program_created  → created',
    '--contacted',
    '--by',
    '\u202e\u001b[2J',
  );
  expect((await explained()).split('\n').filter((line) => /^2026-11-21T22:09/.test(line))).toEqual([]);
  expect(await explained()).toContain('\\u202e\\u001b[2J');
  const file = join(home, 'todo.csv');
  await run(todoCommand, ['-o', file], env());
  expect(readFileSync(file, 'utf8')).toContain(`"'=1+1 2026-11-21T22:09:00+08:00  mini_program_created`);
});

test('what cannot be noted is refused with its reason', async () => {
  await expect(note(first)).rejects.toThrow('The note is empty');
  await expect(note(one.name, 'x')).rejects.toThrow(/is no registration id.*`fastregister find '/);
  await expect(note('aaaaaaaaaaaaaaaa', 'x')).rejects.toThrow('There is no registration aaaaaaaaaaaaaaaa');
});

test('purge deletes notes with the merchant, and a purged merchant takes none', async () => {
  await note(first, 'the secret of the merchant', '--contacted');
  await book.record(first, 'mini_program_created', { appid: 'wx00000000000000aa' });
  await book.record(second, 'registration_refused', { problem: 'push:103' });
  const batch = await book.batches.find('b1');
  if (batch === undefined) throw new Error('no batch');
  const { redis } = server;
  await purge(purgeToolsOf(redis, home), [batch], Date.now() + 1_000, Date.now());
  expect(await redis.exists(key('history', first), key('history', second))).toBe(0);
  expect(await redis.hget(key('registration', first), NOTED)).toBeNull();
  expect(await explained()).not.toContain('noted');
  await expect(note(first, 'x')).rejects.toThrow('details were purged');
});

test('a note meets a fact of the worker: both are kept', async () => {
  const sentAt = (await book.registration(first)).sentAt ?? 0;
  await Promise.all([
    ...Array.from({ length: 5 }, (_, at) =>
      addNote(book.ledger, first, { text: `call ${at}`, who: 'Wang', contacted: true }),
    ),
    book.record(first, 'task_running', { callSentAt: sentAt, until: Date.now() + 1_000 }),
    book.record(first, 'mini_program_created', { appid: 'wx00000000000000ab' }),
  ]);
  const kinds = (await book.ledger.history(first)).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'noted')).toHaveLength(5);
  expect((await book.registration(first)).state).toBe('created');
});

/** Hostile notes on their way through Redis to a history, a list and a sheet: they break none of these, and nobody's rows. */
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addNote } from '../../src/app/note.js';
import { unguard } from '../../src/domain/formula-guard.js';
import { readNote } from '../../src/domain/note.js';
import { openNotes } from '../../src/redis/ledger/notes.js';
import { historyPage } from '../../src/reporter/history.js';
import { type TODO_COLUMNS, todoCsv, todosOf } from '../../src/reporter/todo.js';
import { ANY_CHARACTER } from '../support/any-character.js';
import { idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { runs } from '../support/runs.js';

const server = useRedis();
const [one, two] = [merchant(1), merchant(2)];
const id = idOf(one);

const HOSTILE = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '\u001b]52;c;aGk=\u0007',
      '\u202e',
      '\r\n',
      '\n2026-11-21T22:09:00+08:00  created',
      '\u0000',
      '\u001e',
    ),
    fc.constantFrom(
      '"kind":"noted"',
      '","to":"created',
      "'",
      '=1+1',
      '@',
      '\t',
      '\u001f',
      '\u001d',
      '|',
      '\ud83d',
      '👍',
    ),
    fc.string({ unit: ANY_CHARACTER, minLength: 1, maxLength: 2 }),
  ),
  minLength: 1,
  maxLength: 30,
});

test('whatever is noted is shown as it is kept, on one line, and changes nothing else', async () => {
  const book = openBook(server.redis);
  await book.load('b1', [one, two]);
  for (const it of [one, two]) await book.send(idOf(it));
  const notesOf = openNotes(server.redis);
  const before = await book.registration(id);
  const time = () => 'TIME';
  const page = async () => {
    const snapshot = await book.view(id);
    const history = await book.ledger.history(id);
    return historyPage(
      { snapshot, history, batches: new Map(), lines: new Map(), merchants: new Map(), blockedReason: undefined },
      'en',
      time,
    );
  };
  let lines = (await page()).split('\n').length;

  await fc.assert(
    fc.asyncProperty(HOSTILE, HOSTILE, async (text, who) => {
      const read = readNote({ text, who, contacted: true });
      fc.pre(read.kind === 'note' && read.note.text !== '');
      const noted = await addNote(book.ledger, id, { text, who, contacted: true });
      expect(await notesOf([id, idOf(two)])).toEqual(
        new Map([[id, { text: noted.text, contactedAt: noted.at, contactedBy: noted.who, notedAt: noted.at }]]),
      );
      const now = await page();
      expect(now).toContain(`  ${noted.who}: contacted the merchant; ${noted.text}\n`);
      expect(now.split('\n')).toHaveLength(lines + 2);
      lines += 2;
    }),
    { numRuns: runs(150, 20) },
  );

  expect(await book.registration(id)).toEqual(before);
  expect(await book.recount('b1')).toEqual({ awaiting_legal_person: 2 });
  const words = { en: '', zh: '' };
  const nothing = { language: 'en', timezone: 'Asia/Shanghai', now: Date.now(), invitation: words } as const;
  const options = { ...nothing, notesOf, correctedLater: async () => new Set<never>() };
  const todos = await todosOf(book.batches, options);
  let csv = '';
  for await (const piece of todoCsv(todos, time, 'en')) csv += piece;
  const rows = parse(csv, { bom: true, columns: true }) as Record<(typeof TODO_COLUMNS)[number], string>[];
  expect(rows.map((row) => row.registration_id).sort()).toEqual([id, idOf(two)].sort());
  const last = todos.find(({ row }) => row.registration_id === id)?.notes;
  expect(unguard(rows.find((row) => row.registration_id === id)?.note ?? '')).toBe(last?.text);
});

/** What a person writes about a merchant is data of strangers: it reaches terminals, sheets and Markdown pages. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LONGEST_AUTHOR, LONGEST_NOTE, notesIn, notesOfRow, readAuthor, readNote } from '../../src/domain/note.js';
import { printable } from '../../src/domain/printable.js';
import type { HistoryEntry } from '../../src/domain/snapshot.js';
import { ANY_CHARACTER } from '../support/any-character.js';
import { runs } from '../support/runs.js';

const HOSTILE = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\u001b]52;c;aGk=\u0007', '\u202e', '\u2066', '\r\n', '\u0000', '\u0085', '\u2028', '\t', '\ud800'),
    fc.string({ unit: ANY_CHARACTER, minLength: 1, maxLength: 3 }),
    fc.constantFrom('"', '{', '\\', '=1+1', '\u001e', '\u001f', '备注', '👍'),
  ),
  maxLength: 60,
});

function noteOf(text: string, who = 'wang', contacted = false) {
  const read = readNote({ text, who, contacted });
  if (read.kind === 'fault') throw new Error(read.words.en);
  return read.note;
}

describe('a note', () => {
  test('is shown on one line as plain characters, whatever was written', () => {
    fc.assert(
      fc.property(HOSTILE, HOSTILE, (text, who) => {
        const read = readNote({ text, who, contacted: true });
        if (read.kind === 'fault') return;
        for (const shown of [read.note.text, read.note.who]) {
          expect(printable(shown)).toBe(shown);
          expect(shown).not.toMatch(/[\r\n\t\v\f\u0085\u2028\u2029]/);
          expect(shown).not.toMatch(/\p{Surrogate}/u);
          expect(JSON.parse(JSON.stringify(shown))).toBe(shown);
        }
      }),
      { numRuns: runs(3_000) },
    );
  });

  test('says what was written', () => {
    expect(noteOf('  王经理：今晚确认\n明天再打  ').text).toBe('王经理：今晚确认 明天再打');
    expect(noteOf('\u001b[2Jgone').text).toBe('\\u001b[2Jgone');
  });

  test('is bounded, by characters as people count them', () => {
    expect(noteOf('👍'.repeat(LONGEST_NOTE)).text).toBe('👍'.repeat(LONGEST_NOTE));
    expect(() => noteOf('注'.repeat(LONGEST_NOTE + 1))).toThrow(`${LONGEST_NOTE + 1} characters; ${LONGEST_NOTE} is`);
    expect(() => noteOf('x', '王'.repeat(LONGEST_AUTHOR + 1))).toThrow(`${LONGEST_AUTHOR} is the most`);
  });

  test('has a text or a contact, and an author', () => {
    expect(() => noteOf(' \n ')).toThrow('The note is empty');
    expect(noteOf('', 'wang', true)).toEqual({ text: '', who: 'wang', contacted: true });
    expect(readAuthor(' ')).toMatchObject({ kind: 'fault' });
  });

  test("keeps no person's resident ID", () => {
    expect(noteOf('法人身份证 11010519491231002X，已核对').text).toBe('法人身份证 110*************2X，已核对');
  });
});

describe('of several notes', () => {
  const noted = (at: number, more: Partial<HistoryEntry> = {}): HistoryEntry => ({
    kind: 'noted',
    at,
    who: 'wang',
    ...more,
  });
  const moved = (to: HistoryEntry['to']): HistoryEntry => ({ kind: 'create_sent', at: 0, ...(to && { to }) });

  test('the newest text and the newest contact are shown', () => {
    const history = [
      noted(1, { note: 'one', contacted: true }),
      noted(2, { note: 'two' }),
      noted(3, { contacted: true, who: 'li' }),
    ];
    expect(notesIn(history)).toEqual({ text: 'two', contactedAt: 3, contactedBy: 'li', notedAt: 3 });
  });

  test('a contact counts until the registration is in another state: then there is something new to say', () => {
    const contact = noted(1, { note: 'reminded', contacted: true });
    expect(notesIn([moved('awaiting_legal_person'), contact, moved('awaiting_legal_person')])).toMatchObject({
      contactedAt: 1,
    });
    expect(notesIn([moved('awaiting_legal_person'), contact, moved(undefined)])).toMatchObject({ contactedAt: 1 });
    expect(notesIn([moved('awaiting_legal_person'), contact, moved('expired')])).toEqual({
      text: 'reminded',
      notedAt: 1,
    });
    const withdrawn: HistoryEntry = { kind: 'authorizer_withdrawn', at: 2, to: 'created' };
    expect(notesIn([moved('created'), contact, withdrawn])).toEqual({ text: 'reminded', notedAt: 1 });
  });

  test('of a row that was refused the newest text and the newest contact are shown', () => {
    const notes = [
      { at: 1, text: 'one', who: 'wang', contacted: true },
      { at: 2, text: '', who: 'li', contacted: true },
      { at: 3, text: 'two', who: 'wang', contacted: false },
    ];
    expect(notesOfRow(notes)).toEqual({ text: 'two', contactedAt: 2, contactedBy: 'li', notedAt: 3 });
    expect(notesOfRow([])).toEqual({});
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { guard, unguard } from '../../src/domain/formula-guard.js';
import { ANY_CHARACTER } from '../support/any-character.js';

const dangerous = fc.constantFrom(
  '=',
  '+',
  '-',
  '@',
  '\t',
  '\r',
  '\n',
  '＝',
  '＋',
  '－',
  '＠',
  ';=',
  '\t=',
  '\0=',
  '\u200b=',
);
const texts = fc.oneof(
  fc.string({ unit: ANY_CHARACTER }),
  fc
    .tuple(fc.stringMatching(/^'{0,3}$/), fc.oneof(dangerous, fc.constant('a')), fc.string())
    .map((all) => all.join('')),
);

/** Cells that a guard has once let through. */
const FOUND: [string][] = [['\t=']];

describe('the formula guard', () => {
  test.each([
    ['=1+1', "'=1+1"],
    ['+8613800000000', "'+8613800000000"],
    ['－1', "'－1"],
    ["'=1+1", "''=1+1"],
    ['示例有限公司', '示例有限公司'],
    ["'91350100M000100Y43", "'91350100M000100Y43"],
    ['', ''],
    ['a;=1+1', "a;'=1+1"],
    ['a\t@SUM(1)', "a\t'@SUM(1)"],
    ['\u200b=1+1', "'\u200b=1+1"],
    ['\0=1+1', "'\0=1+1"],
    ['\ufeff=1+1', "'\ufeff=1+1"],
    ['\u2060=1+1', "'\u2060=1+1"],
    ['甲；乙;丙', '甲；乙;丙'],
    ['a; b; =1', 'a; b; =1'],
    ['a; b;=1', "a; b;'=1"],
    // TAB is guarded where a cell begins, and what follows it as well.
    ['\t=1+1', "'\t'=1+1"],
    [';=1+1', ";'=1+1"],
    ['\t\t=1+1', "'\t'\t'=1+1"],
  ])('makes of %j %j', (cell, guarded) => expect(guard(cell)).toBe(guarded));

  test('gives every text back', () =>
    fc.assert(
      fc.property(texts, (text) => {
        expect(unguard(guard(text))).toBe(text);
      }),
      { examples: FOUND },
    ));

  test('leaves no cell that a spreadsheet program would run', () =>
    fc.assert(
      fc.property(texts, (text) => {
        for (const part of guard(text).split(/[;\t]/)) {
          expect(part).not.toMatch(/^[\0\u200b-\u200f\u2060\ufeff]*[=+\-@\r\n＝＋－＠]/);
        }
      }),
      { examples: FOUND },
    ));

  test('takes nothing off a text that it never makes', () =>
    fc.assert(
      fc.property(texts, (text) => {
        if (guard(unguard(text)) !== text || unguard(text) === text) expect(unguard(text)).toBe(text);
        else expect(guard(unguard(text))).toBe(text);
      }),
    ));
});

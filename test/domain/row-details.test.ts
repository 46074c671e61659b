import { describe, expect, test } from 'vitest';
import { ALL_DETAILS, type DetailField } from '../../src/domain/merchant.js';
import { newRegistration } from '../../src/domain/registration.js';
import { comparedDetails, detailsBeside } from '../../src/domain/row-details.js';
import { merchant } from '../support/merchants.js';

const sent = merchant(1);
const NAME_ONLY: readonly DetailField[] = ['name'];

describe('the details of a row beside those that were sent', () => {
  test.each([
    ['the same', sent, 'same'],
    ['the same but for spaces and brackets', { ...sent, name: ` ${sent.name} ` }, 'newer'],
    [
      "the legal person's name in another spelling",
      { ...sent, legalPersonaName: `${sent.legalPersonaName}　` },
      'newer',
    ],
    ['another name', { ...sent, name: 'another name' }, 'other'],
    ['a blank name', { ...sent, name: '' }, 'same'],
    ['another phone', { ...sent, componentPhone: '0123456' }, 'newer'],
    ['none, because our checks refused it', undefined, 'same'],
  ] as const)('of a row with %s', (_, row, expected) => {
    expect(detailsBeside(sent, { merchant: row, isPhoneBlank: false }, ALL_DETAILS)).toBe(expected);
  });

  test('are the same where its phone is another one only because the cell is blank', () => {
    const row = { merchant: { ...sent, componentPhone: '0123456' }, isPhoneBlank: true };
    expect(detailsBeside(sent, row, ALL_DETAILS)).toBe('same');
  });

  test('are not sent in place of the others where a blank cell would lose one', () => {
    const spelt = { ...sent, name: `${sent.name} `, componentPhone: '0123456' };
    expect(detailsBeside(sent, { merchant: spelt, isPhoneBlank: true }, ALL_DETAILS)).toBe('same');
    expect(detailsBeside(sent, { merchant: spelt, isPhoneBlank: false }, ALL_DETAILS)).toBe('newer');
    const nameless = { ...sent, name: `${sent.name} `, legalPersonaName: '' };
    expect(detailsBeside(sent, { merchant: nameless, isPhoneBlank: false }, NAME_ONLY)).toBe('same');
  });

  test('are newer than those of a row that was purged', () => {
    expect(detailsBeside(undefined, { merchant: sent, isPhoneBlank: false }, ALL_DETAILS)).toBe('newer');
  });

  test('differ by no detail that the API does not compare', () => {
    const row = { merchant: { ...sent, legalPersonaWechat: 'another-id' }, isPhoneBlank: false };
    expect(detailsBeside(sent, row, NAME_ONLY)).toBe('same');
  });
});

describe('the details that are compared', () => {
  const unsent = newRegistration('a', 'b/0');
  const rules = { details: NAME_ONLY };

  test.each([
    ['those of the API in use while no task can be running', unsent, NAME_ONLY],
    ['all while a task of the older API may be running', { ...unsent, task: 'open' }, ALL_DETAILS],
    ['all while an earlier one may', { ...unsent, task: 'ended', earlierTask: 'open' }, ALL_DETAILS],
    ['those of the API in use where the task has an id', { ...unsent, task: 'open', taskId: 't' }, NAME_ONLY],
    ['those of the API in use where it was sent for a link', { ...unsent, task: 'open', byLink: true }, NAME_ONLY],
  ] as const)('are %s', (_, registration, expected) => {
    expect(comparedDetails(registration, rules)).toEqual(expected);
  });
});

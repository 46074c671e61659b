/** A merchant as a row of a sheet names it, and when two rows name the same one. */
import { hash } from 'node:crypto';
import { withOneDot } from './middle-dot.js';

/** The six parameters of WeChat's `create`. Text is sent as it was given, trimmed; codes and phones are never numbers. */
export interface Merchant {
  readonly name: string;
  readonly code: string;
  /** 1: Unified Social Credit Code, 2: organisation code, 3: business licence number. */
  readonly codeType: 1 | 2 | 3;
  readonly legalPersonaWechat: string;
  readonly legalPersonaName: string;
  readonly componentPhone: string;
}

/** What tells one task from another: four fields for the first API (the seeds name them), two for its successor. */
export type IdentityFields = readonly (keyof Pick<
  Merchant,
  'name' | 'code' | 'legalPersonaWechat' | 'legalPersonaName'
>)[];

/**
 * 80 bits in base32, lower case: safe in a key, a job id, a file name and a spreadsheet; two of a hundred million
 * merchants meet with a chance of one in two hundred million.
 */
export function identityOf(merchant: Pick<Merchant, IdentityFields[number]>, fields: IdentityFields): string {
  return digest(
    fields
      .map((field) => comparable(field === 'code' ? withoutHyphens(merchant.code) : merchant[field]))
      .join('\u0000'),
  );
}

export function isIdentity(text: string): boolean {
  return /^[a-z2-7]{16}$/.test(text);
}

/** WeChat runs one task per enterprise, whoever its legal person is. */
export function enterpriseOf(code: string): string {
  return digest(comparable(withoutHyphens(code)));
}

/** Five calls a day are counted per Weixin ID, without case. */
export function personOf(weixinId: string): string {
  return digest(comparable(weixinId));
}

/** Whether two names are the same, by what this gives: of a sheet, and of WeChat's list of accounts. */
export function nameKey(name: string): string {
  return comparable(name);
}

/** What has nothing to be made equal: nearly every name and Weixin ID, and a third of the time of a load. */
const COMPARABLE = /^[\u4e00-\u9fa50-9a-z_-]*$/;

/** For comparison only: full-width and half-width, upper and lower case, spaces, and look-alikes of the dot in a name make no difference. */
function comparable(text: string): string {
  if (COMPARABLE.test(text)) return text;
  return withOneDot(
    text
      .normalize('NFKC')
      .toLowerCase()
      .replace(/[\s\u200b-\u200d\u2060\ufeff]+/g, ''),
  );
}

function withoutHyphens(code: string): string {
  return code.normalize('NFKC').replace(/-/g, '');
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

function digest(text: string): string {
  const bytes = hash('sha256', text, 'buffer');
  let id = '';
  for (let bit = 0; bit < 80; bit += 5) {
    const pair = ((bytes[bit >> 3] ?? 0) << 8) | (bytes[(bit >> 3) + 1] ?? 0);
    id += BASE32[(pair >> (11 - (bit & 7))) & 31];
  }
  return id;
}

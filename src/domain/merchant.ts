/** A merchant as a row of a sheet names it, and when two rows name the same one. */
import { hash } from 'node:crypto';
import { hmacWith } from './hmac.js';
import { withOneDot } from './middle-dot.js';
import type { Words } from './words.js';

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

/**
 * The details that make another task at WeChat if they differ. The phone is not among them, nor is the form of the
 * code: rows that are compared name one enterprise.
 */
export type DetailField = 'name' | 'legalPersonaWechat' | 'legalPersonaName';

export const ALL_DETAILS: readonly DetailField[] = ['name', 'legalPersonaWechat', 'legalPersonaName'];

/** The registration id of an enterprise, from its code as a sheet or a push gives it. */
export type Identify = (code: string) => string;

/** The key is there so that another thread can identify the same way. */
export type IdentifyInLedger = Identify & { readonly ledgerKey: string };

/**
 * Ids of one ledger: 80 bits of HMAC-SHA-256 in base32, lower case. They are safe in a key, a job id, a file name and a
 * spreadsheet; two of a hundred million enterprises get the same id with a chance of one in two hundred million. Codes are
 * public, so a plain hash in a log could be turned back into its code by trying them all.
 *
 * @param ledgerKey kept with the ledger (redis/ledger/ledger-key.ts)
 */
export function identifyWith(ledgerKey: string): IdentifyInLedger {
  const hmac = hmacWith(ledgerKey);
  return Object.assign((code: string) => base32(hmac(enterpriseOf(code))), { ledgerKey });
}

export function isIdentity(text: string): boolean {
  return /^[a-z2-7]{16}$/.test(text);
}

/**
 * What names an enterprise in every form of its code, without case, spaces and hyphens: the organisation code, which a credit
 * code contains as its characters 9 to 17. A licence number (15 digits) is contained in neither, and names itself.
 */
export function enterpriseOf(code: string): string {
  const plain = PLAIN_CODE.test(code) ? code.toLowerCase() : comparable(withoutHyphens(code));
  return plain.length === 18 ? plain.slice(8, 17) : plain;
}

/** Nearly every code: nothing of it needs normalising. */
const PLAIN_CODE = /^[0-9A-Za-z]*$/;

/** What is compared of a detail: without case, width and spaces. */
export function comparableDetail(merchant: Merchant, field: DetailField): string {
  return comparable(merchant[field]);
}

/** Of `fields`, those in which two rows of one enterprise differ. A blank cell is no other detail. */
export function differingDetails(one: Merchant, other: Merchant, fields: readonly DetailField[]): DetailField[] {
  return fields.filter((field) => {
    const [a, b] = [comparableDetail(one, field), comparableDetail(other, field)];
    return a !== '' && b !== '' && a !== b;
  });
}

export const DETAIL_WORDS: Readonly<Record<DetailField, Words>> = {
  name: { en: 'the name', zh: '企业名称' },
  legalPersonaWechat: { en: "the legal person's Weixin ID", zh: '法人微信号' },
  legalPersonaName: { en: "the legal person's name", zh: '法人姓名' },
};

/** `the name, the legal person's Weixin ID` */
export function listOfDetails(fields: readonly DetailField[]): Words {
  return {
    en: fields.map((field) => DETAIL_WORDS[field].en).join(', '),
    zh: fields.map((field) => DETAIL_WORDS[field].zh).join('、'),
  };
}

/** Five calls a day are counted per Weixin ID, without case. */
export function personOf(weixinId: string): string {
  return digest(comparable(weixinId));
}

/** Whether two names are the same, by what this gives: of a sheet, and of WeChat's list of accounts. */
export function nameKey(name: string): string {
  return comparable(name);
}

/** Text that needs no normalising: nearly every name and Weixin ID, and a third of the time of a load. */
const COMPARABLE = /^[\u4e00-\u9fa50-9a-z_-]*$/;

/** For comparison only, of texts of a sheet and of what a person types: full-width and half-width, upper and lower case, spaces, and look-alikes of the dot in a name make no difference. */
export function comparable(text: string): string {
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

/** Character codes. */
const BASE32 = Uint8Array.from('abcdefghijklmnopqrstuvwxyz234567', (character) => character.charCodeAt(0));
const ID_BITS = 80;

function digest(text: string): string {
  return base32(hash('sha256', text, 'binary'));
}

const idBytes = Buffer.alloc(ID_BITS / 5);

/** Of the first bits; `bytes` as characters from 0 to 255. Characters that are added one by one make a text for each. */
function base32(bytes: string): string {
  for (let at = 0; at < idBytes.length; at += 1) {
    const bit = at * 5;
    const pair = (bytes.charCodeAt(bit >> 3) << 8) | bytes.charCodeAt((bit >> 3) + 1);
    idBytes[at] = BASE32[(pair >> (11 - (bit & 7))) & 31] ?? 0;
  }
  return idBytes.toString('latin1');
}

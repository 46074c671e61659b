/** Invented merchants with codes whose check digits are right. None of them exists. */
import type { Merchant } from '../../src/domain/merchant.js';

const ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';

/** A Unified Social Credit Code of an administrative division that does not exist. */
export function creditCode(number: number): string {
  const first17 = `91990000TE5T${String(number).padStart(5, '0')}`;
  let sum = 0;
  let weight = 1;
  for (const character of first17) {
    sum += ALPHABET.indexOf(character) * weight;
    weight = (weight * 3) % 31;
  }
  return first17 + ALPHABET[(31 - (sum % 31)) % 31];
}

/** Another merchant for each number. `fate` is what the simulator makes of it: `ok`, `p103`, `cutafter_p101` … */
export function merchant(number: number, fate = 'ok', changes: Partial<Merchant> = {}): Merchant {
  return {
    name: `虚构商户${number}号（fate-${fate}）有限公司`,
    code: creditCode(number),
    codeType: 1,
    legalPersonaWechat: `weixin_m${number}`,
    legalPersonaName: '虚构人',
    componentPhone: '05920000000',
    ...changes,
  };
}

export const HEADINGS = ['name', 'code', 'code_type', 'legal_persona_wechat', 'legal_persona_name', 'component_phone'];

export function cellsOf(it: Merchant): string[] {
  return [it.name, it.code, String(it.codeType), it.legalPersonaWechat, it.legalPersonaName, it.componentPhone];
}

/** The sheet of these merchants, as a program would write it. */
export function sheetOf(merchants: readonly Merchant[]): string {
  return `${[HEADINGS, ...merchants.map(cellsOf)].map((cells) => cells.join(',')).join('\n')}\n`;
}

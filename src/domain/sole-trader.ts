/** A sole trader (个体工商户) may have no trade name: WeChat then wants 个体户 and the legal person's name in its place. */
import { withMiddleDots } from './middle-dot.js';

export const SOLE_TRADER = '个体户';

/** What people write into a cell for "it has none" or "not here", without spaces and brackets. Asterisks, as registries print them, are no letters. */
const NO_NAME: ReadonlySet<string> = new Set([
  ...['无', '無', '无名', '无名称', '无字号', '无字号名称', '无主体名称', '无企业名称', '没有', '暂无', '空'],
  ...[
    '同上',
    '同前',
    '待定',
    '待补',
    '待补充',
    '待填',
    '待确认',
    '待提供',
    '未知',
    '不详',
    '暂缺',
    '未填',
    '未填写',
    '未提供',
    '暂未提供',
    '略',
    '见附件',
    '见营业执照',
  ],
  ...[SOLE_TRADER, '个体工商户', '个体', 'n/a', 'na', 'none', 'null', 'nil'],
]);
const LONGEST = 8;
const LETTER = /\p{L}/u;

/** Whether a word stands where a name should be, only to say that there is none, or that it is elsewhere. */
export function isWordForNoName(name: string): boolean {
  return name.length <= LONGEST && NO_NAME.has(wordIn(name));
}

/** The same of a person, whose name may be `Na`. Nearly every name is its own word, and this is asked for each row. */
export function isWordForNoPerson(name: string): boolean {
  if (name.length > LONGEST) return false;
  const word = HAN.test(name) ? name : wordIn(name);
  return NO_NAME.has(word) && !LATIN.test(word);
}

/** `（无）`, `【无】`, `无。`: without what stands around it. */
function wordIn(cell: string): string {
  return cell.normalize('NFKC').toLowerCase().replace(AROUND, '');
}

const HAN = /^[\u4e00-\u9fff]+$/;
const LATIN = /[a-z]/;
const AROUND = /[\s()[\]【】「」“”"'.。,，、;:!\u2010-\u2015-]/g;

/** Digits and letters of a code as its cell has them. 92 begins a sole trader's credit code; in a licence number the seventh digit is 6 to 9 (GS 15-2006). */
export function isOfSoleTrader(code: string): boolean {
  return code.startsWith('92') || /^[0-9]{6}[6-9][0-9]{8}$/.test(code);
}

/** A cell with only a person's name, as it is typed behind 个体户. */
export function personNamedIn(cell: string): string | undefined {
  const name = withMiddleDots(cell.trim());
  return /^[\p{L}·]{2,30}$/u.test(name) && LETTER.test(name) && !isWordForNoName(name) ? name : undefined;
}

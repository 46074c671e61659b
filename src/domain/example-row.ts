/**
 * The example row of the template. It shows what to fill in. A sheet may still contain it: a row with this name and
 * this code is not read as a row. No valid code has letters in place of the region's digits.
 */
import type { Field, Layout } from './columns.js';
import type { Language, Words } from './words.js';

const CODE = '91XXXXXXXXXXXXXXXX';
const NAMES: Words = { en: '示例商贸有限公司 (example)', zh: '示例商贸有限公司（示例）' };

export function exampleCell(field: Field, language: Language): string {
  const cells: Readonly<Record<Field, string>> = {
    name: NAMES[language],
    code: CODE,
    code_type: '1',
    legal_persona_wechat: 'wxid_example',
    legal_persona_name: '张示例',
    component_phone: '0592-1234567',
  };
  return cells[field];
}

/** Whether the template's own row is still among the first rows of a sheet. */
export function hasExample(rows: readonly (readonly string[])[], layout: Pick<Layout, 'columns'>): boolean {
  return rows.some((cells) => isExample(cells, layout));
}

/** Both cells must be unchanged: if either was filled in, the row is checked. */
export function isExample(cells: readonly string[], { columns }: Pick<Layout, 'columns'>): boolean {
  if (cells[columns.code]?.trim() !== CODE) return false;
  const name = cells[columns.name]?.trim();
  return name === NAMES.en || name === NAMES.zh;
}

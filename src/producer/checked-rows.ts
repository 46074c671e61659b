/** A sheet as rows that are ready to be accepted: read → check → identify the merchant. `check` and `load` share it. */
import { checkRow } from '../domain/check-row.js';
import type { DetailColumns } from '../domain/row.js';
import { shareAsText } from '../domain/share.js';
import { type CheckedSheetRow, type CheckRules, checkedPage, type Rules } from './checked-page.js';
import { type PageToAccept, packedToAccept } from './pages-to-accept.js';
import type { Sheet } from './sheets/sheet.js';
import { SheetError } from './sheets/sheet-error.js';

/** How many rows the sheet has, and how many of them our checks refuse. */
export interface Refused {
  readonly rows: number;
  readonly refused: number;
}

/** Counts each row for itself. `hasRefusedCode`: a row is refused for the type of its code, and another one may name its enterprise. */
export async function countApart(
  sheet: Sheet,
  { needs, acceptWarnings }: Rules,
): Promise<Refused & { readonly hasRefusedCode: boolean }> {
  let rows = 0;
  let refused = 0;
  let hasRefusedCode = false;
  for await (const page of sheet.rows()) {
    for (const row of page) {
      const { merchant, refusedCode, problems } = checkRow(row, sheet.layout, needs);
      rows += 1;
      if (merchant === undefined || (problems.length > 0 && !acceptWarnings)) refused += 1;
      if (refusedCode !== undefined) hasRefusedCode = true;
    }
  }
  return { rows, refused, hasRefusedCode };
}

/** @throws SheetError where a larger share of the rows is invalid */
export function refuseMostlyInvalid({ rows, refused }: Refused, mostInvalid: number): void {
  if (refused <= rows * mostInvalid) return;
  const limit = shareAsText(mostInvalid);
  throw new SheetError({
    en: `${refused} of ${rows} rows have to be corrected, more than the ${limit} that --max-invalid allows, so the whole file is refused. Upload it in the console to see each cell, or run \`fastregister check\`.`,
    zh: `${rows} 行中有 ${refused} 行需更正，超过允许的 ${limit}（--max-invalid），整个文件未导入。请在控制台上传此文件，查看每个单元格的问题，更正后重新导入（命令：\`fastregister check\`）。`,
  });
}

export async function* checkedRows(sheet: Sheet, rules: CheckRules): AsyncGenerator<CheckedSheetRow[]> {
  for await (const page of sheet.rows()) yield checkedPage(page, sheet.layout, rules);
}

/** The same as the ledger accepts them, for `load`. Where the sheet is a file, the thread that reads it also checks and packs it. */
export async function* pagesToAccept(sheet: Sheet, rules: Rules, columns: DetailColumns): AsyncGenerator<PageToAccept> {
  const { needs, acceptWarnings, identify } = rules;
  const wanted = { needs, acceptWarnings, ledgerKey: identify.ledgerKey, columns };
  if (sheet.pagesToAccept !== undefined) yield* sheet.pagesToAccept(wanted);
  else yield* packedToAccept(sheet.rows(), sheet.layout, wanted);
}

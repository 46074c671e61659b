/** What a workbook consists of: its worksheets, and the texts and formats that their cells share. */
import { posix } from 'node:path';
import { SHEET_LIMITS } from '../../domain/sheet-limits.js';
import { IN_WORKBOOK, SheetError, tooMuch } from './sheet-error.js';
import { dateStyles, NO_DATES } from './xlsx-dates.js';
import type { WorkbookTables } from './xlsx-rows.js';
import { NO_STRINGS, sharedStrings } from './xlsx-strings.js';
import { prefixed, readWholeXml } from './xml.js';
import type { Archive } from './zip.js';

export interface SheetPart {
  readonly name: string;
  readonly part: string;
  readonly isHidden: boolean;
}

export interface Contents {
  readonly sheets: readonly SheetPart[];
  readonly tables: WorkbookTables;
}

interface PartRelation {
  readonly id: string;
  /** The last word of its type's URI: the rest differs between versions of the standard. */
  readonly type: string;
  readonly part: string;
}

export async function contents(archive: Archive): Promise<Contents> {
  if (!archive.has('_rels/.rels')) throw notAWorkbook();
  const document = (await relations(archive, '_rels/.rels', '')).find(({ type }) => type === 'officeDocument')?.part;
  if (document === undefined || !document.toLowerCase().endsWith('.xml') || !archive.has(document))
    throw notAWorkbook();

  const listed: Omit<SheetPart & { id: string }, 'part'>[] = [];
  let isWorkbook = false;
  let startsIn1904 = false;
  await readWholeXml(archive.stream(document), {
    open: (name, attributes) => {
      if (name === 'workbook') isWorkbook = true;
      else if (name === 'workbookPr') startsIn1904 = /^(?:1|true)$/.test(attributes.date1904 ?? '');
      else if (name === 'sheet') {
        if (listed.length === SHEET_LIMITS.sheets.most) throw tooMuch('sheets', IN_WORKBOOK);
        const state = attributes.state;
        listed.push({
          name: attributes.name ?? '',
          // `sheetId` has no prefix.
          id: prefixed(attributes, 'id') ?? '',
          isHidden: state === 'hidden' || state === 'veryHidden',
        });
      }
    },
  });
  if (!isWorkbook) throw notAWorkbook();

  const folder = posix.dirname(document);
  const related = await relations(archive, posix.join(folder, '_rels', `${posix.basename(document)}.rels`), folder);
  const parts = new Map(related.flatMap(({ id, type, part }) => (type === 'worksheet' ? [[id, part] as const] : [])));
  const sheets = listed.flatMap(({ name, id, isHidden }): SheetPart[] => {
    const part = parts.get(id);
    return part === undefined ? [] : [{ name, part, isHidden }];
  });
  const strings = related.find(({ type }) => type === 'sharedStrings')?.part;
  const styles = related.find(({ type }) => type === 'styles')?.part;
  return {
    sheets,
    tables: {
      strings: strings === undefined ? NO_STRINGS : await sharedStrings(archive.stream(strings)),
      dates: styles === undefined ? NO_DATES : await dateStyles(archive.stream(styles), startsIn1904),
    },
  };
}

async function relations(archive: Archive, part: string, folder: string): Promise<readonly PartRelation[]> {
  const found: PartRelation[] = [];
  await readWholeXml(archive.stream(part), {
    open: (name, attributes) => {
      if (name !== 'Relationship') return;
      if (found.length === SHEET_LIMITS.parts.most) throw tooMuch('parts', IN_WORKBOOK);
      // Archives with backslashes in the names of their parts are read, too.
      const [type, target] = [attributes.Type ?? '', (attributes.Target ?? '').replaceAll('\\', '/')];
      found.push({
        id: attributes.Id ?? '',
        type: type.slice(type.lastIndexOf('/') + 1),
        part: target.startsWith('/') ? target.slice(1) : posix.join(folder, target),
      });
    },
  });
  return found;
}

function notAWorkbook(): SheetError {
  return new SheetError({
    en: 'this is a ZIP archive, but no Excel workbook (.xlsx); save the sheet as "CSV UTF-8" or XLSX',
    zh: '这是 ZIP 压缩包，不是 Excel 工作簿（.xlsx）；请另存为“CSV UTF-8”或 XLSX',
  });
}

/** An uploaded sheet with the problems beside its rows, as `check --annotated` writes it. */
import type { Language } from '../../domain/words.js';
import { annotatedCsv, annotatedWorkbook } from '../annotated-sheet.js';
import { checkContextOf, checkSheet } from '../check.js';
import { RequestError } from '../request-error.js';
import { openSheetAt } from '../sheets.js';
import type { Store } from '../wiring/store.js';
import { rulesFor, type Way } from './checking.js';
import { sheetPath, type Upload } from './folder.js';
import { politely } from './polite.js';
import { startedUpload } from './starting.js';

export interface AnnotatedFile {
  readonly name: string;
  readonly type: 'csv' | 'xlsx';
  readonly pieces: AsyncIterable<string | Uint8Array>;
}

interface Wanted {
  readonly at: number;
  readonly way: Way;
  readonly language: Language;
  /** Undefined: as the sheet came. */
  readonly type: 'csv' | 'xlsx' | undefined;
}

/** @throws SheetError, RequestError */
export async function annotatedUpload(
  store: Store,
  upload: Upload,
  { at, way, language, ...wanted }: Wanted,
): Promise<AnnotatedFile> {
  if ((await startedUpload(upload))?.isDone) throw new RequestError('not_found', LOADED);
  const rules = rulesFor(store, way);
  const sheet = politely(await openSheetAt(sheetPath(upload, at), rules));
  const { rows } = checkSheet(sheet, rules, await checkContextOf(store));
  const type = wanted.type ?? sheet.kind;
  const write = type === 'xlsx' ? annotatedWorkbook : annotatedCsv;
  const base = (upload.files[at]?.name ?? '').replace(/\.(csv|tsv|txt|xlsx|xlsm)$/i, '');
  return { name: `${base}.${PROBLEMS[language]}.${type}`, type, pieces: write(rows, sheet, language) };
}

const PROBLEMS: Readonly<Record<Language, string>> = { en: 'problems', zh: '问题' };

const LOADED = {
  en: 'This upload is loaded, and its sheets are deleted. The report of the batch has its rows.',
  zh: '此上传已导入，表格文件已删除。各行见批次报告。',
};

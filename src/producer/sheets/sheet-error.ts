import { SHEET_LIMITS, type SheetLimitName } from '../../domain/sheet-limits.js';
import { type Language, UserError, type Words } from '../../domain/words.js';

/** Why a file is refused as a whole, in one line for the person who loads it (exit status 2). */
export class SheetError extends UserError {
  override readonly name = 'SheetError';

  /** The message is in English unless `language` says otherwise. */
  constructor(
    words: Words,
    { language = 'en', cause }: { readonly language?: Language; readonly cause?: unknown } = {},
  ) {
    super(words, cause === undefined ? {} : { cause });
    this.message = words[language];
  }
}

export const CHANGED_WHILE_READ: Words = {
  en: 'the file was changed while it was being read; start again',
  zh: '读取过程中文件被修改；请重新开始',
};

export const IN_WORKBOOK: Words = { en: 'the workbook has', zh: '工作簿' };

/** `where` ends in `has`, e.g. "the cell B2 has": it has more of something than a sheet of merchants ever needs. */
export function tooMuch(name: SheetLimitName, where: Words): SheetError {
  const { most, what, next } = SHEET_LIMITS[name];
  const number = most.toLocaleString('en-US');
  return new SheetError({
    en: `${where.en} more than ${number} ${what.en}; ${next.en}`,
    zh: `${where.zh}超过 ${number} ${what.zh}；${next.zh}`,
  });
}

/** Undefined unless the disk, or the network drive, of the file gave its bytes no more: that is no fault of the file. */
export function readFailure(error: unknown): SheetError | undefined {
  const { syscall, code } = error as NodeJS.ErrnoException;
  if (syscall !== 'read' || code === undefined) return undefined;
  return new SheetError(
    {
      en: `the disk or network drive of the file could not be read (${code}); copy the file to another place, and use the copy`,
      zh: `无法从磁盘或网络驱动器读取该文件（${code}）；请将文件复制到其他位置后再使用`,
    },
    { cause: error },
  );
}

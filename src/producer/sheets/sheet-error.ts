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

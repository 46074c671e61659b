import type { Language, Words } from '../domain/words.js';

/** Why a file is refused as a whole, in one line for the person who has it (exit status 2). */
export class SheetError extends Error {
  override readonly name = 'SheetError';
  readonly words: Words;

  /** The message is in English unless `language` says otherwise. */
  constructor(
    words: Words,
    { language = 'en', cause }: { readonly language?: Language; readonly cause?: unknown } = {},
  ) {
    super(words[language], cause === undefined ? {} : { cause });
    this.words = words;
  }
}

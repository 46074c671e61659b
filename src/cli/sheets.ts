/** Flags of the commands that take sheets. */
import type { Command } from 'commander';
import type { LoadRequest } from '../app/load.js';
import type { Words } from '../domain/words.js';
import { UsageError } from './command.js';
import { mostInvalidFrom, yesOrNo } from './flags.js';
import { spoken } from './language.js';

/** Of `--canary`, which the commands have that load files. */
export const CANARY: Words = {
  en: 'send so many rows first, and the rest when so many were accepted',
  zh: '先提交若干行，微信受理满这个数量后再提交其余行',
};

export interface SheetOptions {
  readonly acceptWarnings: string;
  readonly maxInvalid?: string;
  readonly again?: true;
}

export function withSheetOptions(command: Command): Command {
  return withIntakeOptions(command).option(
    '--again',
    spoken({ en: 'ask for one more Mini Program of merchants that have one', zh: '已有小程序的商户再注册一个' }),
  );
}

/** Options that a nightly run has, too. */
export function withIntakeOptions(command: Command): Command {
  return command
    .option(
      '--accept-warnings <yes|no>',
      spoken({ en: 'whether rows with warnings are sent', zh: '是否提交有警告的行' }),
      'yes',
    )
    .option(
      '--max-invalid <SHARE>',
      spoken({
        en: 'refuse a file with a larger share of invalid rows, e.g. 5%',
        zh: '需更正的行超过此比例时不导入整个文件，如 5%',
      }),
    );
}

/** @throws UsageError */
export function loadFlagsFrom(options: SheetOptions & { readonly canary?: string }): LoadRequest {
  const { canary = '0' } = options;
  if (!/^\d{1,6}$/.test(canary))
    throw new UsageError({
      en: `--canary ${canary}: write how many rows are sent first, e.g. 5.`,
      zh: `--canary ${canary}：请写先提交的行数，如 5。`,
    });
  return {
    acceptWarnings: yesOrNo('--accept-warnings', options.acceptWarnings),
    again: options.again,
    mostInvalid: mostInvalidFrom(options.maxInvalid),
    canaries: Number(canary),
  };
}

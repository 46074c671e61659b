/** Flags of the commands that take sheets. */
import type { Command } from 'commander';
import type { LoadRequest } from '../app/load.js';
import { isApiUndecided } from '../config.js';
import type { Words } from '../domain/words.js';
import type { Settings } from '../settings.js';
import { UsageError } from './command.js';
import { mostInvalidFrom, yesOrNo } from './flags.js';
import { spoken } from './language.js';
import { say } from './terminal.js';

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

/** Without this, merchants would be asked for personal data that today's API does not need. */
export function sayWhichRules(settings: Pick<Settings, 'given'>): void {
  if (isApiUndecided(settings)) say(API_NOT_CHOSEN);
}

/** The headings may lack what the API that was meant does not need. */
export function sayWhichRulesFailed(settings: Pick<Settings, 'given'>): (error: unknown) => never {
  return (error) => {
    sayWhichRules(settings);
    throw error;
  };
}

const API_NOT_CHOSEN: Words = {
  en: "WECHAT_REGISTRATION_API is not chosen: rows are checked by the rules of fastregisterweapp, which also needs the legal person's Weixin ID and name. fastregisterenterpriseweapp, today's API, does not. Choose before you ask merchants: `fastregister doctor` says how.",
  zh: '尚未选择 WECHAT_REGISTRATION_API：暂按 fastregisterweapp 的规则校验，该接口还需要法人微信号和法人姓名；现行接口 fastregisterenterpriseweapp 不需要。请先选择，再联系商户：`fastregister doctor` 会说明如何选择。',
};

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

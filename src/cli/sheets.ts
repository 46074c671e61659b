/** Flags of the commands that take sheets. */
import type { Command } from 'commander';
import type { LoadRequest } from '../app/load.js';
import { UsageError } from './command.js';
import { mostInvalidFrom, yesOrNo } from './flags.js';

export interface SheetOptions {
  readonly acceptWarnings: string;
  readonly maxInvalid?: string;
  readonly again?: true;
}

export function withSheetOptions(command: Command): Command {
  return withIntakeOptions(command).option('--again', 'ask for one more Mini Program of merchants that have one');
}

/** Those that a nightly run has, too. */
export function withIntakeOptions(command: Command): Command {
  return command
    .option('--accept-warnings <yes|no>', 'whether rows with warnings are sent', 'yes')
    .option('--max-invalid <SHARE>', 'refuse a file with a larger share of invalid rows, e.g. 5%');
}

/** @throws UsageError */
export function loadFlagsFrom(options: SheetOptions & { readonly canary?: string }): LoadRequest {
  const { canary = '0' } = options;
  if (!/^\d{1,6}$/.test(canary))
    throw new UsageError(`--canary ${canary}: write how many rows are sent first, e.g. 5.`);
  return {
    acceptWarnings: yesOrNo('--accept-warnings', options.acceptWarnings),
    again: options.again,
    mostInvalid: mostInvalidFrom(options.maxInvalid),
    canaries: Number(canary),
  };
}

/** Flags of the commands that take sheets. */
import type { Command } from 'commander';

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

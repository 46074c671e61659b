/** `retry` and `cancel`: what it would do → a question → the operator's facts, with who asked and why. */
import type { Command } from 'commander';
import { type ActionSummary, applyPreviewed, preview } from '../app/retry-cancel.js';
import { type Ask, CANNOT, MIND } from '../domain/operator.js';
import { OUTCOME_NAMES } from '../domain/outcomes.js';
import type { Group } from '../operator/action.js';
import { type CommandContext, command, EXIT, perform } from './command.js';
import { outcomesFrom } from './flags.js';
import { agreed } from './question.js';
import { printJson, say } from './terminal.js';
import { whoAsks } from './who.js';

interface Options {
  readonly only?: string;
  readonly because?: string;
  readonly yes?: true;
  readonly json?: true;
}

const WORDS = {
  retry: {
    does: 'Sends failed rows of batches, or registrations, again, after it has said how many and which cannot.',
    example: 'fastregister retry b1a2b3c4d5e6 --only expired --because "the legal persons were called"',
    none: 'Nothing can be sent again.',
    question: (count: number) => `Send ${count} again?`,
    done: (count: number) => `${count} will be sent again.`,
  },
  cancel: {
    does: 'Withdraws rows of batches, or registrations, that were not sent yet, after it has said how many and which cannot.',
    example: 'fastregister cancel b1a2b3c4d5e6 --because "the sheet was an old one"',
    none: 'Nothing can be withdrawn.',
    question: (count: number) => `Withdraw ${count}?`,
    done: (count: number) => `${count} withdrawn.`,
  },
} as const;

export function retryCommand(): Command {
  return askingCommand('retry');
}

export function cancelCommand(): Command {
  return askingCommand('cancel');
}

function askingCommand(ask: Ask): Command {
  const { does, example } = WORDS[ask];
  return command(`${ask} <BATCH|REGISTRATION...>`, does, example)
    .option('--only <OUTCOME,...>', `only these outcomes: ${OUTCOME_NAMES.join(', ')}`)
    .option('--because <TEXT>', 'why, for everybody who looks')
    .option('--yes', 'do not ask')
    .option('--json', 'print what it would do, or with --yes did, as JSON')
    .action(async (named: string[], options: Options, made: Command) =>
      perform(made, {}, (context) => asking(context, ask, named, options)),
    );
}

async function asking({ open }: CommandContext, ask: Ask, named: readonly string[], options: Options): Promise<number> {
  const only = outcomesFrom(options.only);
  const store = await open('interactive');
  const previewed = await preview(store, ask, named, only);
  const { summary: found } = previewed;
  const words = WORDS[ask];
  if (options.json && !options.yes) {
    await printJson(factsOf(found));
    return EXIT.done;
  }
  for (const line of previewLines(found)) say(line);
  if (found.can === 0) say(words.none);
  else if (!options.yes && !(await agreed(words.question(found.can)))) {
    say('Nothing was done.');
    return EXIT.done;
  }
  const because = `${options.because ?? 'no reason given'} (${whoAsks()})`;
  const moved = await applyPreviewed(store, ask, previewed, because);
  if (options.json) await printJson({ ...factsOf(found), done: moved });
  else if (found.can > 0) say(words.done(moved));
  return EXIT.done;
}

function previewLines({ can, mind, cannot }: ActionSummary): string[] {
  const groups = (of: ReadonlyMap<string, Group>, sentences: Readonly<Record<string, { en: string }>>): string[] =>
    [...of].map(([name, { count, lines }]) => `  ${count}: ${sentences[name]?.en} (${linesTold(count, lines)})`);
  const cannotCount = [...cannot.values()].reduce((sum, { count }) => sum + count, 0);
  return [
    `${can} can be done.`,
    ...(mind.size > 0 ? ['Of these', ...groups(mind, MIND)] : []),
    ...(cannotCount > 0 ? [`${cannotCount} cannot`, ...groups(cannot, CANNOT)] : []),
  ];
}

function linesTold(count: number, lines: readonly number[]): string {
  return `line${count === 1 ? '' : 's'} ${lines.join(', ')}${count > lines.length ? ' …' : ''}`;
}

function factsOf({ can, mind, cannot }: ActionSummary): object {
  return { can, mind: Object.fromEntries(mind), cannot: Object.fromEntries(cannot) };
}

/** `retry` and `cancel`: what it would do → a question → the operator's facts, with who asked and why. */
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { type Ask, CANNOT, MIND } from '../domain/operator.js';
import { carryOut, type Group, type Survey, survey } from '../operator/survey.js';
import { tidyReady } from '../redis/purging.js';
import { troubleOf } from '../reporter/sentences.js';
import { command, type Doorway, EXIT, perform } from './command.js';
import { agreed } from './question.js';
import { batchNamed, OUTCOMES, outcomesFrom } from './report.js';
import { printJson, say } from './terminal.js';

interface Options {
  readonly only?: string;
  readonly because?: string;
  readonly yes?: true;
  readonly json?: true;
}

/** Fewer rows that were cancelled are passed over in a moment when their turn to be sent comes. */
const MANY = 1_000;

const WORDS = {
  retry: {
    does: 'Sends failed rows of a batch again, after it has said how many and which cannot.',
    example: 'fastregister retry b1a2b3c4d5e6 --only expired --because "the legal persons were called"',
    none: 'Nothing can be sent again.',
    question: (count: number) => `Send ${count} again?`,
    done: (count: number) => `${count} will be sent again.`,
  },
  cancel: {
    does: 'Withdraws rows of a batch that were not sent yet, after it has said how many and which cannot.',
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
  return command(`${ask} <BATCH>`, does, example)
    .option('--only <OUTCOME,...>', `only these outcomes: ${OUTCOMES.join(', ')}`)
    .option('--because <TEXT>', 'why, for everybody who looks')
    .option('--yes', 'do not ask')
    .option('--json', 'print what it would do, or with --yes did, as JSON')
    .action(async (batch: string, options: Options, made: Command) =>
      perform(made, {}, (doorway) => asking(doorway, ask, batch, options)),
    );
}

async function asking({ open }: Doorway, ask: Ask, id: string, options: Options): Promise<number> {
  const only = outcomesFrom(options.only);
  const store = await open('door');
  const { batches, ledger } = store;
  const batch = await batchNamed(store, id);
  const tools = { batches, ledger, actsOn: (problem: string | undefined) => troubleOf(problem)?.acts };
  const wish = { ask, batch, only, now: Date.now() };
  const found = await survey(tools, wish);
  const words = WORDS[ask];
  if (options.json && !options.yes) {
    await printJson(factsOf(found));
    return EXIT.done;
  }
  for (const line of preview(found)) say(line);
  if (found.can === 0) say(words.none);
  else if (!options.yes && !(await agreed(words.question(found.can)))) {
    say('Nothing was done.');
    return EXIT.done;
  }
  const because = `${options.because ?? 'no reason given'} (${whoAsks()})`;
  const moved = await carryOut(tools, wish, found, because, Date.now);
  if (ask === 'cancel' && moved >= MANY) await tidyReady(store.redis, 'submit');
  if (options.json) await printJson({ ...factsOf(found), done: moved });
  else if (found.can > 0) say(words.done(moved));
  return EXIT.done;
}

function preview({ can, mind, cannot }: Survey): string[] {
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

function factsOf({ can, mind, cannot }: Survey): object {
  return { can, mind: Object.fromEntries(mind), cannot: Object.fromEntries(cannot) };
}

function whoAsks(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user need not have a name.
    return `user ${process.getuid?.() ?? 'unknown'}`;
  }
}

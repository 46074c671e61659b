/** `retry` and `cancel`: preview → a question → the operator's facts, with the person and the reason. */
import type { Command } from 'commander';
import { type ActionSummary, applyPreviewed, preview } from '../app/retry-cancel.js';
import { ASK_WORDS, becauseOf, NOTHING_DONE, previewLines } from '../app/retry-cancel-words.js';
import type { Ask } from '../domain/operator.js';
import { OUTCOME_NAMES } from '../domain/outcomes.js';
import { BECAUSE, type CommandContext, command, DO_NOT_ASK, EXIT, PREVIEW_AS_JSON, perform } from './command.js';
import { outcomesFrom } from './flags.js';
import { spoken } from './language.js';
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
    does: {
      en: 'Sends failed rows of batches, or registrations, again, after it has said how many and which cannot.',
      zh: '重新提交批次中未成功的行，或指定的注册；执行前先说明可提交的数量，以及哪些不能提交。',
    },
    example: {
      en: 'fastregister retry b1a2b3c4d5e6 --only expired --because "the legal persons were called"',
      zh: 'fastregister retry b1a2b3c4d5e6 --only expired --because "已电话通知法人"',
    },
  },
  cancel: {
    does: {
      en: 'Withdraws rows of batches, or registrations, that were not sent yet, after it has said how many and which cannot.',
      zh: '撤回批次中尚未提交的行，或指定的注册；执行前先说明可撤回的数量，以及哪些不能撤回。',
    },
    example: {
      en: 'fastregister cancel b1a2b3c4d5e6 --because "the sheet was an old one"',
      zh: 'fastregister cancel b1a2b3c4d5e6 --because "旧表"',
    },
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
    .option(
      '--only <OUTCOME,...>',
      spoken({
        en: `only these outcomes: ${OUTCOME_NAMES.join(', ')}`,
        zh: `只处理这些结果：${OUTCOME_NAMES.join('、')}`,
      }),
    )
    .option('--because <TEXT>', spoken(BECAUSE))
    .option('--yes', spoken(DO_NOT_ASK))
    .option('--json', spoken(PREVIEW_AS_JSON))
    .action(async (named: string[], options: Options, made: Command) =>
      perform(made, {}, (context) => asking(context, ask, named, options)),
    );
}

async function asking({ open }: CommandContext, ask: Ask, named: readonly string[], options: Options): Promise<number> {
  const only = outcomesFrom(options.only);
  const store = await open('bulk');
  const previewed = await preview(store, ask, named, only);
  const { summary: found } = previewed;
  const words = ASK_WORDS[ask];
  if (options.json && !options.yes) {
    await printJson(factsOf(found));
    return EXIT.done;
  }
  for (const line of previewLines(found)) say(line);
  if (found.can === 0) say(words.none);
  else if (!options.yes && !(await agreed(words.question(found.can)))) {
    say(NOTHING_DONE);
    return EXIT.done;
  }
  const because = spoken(becauseOf(options.because ?? '', whoAsks()));
  const moved = await applyPreviewed(store, ask, previewed, because);
  if (options.json) await printJson({ ...factsOf(found), done: moved });
  else if (found.can > 0) say(words.done(moved, found.can));
  return EXIT.done;
}

function factsOf({ can, mind, cannot }: ActionSummary): object {
  return { can, mind: Object.fromEntries(mind), cannot: Object.fromEntries(cannot) };
}

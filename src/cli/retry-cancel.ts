/** `retry` and `cancel`: preview → a question → the operator's facts, with the person and the reason. */
import type { Command } from 'commander';
import { type ActionSummary, applyPreviewed, preview } from '../app/retry-cancel.js';
import { type Ask, CANNOT, MIND } from '../domain/operator.js';
import { OUTCOME_NAMES } from '../domain/outcomes.js';
import type { Words } from '../domain/words.js';
import type { Group } from '../operator/action.js';
import { type CommandContext, command, DO_NOT_ASK, EXIT, PREVIEW_AS_JSON, perform } from './command.js';
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
    example: 'fastregister retry b1a2b3c4d5e6 --only expired --because "the legal persons were called"',
    none: { en: 'Nothing can be sent again.', zh: '没有可重新提交的行。' },
    question: (count: number): Words => ({ en: `Send ${count} again?`, zh: `将重新提交 ${count} 个。` }),
    done: (count: number): Words => ({ en: `${count} will be sent again.`, zh: `将重新提交 ${count} 个。` }),
  },
  cancel: {
    does: {
      en: 'Withdraws rows of batches, or registrations, that were not sent yet, after it has said how many and which cannot.',
      zh: '撤回批次中尚未提交的行，或指定的注册；执行前先说明可撤回的数量，以及哪些不能撤回。',
    },
    example: 'fastregister cancel b1a2b3c4d5e6 --because "the sheet was an old one"',
    none: { en: 'Nothing can be withdrawn.', zh: '没有可撤回的行。' },
    question: (count: number): Words => ({ en: `Withdraw ${count}?`, zh: `将撤回 ${count} 个。` }),
    done: (count: number): Words => ({ en: `${count} withdrawn.`, zh: `已撤回 ${count} 个。` }),
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
    .option('--because <TEXT>', spoken({ en: 'why, for everybody who looks', zh: '原因，供查看的人了解' }))
    .option('--yes', spoken(DO_NOT_ASK))
    .option('--json', spoken(PREVIEW_AS_JSON))
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
    say({ en: 'Nothing was done.', zh: '未执行任何操作。' });
    return EXIT.done;
  }
  const because = `${options.because ?? spoken({ en: 'no reason given', zh: '未填写原因' })} (${whoAsks()})`;
  const moved = await applyPreviewed(store, ask, previewed, because);
  if (options.json) await printJson({ ...factsOf(found), done: moved });
  else if (found.can > 0) say(words.done(moved));
  return EXIT.done;
}

function previewLines({ can, mind, cannot }: ActionSummary): Words[] {
  const groups = (of: ReadonlyMap<string, Group>, sentences: Readonly<Record<string, Words>>): Words[] =>
    [...of].map(([name, { count, lines }]) => {
      const where = lineWords(count, lines);
      return {
        en: `  ${count}: ${sentences[name]?.en} (${where.en})`,
        zh: `  ${count} 个：${sentences[name]?.zh}（${where.zh}）`,
      };
    });
  const cannotCount = [...cannot.values()].reduce((sum, { count }) => sum + count, 0);
  return [
    { en: `${can} can be done.`, zh: `可处理 ${can} 个。` },
    ...(mind.size > 0 ? [{ en: 'Of these', zh: '其中：' }, ...groups(mind, MIND)] : []),
    ...(cannotCount > 0
      ? [{ en: `${cannotCount} cannot`, zh: `不能处理 ${cannotCount} 个：` }, ...groups(cannot, CANNOT)]
      : []),
  ];
}

function lineWords(count: number, lines: readonly number[]): Words {
  const more = count > lines.length ? ' …' : '';
  return {
    en: `line${count === 1 ? '' : 's'} ${lines.join(', ')}${more}`,
    zh: `第 ${lines.join('、')} 行${more}`,
  };
}

function factsOf({ can, mind, cannot }: ActionSummary): object {
  return { can, mind: Object.fromEntries(mind), cannot: Object.fromEntries(cannot) };
}

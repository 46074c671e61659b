import type { Command } from 'commander';
import type { Ask } from '../../domain/operator.js';
import { OUTCOME_NAMES } from '../../domain/outcomes.js';
import { BECAUSE, command, DO_NOT_ASK, PREVIEW_AS_JSON, perform } from '../command.js';
import { spoken } from '../language.js';
import type { RetryCancelFlags } from '../retry-cancel.js';

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
    .action(async (named: string[], options: RetryCancelFlags, made: Command) =>
      perform(made, {}, async (context) =>
        (await import('../retry-cancel.js')).retryCancelAction(context, ask, named, options),
      ),
    );
}

import type { Command } from 'commander';
import { AS_JSON, command, perform } from '../command.js';
import type { ExplainFlags } from '../explain.js';
import { spoken } from '../language.js';

export function explainCommand(): Command {
  return command(
    'explain <MERCHANT|CODE>',
    {
      en: "A merchant's whole history, by whatever `find` takes; or what a code means and calls for: 89249, push:105, sheet:code_length.",
      zh: '一个商户的全部经过（查找方式与 `find` 相同）；或某个代码的含义和处理办法：89249、push:105、sheet:code_length。',
    },
    'fastregister explain create:61070',
  )
    .option('--json', spoken(AS_JSON))
    .action(async (wanted: string, options: ExplainFlags, made: Command) =>
      perform(made, { homeless: true }, async (context) =>
        (await import('../explain.js')).explainAction(context, wanted, options),
      ),
    );
}

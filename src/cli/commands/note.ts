import type { Command } from 'commander';
import { command, perform } from '../command.js';
import { spoken } from '../language.js';
import type { NoteFlags } from '../note.js';

export function noteCommand(): Command {
  return command(
    'note <REGISTRATION> [TEXT]',
    {
      en: "Writes a note into a merchant's history; nothing else changes. `explain` and `todo` show it, and purge deletes it.",
      zh: '在商户的经过中添加备注，不改变状态；`explain` 和 `todo` 会显示，清除资料时一并删除。',
    },
    {
      en: 'fastregister note abcdefgh234567ab "will confirm tonight" --contacted --by Wang',
      zh: 'fastregister note abcdefgh234567ab "今晚确认" --contacted --by 运营组',
    },
  )
    .option(
      '--contacted',
      spoken({
        en: 'the merchant was contacted: `todo` shows when, and who did it',
        zh: '已联系商户：`todo` 显示时间和经办人',
      }),
    )
    .option(
      '--by <NAME>',
      spoken({ en: 'who writes it; default: the user of this machine', zh: '记录人；默认为本机用户' }),
    )
    .option('--json', spoken({ en: 'print as JSON', zh: '以 JSON 输出' }))
    .action(async (id: string, text: string | undefined, options: NoteFlags, made: Command) =>
      perform(made, {}, async (context) => (await import('../note.js')).noteAction(context, id, text ?? '', options)),
    );
}

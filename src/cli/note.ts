import type { Command } from 'commander';
import { addNote, type Noted } from '../app/note.js';
import { isoWithOffset } from '../domain/calendar.js';
import type { Words } from '../domain/words.js';
import { type CommandContext, command, EXIT, perform } from './command.js';
import { registrationId } from './exact-id.js';
import { languageFrom } from './flags.js';
import { spoken } from './language.js';
import { printJson, say } from './terminal.js';
import { whoAsks } from './who.js';

interface Options {
  readonly contacted?: true;
  readonly by?: string;
  readonly lang?: string;
  readonly json?: true;
}

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
    .action(async (id: string, text: string | undefined, options: Options, made: Command) =>
      perform(made, {}, (context) => note(context, id, text ?? '', options)),
    );
}

async function note({ open, settings }: CommandContext, id: string, text: string, options: Options): Promise<number> {
  const language = languageFrom(options.lang);
  const registration = registrationId('note', id);
  const { ledger } = await open('interactive');
  const who = options.by ?? whoAsks();
  const noted = await addNote(ledger, registration, { text, who, contacted: options.contacted === true });
  const time = (at: number): string => isoWithOffset(at, settings.quotaTimezone);
  if (options.json) await printJson(asJson(noted, time));
  else say(DONE(noted)[language]);
  return EXIT.done;
}

function asJson({ registration, at, who, contacted, text }: Noted, time: (at: number) => string): object {
  return { registration_id: registration, at: time(at), by: who, contacted, text };
}

const DONE = ({ registration, who, contacted }: Noted): Words => ({
  en: `Noted by ${who}${contacted ? ', with a contact' : ''}: \`fastregister explain ${registration}\` shows it.`,
  zh: `已记录（${who}${contacted ? '，已联系商户' : ''}）：可用 \`fastregister explain ${registration}\` 查看。`,
});

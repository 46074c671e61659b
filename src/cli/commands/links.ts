import type { Command } from 'commander';
import { AS_JSON, command, perform } from '../command.js';
import { spoken } from '../language.js';
import type { LinksFlags } from '../links.js';

export function linksCommand(): Command {
  return command(
    'links [BATCH]',
    {
      en: 'The links that legal persons have yet to open, each valid for 24 hours. Without BATCH: the newest.',
      zh: '法人尚未打开的链接，每个链接 24 小时内有效。不写批次时为最新的批次。',
    },
    'fastregister links --qr links-of-today --lang zh',
  )
    .option(
      '--qr <DIR>',
      spoken({
        en: 'write a QR code (PNG) for each merchant into this folder, and links.html to print',
        zh: '在此文件夹中为每个商户生成二维码（PNG），以及可供打印的 links.html',
      }),
    )
    .option('--json', spoken(AS_JSON))
    .action(async (batch: string | undefined, options: LinksFlags, made: Command) =>
      perform(made, {}, async (context) => (await import('../links.js')).linksAction(context, batch, options)),
    );
}

import type { Command } from 'commander';
import { openLinksOf } from '../app/links.js';
import { clockTime, isoWithOffset, localTime } from '../domain/calendar.js';
import type { Words } from '../domain/words.js';
import type { MerchantLink } from '../reporter/links.js';
import { AS_JSON, type CommandContext, command, EXIT, perform } from './command.js';
import { languageFrom } from './flags.js';
import { spoken } from './language.js';
import { LINK_SHEET, writeCodes } from './qr-folder.js';
import { print, say, table } from './terminal.js';

interface Options {
  readonly qr?: string;
  readonly lang?: string;
  readonly json?: true;
}

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
    .action(async (batch: string | undefined, options: Options, made: Command) =>
      perform(made, {}, (context) => links(context, batch, options)),
    );
}

async function links({ open, settings }: CommandContext, id: string | undefined, options: Options): Promise<number> {
  const language = options.lang === undefined ? 'zh' : languageFrom(options.lang);
  const store = await open('interactive');
  const { batch, links: found } = await openLinksOf(store, id);
  const time = (at: number): string => isoWithOffset(at, settings.quotaTimezone);

  if (options.qr !== undefined) {
    const timeInWords = (at: number): string => localTime(at, settings.quotaTimezone, Date.now())[language];
    await writeCodes(options.qr, found, { title: batch.file, language, time: timeInWords });
    say({
      en: `${found.length} QR codes and ${LINK_SHEET} are in ${options.qr}.`,
      zh: `${found.length} 个二维码和 ${LINK_SHEET} 已写入 ${options.qr}。`,
    });
  } else if (options.json) {
    for (const { line, merchant, registration, url, endsAt, stage } of found) {
      const row = { line, merchant, registration_id: registration, authorize_url: url, ends_at: time(endsAt), stage };
      await print(`${JSON.stringify(row)}\n`);
    }
  } else if (found.length > 0) {
    const shown = (at: number): string => clockTime(at, settings.quotaTimezone, language);
    const rows = found.map(({ line, merchant, url, endsAt }) => [String(line), merchant, shown(endsAt), url]);
    await print(`${table([HEADINGS.map(spoken), ...rows])}\n`);
  }
  warnOfEnding(found);
  return EXIT.done;
}

const HEADINGS: readonly Words[] = [
  { en: 'line', zh: '行号' },
  { en: 'merchant', zh: '商户' },
  { en: 'ends at', zh: '到期时间' },
  { en: 'link', zh: '链接' },
];

function warnOfEnding(found: readonly MerchantLink[]): void {
  const ending = found.filter(({ stage }) => stage === 'ending').length;
  if (found.length === 0) say({ en: 'Nobody has a link to open at present.', zh: '当前没有待打开的链接。' });
  else if (ending > 0) {
    say({
      en: `${ending} of ${found.length} links end in less than three hours: remind those legal persons.`,
      zh: `${found.length} 个链接中有 ${ending} 个将在三小时内到期，请提醒相应的法人。`,
    });
  }
}

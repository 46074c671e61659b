import { openLinksOf } from '../app/links.js';
import { clockTime, isoWithOffset, localTime } from '../domain/calendar.js';
import type { Words } from '../domain/words.js';
import type { MerchantLink } from '../reporter/links.js';
import { type CommandContext, EXIT } from './command.js';
import { languageFrom } from './flags.js';
import { spoken } from './language.js';
import { LINK_SHEET, writeCodes } from './qr-folder.js';
import { print, say, table } from './terminal.js';

export interface LinksFlags {
  readonly qr?: string;
  readonly lang?: string;
  readonly json?: true;
}

export async function linksAction(
  { open, settings }: CommandContext,
  id: string | undefined,
  options: LinksFlags,
): Promise<number> {
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

import type { Command } from 'commander';
import { openLinksOf } from '../app/links.js';
import { isoWithOffset, localTime } from '../domain/calendar.js';
import type { MerchantLink } from '../reporter/links.js';
import { type CommandContext, command, EXIT, perform } from './command.js';
import { languageFrom } from './flags.js';
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
    'The links that legal persons have yet to open, each valid for 24 hours. Without BATCH: the newest.',
    'fastregister links --qr links-of-today --lang zh',
  )
    .option('--qr <DIR>', 'write a QR code (PNG) for each merchant into this folder, and links.html to print')
    .option('--json', 'print as JSON')
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
    const inWords = (at: number): string => localTime(at, settings.quotaTimezone, Date.now())[language];
    await writeCodes(options.qr, found, { title: batch.file, language, time: inWords });
    say(`${found.length} QR codes and ${LINK_SHEET} are in ${options.qr}.`);
  } else if (options.json) {
    for (const { line, merchant, registration, url, endsAt, stage } of found) {
      const row = { line, merchant, registration_id: registration, authorize_url: url, ends_at: time(endsAt), stage };
      await print(`${JSON.stringify(row)}\n`);
    }
  } else if (found.length > 0) {
    const rows = found.map(({ line, merchant, url, endsAt }) => [String(line), merchant, time(endsAt), url]);
    await print(`${table([['line', 'merchant', 'ends at', 'link'], ...rows])}\n`);
  }
  tellEnding(found);
  return EXIT.done;
}

function tellEnding(found: readonly MerchantLink[]): void {
  const ending = found.filter(({ stage }) => stage === 'ending').length;
  if (found.length === 0) say('Nobody has a link to open at present.');
  else if (ending > 0)
    say(`${ending} of ${found.length} links end in less than three hours: remind those legal persons.`);
}

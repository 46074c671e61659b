import type { Command } from 'commander';
import { type Compared, compareWithWeChat } from '../app/reconcile.js';
import { command, EXIT, perform } from './command.js';
import { print, printJson, say, table } from './terminal.js';

interface Options {
  readonly apply?: true;
  readonly json?: true;
}

export function reconcileCommand(): Command {
  return command(
    'reconcile',
    "Looks for silent registrations in WeChat's list of accounts, for pushes that never came; shows what it finds.",
    'fastregister reconcile --apply',
  )
    .option('--apply', 'record what was found: the registrations become created')
    .option('--json', 'print as JSON')
    .action(async (options: Options, made: Command) =>
      perform(made, { needs: ['wechat', 'encryption'] }, async ({ open }) => {
        const compared = await compareWithWeChat(await open('interactive'), options.apply === true);
        await tell(compared, options);
        return compared.found.refused === undefined ? EXIT.done : EXIT.stopped;
      }),
    );
}

async function tell({ found, applied, kept }: Compared, options: Options): Promise<void> {
  const matches = found.matches.map(({ refreshToken: _, ...shown }) => ({
    ...shown,
    applied: applied.some(({ registration }) => registration === shown.registration),
  }));
  const tokens = found.tokens.map(({ registration, appid }) => ({
    registration,
    appid,
    applied: kept.some((token) => token.appid === appid),
  }));
  if (options.json) return printJson({ ...found, matches, tokens });
  if (matches.length > 0) {
    await print(
      `${table(matches.map((match) => [match.registration, match.appid, match.name, match.applied ? 'recorded' : 'found']))}\n`,
    );
  }
  say(`${found.silent} silent registrations, ${matches.length} of them found, ${applied.length} recorded.`);
  if (found.running > 0) say(`${found.running} more may still run at WeChat; they are not looked for yet.`);
  if (tokens.length > 0) {
    await print(
      `${table(tokens.map((it) => [it.registration, it.appid, it.applied ? 'token kept' : 'token found']))}\n`,
    );
    say(`${tokens.length} Mini Programs without a refresh token of which WeChat lists one, ${kept.length} kept.`);
  }
  if (found.ambiguous.length > 0) {
    say(
      `Not recorded, because one name fits several: ${found.ambiguous.join(', ')}. Compare them by hand (fastregister explain).`,
    );
  }
  if (found.refused !== undefined) say(`WeChat did not let us read on: ${found.refused}`);
  if (!options.apply && matches.length + tokens.length > 0) say('Nothing was changed; --apply records it.');
}

import type { Command } from 'commander';
import { openCaller, reconcileTools } from '../app.js';
import { type Match, type Reconciliation, reconcile, record } from '../operator/reconcile.js';
import { command, EXIT, perform, UsageError } from './command.js';
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
        const store = await open('door');
        const caller = openCaller(store);
        try {
          const credential = await caller.credentials.current();
          if (credential.kind !== 'token') {
            throw new UsageError('There is no component access token to ask with; `fastregister doctor` says why.');
          }
          const tools = reconcileTools(store, caller, credential.token);
          const found = await reconcile(tools);
          const applied: Match[] = [];
          if (options.apply) for (const match of found.matches) if (await record(tools, match)) applied.push(match);
          await tell(found, applied, options);
          return found.refused === undefined ? EXIT.done : EXIT.stopped;
        } finally {
          await caller.close();
        }
      }),
    );
}

async function tell(found: Reconciliation, applied: readonly Match[], options: Options): Promise<void> {
  const matches = found.matches.map(({ refreshToken: _, ...shown }) => ({
    ...shown,
    applied: applied.some(({ registration }) => registration === shown.registration),
  }));
  if (options.json) return printJson({ ...found, matches });
  if (matches.length > 0) {
    await print(
      `${table(matches.map((match) => [match.registration, match.appid, match.name, match.applied ? 'recorded' : 'found']))}\n`,
    );
  }
  say(`${found.silent} silent registrations, ${matches.length} of them found, ${applied.length} recorded.`);
  if (found.ambiguous.length > 0) {
    say(
      `Not recorded, because one name fits several: ${found.ambiguous.join(', ')}. Compare them by hand (fastregister explain).`,
    );
  }
  if (found.refused !== undefined) say(`WeChat did not let us read on: ${found.refused}`);
  if (!options.apply && matches.length > 0) say('Nothing was changed; --apply records it.');
}

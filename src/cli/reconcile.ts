import type { Command } from 'commander';
import { openCaller } from '../app/wiring/caller.js';
import { reconcileTools } from '../app/wiring/reconciling.js';
import {
  type FoundToken,
  type Match,
  type Reconciliation,
  reconcile,
  record,
  recordToken,
} from '../operator/reconcile.js';
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
        const store = await open('interactive');
        const caller = openCaller(store);
        try {
          const credential = await caller.credentials.current();
          if (credential.kind !== 'token') {
            throw new UsageError('There is no component access token to ask with; `fastregister doctor` says why.');
          }
          const tools = reconcileTools(store, caller, credential.token);
          const found = await reconcile(tools);
          const applied: Match[] = [];
          const kept: FoundToken[] = [];
          if (options.apply) for (const match of found.matches) if (await record(tools, match)) applied.push(match);
          if (options.apply) for (const token of found.tokens) if (await recordToken(tools, token)) kept.push(token);
          await tell(found, applied, kept, options);
          return found.refused === undefined ? EXIT.done : EXIT.stopped;
        } finally {
          await caller.close();
        }
      }),
    );
}

async function tell(
  found: Reconciliation,
  applied: readonly Match[],
  kept: readonly FoundToken[],
  options: Options,
): Promise<void> {
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

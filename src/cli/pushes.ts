import { Command } from 'commander';
import { PARKED_BECAUSE } from '../app/push-plan.js';
import { explainPush, findPush, listPushes, matchPush, replayPushes } from '../app/pushes.js';
import { isoWithOffset } from '../domain/calendar.js';
import { command, EXIT, perform } from './command.js';
import { countFrom, sinceFrom } from './flags.js';
import { print, printJson, say, table } from './terminal.js';

export function pushesCommand(): Command {
  return new Command('pushes')
    .description(
      'The pushes that were received: what they say, which of them fit no registration, and another try for them.',
    )
    .addCommand(listCommand().exitOverride())
    .addCommand(showCommand().exitOverride())
    .addCommand(replayCommand().exitOverride())
    .addCommand(matchCommand().exitOverride());
}

const MOST = 50;

function listCommand(): Command {
  return command(
    'list',
    'The newest pushes, the latest first; or those that fit no registration.',
    'fastregister pushes list --parked',
  )
    .option('--parked', 'only those that fit no registration, and why')
    .option('--most <NUMBER>', 'how many', String(MOST))
    .option('--json', 'print as JSON')
    .action(async (options: { parked?: true; most: string; json?: true }, made: Command) =>
      perform(made, {}, async ({ open }) => {
        const store = await open('interactive');
        const which = options.parked ? { parked: true as const } : { most: countFrom('--most', options.most) };
        const rows = (await listPushes(store, which)).map((push) => ({
          ...push,
          receivedAt: isoWithOffset(push.receivedAt, store.settings.quotaTimezone),
        }));
        if (options.json) await printJson(rows);
        else if (rows.length === 0) say('None.');
        else {
          const lines = rows.map((row) => [
            row.id,
            row.receivedAt,
            row.infoType,
            row.parked ? PARKED_BECAUSE[row.parked] : '',
          ]);
          await print(`${table(lines)}\n`);
        }
        return EXIT.done;
      }),
    );
}

function showCommand(): Command {
  return command(
    'show <ID>',
    'What one push says, and what it calls for now. Tickets and codes are left out.',
    'fastregister pushes show 1795229255642-0',
  )
    .option('--raw', 'its query and its body, as they came')
    .option('--json', 'print as JSON')
    .action(async (id: string, options: { raw?: true; json?: true }, made: Command) =>
      perform(made, { needs: ['push'] }, async ({ open }) => {
        const store = await open('interactive');
        const stored = await findPush(store, id);
        if (options.raw) {
          await print(`${stored.query}\n${stored.body.toString('utf8')}\n`);
          return EXIT.done;
        }
        const { says: said, callsFor } = await explainPush(store, stored);
        const facts = {
          id: stored.id,
          receivedAt: isoWithOffset(stored.receivedAt, store.settings.quotaTimezone),
          infoType: stored.infoType,
          says: said,
          calls_for: callsFor,
        };
        if (options.json) await printJson(facts);
        else {
          const { says, ...rest } = facts;
          await print(`${table([...Object.entries(rest), ...fieldsOf(says)])}\n`);
        }
        return EXIT.done;
      }),
    );
}

function replayCommand(): Command {
  return command(
    'replay [ID...]',
    'Looks at stored pushes again, with the settings and the program of today: all that fit no registration, or those named.',
    'fastregister pushes replay --yes',
  )
    .option('--since <TIME>', 'all that came since: 2026-11-20, "2026-11-20 22:00", or 24h for a day ago')
    .option('--yes', 'record what they say; without it nothing is changed')
    .option('--json', 'print as JSON')
    .action(async (ids: string[], options: { since?: string; yes?: true; json?: true }, made: Command) =>
      perform(made, { needs: ['push', 'encryption'] }, async ({ open, settings }) => {
        const since = sinceFrom(options.since, settings.quotaTimezone);
        const { pushes, changing } = await replayPushes(await open('interactive'), {
          ids,
          since,
          apply: options.yes === true,
        });
        const told = pushes.map(({ id, infoType, callsFor }) => ({ id, infoType, calls_for: callsFor }));
        if (options.json) await printJson(told);
        else if (told.length > 0) await print(`${table(told.map((it) => Object.values(it)))}\n`);
        const dry = changing > 0 && !options.yes;
        say(
          `${told.length} pushes, ${changing} of them ${dry ? 'would change' : options.yes ? 'changed' : 'change'} something.${dry ? ' Nothing was done; pass --yes.' : ''}`,
        );
        return EXIT.done;
      }),
    );
}

function matchCommand(): Command {
  return command(
    'match <ID> <REGISTRATION>',
    'Gives a push that fits no registration to the one that you name, and records what it says.',
    'fastregister pushes match 1795229255642-0 mfrggzdfmztwq2lk',
  ).action(async (id: string, registration: string, _options: object, made: Command) =>
    perform(made, { needs: ['push', 'encryption'] }, async ({ open }) => {
      const { words, changed } = await matchPush(await open('interactive'), id, registration);
      say(changed ? words : `${words}; the push is kept.`);
      return EXIT.done;
    }),
  );
}

function fieldsOf(says: Readonly<Record<string, unknown>>, prefix = ''): [string, string][] {
  return Object.entries(says).flatMap(([name, value]): [string, string][] => {
    if (value === undefined) return [];
    if (typeof value === 'object' && value !== null) return fieldsOf(value as Record<string, unknown>, `${name}.`);
    return [[`${prefix}${name}`, String(value)]];
  });
}

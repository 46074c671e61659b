import { Command } from 'commander';
import { PARKED_BECAUSE } from '../app/push-plan.js';
import { MATCHED_BY, matchedInWords, pushFields, REPLAYED_BY, replayedInWords } from '../app/push-words.js';
import { explainPush, findPush, listPushes, matchPush, replayPushes } from '../app/pushes.js';
import { clockTime, isoWithOffset } from '../domain/calendar.js';
import { same } from '../domain/words.js';
import { AS_JSON, command, EXIT, perform } from './command.js';
import { countFrom, sinceFrom } from './flags.js';
import { spoken, spokenLanguage } from './language.js';
import { print, printData, printJson, say, table } from './terminal.js';
import { whoAsks } from './who.js';

export function pushesCommand(): Command {
  return new Command('pushes')
    .description(
      spoken({
        en: 'The pushes that were received: what they say, which of them fit no registration, and another try for them.',
        zh: '已收到的推送：内容、哪些未匹配到注册，以及重新处理。',
      }),
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
    {
      en: 'The newest pushes, the latest first; or those that fit no registration.',
      zh: '最新的推送，最近的在前；或未匹配到注册的推送。',
    },
    'fastregister pushes list --parked',
  )
    .option(
      '--parked',
      spoken({ en: 'only those that fit no registration, and why', zh: '只列出未匹配到注册的推送及原因' }),
    )
    .option(
      '--most <NUMBER>',
      spoken({
        en: `how many of the newest; default: ${MOST}, and with --parked all`,
        zh: `最新的条数；默认 ${MOST}，加 --parked 时为全部`,
      }),
    )
    .option('--json', spoken(AS_JSON))
    .action(async (options: { parked?: true; most?: string; json?: true }, made: Command) =>
      perform(made, {}, async ({ open }) => {
        const store = await open('interactive');
        const most = options.most === undefined ? undefined : countFrom('--most', options.most);
        const rows = await listPushes(store, options.parked ? { parked: true, most } : { most: most ?? MOST });
        const timezone = store.settings.quotaTimezone;
        if (options.json) {
          await printJson(rows.map((row) => ({ ...row, receivedAt: isoWithOffset(row.receivedAt, timezone) })));
        } else if (rows.length === 0) say({ en: 'None.', zh: '没有推送。' });
        else {
          const lines = rows.map((row) => [
            row.id,
            clockTime(row.receivedAt, timezone, spokenLanguage()),
            row.infoType,
            row.parked ? spoken(PARKED_BECAUSE[row.parked]) : '',
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
    {
      en: 'What one push says, and what it calls for now. Tickets and codes are left out.',
      zh: '一条推送的内容，以及现在需要的处理。不显示票据和授权码。',
    },
    'fastregister pushes show 1795229255642-0',
  )
    .option('--raw', spoken({ en: 'its query and its body, as they came', zh: '原样显示其查询参数和正文' }))
    .option('--json', spoken(AS_JSON))
    .action(async (id: string, options: { raw?: true; json?: true }, made: Command) =>
      perform(made, { needs: ['push'] }, async ({ open }) => {
        const store = await open('interactive');
        const stored = await findPush(store, id);
        if (options.raw) {
          await printData(`${stored.query}\n${stored.body.toString('utf8')}\n`);
          return EXIT.done;
        }
        const { says, callsFor, detail } = await explainPush(store, stored);
        const { infoType } = stored;
        const timezone = store.settings.quotaTimezone;
        const facts = { id: stored.id, receivedAt: isoWithOffset(stored.receivedAt, timezone), infoType };
        if (options.json) await printJson({ ...facts, says: withTimes(says, timezone), calls_for: callsFor.en });
        else {
          const shown = {
            ...facts,
            calls_for: spoken(callsFor),
            ...says,
            ...(detail !== undefined && { detail: spoken(detail) }),
          };
          const time = (at: number): string => clockTime(at, timezone, spokenLanguage());
          const lines = pushFields({ ...shown, receivedAt: stored.receivedAt }, (at) => same(time(at)));
          await print(`${table(lines.map((line) => line.map(spoken)))}\n`);
        }
        return EXIT.done;
      }),
    );
}

/** What a push says has its times in ms since 1970. */
function withTimes(says: Readonly<Record<string, unknown>>, timezone: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(says).map(([name, value]) => [
      name,
      typeof value === 'number' && name.endsWith('At') ? isoWithOffset(value, timezone) : value,
    ]),
  );
}

function replayCommand(): Command {
  return command(
    'replay [ID...]',
    {
      en: 'Looks at stored pushes again, with the settings and the program of today: all that fit no registration, or those named.',
      zh: '按当前的配置和程序重新处理已保存的推送：全部未匹配的，或指定的。',
    },
    'fastregister pushes replay --yes',
  )
    .option(
      '--since <TIME>',
      spoken({
        en: 'all that came since: 2026-11-20, "2026-11-20 22:00", or 24h for a day ago',
        zh: '此后收到的全部推送：2026-11-20、"2026-11-20 22:00"，或 24h（一天前）',
      }),
    )
    .option(
      '--yes',
      spoken({ en: 'record what they say; without it nothing is changed', zh: '记录推送的内容；不加则不作更改' }),
    )
    .option('--json', spoken(AS_JSON))
    .action(async (ids: string[], options: { since?: string; yes?: true; json?: true }, made: Command) =>
      perform(made, { needs: ['push', 'encryption'] }, async ({ open, settings }) => {
        const since = sinceFrom(options.since, settings.quotaTimezone);
        const { pushes, changing } = await replayPushes(await open('interactive'), {
          ids,
          since,
          because: options.yes ? spoken(REPLAYED_BY(whoAsks())) : undefined,
        });
        if (options.json) {
          const time = (at: number): string => isoWithOffset(at, settings.quotaTimezone);
          await printJson(
            pushes.map(({ callsFor, receivedAt, ...facts }) => ({
              ...facts,
              receivedAt: time(receivedAt),
              calls_for: callsFor.en,
            })),
          );
        } else if (pushes.length > 0)
          await print(`${table(pushes.map((it) => [it.id, it.infoType, spoken(it.callsFor)]))}\n`);
        const dry = changing > 0 && !options.yes;
        const { en, zh } = replayedInWords({ pushes, changing }, options.yes === true);
        say({
          en: `${en}${dry ? ' Nothing was done; pass --yes.' : ''}`,
          zh: `${zh}${dry ? '未执行任何操作；请加 --yes 执行。' : ''}`,
        });
        return EXIT.done;
      }),
    );
}

function matchCommand(): Command {
  return command(
    'match <ID> <REGISTRATION>',
    {
      en: 'Gives a push that fits no registration to the one that you name, and records what it says.',
      zh: '将未匹配的推送归入指定的注册，并记录其内容。',
    },
    'fastregister pushes match 1795229255642-0 mfrggzdfmztwq2lk',
  ).action(async (id: string, registration: string, _options: object, made: Command) =>
    perform(made, { needs: ['push', 'encryption'] }, async ({ open }) => {
      const { words, changed } = await matchPush(
        await open('interactive'),
        id,
        registration,
        spoken(MATCHED_BY(whoAsks())),
      );
      say(matchedInWords(words, changed));
      return EXIT.done;
    }),
  );
}

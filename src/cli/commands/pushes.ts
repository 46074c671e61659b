import { Command } from 'commander';
import { AS_JSON, command, perform } from '../command.js';
import { spoken } from '../language.js';

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
      perform(made, {}, async (context) => (await import('../pushes.js')).listPushesAction(context, MOST, options)),
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
      perform(made, { needs: ['push'] }, async (context) =>
        (await import('../pushes.js')).showPushAction(context, id, options),
      ),
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
      perform(made, { needs: ['push', 'encryption'] }, async (context) =>
        (await import('../pushes.js')).replayPushesAction(context, ids, options),
      ),
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
    perform(made, { needs: ['push', 'encryption'] }, async (context) =>
      (await import('../pushes.js')).matchPushAction(context, id, registration),
    ),
  );
}

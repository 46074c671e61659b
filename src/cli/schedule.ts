import { resolve } from 'node:path';
import {
  addSchedule,
  checkSchedule,
  listSchedules,
  NIGHT_ENDINGS,
  removeSchedule,
  scheduleNamed,
} from '../app/schedule.js';
import type { Store } from '../app/wiring/store.js';
import type { Schedule } from '../domain/night.js';
import { shareAsText } from '../domain/share.js';
import { counted } from '../domain/words.js';
import { planOf } from '../nights/night-scheduler.js';
import { type CommandContext, EXIT } from './command.js';
import { languageFrom, mostInvalidFrom, untilFrom, yesOrNo } from './flags.js';
import { spoken } from './language.js';
import { runNightHere } from './night-run.js';
import { print, printJson, say, table } from './terminal.js';

export interface AddScheduleFlags {
  readonly inbox: string;
  readonly at: string;
  readonly timezone?: string;
  readonly until?: string;
  readonly lang?: string;
  readonly acceptWarnings: string;
  readonly maxInvalid?: string;
}

export async function addScheduleAction(
  { open, settings }: CommandContext,
  name: string,
  options: AddScheduleFlags,
): Promise<number> {
  const schedule: Schedule = {
    name,
    inbox: resolve(options.inbox),
    at: options.at,
    timezone: options.timezone ?? settings.quotaTimezone,
    until: untilFrom(options.until),
    language: languageFrom(options.lang),
    acceptWarnings: yesOrNo('--accept-warnings', options.acceptWarnings),
    mostInvalid: mostInvalidFrom(options.maxInvalid),
    addedAt: Date.now(),
  };
  const next = checkSchedule(schedule);
  await addSchedule(await open('background'), schedule);
  say({
    en: `${name}: the next night is at ${next}, if \`fastregister serve\` runs then, else when it is started.`,
    zh: `${name}：下次执行时间为 ${next}；届时须有 \`fastregister serve\` 在运行，否则在其启动时执行。`,
  });
  return EXIT.done;
}

export async function listSchedulesAction({ open }: CommandContext, options: { json?: true }): Promise<number> {
  const facts = await listSchedules(await open('interactive'));
  if (options.json) await printJson(facts);
  else if (facts.length === 0)
    say({
      en: 'No nightly run yet: fastregister schedule add --help',
      zh: '还没有夜间任务：`fastregister schedule add --help`',
    });
  else {
    await print(
      `${table(
        facts.map(({ name, at, timezone, inbox, acceptWarnings = true, mostInvalid = 1, next, last }) => [
          name,
          `${at} ${timezone}`,
          inbox,
          [
            ...(acceptWarnings ? [] : ['--accept-warnings=no']),
            ...(mostInvalid < 1 ? [`--max-invalid ${shareAsText(mostInvalid)}`] : []),
          ].join(' '),
          spoken({ en: `next ${next}`, zh: `下次 ${next}` }),
          last === undefined
            ? spoken({ en: 'never run', zh: '尚未执行' })
            : spoken({
                en: `last ${last.started}: ${NIGHT_ENDINGS[last.ending].en}, ${counted(last.files, 'file')}, ${last.rejected} rejected`,
                zh: `上次 ${last.started}：${NIGHT_ENDINGS[last.ending].zh}，文件 ${last.files} 个，未导入 ${last.rejected} 个`,
              }),
        ]),
      )}\n`,
    );
  }
  return EXIT.done;
}

export async function removeScheduleAction({ open }: CommandContext, name: string): Promise<number> {
  await removeSchedule(await open('background'), name);
  say({ en: `${name} is removed.`, zh: `已删除 ${name}。` });
  return EXIT.done;
}

export async function runScheduleAction({ open }: CommandContext, name: string): Promise<number> {
  const store: Store = await open('background');
  return runNightHere(store, planOf(await scheduleNamed(store, name)));
}

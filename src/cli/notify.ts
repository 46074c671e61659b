import { Command } from 'commander';
import { NOTIFY_ANSWERS, type NotifyResult, testNotify, WEBHOOK } from '../app/notify-test.js';
import { ROBOTS } from '../domain/robot.js';
import type { Language } from '../domain/words.js';
import type { Settings } from '../settings.js';
import { AS_JSON, command, EXIT, perform } from './command.js';
import { spoken } from './language.js';
import { print, printJson, table } from './terminal.js';

export function notifyCommand(): Command {
  return new Command('notify')
    .description(
      spoken({
        en: 'Messages to the team and to programs, at the addresses of FASTREGISTER_NOTIFY_URL.',
        zh: '向团队和程序发送通知，地址见 FASTREGISTER_NOTIFY_URL。',
      }),
    )
    .addCommand(testCommand().exitOverride());
}

function testCommand(): Command {
  return command(
    'test',
    {
      en: 'Sends a test notice to each address of FASTREGISTER_NOTIFY_URL, and says what each of them answered. Ends with 1 where one did not take it.',
      zh: '向 FASTREGISTER_NOTIFY_URL 的每个地址发送测试通知，并显示各自的应答。有地址未接收时以 1 退出。',
    },
    'fastregister notify test --lang zh',
  )
    .option('--json', spoken(AS_JSON))
    .action(async (options: { json?: true }, made: Command) =>
      perform(made, {}, ({ settings }) => test(settings, options.json === true)),
    );
}

async function test(settings: Settings, asJson: boolean): Promise<number> {
  const { lang } = settings;
  const results = await testNotify(settings);
  if (asJson) await printJson(results.map(({ hint, ...facts }) => ({ ...facts, hint: hint?.[lang] ?? null })));
  else await print(`${table(results.flatMap((result, at) => linesOf(result, at, lang)))}\n`);
  return results.every(({ taken }) => taken) ? EXIT.done : EXIT.ourFault;
}

function linesOf({ robot, address, taken, answer, hint }: NotifyResult, at: number, lang: Language): string[][] {
  const kind = robot === null ? WEBHOOK : ROBOTS[robot];
  const verdict = NOTIFY_ANSWERS[taken ? 'taken' : 'refused'][lang];
  return [
    [String(at + 1), kind[lang], verdict, `${address}${answer === '' ? '' : ` · ${answer}`}`],
    ...(hint === undefined ? [] : [['', '', '', `→ ${hint[lang]}`]]),
  ];
}

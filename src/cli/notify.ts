import { NOTIFY_ANSWERS, type NotifyResult, testNotify, WEBHOOK } from '../app/notify-test.js';
import { ROBOTS } from '../domain/robot.js';
import type { Language } from '../domain/words.js';
import type { Settings } from '../settings.js';
import { EXIT } from './command.js';
import { print, printJson, table } from './terminal.js';

export async function testNotifyAction(settings: Settings, asJson: boolean): Promise<number> {
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

import type { Command } from 'commander';
import { type Meaning, meaningsOf } from '../app/code-meanings.js';
import { storyOf } from '../app/history.js';
import { registrationNamed } from '../app/registration-named.js';
import { isoWithOffset } from '../domain/calendar.js';
import { isIdentity } from '../domain/merchant.js';
import { ACTORS, type Language, type Words } from '../domain/words.js';
import { historyPage } from '../reporter/history.js';
import { nextOf } from '../reporter/next.js';
import { type CommandContext, command, EXIT, perform, UsageError } from './command.js';
import { languageFrom } from './flags.js';
import { print, printJson } from './terminal.js';

interface Options {
  readonly lang?: string;
  readonly json?: true;
}

export function explainCommand(): Command {
  return command(
    'explain <REGISTRATION|CODE>',
    "A merchant's whole history; or what a code means and calls for: 89249, push:105, sheet:code_length.",
    'fastregister explain create:61070',
  )
    .option('--json', 'print as JSON')
    .action(async (wanted: string, options: Options, made: Command) =>
      perform(made, {}, (context) => explain(context, wanted, options)),
    );
}

async function explain(context: CommandContext, wanted: string, options: Options): Promise<number> {
  const language = languageFrom(options.lang);
  if (isIdentity(wanted)) {
    const store = await context.open('interactive');
    const snapshot = await registrationNamed(store, wanted);
    const story = await storyOf(store, snapshot);
    const time = (at: number): string => isoWithOffset(at, store.settings.quotaTimezone);
    if (options.json) {
      const { history, blockedReason } = story;
      const next = nextOf(snapshot.registration, blockedReason);
      await printJson({ registration: snapshot.registration, line: snapshot.row?.line, next, history });
    } else await print(historyPage(story, language, time));
    return EXIT.done;
  }
  const codes = meaningsOf(wanted);
  if (codes.length === 0) {
    throw new UsageError(
      `${wanted} is neither a registration nor a code that we know. A registration has 16 letters and digits; a code is written as in the report's problem, e.g. create:61070.`,
    );
  }
  if (options.json) await printJson(codes);
  else await print(`${codes.map((code) => describe(code, language)).join('\n')}`);
  return EXIT.done;
}

const WORDS = {
  next: { en: 'next', zh: '下一步' },
  whoActs: { en: 'who acts', zh: '由谁处理' },
  fact: { en: 'recorded as', zh: '记录为' },
  source: { en: 'known from', zh: '依据' },
} as const satisfies Record<string, Words>;

function describe({ problem, reason, next_step, who_acts, source, fact }: Meaning, language: Language): string {
  const colon = language === 'zh' ? '：' : ': ';
  const lines = [
    problem,
    `  ${reason[language]}`,
    `  ${WORDS.next[language]}${colon}${next_step[language]}`,
    `  ${WORDS.whoActs[language]}${colon}${ACTORS[who_acts][language]}`,
    ...(fact === undefined ? [] : [`  ${WORDS.fact[language]}${colon}${fact[language]}`]),
    ...(source === undefined ? [] : [`  ${WORDS.source[language]}${colon}${source[language]}`]),
  ];
  return `${lines.join('\n')}\n`;
}

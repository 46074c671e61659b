import { type Meaning, meaningsOf } from '../app/code-meanings.js';
import { ACTORS, type Language, type Words } from '../domain/words.js';
import { type CommandContext, EXIT, UsageError } from './command.js';
import { languageFrom } from './flags.js';
import { print, printJson } from './terminal.js';

export interface ExplainFlags {
  readonly lang?: string;
  readonly json?: true;
}

export async function explainAction(context: CommandContext, wanted: string, options: ExplainFlags): Promise<number> {
  const language = languageFrom(options.lang);
  const codes = meaningsOf(wanted);
  if (codes.length > 0) {
    if (options.json) await printJson(codes);
    else await print(`${codes.map((code) => describe(code, language)).join('\n')}`);
    return EXIT.done;
  }
  if (IS_LIKE_A_CODE.test(wanted)) throw new UsageError(UNKNOWN_CODE(wanted));
  // A code is explained without the ledger, and what reads it takes as long to load as all the rest.
  const { explainMerchant } = await import('./explain-merchant.js');
  return explainMerchant(context, wanted.trim(), language, options.json === true);
}

/** Numbers of WeChat, and `create:61070`: they never mean a merchant, also where we do not know them. */
const IS_LIKE_A_CODE = /^\s*(?:-?\d{1,6}|[a-z_]+:\S*)\s*$/;

const UNKNOWN_CODE = (wanted: string): Words => ({
  en: `${wanted} is no code that we know. A code is written as in the report's problem, e.g. create:61070.`,
  zh: `没有代码 ${wanted} 的说明。代码的写法与报告的 problem 列相同，例如 create:61070。`,
});

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

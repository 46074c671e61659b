import type { Command } from 'commander';
import { limitsOf } from '../app/wiring/limits.js';
import type { Store } from '../app/wiring/store.js';
import { isoWithOffset } from '../domain/calendar.js';
import { isIdentity } from '../domain/merchant.js';
import { PROBLEMS, problemNextStep, problemReason } from '../domain/problems.js';
import { FACTS } from '../domain/registration.js';
import type { Snapshot } from '../domain/snapshot.js';
import { ACTORS, type Language, type Words } from '../domain/words.js';
import { batchOf } from '../redis/ledger/ledger.js';
import { historyPage, rowsNamed, type Story } from '../reporter/history.js';
import { nextOf } from '../reporter/next.js';
import { sendingStatus } from '../reporter/sending-status.js';
import { troubleOf } from '../reporter/sentences.js';
import { INTERNAL_PROBLEMS } from '../reporter/troubles.js';
import { explain as explainAnswer, SOURCES } from '../wechat/answers.js';
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
    const snapshot = await store.ledger.read(wanted);
    if (snapshot === undefined)
      throw new UsageError(`There is no registration ${wanted}. The report names it as registration_id.`);
    const story = await storyOf(store, snapshot);
    const time = (at: number): string => isoWithOffset(at, store.settings.quotaTimezone);
    if (options.json) {
      const { history, blockedReason } = story;
      const next = nextOf(snapshot.registration, blockedReason);
      await printJson({ registration: snapshot.registration, line: snapshot.row?.line, next, history });
    } else await print(historyPage(story, language, time));
    return EXIT.done;
  }
  const codes = meanings(wanted);
  if (codes.length === 0) {
    throw new UsageError(
      `${wanted} is neither a registration nor a code that we know. A registration has 16 letters and digits; a code is written as in the report's problem, e.g. create:61070.`,
    );
  }
  if (options.json) await printJson(codes);
  else await print(`${codes.map((code) => describe(code, language)).join('\n')}`);
  return EXIT.done;
}

interface Meaning {
  readonly problem: string;
  readonly reason: Words;
  readonly next_step: Words;
  readonly who_acts: keyof typeof ACTORS;
  readonly source?: Words;
  /** What fastregister does with it. */
  readonly fact?: Words;
}

function meanings(code: string): Meaning[] {
  const own = Object.hasOwn(INTERNAL_PROBLEMS, code) || code.startsWith('token:') ? troubleOf(code) : undefined;
  if (own !== undefined) return [{ problem: code, reason: own, next_step: own.nextStep, who_acts: own.acts }];
  const sheet = code.startsWith('sheet:') ? code : `sheet:${code}`;
  if (Object.hasOwn(PROBLEMS, sheet)) {
    const problem = { code: sheet };
    return [
      {
        problem: sheet,
        reason: problemReason(problem),
        next_step: problemNextStep(problem),
        who_acts: PROBLEMS[sheet as keyof typeof PROBLEMS].who,
      },
    ];
  }
  return explainAnswer(code).map(({ problem, answer }) => ({
    problem,
    reason: { en: answer.en, zh: answer.zh },
    next_step: answer.nextStep,
    who_acts: answer.acts,
    source: SOURCES[answer.source],
    fact: { en: FACTS[answer.fact].en, zh: FACTS[answer.fact].zh },
  }));
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

export async function storyOf(store: Store, snapshot: Snapshot): Promise<Story> {
  const { id } = snapshot.registration;
  const history = await store.ledger.history(id);
  const pointers = rowsNamed({ snapshot, history });
  const batches = await Promise.all([...new Set(pointers.map(batchOf))].map((batch) => store.batches.find(batch)));
  const rows = await Promise.all(
    pointers.map(async (pointer) => [pointer, await store.batches.rowAt(pointer)] as const),
  );
  const { blockedReason } = await sendingStatus(
    store.calls,
    limitsOf(store.settings),
    Date.now(),
    store.settings.wechatRegistrationApi,
  );
  return {
    snapshot,
    history,
    batches: new Map(batches.flatMap((batch) => (batch === undefined ? [] : [[batch.id, batch] as const]))),
    lines: new Map(
      rows.flatMap(([pointer, named]) => (named === undefined ? [] : [[pointer, named.row.line] as const])),
    ),
    blockedReason,
  };
}

import type { Command } from 'commander';
import type { Store } from '../app.js';
import { isoWithOffset } from '../domain/calendar.js';
import { PROBLEMS, problemNextStep, problemReason } from '../domain/problems.js';
import { FACTS, MOVES, type Registration, STATES } from '../domain/registration.js';
import { ACTORS, type Language } from '../domain/words.js';
import { batchOf, type HistoryEntry, type View } from '../redis/ledger.js';
import { troubleOf } from '../reporter/sentences.js';
import { TROUBLES } from '../reporter/troubles.js';
import { explain as explainAnswer, SOURCES } from '../wechat/answers.js';
import { command, type Doorway, EXIT, perform, UsageError } from './command.js';
import { languageFrom } from './report.js';
import { print, printJson } from './terminal.js';

interface Options {
  readonly lang: string;
  readonly json?: true;
}

export function explainCommand(): Command {
  return command(
    'explain <REGISTRATION|CODE>',
    "A merchant's whole history; or what a code means and calls for: 89249, push:105, sheet:code_length.",
    'fastregister explain create:61070',
  )
    .option('--lang <zh|en>', 'language of the sentences', 'en')
    .option('--json', 'print as JSON')
    .action(async (wanted: string, options: Options, made: Command) =>
      perform(made, {}, (doorway) => explain(doorway, wanted, options)),
    );
}

async function explain(doorway: Doorway, wanted: string, options: Options): Promise<number> {
  const language = languageFrom(options.lang);
  if (/^[a-z2-7]{16}$/.test(wanted)) {
    const store = await doorway.open('door');
    const view = await store.ledger.read(wanted);
    if (view === undefined)
      throw new UsageError(`There is no registration ${wanted}. The report names it as registration_id.`);
    const history = await store.ledger.history(wanted);
    if (options.json)
      await printJson({ registration: withoutSecrets(view.registration), line: view.row?.line, history });
    else await print(await page(store, view, history, language));
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
  readonly reason: { en: string; zh: string };
  readonly next_step: { en: string; zh: string };
  readonly who_acts: keyof typeof ACTORS;
  readonly source?: string;
  /** What fastregister does with it. */
  readonly fact?: string;
}

function meanings(code: string): Meaning[] {
  const own = TROUBLES[code];
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
    fact: FACTS[answer.fact].en,
  }));
}

function describe({ problem, reason, next_step, who_acts, source, fact }: Meaning, language: Language): string {
  const lines = [
    problem,
    `  ${reason[language]}`,
    `  next: ${next_step[language]}`,
    `  who acts: ${ACTORS[who_acts][language]}`,
    ...(fact === undefined ? [] : [`  recorded as: ${fact}`]),
    ...(source === undefined ? [] : [`  known from: ${source}`]),
  ];
  return `${lines.join('\n')}\n`;
}

async function page(store: Store, view: View, history: readonly HistoryEntry[], language: Language): Promise<string> {
  const { registration, row } = view;
  const time = (at: number): string => isoWithOffset(at, store.settings.quotaTimezone);
  const batch = await store.batches.find(batchOf(registration.row));
  const state = STATES[registration.state];
  const trouble = troubleOf(registration.problem);
  const lines = [
    `${registration.id}: ${registration.state}`,
    `  ${state[language]}`,
    ...(trouble ? [`  ${registration.problem}: ${trouble[language]}`, `  next: ${trouble.nextStep[language]}`] : []),
    `  who acts: ${ACTORS[state.acts][language]}`,
    ...(registration.until !== undefined ? [`  goes on at ${time(registration.until)}`] : []),
    ...(registration.appid
      ? [`  appid ${registration.appid}, authorization ${registration.authorizer ?? 'not exchanged yet'}`]
      : []),
    '',
    `${batch ? time(batch.loadedAt) : ''}  row_accepted  line ${row?.line ?? '?'} of ${batch?.file ?? 'a purged batch'} (${registration.row})`,
    ...(row?.problems ?? []).map((problem) => `  ${problemReason(problem)[language]}`),
    ...registration.alsoRows.map((also) => `  also asked for by ${also}`),
    ...history.flatMap((entry) => entryLines(entry, time)),
  ];
  return `${lines.join('\n')}\n`;
}

function entryLines(entry: HistoryEntry, time: (at: number) => string): string[] {
  const what = [entry.kind, entry.problem, entry.said, entry.appid].filter(Boolean).join('  ');
  const after = entry.to === undefined ? 'changed nothing' : `→ ${entry.to}`;
  const until = entry.until === undefined ? '' : ` until ${time(entry.until)}`;
  return [`${time(entry.at)}  ${what}  ${after}${until}`, `  ${FACTS[entry.kind].en}${becauseOf(entry)}`];
}

/** The rule that was applied is not stored; several rules of one fact can lead to one state. */
function becauseOf(entry: HistoryEntry): string {
  if (entry.because) return `: ${entry.because}`;
  const rules = MOVES.filter((move) => move.fact === entry.kind && move.to === entry.to);
  return rules.length === 1 && rules[0] ? `; ${rules[0].because}` : '';
}

function withoutSecrets({ authCode: _, ...rest }: Registration): Omit<Registration, 'authCode'> {
  return rest;
}

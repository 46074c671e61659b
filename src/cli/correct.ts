/** `correct`: what would change → a question → a batch of one row. */
import { applyCorrection, type Correction, type Corrections, previewCorrection } from '../app/correct.js';
import {
  becomesInWords,
  CREATED,
  DONE,
  INVALID,
  OVERTAKEN,
  QUESTION,
  type SendAgain,
  SUFFIX,
  UNCHANGED,
} from '../app/correct-words.js';
import { NOTHING_DONE } from '../app/retry-cancel-words.js';
import { rulesOf } from '../app/wiring/registration-api.js';
import { columnName } from '../domain/columns.js';
import { readAuthor, readReason } from '../domain/note.js';
import { nextStepsOf, type Problem, problemReason, worstFirst } from '../domain/problems.js';
import type { Language, Words } from '../domain/words.js';
import type { CheckedSheetRow } from '../producer/checked-page.js';
import { type CommandContext, EXIT, UsageError } from './command.js';
import { registrationId } from './exact-id.js';
import { languageFrom } from './flags.js';
import { agreed } from './question.js';
import { print, printJson, say, table } from './terminal.js';
import { whoAsks } from './who.js';

export interface CorrectFlags {
  readonly name?: string;
  readonly code?: string;
  readonly codeType?: string;
  readonly legalPersonaWechat?: string;
  readonly legalPersonaName?: string;
  readonly componentPhone?: string;
  readonly by?: string;
  readonly because?: string;
  readonly yes?: true;
  readonly lang?: string;
  readonly json?: true;
}

export async function correctAction(
  { open, settings }: CommandContext,
  id: string,
  options: CorrectFlags,
): Promise<number> {
  const language = languageFrom(options.lang);
  const registration = registrationId('correct', id);
  const corrections = correctionsFrom(options);
  const author = readAuthor(options.by ?? whoAsks());
  if (author.kind === 'fault') throw new UsageError(author.words);
  const reason = readReason(options.because ?? '');
  if (reason.kind === 'fault') throw new UsageError(reason.words);
  const store = await open('interactive');
  const { ledger, batches } = store;
  const tools = { ledger, batches, rules: rulesOf(settings, true, store.identify) };
  const preview = await previewCorrection(tools, registration, corrections);
  const facts = { registration_id: registration };
  switch (preview.kind) {
    case 'created':
      if (options.json) await printJson({ ...facts, becomes: 'already_created', appid: preview.appid ?? null });
      else say(CREATED(preview.appid)[language]);
      return EXIT.done;
    case 'unchanged':
      if (options.json) await printJson({ ...facts, becomes: 'unchanged', batch: preview.batch, known: true });
      else {
        say(UNCHANGED(registration, preview.batch, preview.state, retryCommand)[language]);
        await print(`${preview.batch}\n`);
      }
      return EXIT.done;
    case 'invalid':
      if (options.json) await printJson({ ...facts, becomes: 'invalid', problems: problemsIn(preview, language) });
      else for (const line of [INVALID[language], ...problemLines(preview, language)]) say(line);
      return EXIT.someNeedAPerson;
    case 'ready':
      break;
  }

  const { correction } = preview;
  const shown = { ...facts, changes: correction.changes, problems: problemsIn(correction, language) };
  if (options.json && !options.yes) {
    await printJson({ ...shown, becomes: correction.becomes });
    return EXIT.done;
  }
  // A script's stderr may end in a log; the JSON has the changes.
  if (!options.json) for (const line of previewLines(correction, language)) say(line);
  if (!options.yes && !(await agreed(QUESTION))) {
    say(NOTHING_DONE[language]);
    return EXIT.done;
  }
  const by = { who: author.name, because: reason.text, suffix: SUFFIX[language], now: Date.now };
  const done = await applyCorrection(tools, correction, by);
  if (done.kind === 'overtaken') throw new UsageError(OVERTAKEN);
  if (options.json) await printJson({ ...shown, becomes: done.became, batch: done.batch.id, known: false });
  else {
    say(DONE[done.became][language]);
    await print(`${done.batch.id}\n`);
  }
  return EXIT.done;
}

/** @throws UsageError */
function correctionsFrom(options: CorrectFlags): Corrections {
  if (options.code !== undefined) {
    throw new UsageError({
      en: 'Another code is another enterprise, and has a registration of its own: load a sheet with a row for it (`fastregister load FILE`).',
      zh: '代码不同就是另一家企业，须单独注册：请在表格中另写一行并导入（`fastregister load 文件`）。',
    });
  }
  const corrections: Corrections = {
    name: options.name,
    code_type: options.codeType,
    legal_persona_wechat: options.legalPersonaWechat,
    legal_persona_name: options.legalPersonaName,
    component_phone: options.componentPhone,
  };
  if (Object.values(corrections).every((value) => value === undefined)) {
    throw new UsageError({
      en: 'Say what is corrected: --name, --legal-persona-wechat, --legal-persona-name, --code-type or --component-phone.',
      zh: '请写明要更正的内容：--name、--legal-persona-wechat、--legal-persona-name、--code-type 或 --component-phone。',
    });
  }
  return corrections;
}

interface Checked {
  readonly row: Pick<CheckedSheetRow, 'problems'>;
  readonly headings: readonly string[];
}

/** A row of its own has no cell to look for: its heading says which detail is meant. */
function problemsOf({ row, headings }: Checked) {
  const problems: readonly Problem[] = row.problems;
  return worstFirst(problems).map((problem) => {
    const letters = /^[A-Z]+/.exec(problem.cell ?? '')?.[0];
    return { ...problem, cell: letters === undefined ? '' : (headings[columnOf(letters)] ?? '') };
  });
}

function columnOf(letters: string): number {
  return [...letters].reduce((column, letter) => column * 26 + letter.charCodeAt(0) - 64, 0) - 1;
}

function problemsIn(checked: Checked, language: Language): object[] {
  return problemsOf(checked).map((problem) => ({
    problem: problem.code,
    severity: problem.severity,
    reason: problemReason(problem)[language],
  }));
}

function problemLines(checked: Checked, language: Language): string[] {
  const problems = problemsOf(checked);
  return [...problems.map(problemReason), ...nextStepsOf(problems)].map((words) => `  ${words[language]}`);
}

function previewLines(correction: Correction, language: Language): string[] {
  const { registration, changes, from } = correction;
  return [
    PLACE(registration.id, from.row.line, from.batch.file)[language],
    table(changes.map(({ field, before, after }) => [`  ${columnName(field)[language]}`, shownChange(before, after)])),
    ...problemLines(correction, language),
    becomesInWords(correction, retryCommand)[language],
  ];
}

function shownChange(before: string, after: string): string {
  return `${before || '–'} → ${after || '–'}`;
}

const PLACE = (id: string, line: number, file: string): Words => ({
  en: `Registration ${id}, line ${line} of ${file}:`,
  zh: `商户 ${id}（${file} 第 ${line} 行）：`,
});

const retryCommand: SendAgain = (id, only) => {
  const command = `\`fastregister retry ${id}${only === 'needs_review' ? ' --only needs_review' : ''}\``;
  return { en: command, zh: ` ${command}` };
};

/** `correct`: what would change → a question → a batch of one row. */
import { type Command, Option } from 'commander';
import {
  applyCorrection,
  type Becomes,
  type Correction,
  type CorrectionDone,
  type Corrections,
  previewCorrection,
} from '../app/correct.js';
import { rulesOf } from '../app/wiring/registration-api.js';
import { columnName } from '../domain/columns.js';
import { readAuthor, readReason } from '../domain/note.js';
import { nextStepsOf, type Problem, problemReason, worstFirst } from '../domain/problems.js';
import type { State } from '../domain/registration.js';
import type { Language, Words } from '../domain/words.js';
import type { CheckedSheetRow } from '../producer/checked-rows.js';
import { type CommandContext, command, DO_NOT_ASK, EXIT, PREVIEW_AS_JSON, perform, UsageError } from './command.js';
import { registrationId } from './exact-id.js';
import { languageFrom } from './flags.js';
import { spoken } from './language.js';
import { agreed } from './question.js';
import { print, printJson, say, table } from './terminal.js';
import { whoAsks } from './who.js';

interface Options {
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

export function correctCommand(): Command {
  const made = command(
    'correct <REGISTRATION>',
    {
      en: "Corrects one merchant's details and sends them, checked like a row of a sheet; shows what changes and asks first.",
      zh: '更正一个商户的信息并提交：与表格一样校验，先列出改动并询问。',
    },
    'fastregister correct abcdefgh234567ab --legal-persona-wechat zhang-san-88',
  )
    .option('--name <TEXT>', spoken({ en: 'the name of the enterprise', zh: '企业名称' }))
    .option('--legal-persona-wechat <ID>', spoken({ en: "the legal person's Weixin ID", zh: '法人微信号' }))
    .option('--legal-persona-name <TEXT>', spoken({ en: "the legal person's name", zh: '法人姓名' }))
    .option(
      '--code-type <1|2|3>',
      spoken({ en: "the code's type; '' lets it follow from the code", zh: "代码类型；写 '' 则按代码判断" }),
    )
    .addOption(new Option('--code <CODE>').hideHelp())
    .option(
      '--by <NAME>',
      spoken({
        en: 'who corrects it, for the history; default: the user of this machine',
        zh: '更正人；默认为本机用户',
      }),
    )
    .option('--because <TEXT>', spoken({ en: 'why, for everybody who looks', zh: '原因，供查看的人了解' }))
    .option('--yes', spoken(DO_NOT_ASK))
    .option('--json', spoken(PREVIEW_AS_JSON));
  // The same flag is the setting's; here it is the phone of the row.
  const phone = made.options.find(({ long }) => long === '--component-phone');
  if (phone !== undefined)
    Object.assign(phone, {
      hidden: false,
      description: spoken({ en: "the row's contact phone", zh: '该行的客服电话' }),
    });
  return made.action(async (id: string, options: Options) =>
    perform(made, {}, (context) => correct(context, id, options)),
  );
}

async function correct({ open, settings }: CommandContext, id: string, options: Options): Promise<number> {
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
        say(UNCHANGED(registration, preview.batch, preview.state)[language]);
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
function correctionsFrom(options: Options): Corrections {
  if (options.code !== undefined) {
    throw new UsageError({
      en: 'Another code is another enterprise, and has a registration of its own: load a sheet with a row for it (`fastregister load FILE`).',
      zh: '代码不同就是另一家企业，须单独注册：请在表格中另写一行并导入（`fastregister load FILE`）。',
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
  const { registration, changes, becomes, from } = correction;
  const isUnknown = registration.state === 'needs_review' && becomes === 'waits';
  return [
    PLACE(registration.id, from.row.line, from.batch.file)[language],
    table(changes.map(({ field, before, after }) => [`  ${columnName(field)[language]}`, shownChange(before, after)])),
    ...problemLines(correction, language),
    isUnknown ? UNKNOWN_OUTCOME(registration.id)[language] : BECOMES[becomes][language],
  ];
}

function shownChange(before: string, after: string): string {
  return `${before || '–'} → ${after || '–'}`;
}

// --- words ------------------------------------------------------------------------------------------------------------

const SUFFIX: Words = { en: ' (correction)', zh: '（更正）' };

const PLACE = (id: string, line: number, file: string): Words => ({
  en: `Registration ${id}, line ${line} of ${file}:`,
  zh: `商户 ${id}（${file} 第 ${line} 行）：`,
});

const BECOMES: Readonly<Record<Becomes, Words>> = {
  begins: { en: 'It is sent as a new attempt.', zh: '将以更正后的信息重新提交。' },
  replaces: {
    en: 'The old row was not sent yet: it is cancelled, and the corrected one is sent instead.',
    zh: '旧的一行尚未提交：将被撤回，改为提交更正后的信息。',
  },
  leads: { en: 'It was not sent yet: it is sent with the corrected phone.', zh: '尚未提交，将以更正后的电话提交。' },
  joins: {
    en: 'What changes makes no other task at WeChat: nothing more is sent now, and the row gets the outcome of the present attempt.',
    zh: '所改内容不会形成新的任务：现在不再提交，结果与当前一次相同。',
  },
  waits: {
    en: 'A task of this enterprise may be running at WeChat: the corrected details wait, and are sent automatically if it fails.',
    zh: '该企业可能有任务正在微信中执行：更正后的信息会等待，任务失败后自动提交。',
  },
};

const UNKNOWN_OUTCOME = (id: string): Words => ({
  en: `The outcome of the last attempt is not known: the corrected details wait. Ask the merchant first; \`fastregister retry ${id} --only needs_review\` then sends them.`,
  zh: `上一次提交的结果未知：更正后的信息会等待。请先向商户确认，再用 \`fastregister retry ${id} --only needs_review\` 提交。`,
});

const QUESTION: Words = { en: 'Send the corrected details?', zh: '将提交更正后的信息。' };
const NOTHING_DONE: Words = { en: 'Nothing was done.', zh: '没有执行任何操作。' };

const DONE: Readonly<Record<CorrectionDone['became'], Words>> = {
  sent: {
    en: 'The corrected details are queued; a worker sends them, and a receiver takes the result (`fastregister serve`). Batch:',
    zh: '更正后的信息已排队，由工作进程提交，由接收服务接收结果（`fastregister serve`）。批次：',
  },
  joins: {
    en: 'Nothing more is sent: the row gets the outcome of the present attempt. Batch:',
    zh: '不再提交，结果与当前一次相同。批次：',
  },
  waits: {
    en: 'The corrected details wait for the end of the task that may be running; a worker and a receiver have to run for that (`fastregister serve`). Batch:',
    zh: '更正后的信息正在等待可能在执行的任务结束；此期间须有工作进程和接收服务运行（`fastregister serve`）。批次：',
  },
  already_created: {
    en: 'The Mini Program was created meanwhile: nothing is sent. Batch:',
    zh: '小程序刚刚已创建，不再提交。批次：',
  },
};

const CREATED = (appid: string | undefined): Words => ({
  en: `The merchant has a Mini Program${appid === undefined ? '' : ` (${appid})`}: nothing is sent.`,
  zh: `该商户已有小程序${appid === undefined ? '' : `（${appid}）`}，不再提交。`,
});

const UNCHANGED = (id: string, batch: string, state: State): Words => {
  const isFailed = state === 'rejected' || state === 'expired' || state === 'cancelled';
  return {
    en: `These are the details that batch ${batch} has already: nothing was changed.${isFailed ? ` To send them as they are: fastregister retry ${id}` : ''}`,
    zh: `批次 ${batch} 的信息与此相同，没有任何更改。${isFailed ? `如需原样重新提交：fastregister retry ${id}` : ''}`,
  };
};

const INVALID: Words = {
  en: 'The checks refuse the corrected details; nothing is sent:',
  zh: '更正后的信息未通过校验，不予提交：',
};

const OVERTAKEN: Words = {
  en: 'Somebody else has changed these details in the meantime: nothing was sent. Run the command again to see what it would do now.',
  zh: '其他人刚刚改动了这些信息，没有提交。请重新执行命令查看现在的情况。',
};

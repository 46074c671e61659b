import type { Command } from 'commander';
import { NO_SHEET_HAS, SETTLE_SUMMARY, TODO_SUMMARY, todo, unknownHeadings } from '../app/todo.js';
import { clockTime, isoWithOffset } from '../domain/calendar.js';
import { ACTORS } from '../domain/words.js';
import { writeWhole } from '../reporter/file.js';
import { isToSettle, TODO_COLUMNS, type Todo, todoCells, todoCsv, todoWorkbook } from '../reporter/todo.js';
import { AS_JSON, type CommandContext, command, EXIT, perform } from './command.js';
import { isWorkbook, languageFrom, namesWithWords, whoFrom } from './flags.js';
import { spoken } from './language.js';
import { printData, printJson, say } from './terminal.js';

interface Options {
  readonly output?: string;
  readonly force?: true;
  readonly contact?: string;
  readonly who?: string;
  readonly notContacted?: true;
  readonly lang?: string;
  readonly json?: true;
}

const { nobody: _, ...WITH_TODOS } = ACTORS;

export function todoCommand(): Command {
  return command(
    'todo',
    {
      en: 'Merchants to contact, over all batches, the most urgent first: pending ones whose 24 hours still run, then those that failed.',
      zh: '所有批次中需要联系的商户，最紧急的在前：先列 24 小时未到的，再列未成功的。',
    },
    'fastregister todo --lang zh -o todo.xlsx',
  )
    .option(
      '-o, --output <FILE>',
      spoken({
        en: 'write to this file; NAME.xlsx is a workbook, any other name CSV',
        zh: '写入此文件；文件名以 .xlsx 结尾时为 Excel 工作簿，否则为 CSV',
      }),
    )
    .option('--force', spoken({ en: 'overwrite the file', zh: '覆盖已有文件' }))
    .option(
      '--contact <HEADING,...>',
      spoken({
        en: "the sheet's contact columns; default: every column whose heading mentions a contact or a phone",
        zh: '表格中的联系方式列；默认为表头含“联系”“电话”或“手机”的列',
      }),
    )
    .option(
      '--not-contacted',
      spoken({
        en: 'only merchants that were not contacted yet (`note --contacted`)',
        zh: '只列尚未联系过的商户（`note --contacted` 记录已联系）',
      }),
    )
    .option(
      '--who <WHO,...>',
      spoken({
        en: `only rows whose next step is theirs: ${Object.keys(WITH_TODOS).join(', ')}; default: legal_person, merchant. With us: rows that an operator has to settle`,
        zh: `只列下一步由谁处理的行：${namesWithWords(WITH_TODOS)}；默认为 legal_person、merchant。用 us 列出需由运营人员处理的行`,
      }),
    )
    .option('--json', spoken(AS_JSON))
    .action(async (options: Options, made: Command) => perform(made, {}, (context) => listTodos(context, options)));
}

async function listTodos({ open, settings }: CommandContext, options: Options): Promise<number> {
  const language = languageFrom(options.lang);
  const who = whoFrom(options.who, WITH_TODOS);
  const store = await open('interactive');
  const contact = options.contact?.split(',').map((heading) => heading.trim());
  const todos = await todo(store, language, { contact, notContacted: options.notContacted, who });
  const time = (at: number): string => isoWithOffset(at, settings.quotaTimezone);
  const shown = (at: number): string => clockTime(at, settings.quotaTimezone, language);

  if (options.output !== undefined) {
    const pieces: AsyncIterable<string | Uint8Array> = isWorkbook(options.output)
      ? todoWorkbook(todos, shown, language)
      : todoCsv(todos, time, language);
    await writeWhole(options.output, pieces, options.force === true);
    say({ en: `Written: ${options.output}`, zh: `已写入：${options.output}` });
  } else if (options.json) await printJson(todos.map((it) => asJson(it, time)));
  else for await (const piece of todoCsv(todos, time, language)) await printData(piece);

  const urgent = todos.filter(({ confirmBy }) => confirmBy !== undefined).length;
  const contacted = todos.filter(({ notes }) => notes.contactedAt !== undefined).length;
  const summary = [...(who ?? [])].some(isToSettle)
    ? SETTLE_SUMMARY(todos.length, contacted)
    : TODO_SUMMARY(todos.length, urgent, contacted);
  say(summary[language]);
  const unknown = contact === undefined ? [] : await unknownHeadings(store, contact);
  if (unknown.length > 0) say(NO_SHEET_HAS(unknown));
  return EXIT.done;
}

function asJson(it: Todo, time: (at: number) => string): Record<string, string> {
  const cells = todoCells(it, time, 'en');
  return Object.fromEntries(TODO_COLUMNS.map((column, at) => [column, cells[at] ?? '']));
}

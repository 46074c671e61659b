import { NO_SHEET_HAS, SETTLE_SUMMARY, TODO_SUMMARY, todo, unknownHeadings } from '../app/todo.js';
import { clockTime, isoWithOffset } from '../domain/calendar.js';
import { writeWhole } from '../reporter/file.js';
import { isToSettle, TODO_COLUMNS, type Todo, todoCells, todoCsv, todoWorkbook } from '../reporter/todo.js';
import { type CommandContext, EXIT } from './command.js';
import { isWorkbook, languageFrom, WITH_TODOS, whoFrom } from './flags.js';
import { printData, printJson, say } from './terminal.js';

export interface TodoFlags {
  readonly output?: string;
  readonly force?: true;
  readonly contact?: string;
  readonly who?: string;
  readonly notContacted?: true;
  readonly lang?: string;
  readonly json?: true;
}

export async function todoAction({ open, settings }: CommandContext, options: TodoFlags): Promise<number> {
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

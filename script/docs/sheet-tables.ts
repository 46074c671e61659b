/** The tables of docs/sheets.md and docs/zh/sheets.md, printed from `columns`, `problems` and `sheet-limits`. */
import { COLUMNS, FIELDS } from '../../src/domain/columns.js';
import { PROBLEMS, type ProblemCode } from '../../src/domain/problems.js';
import { SHEET_LIMITS } from '../../src/domain/sheet-limits.js';
import { ACTORS } from '../../src/domain/words.js';

const REQUIRED = {
  always: 'yes',
  persona: 'by `fastregisterweapp`',
  never: 'no',
} as const;

export function columnsTable(): string {
  return table(
    ['column', 'also known as', 'required', 'note'],
    FIELDS.map((field) => {
      const { aliases, lesser, required, note } = COLUMNS[field];
      return [`\`${field}\``, [...aliases, ...lesser].join(', '), REQUIRED[required], note.en];
    }),
  );
}

/** Errors first: they stop a row. */
export function problemsTable(severity: 'error' | 'warning'): string {
  const codes = (Object.keys(PROBLEMS) as ProblemCode[]).filter((code) => PROBLEMS[code].severity === severity);
  return table(
    ['problem', 'what is said', 'what to do', 'who acts', '说明', '处理办法'],
    codes.map((code) => {
      const { says, next, who } = PROBLEMS[code];
      return [`\`${code}\``, says.en, next.en, ACTORS[who].en, says.zh, next.zh];
    }),
  );
}

export function columnsInChinese(): string {
  return table(
    ['列', '也可写作', '说明'],
    FIELDS.map((field) => {
      const { aliases, lesser, note } = COLUMNS[field];
      const [usual = field, ...others] = [...aliases, ...lesser];
      return [usual, [...others, `\`${field}\``].join('、'), note.zh];
    }),
  );
}

export function problemsInChinese(severity: 'error' | 'warning'): string {
  const codes = (Object.keys(PROBLEMS) as ProblemCode[]).filter((code) => PROBLEMS[code].severity === severity);
  return table(
    ['说明', '处理办法', '由谁处理', '代码'],
    codes.map((code) => {
      const { says, next, who } = PROBLEMS[code];
      return [says.zh.replaceAll('{detail}', '…'), next.zh.replaceAll('{detail}', '…'), ACTORS[who].zh, `\`${code}\``];
    }),
  );
}

export function limitsInChinese(): string {
  return table(
    ['上限', '处理办法'],
    Object.values(SHEET_LIMITS).map(({ most, what, next }) => [`${most.toLocaleString('en-US')} ${what.zh}`, next.zh]),
  );
}

export function limitsTable(): string {
  return table(
    ['at most', 'what', 'what to do', '上限', '处理办法'],
    Object.values(SHEET_LIMITS).map(({ most, what, next }) => {
      const number = most.toLocaleString('en-US');
      return [number, what.en, next.en, `${number} ${what.zh}`, next.zh];
    }),
  );
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  return [headings, headings.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
}

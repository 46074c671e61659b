/** `.env.example`, `docs/settings.md` and `docs/zh/settings.md` are printed from the table of settings: UPDATE_DOCS=1 writes them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { SECTION_WORDS } from '../../src/app/settings-shown.js';
import { displayWidth } from '../../src/domain/printable.js';
import type { Language } from '../../src/domain/words.js';
import { flagOf, SETTINGS_BY_SECTION } from '../../src/settings.js';

test.each([
  ['.env.example', envExample()],
  ['docs/settings.md', settingsPage()],
  ['docs/zh/settings.md', chineseSettingsPage()],
])('%s says what the table of settings says (if not: UPDATE_DOCS=1 npx vitest run test/house)', (name, printed) => {
  const path = fileURLToPath(new URL(`../../${name}`, import.meta.url));
  if (process.env.UPDATE_DOCS) writeFileSync(path, printed);
  expect(readFileSync(path, 'utf8')).toBe(printed);
});

function envExample(): string {
  const sections = Object.entries(SETTINGS_BY_SECTION).map(([title, rows]) => {
    const lines = rows.map(({ name, default: value = '', sentence }) => `# ${sentence.en}\n#${name}=${value}`);
    return `# --- ${title} ---\n\n${lines.join('\n')}\n`;
  });
  return [
    '# Copy to .env and fill in. Every secret can also be read from a file: NAME_FILE=/path instead of NAME=value.\n',
    ...sections,
  ].join('\n');
}

function settingsPage(): string {
  return [
    '# Settings\n',
    'Printed from the table in `src/settings.ts`.\n',
    'A flag wins over the environment, the environment over the file `.env`: the one beside the nearest `.fastregister`, here or in a folder above, or of the',
    'current folder where there is none. A secret is better',
    'kept in a file of its own, which `NAME_FILE` (or its flag) names, than on the command line. An empty value is an unset',
    'one. A name that begins with `FASTREGISTER_` and is not listed here is a fault, so that a slip of the pen is noticed.\n',
    'Every wait has its unit in its value: `250ms`, `30s`, `90m`, `26h`, `5d`.\n',
    ...sections('en', ['name', 'flag', 'default', '']),
  ].join('\n');
}

function chineseSettingsPage(): string {
  return [
    '# 配置\n',
    '参数优先于环境变量，环境变量优先于 `.env`（当前或上级文件夹中最近的 `.fastregister` 旁边的那个；都没有时为当前文件夹的）。机密（密钥、密码等）最好放在单独的文件里，用 `名称_FILE` 指定，不要写在命令行上。',
    '值为空等于未设置。以 `FASTREGISTER_` 开头但不在下表中的名称会报错，以免写错而不自知。\n',
    '等待时间的值带单位：`250ms`、`30s`（秒）、`90m`（分）、`26h`（时）、`5d`（天）。\n',
    ...sections('zh', ['名称', '参数', '默认值', '说明']),
  ].join('\n');
}

function sections(language: Language, headings: readonly string[]): string[] {
  return Object.entries(SETTINGS_BY_SECTION).map(([title, rows]) => {
    const lines = rows.map(({ name, default: value, secret, sentence }) => {
      const names = secret ? `\`${name}\`, \`${name}_FILE\`` : `\`${name}\``;
      return [names, `\`${flagOf(name)}\``, value ? `\`${value}\`` : '–', sentence[language]];
    });
    return `## ${SECTION_WORDS[title]?.[language]}\n\n${table(headings, lines, language === 'zh' ? displayWidth : ({ length }) => length)}\n`;
  });
}

/** Aligned, as the formatter wants it. */
function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  width: (text: string) => number,
): string {
  const widths = headings.map((heading, column) =>
    Math.max(width(heading), ...rows.map((cells) => width(cells[column] ?? ''))),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell + ' '.repeat(Math.max((widths[column] ?? 0) - width(cell), 0))).join(' | ')} |`;
  return [line(headings), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

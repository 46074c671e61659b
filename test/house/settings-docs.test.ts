/** `.env.example` and `docs/settings.md` are printed from the table of settings: UPDATE_DOCS=1 writes them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { flagOf, SETTINGS_BY_SECTION } from '../../src/settings.js';

test.each([
  ['.env.example', envExample()],
  ['docs/settings.md', settingsPage()],
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
  const sections = Object.entries(SETTINGS_BY_SECTION).map(([title, rows]) => {
    const lines = rows.map(({ name, default: value, secret, sentence }) => {
      const names = secret ? `\`${name}\`, \`${name}_FILE\`` : `\`${name}\``;
      return [names, `\`${flagOf(name)}\``, value ? `\`${value}\`` : '–', sentence.en];
    });
    return `## ${title}\n\n${table(['name', 'flag', 'default', ''], lines)}\n`;
  });
  return [
    '# Settings\n',
    'Printed from the table in `src/settings.ts`.\n',
    'A flag wins over the environment, the environment over the file `.env` of the current folder. A secret is better',
    'kept in a file of its own, which `NAME_FILE` (or its flag) names, than on the command line. An empty value is an unset',
    'one. A name that begins with `FASTREGISTER_` and is not listed here is a fault, so that a slip of the pen is noticed.\n',
    'Every wait has its unit in its value: `250ms`, `30s`, `90m`, `26h`, `5d`.\n',
    ...sections,
  ].join('\n');
}

/** Aligned, as the formatter wants it. */
function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(headings), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

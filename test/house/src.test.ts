/** What helps a stranger to find their way in src. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const EXPORTED = /^export (?:async )?(?:function\*?|const|class|interface|type|enum) +(\w+)/gm;
const LONG_LINES = 350;

const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file))
  .map((file) => ({ name: `src/${file}`, text: readFileSync(join(ROOT, 'src', file), 'utf8') }));

// So a search finds it, and no reader has to ask which one is meant.
test('an exported name is in one file', () => {
  const filesOf = new Map<string, Set<string>>();
  for (const { name: file, text } of files) {
    for (const [, name = ''] of text.matchAll(EXPORTED)) {
      filesOf.set(name, (filesOf.get(name) ?? new Set()).add(file));
    }
  }
  expect(filesOf.size).toBeGreaterThan(1000);
  expect([...filesOf].filter(([, its]) => its.size > 1).map(([name, its]) => [name, ...its])).toEqual([]);
});

test(`a file of more than ${LONG_LINES} lines is one of those that ARCHITECTURE.md gives a reason for`, () => {
  const reasons = /^Three files are longer than 350 lines[\s\S]*?\n\n/m.exec(
    readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8'),
  );
  const named = [...(reasons?.[0] ?? '').matchAll(/`(src\/[^`]+)`/g)].map(([, name]) => name);
  const long = files.filter(({ text }) => text.split('\n').length - 1 > LONG_LINES).map(({ name }) => name);
  expect(long.sort()).toEqual(named.sort());
});

/**
 * `npm run mutants:lua [-- SCRIPT…]`: changes one thing at a time in src/redis/lua and runs the tests that know the script.
 * Prints each change that no test notices, and the share that is noticed. Works on a copy, and writes reports/mutants/lua.json.
 * `--sample N` tries N changes of each script, drawn by `--seed S`; `--tests FILE,…` names other tests.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { createVitest } from 'vitest/node';
import { LUA_TESTS } from './rooms.js';

const COPY = resolve('.mutants-lua');
const REPORT = 'reports/mutants/lua.json';
const LUA = 'src/redis/lua';

const SWAPS = [
  [/==/g, '~='],
  [/~=/g, '=='],
  [/<=/g, '<'],
  [/<(?!=)/g, '<='],
  [/>=/g, '>'],
  [/>(?!=)/g, '>='],
  [/ \+ /g, ' - '],
  [/ - /g, ' + '],
  [/ \* /g, ' / '],
  [/\band\b/g, 'or'],
  [/\bor\b/g, 'and'],
  [/\bnot /g, ''],
  [/\btrue\b/g, 'false'],
  [/\bfalse\b/g, 'true'],
  [/\bmath\.min\b/g, 'math.max'],
  [/\bmath\.max\b/g, 'math.min'],
  // Indexes of what Redis answers are no constants, nor is where a list begins.
  // A time that is a thousandth longer is not another one.
  [/(?<![\w.[])\d+(?![\w.\]])/g, (number) => String(Number(number) < 100 ? Number(number) + 1 : Number(number) * 2)],
];

/** A whole statement on one line, without which the script still compiles. */
const STATEMENT =
  /^\s*(?!local |return |if |for |while |else|end\b|function |repeat|until)[\w.[\]:]+(?:\(.*\)| = .*[^,({])$/;
const GUARD = /^\s*if .* then .* end$/;

function isBalanced(line) {
  const depth = [...line].reduce((sum, it) => sum + ('([{'.includes(it) ? 1 : ')]}'.includes(it) ? -1 : 0), 0);
  return depth === 0;
}

/** Comments and strings as blanks: only code is changed. */
function codeOf(line) {
  return line.replace(/--.*$|'[^']*'/g, (text) => ' '.repeat(text.length));
}

function mutantsOf(text) {
  const lines = text.split('\n');
  const mutants = [];
  const add = (at, line) =>
    mutants.push({ line: at + 1, from: lines[at].trim(), to: line.trim(), text: lines.with(at, line).join('\n') });
  lines.forEach((line, at) => {
    const code = codeOf(line);
    for (const [pattern, replacement] of SWAPS) {
      for (const { 0: found, index } of code.matchAll(pattern)) {
        const by = typeof replacement === 'string' ? replacement : replacement(found);
        add(at, line.slice(0, index) + by + line.slice(index + found.length));
      }
    }
    if ((STATEMENT.test(line) || GUARD.test(line)) && isBalanced(code)) add(at, '');
  });
  return mutants;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { sample: { type: 'string' }, seed: { type: 'string', default: '1' }, tests: { type: 'string' } },
});

/** All of them, or as many as were asked for: the same for the same seed, in the order of the script. */
function drawn(mutants) {
  const most = Number(values.sample ?? mutants.length);
  if (most >= mutants.length) return mutants;
  const some = fc.shuffledSubarray(mutants, { minLength: most, maxLength: most });
  const [chosen] = fc.sample(some, { seed: Number(values.seed), numRuns: 1 });
  return mutants.filter((mutant) => chosen.includes(mutant));
}

const all = readdirSync(LUA).map((file) => file.replace('.lua', ''));
const wanted = positionals.length > 0 ? positionals : all;
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`There is no script ${unknown.join(', ')} in ${LUA}.`);
  process.exit(2);
}

rmSync(COPY, { recursive: true, force: true });
for (const part of ['src', 'simulator', 'test', 'samples', 'package.json', 'tsconfig.json']) {
  cpSync(part, join(COPY, part), { recursive: true });
}
symlinkSync(resolve('node_modules'), join(COPY, 'node_modules'));

const vitest = await createVitest('test', {
  root: COPY,
  config: false,
  watch: false,
  bail: 1,
  maxWorkers: 2,
  include: values.tests?.split(',') ?? [...new Set(Object.values(LUA_TESTS).flat())],
  setupFiles: ['test/mutants/one-seed.ts'],
  testTimeout: 10_000,
  hookTimeout: 10_000,
  reporters: [{}],
});

/** The first test that fails, undefined where none does, and how many passed. */
async function run(files) {
  const specifications = await vitest.globTestSpecifications(files);
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications);
  let passed = 0;
  for (const module of testModules) {
    for (const test of module.children.allTests('failed')) return { failed: test.fullName, passed };
    if (!module.ok()) return { failed: module.moduleId, passed };
    passed += [...module.children.allTests('passed')].length;
  }
  return { failed: unhandledErrors.length > 0 ? 'an error outside of the tests' : undefined, passed };
}

/** `bail` cancels a run, and sometimes what is left of the next one: only where every test has passed was nothing noticed. */
async function firstToFail(files, all) {
  for (let tries = 1; ; tries += 1) {
    const { failed, passed } = await run(files);
    if (failed !== undefined || passed >= all) return failed;
    if (tries === 5) throw new Error(`only ${passed} of ${all} tests run`);
  }
}

/** How many tests there are for a script. A failure may still be of the script before, whose last run was cancelled. */
async function baseline(files) {
  for (let tries = 1; ; tries += 1) {
    const { failed, passed } = await run(files);
    if (failed === undefined) return passed;
    if (tries === 3) throw new Error(`without any change a test fails: ${failed}`);
  }
}

const report = {};
try {
  for (const name of wanted) {
    const files = values.tests?.split(',') ?? LUA_TESTS[name] ?? LUA_TESTS.others;
    const path = join(COPY, LUA, `${name}.lua`);
    const original = readFileSync(path, 'utf8');
    const passed = await baseline(files);
    const mutants = [];
    const possible = mutantsOf(original);
    for (const { text, ...mutant } of drawn(possible)) {
      writeFileSync(path, text);
      const noticed = await firstToFail(files, passed);
      mutants.push({ ...mutant, noticed });
      if (noticed === undefined) console.log(`${name}.lua:${mutant.line}: ${mutant.from}\n  => ${mutant.to}`);
    }
    writeFileSync(path, original);
    const noticed = mutants.filter((mutant) => mutant.noticed !== undefined).length;
    const sampled = mutants.length < possible.length ? `, a sample of ${possible.length}` : '';
    console.log(`${name}.lua: ${noticed} of ${mutants.length} noticed${sampled}`);
    report[name] = { noticed, of: mutants.length, possible: possible.length, mutants };
    mkdirSync('reports/mutants', { recursive: true });
    writeFileSync(REPORT, JSON.stringify(report, null, 2));
  }
} finally {
  await vitest.close();
  rmSync(COPY, { recursive: true, force: true });
}
// Vitest leaves handles behind that keep the process, as its own command line knows.
process.exit();

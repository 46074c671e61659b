import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const WHAT_SETUP_USES = [
  'sh',
  'node',
  'awk',
  'sed',
  'grep',
  'cat',
  'cksum',
  'find',
  'sort',
  'tr',
  'xargs',
  'dirname',
  'mktemp',
  'rm',
  'mkdir',
  'cp',
  'id',
];

let folder: string;
let programs: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'fr-')));
  programs = join(folder, 'programs');
  mkdirSync(programs);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('script/setup in a new checkout', () => {
  beforeEach(newCheckout);

  test('installs packages, compiles, and copies the Lua scripts', async () => {
    const { status, said } = await setup();

    expect(said).toBe('Installing npm packages …\nBuilding …\n');
    expect(status).toBe(0);
    expect(readFileSync(join(folder, 'dist/src/main.js'), 'utf8')).toContain('export const answer = 42;');
    expect(readFileSync(join(folder, 'dist/src/redis/lua/fact.lua'), 'utf8')).toBe('return 1\n');
  });

  test('says nothing and changes nothing when nothing is missing', async () => {
    await setup();
    const files = () => execFileSync('find', [folder, '-newer', join(folder, 'dist/.built')]).toString();
    const before = files();

    expect(await setup()).toEqual({ status: 0, said: '' });
    expect(await setup({ cwd: tmpdir() })).toEqual({ status: 0, said: '' });
    expect(files()).toBe(before);
  });

  test('works once when two commands call it at the same moment', async () => {
    const both = await Promise.all([setup(), setup()]);

    expect(both.map(({ status }) => status)).toEqual([0, 0]);
    expect(both.map(({ said }) => said).sort()).toEqual(['', 'Installing npm packages …\nBuilding …\n']);
    expect(readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n')).toHaveLength(1);
  });

  test('builds again when a source changes, appears or goes, and leaves no compiled file without a source', async () => {
    await setup();
    writeFileSync(join(folder, 'src/second.ts'), 'export const second = 2;\n');
    expect((await setup()).said).toBe('Building …\n');

    unlinkSync(join(folder, 'src/main.ts'));
    expect((await setup()).said).toBe('Building …\n');
    expect(existsSync(join(folder, 'dist/src/main.js'))).toBe(false);
    expect(existsSync(join(folder, 'dist/src/second.js'))).toBe(true);
  });

  test('shows why a build failed, and tries again the next time', async () => {
    writeFileSync(join(folder, 'src/main.ts'), 'export const answer: number = "forty-two";\n');
    const { status, said } = await setup();

    expect(status).toBe(1);
    expect(said).toMatch(/Type 'string' is not assignable to type 'number'[\s\S]*this failed: script\/build/);
    expect((await setup()).status).toBe(1);
  });

  test('says that Node.js is too old', async () => {
    program('node', 'echo 18.20.4');
    expect(await setup()).toEqual({
      status: 1,
      said: 'fastregister needs Node.js 20.19 or later; this is 18.20.4. See https://nodejs.org/en/download\n',
    });
  });
});

describe('script/setup without a Redis', () => {
  const bare = () => ({ PATH: programs, HOME: folder });

  beforeEach(async () => {
    newCheckout();
    await setup();
    for (const name of WHAT_SETUP_USES) {
      symlinkSync(
        execFileSync('/bin/sh', ['-c', `command -v ${name}`])
          .toString()
          .trim(),
        join(programs, name),
      );
    }
  });

  test('and without apt or brew names the three ways to get one', async () => {
    const { status, said } = await setup({ env: bare() });

    expect(status).toBe(1);
    expect(said).toMatch(/there is neither apt nor brew.*\n.*apt install redis-server.*\n.*REDIS_URL=.*\n.*on PATH/);
  });

  test('and without the right to install one says so', async () => {
    program('apt-get', 'echo must not be called; exit 1');
    unlinkSync(join(programs, 'id'));
    program('id', 'echo 1000');

    const { status, said } = await setup({ env: bare() });
    expect(status).toBe(1);
    expect(said).toContain('installing one needs root');
  });

  test('takes a valkey-server that is recent enough, and no redis-server that is too old', async () => {
    program('redis-server', 'echo "Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64"');
    expect((await setup({ env: bare() })).status).toBe(1);

    program('valkey-server', 'echo "Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64"');
    expect(await setup({ env: bare() })).toEqual({ status: 0, said: '' });
  });

  test('is content with the address of one', async () => {
    const env = { ...bare(), REDIS_URL: 'redis://redis.example.com:6379' };
    expect(await setup({ env })).toEqual({ status: 0, said: '' });
  });
});

describe('bin/fastregister', () => {
  beforeEach(() => {
    cpSync(join(checkout, 'bin'), join(folder, 'bin'), { recursive: true });
    cpSync(join(checkout, 'package.json'), join(folder, 'package.json'));
  });

  test('works through a symbolic link and from any folder', async () => {
    mkdirSync(join(folder, 'dist/src/cli'), { recursive: true });
    writeFileSync(join(folder, 'dist/src/cli/main.js'), 'console.error(process.argv.slice(2).join("-"));\n');
    symlinkSync(join(folder, 'bin/fastregister'), join(programs, 'fastregister'));

    expect(await run(join(programs, 'fastregister'), { cwd: tmpdir(), args: ['status', '--json'] })).toEqual({
      status: 0,
      said: 'status---json\n',
    });
  });

  test('that is not built says what to do in one line', async () => {
    const { status, said } = await run(join(folder, 'bin/fastregister'));
    expect(status).toBe(1);
    expect(said).toMatch(/^fastregister is not built yet .*Run script\/setup first\.\n$/);
  });
});

// --- helpers ----------------------------------------------------------------------------------------------------------

interface Outcome {
  readonly status: number;
  /** stdout and stderr. */
  readonly said: string;
}

function newCheckout(): void {
  for (const name of ['script', 'package.json', 'package-lock.json', 'tsconfig.json']) {
    cpSync(join(checkout, name), join(folder, name), { recursive: true });
  }
  mkdirSync(join(folder, 'src/redis/lua'), { recursive: true });
  mkdirSync(join(folder, 'simulator'));
  writeFileSync(join(folder, 'simulator/simulator.ts'), 'export const speed: number = 1;\n');
  writeFileSync(join(folder, 'src/main.ts'), 'export const answer: number = 42;\n');
  writeFileSync(join(folder, 'src/redis/lua/fact.lua'), 'return 1\n');
  // An npm that takes what this checkout has, and keeps count.
  program('npm', `echo "npm $*" >>${folder}/calls; ln -s ${checkout}/node_modules ${folder}/node_modules`);
}

function setup(options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<Outcome> {
  const env = { ...process.env, PATH: `${programs}:${process.env.PATH}` };
  return run(join(folder, 'script/setup'), { cwd: folder, env, ...options });
}

function run(
  command: string,
  options: { cwd?: string; env?: NodeJS.ProcessEnv; args?: string[] } = {},
): Promise<Outcome> {
  const { args = [], ...rest } = options;
  return new Promise((resolve) => {
    execFile(command, args, rest, (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code) : 0, said: stdout + stderr });
    });
  });
}

function program(name: string, script: string): void {
  writeFileSync(join(programs, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(programs, name), 0o755);
}

/**
 * The built program in a few files, and what V8 has compiled of them (quick-start.cjs). Node reads hundreds of modules for a
 * command, which is half of what a process costs that a test starts; compiling them is a quarter.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { V8_FLAGS } from './v8-flags.js';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const cache = join(checkout, 'node_modules/.cache');
const PREFIX = 'fastregister-';
const START = 'quick-start.cjs';
/** Each name as it is in the source: errors and logs have some. */
const SMALL = {
  comments: false,
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
} as const;
const SOURCES = ['dist/.built', 'test/support/bundle.ts', 'test/support/v8-flags.ts', `test/support/${START}`];

/**
 * Another one for other sources and another Node, and for another checkout with the same node_modules: it has the paths of its
 * modules in it.
 */
function folderOfNow(): string {
  const made = SOURCES.map((file) => readFileSync(join(checkout, file), 'utf8'));
  const digest = createHash('sha256').update([checkout, process.version, ...made].join('\n'));
  return join(cache, PREFIX + digest.digest('hex').slice(0, 16));
}

/** `ioredis-apart`: what changes the class Redis before the program is loaded changes it for the program, too. */
const KINDS = ['whole', 'ioredis-apart'] as const;
export type BundleKind = (typeof KINDS)[number];

/** What a process of a test runs in place of dist/src/cli/main.js; undefined where there is none. */
export function bundledProgram(kind: BundleKind = 'whole'): string | undefined {
  try {
    const start = join(folderOfNow(), kind, START);
    return existsSync(start) ? start : undefined;
  } catch {
    return undefined;
  }
}

/** Makes it where it is not there yet, in three seconds. */
export async function bundle(): Promise<void> {
  if (bundledProgram() !== undefined) return;
  const { build } = await import('rolldown');
  const folder = folderOfNow();
  for (const name of oldOnes()) rmSync(join(cache, name), { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  const made = mkdtempSync(join(cache, `made-${PREFIX}`));
  const built = KINDS.map((kind) => ({
    input: join(checkout, 'dist/src/cli/main.js'),
    platform: 'node' as const,
    external: kind === 'ioredis-apart' ? ['ioredis'] : [],
    logLevel: 'silent' as const,
    plugins: [{ name: 'as CommonJS', transform: asCommonJs }],
    output: { dir: join(made, kind), format: 'cjs' as const, ...SMALL },
  }));
  await build(built);
  for (const kind of KINDS) {
    const start = join(made, kind, START);
    copyFileSync(join(checkout, 'test/support', START), start);
    for (const command of ['status', 'serve']) keepCodeOf(start, command);
  }
  try {
    renameSync(made, folder);
  } catch (error) {
    // Another run of the tests was faster.
    rmSync(made, { recursive: true });
    if (bundledProgram() === undefined) throw error;
  }
}

function asCommonJs(code: string, id: string): string {
  // Files beside a module (scripts of Redis, the thread that reads sheets) are found where they are.
  const placed = code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href));
  return id.endsWith('/cli/main.js') ? placed.replace(/^await ([\s\S]*)$/m, '(async () => {\nawait $1\n})();') : placed;
}

/** `serve` has flags of V8 of its own, and code that was compiled with others is not taken. */
function keepCodeOf(start: string, command: string): void {
  execFileSync(process.execPath, [...V8_FLAGS, start, command, '--help'], { env: { KEEP_CODE: '1' }, stdio: 'ignore' });
}

function oldOnes(): string[] {
  return existsSync(cache) ? readdirSync(cache).filter((name) => name.startsWith(PREFIX)) : [];
}

/**
 * The built program in a few files. Node reads hundreds of modules for a command, which is half of what a process costs that
 * a test starts.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const cache = join(checkout, 'node_modules/.cache');
const PREFIX = 'fastregister-';

/** Another one for other sources and for another checkout with the same node_modules: it has the paths of its modules in it. */
function folderOfNow(): string {
  const built = readFileSync(join(checkout, 'dist/.built'), 'utf8');
  return join(cache, PREFIX + createHash('sha256').update(`${checkout}\n${built}`).digest('hex').slice(0, 16));
}

/** `ioredis-apart`: what changes the class Redis before the program is loaded changes it for the program, too. */
const KINDS = ['whole', 'ioredis-apart'] as const;
export type BundleKind = (typeof KINDS)[number];

/** What a process of a test runs in place of dist/src/cli/main.js; undefined where there is none. */
export function bundledProgram(kind: BundleKind = 'whole'): string | undefined {
  try {
    const main = join(folderOfNow(), kind, 'main.js');
    return existsSync(main) ? main : undefined;
  } catch {
    return undefined;
  }
}

/** Makes it where it is not there yet, in less than two seconds. */
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
    // Files beside a module (scripts of Redis, the thread that reads sheets) are found where they are.
    plugins: [
      {
        name: 'where a module was',
        transform: (code: string, id: string) =>
          code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)),
      },
    ],
    output: { dir: join(made, kind), format: 'esm' as const },
  }));
  await build(built);
  try {
    renameSync(made, folder);
  } catch (error) {
    // Another run of the tests was faster.
    rmSync(made, { recursive: true });
    if (bundledProgram() === undefined) throw error;
  }
}

function oldOnes(): string[] {
  return existsSync(cache) ? readdirSync(cache).filter((name) => name.startsWith(PREFIX)) : [];
}

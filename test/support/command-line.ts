/** A command of fastregister, run in this process: what it prints on stdout, and its exit status. */
import type { Command } from 'commander';
import { vi } from 'vitest';

export interface Ran {
  readonly stdout: string;
  readonly status: number;
}

/** `env` is all that the command sees of the environment. */
export async function run(
  make: () => Command,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ran> {
  let stdout = '';
  const [envBefore, statusBefore] = [process.env, process.exitCode];
  const written = vi.spyOn(process.stdout, 'write').mockImplementation((piece, ...more: unknown[]) => {
    stdout += typeof piece === 'string' ? piece : Buffer.from(piece).toString('utf8');
    const written = more.at(-1);
    if (typeof written === 'function') written();
    return true;
  });
  const said = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  process.env = { FASTREGISTER_LOG_LEVEL: 'silent', ...env };
  process.exitCode = undefined;
  try {
    await make()
      .exitOverride()
      .parseAsync([...args], { from: 'user' });
    return { stdout, status: Number(process.exitCode ?? 0) };
  } finally {
    process.env = envBefore;
    process.exitCode = statusBefore;
    written.mockRestore();
    said.mockRestore();
  }
}

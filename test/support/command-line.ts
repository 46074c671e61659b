/**
 * Commands of fastregister, run in this process: what they print, and their exit status. A process of its own costs half a
 * second of a core, so only what is about processes starts one (`program.ts`). One at a time: a process has one environment.
 */
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import type { Command } from 'commander';
import { vi } from 'vitest';
import { speak, speakAsCalled, spokenLanguage } from '../../src/cli/language.js';
import { runProgram } from '../../src/cli/program.js';
import type { Ended, RunAs } from './program.js';

// A large load gives way to other processes. Here the runner's own process would, with every Redis that its later files start.
Object.assign(os, { setPriority: () => {} });
syncBuiltinESMExports();

export interface Ran extends Ended {
  readonly status: number;
}

/** As `run` of program.ts: `bin/fastregister` with these arguments. Its log, which goes past process.stderr, is silent. */
export async function typed(args: readonly string[], { env = {}, cwd = '/' }: RunAs = {}): Promise<Ran> {
  const { HOME = '', TMPDIR = '', PATH = '' } = process.env;
  const silently = { ...env, FASTREGISTER_LOG_LEVEL: 'silent' };
  return heard({ HOME, TMPDIR, PATH, ...silently }, cwd, () => runProgram(args));
}

/** One command without what `bin/fastregister` does about it: what it throws is thrown. */
export async function run(
  make: () => Command,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ran> {
  return heard({ FASTREGISTER_LOG_LEVEL: 'silent', ...env }, process.cwd(), () => {
    speakAsCalled(args);
    return make()
      .exitOverride()
      .parseAsync([...args], { from: 'user' });
  });
}

/** `env` is all that the command sees of the environment. */
async function heard(
  env: Readonly<Record<string, string>>,
  cwd: string,
  perform: () => Promise<unknown>,
): Promise<Ran> {
  const before = { env: process.env, status: process.exitCode, cwd: process.cwd(), language: spokenLanguage() };
  const [stdout, stderr] = [hear(process.stdout), hear(process.stderr)];
  process.env = { ...env };
  process.exitCode = undefined;
  process.chdir(cwd);
  const leaveSignals = signalsOfNow();
  try {
    await perform();
    return { stdout: stdout.text(), stderr: stderr.text(), status: Number(process.exitCode ?? 0) };
  } finally {
    process.env = before.env;
    process.exitCode = before.status;
    process.chdir(before.cwd);
    speak(before.language);
    leaveSignals();
    stdout.end();
    stderr.end();
  }
}

function hear(stream: NodeJS.WriteStream): { text(): string; end(): void } {
  let text = '';
  const spy = vi.spyOn(stream, 'write').mockImplementation((piece, ...more: unknown[]) => {
    text += typeof piece === 'string' ? piece : Buffer.from(piece).toString('utf8');
    const written = more.at(-1);
    if (typeof written === 'function') written();
    return true;
  });
  return { text: () => text, end: () => spy.mockRestore() };
}

/** A command that runs until it is interrupted listens as long as its process lives. */
function signalsOfNow(): () => void {
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const before = new Set(names.flatMap((name) => process.listeners(name)));
  return () => {
    for (const name of names) {
      for (const listener of process.listeners(name)) if (!before.has(listener)) process.off(name, listener);
    }
  };
}

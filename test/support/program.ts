/** The built program in a process of its own, as `bin/fastregister` starts it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { type BundleKind, bundledProgram } from './bundle.js';
import { until } from './until.js';
import { V8_FLAGS } from './v8-flags.js';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const bin = `${checkout}bin/fastregister`;

/** Node 22 and later keep there what they have compiled. */
const COMPILED = `${checkout}node_modules/.cache/compiled`;

/** Builds what is not built; costs nothing when it is. */
export function build(): void {
  execFileSync('script/setup', { cwd: checkout, stdio: 'ignore' });
}

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it has said so far. */
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
}

export interface RunAs {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Open files that take its output. */
  readonly stdout?: number;
  readonly stderr?: number;
  /** The very file that a user calls; otherwise the same program in a few larger files, twice as fast (bundle.ts). */
  readonly asInstalled?: boolean;
  /** Which bundle of it. */
  readonly bundle?: BundleKind;
}

/** Nothing of the tester's own environment reaches it but what a program needs to run at all. Ends with its test. */
export function start(args: readonly string[], as: RunAs = {}): Running {
  const program = launch(args, as);
  onTestFinished(async () => {
    const { exitCode, signalCode } = program.child;
    if (exitCode === null && signalCode === null) program.kill('SIGKILL');
    await program.ended;
  });
  return program;
}

export function run(args: readonly string[], as: RunAs = {}): Promise<Ended> {
  return start(args, as).ended;
}

/** The same, outside of a test. */
export function execute(args: readonly string[], as: RunAs = {}): Promise<Ended> {
  return launch(args, as).ended;
}

function launch(args: readonly string[], as: RunAs): Running {
  const { env = {}, cwd = '/', asInstalled, bundle } = as;
  const { PATH, TMPDIR, HOME } = process.env;
  const bundled = asInstalled ? undefined : bundledProgram(bundle);
  const program = bundled === undefined ? [bin] : [...V8_FLAGS, bundled];
  const child = spawn(process.execPath, [...program, ...args], {
    cwd,
    env: { PATH, TMPDIR, HOME, NODE_COMPILE_CACHE: COMPILED, ...env },
    stdio: ['ignore', as.stdout ?? 'pipe', as.stderr ?? 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  });
  return { child, ended, stdout: () => stdout, stderr: () => stderr, kill: (signal) => void child.kill(signal) };
}

/** The port of a process that was started with a log level of info or below. */
export async function portOf(program: Running, part: 'receiver' | 'console'): Promise<number> {
  return until(`the ${part} listens`, () => {
    if (program.child.exitCode !== null) throw new Error(`it ended: ${program.stderr()}`);
    const lines = program.stderr().split('\n').slice(0, -1);
    const line = lines.find((it) => it.includes(`"part":"${part}"`));
    return line !== undefined && (JSON.parse(line) as { port: number }).port;
  });
}

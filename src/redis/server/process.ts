/** Identifies a process. Its id alone is not enough: after kill -9 or a restart another process gets the number. */
import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The moment at which the process started, in words of the system; undefined when it is gone or a zombie. */
export async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') return startOnLinux(pid);
  const line = await commandOutput('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]);
  const [state = '', ...started] = line.trim().split(/\s+/);
  return started.length > 0 && !state.startsWith('Z') ? started.join('-') : undefined;
}

async function startOnLinux(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is the command in brackets and may hold anything; state is the third field, starttime the 22nd.
  const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (!state || 'ZXx'.includes(state)) return undefined;
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return `${boot.slice(0, 8)}-${rest[18]}`;
}

/** True when the process is a Redis or Valkey that works in this folder. */
export async function isServerOf(pid: number, folder: string): Promise<boolean> {
  if ((await startOf(pid)) === undefined) return false;
  if (process.platform === 'linux') {
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
    return /redis|valkey/.test(name) && (await readlink(`/proc/${pid}/cwd`).catch(() => '')) === folder;
  }
  const listed = await commandOutput('lsof', ['-a', '-p', String(pid), '-d', 'cwd', '-Fcn']);
  return /^c(redis|valkey)/m.test(listed) && listed.split('\n').includes(`n${folder}`);
}

async function commandOutput(command: string, args: readonly string[]): Promise<string> {
  return run(command, args).then(
    ({ stdout }) => stdout,
    () => '',
  );
}

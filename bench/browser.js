/** The console as the benches use it: a process that serves it, a client that logs in, and what both took. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const PASSWORD = 'a password of benches';
export const PROGRAM = fileURLToPath(new URL('../bin/fastregister', import.meta.url));

/** `parts`: what has to be ready, by its name in the log. Answers the port of each. */
export async function startProgram(args, env, parts) {
  const process = spawn(PROGRAM, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const ports = {};
  let text = '';
  // Read to its end: a process whose log is not read stands still.
  await new Promise((ready, fail) => {
    process.stderr.setEncoding('utf8').on('data', (piece) => {
      if (parts.every((part) => part in ports)) return;
      text += piece;
      for (const [, part, port] of text.matchAll(/"part":"(\w+)"[^\n]*?"port":(\d+)/g)) ports[part] = Number(port);
      if (parts.every((part) => part in ports)) ready();
    });
    process.on('exit', () => fail(new Error(`${args.join(' ')} ended: ${text}`)));
  });
  return { process, ports };
}

/** Megabytes, resident now and at most so far. */
export function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
  return { now: of('VmRSS'), most: of('VmHWM') };
}

export function browserOf(address) {
  const cookies = new Map();
  const held = () => [...cookies].map((it) => it.join('=')).join('; ');
  const ask = async (path, init = {}) => {
    const headers = { ...init.headers, cookie: held(), origin: address };
    const answer = await fetch(address + path, { redirect: 'manual', ...init, headers });
    for (const set of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      cookies.set(name, value);
    }
    return answer;
  };
  const csrfAt = async (path) => /name="csrf" value="([^"]+)"/.exec(await (await ask(path)).text())?.[1] ?? '';
  const post = (path, body) => ask(path, { method: 'POST', body });
  const logIn = async () => {
    const csrf = await csrfAt('/login');
    await post('/login', new URLSearchParams({ csrf, username: 'admin', password: PASSWORD }));
  };
  return { ask, post, csrfAt, logIn, cookies: held };
}

/** Milliseconds below which this share of the times is. */
export function below(times, share) {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN;
}

export function inWords(times) {
  return `p50 ${below(times, 0.5).toFixed(0)} p99 ${below(times, 0.99).toFixed(0)} max ${below(times, 1).toFixed(0)} ms`;
}

/**
 * A sheet of a million rows in a process that serves the console: uploaded, checked and started in a browser's way, while /livez is
 * asked every 10 ms and the page of the upload every 500 ms. Says for each step how long it took, how long /livez and the page
 * took beside it, and the most memory of the process. Every tenth row is to be corrected, every seventh was repaired.
 * Usage: node bench/upload.js [rows]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, openAsBlob, readFileSync, rmSync, statSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { REHEARSAL_CREDENTIALS } from '../dist/simulator/options.js';
import { creditCodeCheck } from '../dist/src/domain/enterprise-code.js';

const ROWS = Number(process.argv[2] ?? 1_000_000);
const PASSWORD = 'a password of benches';
const ASK_EVERY_MS = 10;
const LOOK_EVERY_MS = 500;
const program = fileURLToPath(new URL('../bin/fastregister', import.meta.url));

const home = mkdtempSync(join(tmpdir(), 'fr-'));
const server = spawn(program, ['serve', '--only', 'console'], {
  env: environment(),
  stdio: ['ignore', 'ignore', 'pipe'],
});
try {
  const address = await addressOf(server);
  const file = await sheet(join(home, 'rows.csv'), ROWS);
  console.log(`${ROWS} rows, ${(statSync(file).size / 1024 ** 2).toFixed(1)} MB`);
  const browser = browserOf(address);
  await browser.logIn();
  const livez = asking(`${address}/livez`);
  await sleep(3_000);
  console.log(`alone: /livez ${told(livez.take())}, memory ${memory()}`);

  const csrf = await browser.csrfAt('/sheets/new');
  const form = new FormData();
  form.append('csrf', csrf);
  form.append('file', await openAsBlob(file), 'rows.csv');
  const path = await step('uploaded', async () => (await browser.post('/sheets/new', form)).headers.get('location'));
  const pages = [];
  const look = async () => {
    const began = performance.now();
    const text = await (await browser.ask(path)).text();
    pages.push(performance.now() - began);
    return text;
  };
  const ended = async (isOver) => {
    for (;;) {
      const answer = await look();
      if (isOver(answer)) return answer;
      await sleep(LOOK_EVERY_MS);
    }
  };
  await step('checked', () => ended((text) => text.includes('id="rows"')), pages);
  for (const show of ['', '?show=correct', '?show=sheet:code_length', '?from=1500-0']) {
    const began = performance.now();
    const text = await (await browser.ask(path + show)).text();
    console.log(
      `page ${show || 'of everything'}: ${(performance.now() - began).toFixed(0)} ms, ${text.length} characters`,
    );
  }
  await step('annotated', async () => {
    let bytes = 0;
    for await (const piece of (await browser.ask(`${path}/annotated?as=csv`)).body) bytes += piece.length;
    console.log(`the annotated sheet has ${(bytes / 1024 ** 2).toFixed(0)} MB`);
  });
  pages.length = 0;
  await step(
    'started and loaded',
    async () => {
      await browser.post(`${path}/start`, new URLSearchParams({ csrf }));
      await ended((text) => text === '');
    },
    pages,
  );
  livez.end();

  async function step(name, work, looks = []) {
    livez.take();
    const began = performance.now();
    const result = await work();
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const page = looks.length > 0 ? `, page ${told(looks)}` : '';
    console.log(`${name}: ${seconds} s, /livez ${told(livez.take())}${page}, memory ${memory()}`);
    return result;
  }
} finally {
  server.kill('SIGTERM');
  await once(server, 'exit');
  rmSync(home, { recursive: true, force: true });
}

function environment() {
  return {
    ...process.env,
    FASTREGISTER_HOME: home,
    FASTREGISTER_CONSOLE_PORT: '0',
    FASTREGISTER_CONSOLE_PASSWORD: PASSWORD,
    FASTREGISTER_COMPONENT_PHONE: '05920000000',
    WECHAT_API_BASE_URL: 'http://127.0.0.1:9',
    WECHAT_COMPONENT_APPID: REHEARSAL_CREDENTIALS.componentAppid,
    WECHAT_COMPONENT_APPSECRET: REHEARSAL_CREDENTIALS.componentAppsecret,
    WECHAT_MESSAGE_TOKEN: REHEARSAL_CREDENTIALS.messageToken,
    WECHAT_ENCODING_AES_KEY: REHEARSAL_CREDENTIALS.encodingAesKey,
  };
}

async function addressOf({ stderr }) {
  let text = '';
  for await (const piece of stderr) {
    text += piece;
    const port = /"part":"console".*?"port":(\d+)/.exec(text)?.[1];
    if (port === undefined) continue;
    stderr.resume();
    return `http://127.0.0.1:${port}`;
  }
  throw new Error(`the console did not start: ${text}`);
}

/** Resident now, and the most so far. */
function memory() {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  const of = (name) => (Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024).toFixed(0);
  return `${of('VmRSS')} MB, at most ${of('VmHWM')} MB`;
}

function browserOf(address) {
  const cookies = new Map();
  const ask = async (path, init = {}) => {
    const cookie = [...cookies].map((it) => it.join('=')).join('; ');
    const headers = { ...init.headers, cookie, origin: address };
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
  return { ask, post, csrfAt, logIn };
}

/** Asks on time, whether or not it was answered. */
function asking(address) {
  const agent = new Agent({ keepAlive: false });
  let times = [];
  const timer = setInterval(() => {
    const began = performance.now();
    get(address, { agent }, (answer) => {
      answer.resume();
      answer.on('end', () => times.push(performance.now() - began));
    }).on('error', () => times.push(Number.POSITIVE_INFINITY));
  }, ASK_EVERY_MS);
  return {
    take() {
      const taken = times;
      times = [];
      return taken;
    },
    end: () => clearInterval(timer),
  };
}

function told(times) {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)]?.toFixed(0);
  return `p50 ${at(0.5)} p99 ${at(0.99)} max ${at(1)} ms`;
}

async function sheet(path, rows) {
  const out = createWriteStream(path);
  out.write('name,code,legal_persona_wechat,legal_persona_name\n');
  for (let n = 0; n < rows; n += 1) {
    const body = `91999900MA${String(n).padStart(7, '0')}`;
    const code = n % 10 === 0 ? body : body + creditCodeCheck(body);
    const line = `例${n},${code},b_${String(n).padStart(6, '0')},${n % 7 === 0 ? ' ' : ''}张示\n`;
    if (!out.write(line)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
  return path;
}

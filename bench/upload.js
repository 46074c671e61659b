/**
 * A sheet of a million rows in a process that serves the console: uploaded, checked and started in a browser's way, while /livez is
 * asked every 10 ms and the page of the upload every 500 ms. Says for each step how long it took, how long /livez and the page
 * took beside it, and the most memory of the process. Every tenth row is to be corrected, every seventh was repaired.
 * Usage: node bench/upload.js [rows]
 */
import { once } from 'node:events';
import { mkdtempSync, openAsBlob, rmSync, statSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { REHEARSAL_CREDENTIALS } from '../dist/simulator/options.js';
import { browserOf, inWords, memoryOf, PASSWORD, startProgram } from './browser.js';
import { writeSheet } from './sheet.js';

const ROWS = Number(process.argv[2] ?? 1_000_000);
const ASK_EVERY_MS = 10;
const LOOK_EVERY_MS = 500;

const home = mkdtempSync(join(tmpdir(), 'fr-'));
const { process: server, ports } = await startProgram(['serve', '--only', 'console'], environment(), ['console']);
try {
  const address = `http://127.0.0.1:${ports.console}`;
  const file = await writeSheet(join(home, 'rows.csv'), ROWS, { everyTenthIsWrong: true });
  console.log(`${ROWS} rows, ${(statSync(file).size / 1024 ** 2).toFixed(1)} MB`);
  const browser = browserOf(address);
  await browser.logIn();
  const livez = asking(`${address}/livez`);
  await sleep(3_000);
  console.log(`alone: /livez ${inWords(livez.take())}, memory ${memory()}`);

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
    const page = looks.length > 0 ? `, page ${inWords(looks)}` : '';
    console.log(`${name}: ${seconds} s, /livez ${inWords(livez.take())}${page}, memory ${memory()}`);
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

/** Resident now, and the most so far. */
function memory() {
  const { now, most } = memoryOf(server.pid);
  return `${now.toFixed(0)} MB, at most ${most.toFixed(0)} MB`;
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

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import decodeQR from 'qr/decode.js';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { explainCommand } from '../../src/cli/commands/explain.js';
import { linksCommand } from '../../src/cli/commands/links.js';
import { reportCommand } from '../../src/cli/commands/report.js';
import { statusCommand } from '../../src/cli/commands/status.js';
import type { Merchant } from '../../src/domain/merchant.js';
import { key } from '../../src/redis/keys.js';
import { run } from '../support/command-line.js';
import { type Book, HOUR_MS, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
const folder = mkdtempSync(join(tmpdir(), 'fr-links-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NASTY = 'a/../<b>"x"\u202e\u0007…';
const MERCHANTS: readonly Merchant[] = [
  merchant(1),
  merchant(2, 'ok', { name: NASTY }),
  merchant(3),
  merchant(4),
  merchant(5),
];

let book: Book;

/** Line 2 and 3 have a link, line 4 one that ends soon, line 5 one that is over; line 6 is not sent. */
beforeEach(async () => {
  book = openBook(server.redis);
  await book.load('b1', MERCHANTS);
  await give(1, 1 * HOUR_MS);
  await give(2, 2 * HOUR_MS);
  await give(3, 22 * HOUR_MS);
  await give(4, 25 * HOUR_MS);
});

function urlOf(number: number): string {
  return `https://wechat.example/authorize?component=wx0123456789abcdef&task=${'0123456789abcdef'.repeat(4)}-${number}`;
}

/** A task was accepted so long ago. */
async function give(number: number, agoMs: number): Promise<void> {
  const id = idOf(MERCHANTS[number - 1] as Merchant);
  await book.take(id);
  const sentAt = Date.now() - agoMs;
  await server.redis.hset(key('registration', id), 'sent', sentAt);
  await book.record(id, 'create_accepted', {
    callSentAt: sentAt,
    taskId: `task-${number}`,
    authorizeUrl: urlOf(number),
  });
}

const env = () => ({
  REDIS_URL: server.url,
  FASTREGISTER_HOME: folder,
  WECHAT_REGISTRATION_API: 'fastregisterenterpriseweapp',
});

interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A PNG of one bit a pixel, without filters: what a QR code needs. */
function pixelsOf(png: Buffer): Pixels {
  let idat = Buffer.alloc(0);
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') {
      idat = Buffer.concat([idat, png.subarray(at + 8, at + 8 + length)]);
    }
    at += length + 12;
  }
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const lines = inflateSync(idat);
  const stride = 1 + Math.ceil(width / 8);
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const white = ((lines[y * stride + 1 + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1;
      data.fill(white * 255, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  return { width, height, data };
}

describe('links --qr', () => {
  test('writes one code for each merchant, named by line and merchant, that a phone reads', async () => {
    const dir = join(folder, 'codes');
    expect((await run(linksCommand, ['--qr', dir], env())).status).toBe(0);
    const names = readdirSync(dir).sort();
    expect(names).toEqual([
      '000002-虚构商户1号（fate-ok）有限公司.png',
      '000003-a_..__b__x___….png',
      '000004-虚构商户3号（fate-ok）有限公司.png',
      'links.html',
    ]);
    for (const [at, number] of [1, 2, 3].entries()) {
      expect(decodeQR(pixelsOf(readFileSync(join(dir, names[at] ?? ''))))).toBe(urlOf(number));
    }
  });

  test('writes a sheet to print, in which a name is text and never markup', async () => {
    const dir = join(folder, 'sheet');
    await run(linksCommand, ['--qr', dir], env());
    const html = readFileSync(join(dir, 'links.html'), 'utf8');
    expect(html.match(/<article>/g)).toHaveLength(3);
    expect(html).not.toContain('<b>');
    expect(html).toContain('a/../&#60;b&#62;');
    expect(html).toContain('有效至');
  });

  test('takes away the codes of the last time, and nothing else', async () => {
    const dir = join(folder, 'again');
    await run(linksCommand, ['--qr', dir], env());
    writeFileSync(join(dir, 'notes.txt'), 'mine');
    await book.record(idOf(MERCHANTS[0] as Merchant), 'mini_program_created', { appid: 'wx1' });
    await run(linksCommand, ['--qr', dir], env());
    const names = readdirSync(dir);
    expect(names).toContain('notes.txt');
    expect(names.filter((name) => name.endsWith('.png'))).toHaveLength(2);
    expect(names.some((name) => name.startsWith('000002-'))).toBe(false);
  });

  test('writes into no folder that has other files', async () => {
    const dir = mkdtempSync(join(folder, 'other-'));
    writeFileSync(join(dir, '000001-holiday.png'), 'mine');
    await expect(run(linksCommand, ['--qr', dir], env())).rejects.toThrow('has other files in it');
    expect(readdirSync(dir)).toEqual(['000001-holiday.png']);
  });
});

describe('links', () => {
  test('prints which legal person has to open which link until when, in the order of the file', async () => {
    const { stdout } = await run(linksCommand, ['--json'], env());
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.map(({ line, stage, authorize_url }) => [line, stage, authorize_url])).toEqual([
      [2, 'open', urlOf(1)],
      [3, 'open', urlOf(2)],
      [4, 'ending', urlOf(3)],
    ]);
    expect(rows[0].ends_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00$/);
  });
});

describe('report', () => {
  async function rowsOf(...args: string[]): Promise<Record<string, string>[]> {
    const { stdout } = await run(reportCommand, ['--json', ...args], env());
    return stdout === ''
      ? []
      : stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line));
  }

  test('shows each link with its end, and warns three hours before', async () => {
    const rows = await rowsOf();
    expect(
      rows.map(({ line, problem, authorize_url, who_acts }) => [line, problem, authorize_url !== '', who_acts]),
    ).toEqual([
      ['2', '', true, 'legal_person'],
      ['3', '', true, 'legal_person'],
      ['4', 'link:ending', true, 'legal_person'],
      ['5', 'link:ended', true, 'nobody'],
      ['6', '', false, 'nobody'],
    ]);
    expect(rows[0]?.reason).toMatch(/The link ends at \d+ \w{3} (\d{4} )?\d\d:\d\d\./);
    expect(rows[2]?.next_step).toContain('Remind the legal person now');
  });

  test('--links has the rows with a link that can still be opened, with the columns of every report', async () => {
    const all = await rowsOf();
    const links = await rowsOf('--only', 'pending', '--links');
    expect(links.map(({ line }) => line)).toEqual(['2', '3', '4']);
    expect(Object.keys(links[0] ?? {})).toEqual(Object.keys(all[0] ?? {}));
  });

  test('shows no link of an attempt that is over or was not sent yet', async () => {
    const id = idOf(MERCHANTS[0] as Merchant);
    await book.record(id, 'legal_person_timed_out', { problem: 'push:100003' });
    expect((await rowsOf())[0]?.authorize_url).toBe('');
    await book.record(id, 'retry_asked');
    expect((await rowsOf())[0]).toMatchObject({ outcome: 'pending', authorize_url: '' });
  });

  test('shows the step that a query reported, as it came', async () => {
    const id = idOf(MERCHANTS[0] as Merchant);
    const { sentAt = 0 } = await book.registration(id);
    await book.record(id, 'task_unclear', { callSentAt: sentAt, problem: 'query:5', until: Date.now() + HOUR_MS });
    expect((await rowsOf())[0]).toMatchObject({
      outcome: 'pending',
      problem: 'query:5',
      reason: expect.stringContaining('WeChat reports step 5.'),
    });
  });
});

test('status counts the links and says when the next one ends', async () => {
  const { stdout } = await run(statusCommand, ['--json'], env());
  expect(JSON.parse(stdout).links).toMatchObject({ open: 3, ending: 1 });
  const { stdout: text } = await run(statusCommand, [], env());
  expect(text).toMatch(/links to open +3, the next one ends at .*; 1 end in less than three hours/);
});

test("explain shows a merchant's link and until when it can be opened", async () => {
  const { stdout } = await run(explainCommand, [idOf(MERCHANTS[2] as Merchant)], env());
  expect(stdout).toContain(`The legal person opens the link: ${urlOf(3)}`);
  expect(stdout).toMatch(/\n {2}by \d{4}-/);
});

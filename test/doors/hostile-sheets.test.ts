/** `check` and `load` of files that once kept the program busy for ever, or ended it, as their users type them. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { workbookParts } from '../stages/workbook.js';
import { typed } from '../support/command-line.js';
import { attack } from '../support/hostile-sheets.mjs';
import { type OwnRedis, ownRedis } from '../support/own-redis.js';
import { newHome, rehearsalEnvironment } from '../support/rehearsal.js';
import { runs } from '../support/runs.js';
import { zipOf } from '../support/zip-writer.js';

let own: OwnRedis;
beforeAll(async () => {
  own = await ownRedis();
});
afterAll(() => own.end());

const LIMIT_MS = 180_000;
/** 20 MB with many runs. */
const LARGE = runs(20_000_000);
const HEADINGS = 'name,code,legal_persona_wechat,legal_persona_name,component_phone';
const ROW = '示例商贸有限公司,91999900MA00000017,hostile_wx,张示一,0592-0000000';

interface Case {
  readonly file: string;
  readonly bytes: () => string | Buffer;
  /** What `check` says in Chinese, and `load` in English; undefined where the rows are read. */
  readonly refusal?: readonly [zh: RegExp, en: RegExp];
}

const made =
  (kind: string, share = 1) =>
  () =>
    attack(kind, { share }).bytes;

const PARTS = workbookParts([{ name: 'a', rows: [['name', 'code']] }]);

/** Its parts are not packed: a text that repeats itself would be refused for what it grows to. */
function withSheet(content: string): Buffer {
  return zipOf(PARTS.map((part) => (part.name.startsWith('xl/worksheets/') ? { ...part, content } : part)));
}

// biome-ignore format: one line, one file
const CASES: readonly Case[] = [
  { file: 'headings.csv', bytes: made('csv-heading-letters'), refusal: [/前 50 行中没有表头/, /no headings in the first 50 rows/] },
  { file: 'merge-references.xlsx', bytes: made('xlsx-merges-without-a-range'), refusal: [/工作簿已损坏/, /the workbook is broken/] },
  { file: 'date-formats.xlsx', bytes: made('xlsx-formats-of-brackets') },
  { file: 'deep-xml.xlsx', bytes: () => withSheet(`<worksheet>${'<a>'.repeat(170_000)}`), refusal: [/超过 64 层 XML/, /more than 64 levels of XML/] },
  { file: '20,000-sheets.xlsx', bytes: made('xlsx-sheets-over-one-part'), refusal: [/超过 256 个工作表/, /more than 256 sheets/] },
  { file: 'merged-ranges.xlsx', bytes: made('xlsx-merges-many', 0.67), refusal: [/超过 100,000 个合并区域/, /more than 100,000 merged ranges/] },
  { file: 'endless-cell.csv', bytes: () => Buffer.concat([Buffer.from(`${HEADINGS}\n`), Buffer.alloc(LARGE, 'x')]), refusal: [/从第 2 行开始的一行超过 1,048,576 个字符/, /row that begins on line 2 has more than 1,048,576 characters/] },
  { file: 'quoted-endless-cell.csv', bytes: () => Buffer.concat([Buffer.from(`${HEADINGS}\n"`), Buffer.alloc(LARGE, 'x')]), refusal: [/从第 2 行开始.*未闭合的引号/, /begins on line 2 a quotation mark is opened and not closed within 32,767/] },
  { file: 'endless-cell.xlsx', bytes: () => withSheet(`<worksheet><sheetData><row r="2"><c t="inlineStr"><is><t>${'x'.repeat(LARGE)}`), refusal: [/单元格 A2 超过 32,767 个字符/, /the cell A2 has more than 32,767 characters/] },
  { file: 'blank-lines.csv', bytes: () => `${HEADINGS}\r\n"${ROW.replaceAll(',', '","')}"${'\r\n'.repeat(runs(100_000))}` },
  { file: 'ragged-lines.csv', bytes: () => `${HEADINGS}\r\n${ROW}\r\n${'x,"y"\r\n,,\r\nx\r\n'.repeat(runs(5_000, 1_000))}` },
];

test.each(CASES)(
  '$file is answered by both, and nothing of what is refused is stored',
  async ({ file, bytes, refusal }) => {
    const home = newHome();
    const path = join(home, file);
    writeFileSync(path, bytes());
    const env = {
      ...rehearsalEnvironment(home, 'http://127.0.0.1:9'),
      REDIS_URL: `unix:${own.socketPath}`,
      FASTREGISTER_LEDGER: file.replace(/\W/g, '-').toLowerCase(),
      FASTREGISTER_SECRET_KEY: randomBytes(32).toString('base64'),
    };
    const checked = await typed(['check', path, '--lang', 'zh'], { env });
    const loaded = await typed(['load', path], { env });
    if (refusal === undefined) {
      expect([checked.status, loaded.status]).toEqual([expect.toBeOneOf([0, 3]), checked.status]);
      expect(loaded.stdout).toMatch(/^\S+\n$/);
      return;
    }
    const [zh, en] = refusal;
    expect(checked).toMatchObject({ status: 2, stdout: '', stderr: expect.stringMatching(zh) });
    expect(loaded).toMatchObject({ status: 2, stdout: '', stderr: expect.stringMatching(en) });
    const listed = await typed(['batches', '--json'], { env });
    expect(JSON.parse(listed.stdout)).toEqual([]);
  },
  LIMIT_MS,
);

/** What makes a loaded file the same file again. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkCommand } from '../../src/cli/commands/check.js';
import { loadCommand } from '../../src/cli/commands/load.js';
import type { Merchant } from '../../src/domain/merchant.js';
import { key } from '../../src/redis/keys.js';
import { run } from '../support/command-line.js';
import { openBook } from '../support/ledger.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
const SUCCESSOR = { WECHAT_REGISTRATION_API: 'fastregisterenterpriseweapp' };
const PHONE = { FASTREGISTER_COMPONENT_PHONE: '05920000000' };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fr-load-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function saved(text: string): string {
  writeFileSync(join(folder, 'merchants.csv'), text);
  return join(folder, 'merchants.csv');
}

interface Loaded {
  readonly batch: string;
  readonly known: boolean;
  readonly counts: Readonly<Record<string, number>>;
}

async function load(file: string, settings: Record<string, string>): Promise<Loaded> {
  const env = { REDIS_URL: server.url, FASTREGISTER_HOME: folder, ...settings };
  const { stdout } = await run(loadCommand, [file, '--json'], env);
  return (JSON.parse(stdout) as Loaded[])[0] as Loaded;
}

test('rows without a phone are accepted when the sheet is loaded again with a default phone, and the others go out once', async () => {
  const file = saved(sheetOf([merchant(1), merchant(2, 'ok', { componentPhone: '' })]));
  const first = await load(file, SUCCESSOR);
  expect(first).toMatchObject({ known: false, counts: { queued: 1, invalid: 1 } });

  const second = await load(file, { ...SUCCESSOR, ...PHONE });
  expect(second).toMatchObject({ known: false, counts: { queued: 2 } });
  expect(second.batch).not.toBe(first.batch);
  const rows = await openBook(server.redis).rows(second.batch);
  expect(rows.map(({ row }) => row.merchant?.componentPhone)).toEqual(['05920000000', '05920000000']);
  expect(await server.redis.llen(key('ready', 'submit'))).toBe(2);
});

test('load says how many rows of earlier sheets it replaces, and nothing of it when the file is known', async () => {
  const [one, two] = [merchant(1), merchant(2)];
  await load(saved(sheetOf([one, two])), PHONE);
  const renamed = [one, two].map((it) => ({ ...it, name: `新${it.name}` }));
  const file = saved(sheetOf([...renamed, merchant(3)]));
  const env = { REDIS_URL: server.url, FASTREGISTER_HOME: folder, ...PHONE };
  const spoken = (await run(loadCommand, [file], env)).stderr;
  expect(spoken).toContain('2 rows replaced unsent rows of earlier sheets, which are cancelled there.');
  expect((await run(loadCommand, [file], env)).stderr).not.toContain('replaced');
  expect(await load(file, PHONE)).toMatchObject({ known: true, replaces: 2 });
  expect(await load(saved(sheetOf([merchant(4)])), PHONE)).toMatchObject({ known: false, replaces: 0 });
});

test('the same file again says how its failed rows are sent again, where it has some', async () => {
  const file = saved(sheetOf([merchant(1), merchant(2)]));
  const env = { REDIS_URL: server.url, FASTREGISTER_HOME: folder, ...PHONE };
  const { batch } = await load(file, PHONE);
  expect((await run(loadCommand, [file], env)).stderr).not.toContain('retry');
  const [id = ''] = await server.redis.lrange(key('ready', 'submit'), 0, -1);
  const book = openBook(server.redis);
  await book.send(id);
  await book.record(id, 'registration_refused', { problem: 'push:103' });
  expect((await run(loadCommand, [file], env)).stderr).toContain(`sent again by \`fastregister retry ${batch}\`.`);
  // Before the plan, which is that of the same rows in another file.
  expect((await run(checkCommand, [file], env)).stdout).toMatch(
    /\n {2}This file is batch \w+ already: .* Rows that have failed are sent again there\.\n {2}rows /,
  );
});

test('check and load say by which rules they check while no registration API is chosen, and not in a rehearsal', async () => {
  const file = saved(sheetOf([merchant(1)]));
  const env = { REDIS_URL: server.url, FASTREGISTER_HOME: folder };
  const rehearsal = { ...env, WECHAT_API_BASE_URL: 'http://127.0.0.1:9', FASTREGISTER_LEDGER: 'rehearsal' };
  const said = async (command: typeof checkCommand, settings: Record<string, string>) =>
    (await run(command, [file], settings)).stderr;
  for (const command of [checkCommand, loadCommand]) {
    expect(await said(command, env)).toContain('checked by the rules of fastregisterweapp');
    for (const chosen of [{ ...env, ...SUCCESSOR, ...PHONE }, rehearsal]) {
      expect(await said(command, chosen)).not.toContain('is not chosen');
    }
  }
});

test('codes that the API does not accept are accepted when the sheet is loaded again for an API that does', async () => {
  const licence = merchant(2, 'ok', { code: '110000000000009', codeType: 3 });
  const file = saved(sheetOf([merchant(1), licence]));
  expect(await load(file, SUCCESSOR)).toMatchObject({ counts: { invalid: 1 } });
  expect(await load(file, {})).toMatchObject({ known: false, counts: { queued: 2 } });
});

test('an organisation code that the API does not take still names an enterprise that has a Mini Program', async () => {
  const [done, other] = [merchant(1), merchant(2)];
  const withOrganisationCode = (it: Merchant): Merchant => ({ ...it, code: it.code.slice(8, 17), codeType: 2 });
  await load(saved(sheetOf([done])), SUCCESSOR);
  const [id = ''] = await server.redis.lrange(key('ready', 'submit'), 0, -1);
  const { send, record } = openBook(server.redis);
  await send(id);
  await record(id, 'mini_program_created', { appid: 'wxdone' });

  const file = saved(sheetOf([withOrganisationCode(done), withOrganisationCode(other)]));
  const env = { REDIS_URL: server.url, FASTREGISTER_HOME: folder, ...SUCCESSOR };
  const { stdout } = await run(checkCommand, [file, '--json'], env);
  expect(JSON.parse(stdout)).toMatchObject([{ already_created: 1, invalid: 1, ready: 0 }]);
  expect(await load(file, SUCCESSOR)).toMatchObject({ counts: { already_created: 1, invalid: 1 } });
});

test('and a row of a running registration gets its outcome; in one file it is a duplicate', async () => {
  const [one, other, failed] = [merchant(1), merchant(2), merchant(3)];
  const withOrganisationCode = (it: Merchant): Merchant => ({ ...it, code: it.code.slice(8, 17), codeType: 2 });
  await load(saved(sheetOf([one, failed])), SUCCESSOR);
  const [id = '', failedId = ''] = await server.redis.lrange(key('ready', 'submit'), 0, -1);
  const { send, record, batches } = openBook(server.redis);
  for (const it of [id, failedId]) await send(it);
  await record(failedId, 'registration_refused', { problem: 'push:103' });

  const rows = [withOrganisationCode(one), other, withOrganisationCode(other), withOrganisationCode(failed)];
  const file = saved(sheetOf(rows));
  const env = { REDIS_URL: server.url, FASTREGISTER_HOME: folder, ...SUCCESSOR };
  const { stdout } = await run(checkCommand, [file, '--json'], env);
  expect(JSON.parse(stdout)).toMatchObject([{ in_progress: 1, ready: 1, duplicate: 1, invalid: 1 }]);
  const loaded = await load(file, SUCCESSOR);
  expect(loaded).toMatchObject({
    counts: { awaiting_legal_person: 1, queued: 1, duplicate: 1, invalid: 1 },
  });
  await record(id, 'mini_program_created', { appid: 'wxone' });
  expect(await batches.counts(loaded.batch)).toMatchObject({ created: 1, queued: 1, duplicate: 1, invalid: 1 });
});

test.each([
  ['the first API', {}],
  ['its successor', SUCCESSOR],
])('under the same rules of %s it is the same batch, whichever default phone is set', async (_, api) => {
  const file = saved(sheetOf([merchant(1)]));
  const { batch } = await load(file, { ...api, ...PHONE });
  expect(await load(file, { ...api, ...PHONE })).toMatchObject({ batch, known: true });
  expect(await load(file, { ...api, FASTREGISTER_COMPONENT_PHONE: '075500000000' })).toMatchObject({
    batch,
    known: true,
  });
  const env = { REDIS_URL: server.url, FASTREGISTER_HOME: folder, ...api, ...PHONE };
  expect((await run(checkCommand, [file], env)).stdout).toContain(batch);
});

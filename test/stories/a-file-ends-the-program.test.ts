import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { key } from '../../src/redis/keys.js';
import { openNights } from '../../src/redis/nights.js';
import { openReadings, type Readings } from '../../src/redis/readings.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { openOffice } from '../support/nights.js';
import { type OwnRedis, ownRedis } from '../support/own-redis.js';
import { start } from '../support/program.js';
import { newHome, rehearsalEnvironment, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

let own: OwnRedis;
let redis: Redis;

beforeAll(async () => {
  own = await ownRedis();
  redis = await own.connect();
});
beforeEach(() => redis.flushall());
afterAll(() => own.end());

test('while it is read, twice: at the third start it is put away with a reason, and the next file is loaded', async () => {
  const home = newHome();
  const inbox = join(home, 'inbox');
  mkdirSync(inbox);
  // Long enough to be killed in the middle of.
  const long = sheetOf(Array.from({ length: 60_000 }, (_, number) => merchant(number)));
  for (const [name, content] of [
    ['long.csv', long],
    ['next.csv', sheetOf([merchant(1)])],
  ] as const) {
    writeFileSync(join(inbox, name), content);
    writeFileSync(join(inbox, `${name}.ready`), '');
  }
  const addedAt = Date.now() - 3 * 86_400_000;
  const schedule = { at: '0 22 * * *', timezone: 'Asia/Shanghai', until: 'submitted', language: 'en' } as const;
  await openNights(redis).add({ name: 'nightly', inbox, addedAt, ...schedule });
  const env = {
    ...rehearsalEnvironment(home, 'http://127.0.0.1:9'),
    REDIS_URL: `unix:${own.socketPath}`,
    FASTREGISTER_SECRET_KEY: randomBytes(32).toString('base64'),
  };
  const serve = () => start(['serve', '--only', 'nights'], { env });

  for (const times of [1, 2]) {
    const program = serve();
    await until(`${times} processes have begun to read it`, async () => {
      const [note] = await redis.keys(key('reading', '*'));
      return note !== undefined && (await redis.scard(note)) === times;
    });
    program.kill('SIGKILL');
    await program.ended;
    expect(existsSync(join(inbox, 'long.csv'))).toBe(true);
    // As Redis does when the lease has run out.
    await redis.del(...(await redis.keys(key('inbox', '*'))));
  }

  serve();
  const night = await until('both files have been taken', async () =>
    (await openNights(redis).list()).find(({ files, rejected }) => files.length + rejected.length === 2),
  );
  expect(night.files.map(({ name }) => name)).toEqual(['next.csv']);
  const [{ name, why, moved } = { name: '', why: '', moved: '' }] = night.rejected;
  expect([name, why]).toEqual([
    'long.csv',
    expect.stringMatching(/^the program ended while it read this file, 2 times/),
  ]);
  expect(readFileSync(`${moved}.why.txt`, 'utf8')).toBe(`${why}\n`);
  // A file is in the night before it is moved, so its reading may not be over yet.
  await until('no reading is noted any more', async () => (await redis.keys(key('reading', '*'))).length === 0);
});

/** As two processes that began to read a file and are gone. */
async function readByOthers(store: Redis, path: string, size: number, mtimeMs: number): Promise<void> {
  for (const reader of ['one', 'other']) await openReadings(store, reader).begin({ path, size, mtimeMs });
}

test('put into the inbox again, it is read again', async () => {
  const rehearsal = await rehearse();
  await rehearsal.start();
  const office = openOffice(rehearsal);
  office.put('a.csv', sheetOf([merchant(1)]));
  const path = join(office.inbox, 'a.csv');
  const { size, mtimeMs } = statSync(path);
  await readByOthers(rehearsal.store.redis, path, size, mtimeMs);
  const first = await office.run({ language: 'zh' });
  expect(first?.rejected).toMatchObject([{ name: 'a.csv', why: expect.stringContaining('程序已 2 次异常结束') }]);

  renameSync(first?.rejected[0]?.moved ?? '', path);
  const second = await office.run();
  expect(second).toMatchObject({ files: [{ name: 'a.csv' }], rejected: [] });
});

test('a file that was changed since is another one', async () => {
  const rehearsal = await rehearse();
  await rehearsal.start();
  const office = openOffice(rehearsal);
  office.put('a.csv', sheetOf([merchant(1)]));
  await readByOthers(rehearsal.store.redis, join(office.inbox, 'a.csv'), 12, 34);
  expect((await office.run())?.files).toHaveLength(1);
});

test('a process that ends on a signal blames neither the file that it reads nor a file that it has read', async () => {
  const rehearsal = await rehearse();
  const office = openOffice(rehearsal);
  office.put('a.csv', sheetOf([merchant(1)]));
  office.put('b.csv', 'no sheet');
  await openNights(rehearsal.store.redis).add(office.schedule({ until: 'submitted' }));
  const readings = openReadings(rehearsal.store.redis);
  const steps: string[] = [];
  let toldToLeave = (): void => {};
  const watched: Readings = {
    async begin(file) {
      steps.push('begin');
      const others = await readings.begin(file);
      toldToLeave();
      return others;
    },
    leave: (file) => {
      steps.push('leave');
      return readings.leave(file);
    },
    end: (file) => {
      steps.push('end');
      return readings.end(file);
    },
  };
  const keeper = await office.keep({ readings: watched });
  let left: Promise<void> | undefined;
  toldToLeave = () => {
    left ??= keeper.close();
  };
  await until('the first file has been read', () => steps.includes('end'));
  await left;
  expect(steps.slice(0, 3)).toEqual(['begin', 'leave', 'end']);
  expect(await rehearsal.store.redis.keys(key('reading', '*'))).toEqual([]);
  expect(readdirSync(office.inbox).sort()).toEqual(expect.arrayContaining(['b.csv']));
});

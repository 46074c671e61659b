import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openNights } from '../../src/redis/nights.js';
import { ATTACK_KINDS, attack } from '../support/hostile-sheets.mjs';
import { merchant, sheetOf } from '../support/merchants.js';
import { type OwnRedis, ownRedis } from '../support/own-redis.js';
import { portOf, start } from '../support/program.js';
import { otherXml, seal } from '../support/pushes.js';
import { post } from '../support/receiver.js';
import { EVENTS_PATH, newHome, newSimulator, rehearsalEnvironment } from '../support/rehearsal.js';
import { until } from '../support/until.js';

let own: OwnRedis;
beforeAll(async () => {
  own = await ownRedis();
});
afterAll(() => own.end());

const LIMIT_MS = 180_000;

/** test/stages/hostile-sheets reads every attack; here some of them lie beside a night. */
const EVERY = process.env.TEST_RUNS === 'many' ? 4 : 8;

test(
  'each is put away with its reason, WeChat is answered meanwhile, and the good file beside them is sent',
  async () => {
    const home = newHome();
    const inbox = join(home, 'inbox');
    mkdirSync(inbox);
    const put = (name: string, bytes: string | Buffer) => {
      writeFileSync(join(inbox, name), bytes);
      writeFileSync(join(inbox, `${name}.ready`), '');
    };
    const hostile = ATTACK_KINDS.filter((_, at) => at % EVERY === 0).map((kind) => attack(kind));
    for (const { name, bytes } of hostile) put(name, bytes);
    // In the middle of them, in the order of names.
    put('merchants.csv', sheetOf([merchant(1), merchant(2)]));

    const simulator = await newSimulator();
    const redis = await own.connect();
    const nights = openNights(redis);
    const long = Date.now() - 3 * 86_400_000;
    const hours = { at: '0 22 * * *', timezone: 'Asia/Shanghai', until: 'submitted', language: 'zh' } as const;
    await nights.add({ name: 'nightly', inbox, addedAt: long, ...hours });

    const program = start(['serve'], {
      env: {
        ...rehearsalEnvironment(home, simulator.url),
        REDIS_URL: `unix:${own.socketPath}`,
        FASTREGISTER_SECRET_KEY: randomBytes(32).toString('base64'),
        FASTREGISTER_CONSOLE_PORT: '0',
        FASTREGISTER_CONSOLE_PASSWORD: 'hostile-files',
      },
    });
    const [port, consolePort] = [await portOf(program, 'receiver'), await portOf(program, 'console')];
    simulator.setPushUrl(`http://127.0.0.1:${port}${EVENTS_PATH}`);

    let pushes = 0;
    const night = await until(
      'every file has been taken',
      async () => {
        expect(await post(port, seal(otherXml('authorized')))).toEqual({ status: 200, text: 'success' });
        pushes += 1;
        expect((await fetch(`http://127.0.0.1:${consolePort}/livez`)).status).toBe(200);
        const [first] = await nights.list();
        const isThrough = first !== undefined && first.files.length + first.rejected.length === hostile.length + 1;
        return isThrough && first;
      },
      LIMIT_MS,
    );
    expect(pushes).toBeGreaterThan(20 / EVERY);

    expect(night.files.map(({ name }) => name)).toContain('merchants.csv');
    expect(night.rejected.length).toBeGreaterThan(60 / EVERY);
    for (const { name, why, moved } of night.rejected) {
      expect([name, why]).toEqual([
        name,
        expect.stringMatching(/^(?!our program failed)(?!.*已停止).*\p{Script=Han}/u),
      ]);
      // A night names a file before it moves it.
      await until(`the reason lies beside ${name}`, () => existsSync(`${moved}.why.txt`));
      expect(readFileSync(`${moved}.why.txt`, 'utf8')).toBe(`${why}\n`);
    }
    await until('the merchants of the good file have been sent', () =>
      [1, 2].every((number) => simulator.state().merchants[merchant(number).code] !== undefined),
    );
    expect(readdirSync(inbox).filter((name) => name !== 'done' && name !== 'rejected')).toEqual([]);
    expect(program.child.exitCode).toBeNull();
  },
  LIMIT_MS,
);

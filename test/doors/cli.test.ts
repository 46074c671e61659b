import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Simulator } from '../../simulator/simulator.js';
import { startOf } from '../../src/redis/server/process.js';
import { typed } from '../support/command-line.js';
import { freePort } from '../support/free-port.js';
import { cellsOf, HEADINGS, merchant, sheetOf } from '../support/merchants.js';
import { type Ended, run, start } from '../support/program.js';
import { useRedis } from '../support/redis.js';
import { EVENTS_PATH, emptyRedis, newHome, newSimulator, rehearsalEnvironment } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const server = useRedis();
let home: string;
let env: Record<string, string>;
/** With a Redis of this test's own, which commands start and stop. */
let privateEnv: Record<string, string>;

beforeEach(async () => {
  home = newHome();
  privateEnv = { FASTREGISTER_HOME: join(home, 'data') };
  env = { ...privateEnv, ...(await emptyRedis()) };
});

describe('help', () => {
  test('names every command, and the first thing to try', async () => {
    const { status, stdout } = await run(['--help'], { asInstalled: true });
    expect(status).toBe(0);
    const contract = ['check', 'load', 'run', 'work', 'listen', 'serve', 'status', 'report', 'explain'];
    expect(commandsIn(stdout)).toEqual(expect.arrayContaining([...contract, 'pause', 'resume', 'simulate', 'demo']));
    expect(stdout).toContain('npm run demo');
  });

  test('of every command has an example that begins as one types it', async () => {
    const { stdout } = await typed(['--help']);
    for (const name of commandsIn(stdout).filter((name) => name !== 'help')) {
      const help = await typed([name, '--help']);
      expect([name, help.status, help.stderr]).toEqual([name, 0, '']);
      expect(help.stdout).toMatch(new RegExp(`Usage: fastregister ${name}`));
      // A command of commands has its examples one level down.
      if (!/^Commands:/m.test(help.stdout)) {
        expect(help.stdout).toMatch(new RegExp(`Example:\\n {2}(\\w+=\\S+ )*fastregister ${name}`));
      }
    }
  });
});

describe('bad usage ends with 2 and one sentence that says what to do', () => {
  // biome-ignore format: one line, one mistake
  const MISTAKES: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['a command that does not exist', ['lode', 'x.csv'], /lode/],
    ['an option that does not exist', ['status', '--colour'], /--colour/],
    ['a missing argument', ['load'], /missing required argument/],
    ['a file that does not exist', ['load', 'nothing.csv'], /nothing\.csv: there is no such file/],
    ['a folder instead of a file', ['check', '.'], /\.: this is (a folder|not a file)/],
    ['a value that a setting cannot have', ['status', '--daily-calls', 'many'], /^--daily-calls is .*whole number/],
    ['an outcome that does not exist', ['report', '--only', 'finished'], /the outcomes are created, already_created/],
    ['a language that we do not speak', ['explain', '89249', '--lang', 'fr'], /write zh or en/],
    ['a code that nobody knows', ['explain', 'nonsense'], /neither a merchant of any sheet nor a code/],
    ['a registration that does not exist', ['explain', 'aaaaaaaaaaaaaaaa'], /There is no registration aaaaaaaaaaaaaaaa/],
    ['a report before anything was loaded', ['report'], /There is no batch yet\. Load a sheet first/],
    ['a batch that does not exist', ['status', 'b000'], /There is no batch/],
    ['a port that is no number', ['simulate', '--port', 'abc'], /--port abc: write a whole number from 0 to 65535/],
    ['a port that does not exist', ['simulate', '--port', '99999'], /--port 99999: write a whole number from 0 to 65535/],
    ['a seed that is no number', ['simulate', '--seed', 'x'], /--seed x: write a whole number/],
    ['a fate that does not exist', ['simulate', '--mix', 'ok=1,foo=1'], /--mix foo=1: "foo" is no fate; .*simulate --fates/],
    ['a fate without a weight', ['simulate', '--mix', 'ok'], /--mix ok: write a weight above 0/],
    ['a speed that has no end', ['simulate', '--speed', 'Infinity'], /--speed Infinity: write a number above 0/],
  ];

  test(`for ${MISTAKES.length} mistakes that people make`, async () => {
    for (const [mistake, args, sentence] of MISTAKES) {
      const { status, stdout, stderr } = await typed(args, { env, cwd: home });
      expect([mistake, status, stdout]).toEqual([mistake, 2, '']);
      expect(stderr).toMatch(sentence);
      expect(stderr).not.toMatch(/^ {4}at /m);
    }
  });

  test('a sheet without the columns that are needed', async () => {
    writeFileSync(join(home, 'odd.csv'), 'shop,city\n1,2\n');
    const { status, stderr } = await typed(['load', 'odd.csv'], { env, cwd: home });
    expect(status).toBe(2);
    expect(stderr).toMatch(/odd\.csv: .*name.*code/s);
  });

  test('settings that are missing or wrong, all of them at once and no secret among them', async () => {
    const secret = 'no-such-key-of-43-characters';
    const sheet = await written([merchant(1)]);
    const { status, stderr } = await typed(['run', sheet], {
      env: { ...env, WECHAT_ENCODING_AES_KEY: secret, FASTREGISTER_RETRY_FIRST: '30', FASTREGISTER_DALY_CALLS: '1' },
    });
    expect(status).toBe(2);
    for (const name of ['WECHAT_COMPONENT_APPID', 'WECHAT_COMPONENT_APPSECRET', 'WECHAT_MESSAGE_TOKEN']) {
      expect(stderr).toContain(`${name} is missing`);
    }
    expect(stderr).toMatch(/WECHAT_ENCODING_AES_KEY .*43 letters and digits/);
    expect(stderr).toMatch(/FASTREGISTER_RETRY_FIRST .*30s/);
    expect(stderr).toContain('did you mean FASTREGISTER_DAILY_CALLS?');
    expect(stderr).not.toContain(secret);
    expect(existsSync(env.FASTREGISTER_HOME ?? '')).toBe(false);
  });

  test('a Redis that may delete registrations', async () => {
    await server.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const { status, stderr } = await typed(['status'], { env: { ...env, REDIS_URL: server.url } });
    await server.redis.config('SET', 'maxmemory-policy', 'noeviction');
    expect(status).toBe(2);
    expect(stderr).toContain('CONFIG SET maxmemory-policy noeviction');
  });
});

describe('the exit status', () => {
  test('is 0 for a sheet without a problem, and 3 for one with rows that need a person', async () => {
    const good = await written([merchant(1), merchant(2)], 'good.csv');
    const bad = await written([merchant(3), merchant(4, 'ok', { code: '9.13501E+17' })], 'bad.csv');

    const checks = [await typed(['check', good], { env }), await typed(['check', bad], { env })];
    expect(checks.map(({ status }) => status)).toEqual([0, 3]);
    expect(checks[1]?.stdout).toMatch(/bad\.csv:3: error: .*\[sheet:code_scientific\]/);

    expect((await typed(['load', good], { env })).status).toBe(0);
    expect((await typed(['load', bad], { env })).status).toBe(3);
  });

  test('of check: nothing was sent and nothing was stored', async () => {
    const sheet = await written([merchant(1)]);
    const { status } = await typed(['check', sheet], { env });
    expect(status).toBe(0);
    expect((await typed(['report'], { env })).stderr).toContain('There is no batch yet');
  });

  test('of run is 0 when all is well, and 3 when some rows need a person', async () => {
    const simulator = await newSimulator();
    const platform = await heardAt(simulator);
    const one = await written([merchant(1), merchant(2)], 'one.csv');
    const two = await written([merchant(3), merchant(4, 'p103')], 'two.csv');
    expect((await typed(['run', one], { env: platform })).status).toBe(0);
    const { status, stdout } = await typed(['run', two], { env: platform });
    expect(status).toBe(3);
    expect(stdout).toContain('"rejected","push:103"');
    // Several, and one of them twice, are one CSV: each merchant has one row, under one row of headings.
    const both = await typed(['run', one, two, await written([merchant(1), merchant(2)], 'copy.csv')], {
      env: platform,
    });
    expect(both.stdout.match(/\uFEFF/g)).toHaveLength(1);
    expect(both.stdout.trimEnd().split('\n')).toHaveLength(5);
  });

  test('of run leaves a status that says what WeChat counted of the day, beside what we did', async () => {
    const simulator = await newSimulator();
    const platform = { ...(await heardAt(simulator)), FASTREGISTER_DAILY_CALLS: 'auto' };
    expect((await typed(['run', await written([merchant(1)])], { env: platform })).status).toBe(0);

    const [text, json] = [
      await typed(['status'], { env: platform }),
      await typed(['status', '--json'], { env: platform }),
    ];
    const { calls } = JSON.parse(json.stdout) as { calls: { reported: Record<string, number> } };
    expect(calls.reported).toMatchObject({ used: expect.any(Number), counted: expect.any(Number) });
    expect(calls.reported.difference).toBe((calls.reported.used ?? 0) - (calls.reported.counted ?? 0));
    expect(text.stdout).toMatch(/counted by WeChat\s+\d+ at \S+, where we had counted \d+/);
  });

  test('is 4 where the line is stopped or the quota is used up, with what to do', async () => {
    const simulator = await newSimulator({ pushUrl: 'http://127.0.0.1:1/nobody' });
    const platform = { ...rehearsalEnvironment(join(home, 'data'), simulator.url), ...env };
    const sheet = await written([merchant(1)]);
    await typed(['load', sheet], { env: platform });
    expect((await typed(['pause', '--because', 'announced maintenance'], { env: platform })).status).toBe(0);

    const [drained, ran] = [
      await typed(['work', '--drain'], { env: platform }),
      await typed(['run', sheet], { env: platform }),
    ];
    for (const { status, stderr } of [drained, ran]) {
      expect(status).toBe(4);
      expect(stderr).toContain('The line is paused: announced maintenance');
      expect(stderr).toContain('fastregister resume');
    }
    expect(ran.stdout).toContain('"pending"');
    // What lies there, such as the journal, another folder would not have.
    expect(drained.stderr).toContain(`in a new folder: ${join(home, 'data')}`);
    expect(ran.stderr).not.toContain('a new folder');

    expect(await typed(['resume'], { env: platform })).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/runs again|opens/),
    });
    expect(simulator.state().merchants).toEqual({});
  });

  test('is 5 where Redis cannot be reached, at once', async () => {
    const { status, stderr } = await run(['status'], { env: { ...env, REDIS_URL: 'redis://:secret@127.0.0.1:1' } });
    expect(status).toBe(5);
    expect(stderr).toMatch(/^Redis at redis:\/\/127\.0\.0\.1:1 cannot be reached: .*correct REDIS_URL\.\n$/);
  });
});

describe('the report', () => {
  let folder: string;
  let place: { env: Record<string, string> };
  let csv: Ended;
  let chinese: Ended;
  let json: Ended;

  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'fr-')));
    place = { env: { FASTREGISTER_HOME: join(folder, 'data') } };
    const odd = merchant(2, 'ok', { name: '虚构"商户"，有限公司' });
    const headings = [...HEADINGS, '门店', '备注'].join(',');
    const rows = [
      [...cellsOf(merchant(1)), '007', '=HYPERLINK("http://example.com")'],
      [...cellsOf(odd), '008', '+86'],
      [...cellsOf(merchant(1)), '009', ''],
      [...cellsOf(merchant(3, 'ok', { code: '12345' })), '010', ''],
    ];
    const quoted = rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','));
    writeFileSync(join(folder, 'sheet.csv'), `${[headings, ...quoted].join('\n')}\n`);
    const loaded = await typed(['load', join(folder, 'sheet.csv')], place);
    expect([loaded.status, loaded.stdout]).toEqual([3, expect.stringMatching(/^b/)]);
    csv = await typed(['report'], place);
    chinese = await typed(['report', '--lang', 'zh', '--only', 'duplicate,invalid'], place);
    json = await typed(['report', '--json'], place);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('has every row once, in order: what came, and then what became of it', () => {
    const { status, stdout } = csv;
    expect(status).toBe(0);
    expect(stdout.startsWith('\uFEFF"name","code",')).toBe(true);
    const lines = stdout.slice(1).split('\r\n');
    expect(lines.pop()).toBe('');
    expect(lines[0]).toContain(
      '"门店","备注","line","outcome","problem","reason","next_step","message","who_acts","appid","authorize_url","attempts","submitted_at","finished_at","registration_id","batch"',
    );
    expect(lines.slice(1).map((line) => /"0(\d\d)",/.exec(line)?.[1])).toEqual(['07', '08', '09', '10']);
    expect(lines.slice(1).map((line) => /"(pending|duplicate|invalid)"/.exec(line)?.[1])).toEqual([
      'pending',
      'pending',
      'duplicate',
      'invalid',
    ]);
    expect(lines[3]).toContain('line 2 of this file');
    expect(lines[2]).toContain('"虚构""商户""，有限公司"');
  });

  test('has no cell that a spreadsheet program would take for a formula', () => {
    const { stdout } = csv;
    expect(stdout).not.toMatch(/(^|,)"[=+@\t\r-]/m);
    expect(stdout).toContain('HYPERLINK(""http://example.com"")');
  });

  test('is written in Chinese, with only the requested outcomes', () => {
    const { stdout } = chinese;
    expect(stdout).toContain('与本文件第 2 行为同一商户');
    expect(stdout.trimEnd().split('\r\n')).toHaveLength(3);
  });

  test('as JSON is one object a row', () => {
    const rows = json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows.map(({ outcome }) => outcome)).toEqual(['pending', 'pending', 'duplicate', 'invalid']);
    expect(rows[0]).toMatchObject({ line: '2', input: { name: merchant(1).name, 门店: '007' } });
  });

  test('is written whole, and over no other file unless asked', async () => {
    const file = join(folder, 'outcomes.csv');
    writeFileSync(file, 'somebody’s own');
    expect(await typed(['report', '-o', file], place)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('is there already'),
    });
    expect(readFileSync(file, 'utf8')).toBe('somebody’s own');

    expect((await typed(['report', '-o', file, '--force'], place)).status).toBe(0);
    expect(readFileSync(file, 'utf8')).toContain('"pending"');
    expect(await typed(['report', '-o', join(folder, 'no/such/folder.csv')], place)).toMatchObject({ status: 2 });
  });

  test('says where it cannot be written, and why, as a fault of the place', async () => {
    const says = (status: number, sentence: RegExp) => ({ status, stderr: expect.stringMatching(sentence) });
    expect(await typed(['report', '-o', folder], place)).toMatchObject(says(2, /it is a folder\. Name a file/));
    const below = join(folder, 'file');
    writeFileSync(below, '');
    expect(await typed(['report', '-o', join(below, 'x.csv')], place)).toMatchObject(
      says(2, /there is no such folder/),
    );
    expect(await typed(['report', '-o', '/dev/null'], place)).toMatchObject(says(0, /Written: \/dev\/null/));
  });

  test.skipIf(!existsSync('/dev/full'))('says that the disk is full, also of its own output', async () => {
    const full = openSync('/dev/full', 'w');
    const ended = await Promise.all([
      run(['report', '-o', '/dev/full'], place),
      run(['report'], { ...place, stdout: full }),
      run(['check', join(folder, 'sheet.csv')], { ...place, stdout: full }),
    ]);
    closeSync(full);
    for (const { status, stderr } of ended) {
      const said = stderr.replace(/^Batch .*, the newest: .*\n/, '');
      expect(said).toMatch(/cannot be written: the disk is full\. Make room/);
      expect([status, said.split('\n').length]).toEqual([2, 2]);
    }
  });

  test('is the next upload: what the report added is ignored on input', async () => {
    const file = join(folder, 'outcomes.csv');
    await typed(['report', '-o', file], place);
    const { status, stdout } = await typed(['check', file, '--json'], place);
    expect(status).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject([{ rows: 4, in_progress: 2, duplicate: 1, invalid: 1 }]);
  });
});

describe('what can be looked up', () => {
  test('status shows outcomes, calls and the line, to people and to programs', async () => {
    await typed(['load', await written([merchant(1), merchant(2)])], { env });
    const [text, json] = [await typed(['status'], { env }), await typed(['status', '--json'], { env })];

    expect(text.stdout).toMatch(/line\s+running/);
    expect(text.stdout).toMatch(/calls today\s+0 of 1000, 1000 left/);
    expect(text.stdout).toMatch(/merchants\.csv\s+2 rows/);
    expect(JSON.parse(json.stdout)).toMatchObject({
      line: { stopped: false },
      calls: { used: 0, limit: 1000, left: 1000 },
      batches: [{ file: 'merchants.csv', rows: 2, outcomes: { pending: 2 } }],
    });
  });

  test('explain says what a code means, calls for, and is known from', async () => {
    const { status, stdout } = await typed(['explain', 'create:61070'], { env });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^create:61070\n {2}\S.*\n {2}next: \S.*\n {2}who acts: the merchant\n/);
    expect(stdout).toContain('known from:');
    const chinese = await typed(['explain', 'create:61070', '--lang', 'zh'], { env });
    expect(withoutMachineWords(chinese.stdout)).not.toMatch(/[a-z]{2}/);

    const both = await typed(['explain', '89250', '--lang', 'zh', '--json'], { env });
    expect((JSON.parse(both.stdout) as { problem: string }[]).map(({ problem }) => problem)).toContain('search:89250');
    expect((await typed(['explain', 'code_length'], { env })).stdout).toMatch(
      /^sheet:code_length\n {2}the code has … characters;/,
    );
  });

  test('explain shows the history of a registration, and no secret of it', async () => {
    const simulator = await newSimulator();
    const platform = await heardAt(simulator);
    const ran = await typed(['run', await written([merchant(1)])], { env: platform });
    const [, id = ''] = /"([a-z2-7]{16})","b[0-9a-f]+"/.exec(ran.stdout) ?? [];

    const { status, stdout } = await typed(['explain', id], { env: platform });
    expect(status).toBe(0);
    for (const fact of ['row_accepted', 'create_sent', 'create_accepted', 'mini_program_created', 'authorizer_kept']) {
      expect(stdout).toContain(fact);
    }
    expect(stdout).toMatch(/appid wx[0-9a-f]{16}/);
    const chinese = await typed(['explain', id, '--lang', 'zh'], { env: platform });
    const { name, legalPersonaWechat } = merchant(1);
    const sentences = chinese.stdout.replaceAll(name, '').replaceAll(legalPersonaWechat, '');
    expect(withoutMachineWords(sentences)).not.toMatch(/[a-z]{2}/);
    const json = JSON.parse((await typed(['explain', id, '--json'], { env: platform })).stdout) as Record<
      string,
      unknown
    >;
    const details = { name, code: merchant(1).code, legal_persona_wechat: legalPersonaWechat };
    expect(json).toMatchObject({ registration: { state: 'created' }, merchant: details, line: 2 });
    expect(JSON.stringify(json)).not.toContain('authCode');
  });
});

/** Codes, names of calls and fields, ids and files are the same in every language. */
function withoutMachineWords(text: string): string {
  return text.replace(
    /`[^`]*`|[a-z0-9-]+(?:[_:/.][a-z0-9_.:/-]+)+|→ \w+|appid|wx[0-9a-f]{16}|: created$|[a-z2-7]{16}|b[0-9a-f]{12}\/\d+|T\d\d:|fate-\w+/gm,
    '',
  );
}

describe('a command', () => {
  test('ends quietly when its reader stops reading, and leaves no Redis behind', async () => {
    await typed(['load', await written(Array.from({ length: 3_000 }, (_, number) => merchant(number)))], {
      env: privateEnv,
    });
    const program = start(['report'], { env: privateEnv });
    await new Promise((resolve) => program.child.stdout?.once('data', resolve));
    program.child.stdout?.destroy();

    const { status, stderr } = await program.ended;
    expect([status, stderr]).toEqual([0, expect.stringMatching(/^Batch b\w{12}, the newest: .*\n$/)]);
    expect(await redisRuns()).toBe(false);
  });

  test('ends when it is done: nothing keeps it after its Redis was stopped', async () => {
    const program = start(['status'], { env: { ...privateEnv, FASTREGISTER_LOG_LEVEL: 'info' } });
    await until('its Redis is stopped', () => program.stderr().includes('Stopped the private Redis'));
    const stoppedAt = Date.now();
    await program.ended;
    expect(Date.now() - stoppedAt).toBeLessThan(10_000);
  });

  test('shares the private Redis with others, and the last one stops it', async () => {
    const looks = await Promise.all([1, 2, 3].map(() => run(['status', '--json'], { env: privateEnv })));
    expect(looks.map(({ status }) => status)).toEqual([0, 0, 0]);
    expect(await redisRuns()).toBe(false);
  });

  test('finds a setting in .env, and a flag wins over it', async () => {
    mkdirSync(join(home, 'there'));
    writeFileSync(join(home, 'there/.env'), `FASTREGISTER_HOME=${join(home, 'data')}\nFASTREGISTER_DAILY_CALLS=77\n`);
    const limitWith = async (...flags: string[]): Promise<number> => {
      const { stdout } = await typed(['status', '--json', ...flags], { cwd: join(home, 'there') });
      return (JSON.parse(stdout) as { calls: { limit: number } }).calls.limit;
    };
    expect([await limitWith(), await limitWith('--daily-calls', '88')]).toEqual([77, 88]);
  });

  test('warns of a .env that is not read, because the ledger and its settings are in a folder above', async () => {
    const [above, below] = [join(home, 'above'), join(home, 'above/below')];
    mkdirSync(join(above, '.fastregister'), { recursive: true, mode: 0o700 });
    mkdirSync(below);
    writeFileSync(join(below, '.env'), 'FASTREGISTER_DAILY_CALLS=7\n');
    const { FASTREGISTER_HOME: _, ...others } = env;
    const heard = await run(['status'], { env: others, cwd: below });
    expect(heard.stderr).toContain(
      `Warning: ${join(below, '.env')} is not read. The file with the settings is ${above}/.env`,
    );
    expect(heard.stdout).toContain('of 1000');
    mkdirSync(join(below, '.fastregister'), { mode: 0o700 });
    const own = await run(['status'], { env: others, cwd: below });
    expect(own.stderr).not.toContain('is not read');
    expect(own.stdout).toContain('of 7');
  });

  test('logs errors only, unless a level is set, in .env too', async () => {
    const heard = async (dotenv: string) => {
      writeFileSync(join(home, '.env'), dotenv);
      const { stderr } = await run(['status', '--json'], { env, cwd: home });
      return stderr.includes('"level":');
    };
    expect(await heard('')).toBe(false);
    expect(await heard('FASTREGISTER_LOG_LEVEL=trace\n')).toBe(true);
  });
});

// --- helpers ----------------------------------------------------------------------------------------------------------

function commandsIn(help: string): string[] {
  const [, list = ''] = help.split('Commands:\n');
  const [commands = ''] = list.split('\n\n');
  return commands.split('\n').flatMap((line) => /^ {2}(\w+)/.exec(line)?.[1] ?? []);
}

/** An environment for `run` whose receiver the simulator pushes to. */
async function heardAt(simulator: Simulator): Promise<Record<string, string>> {
  const port = await freePort();
  simulator.setPushUrl(`http://127.0.0.1:${port}${EVENTS_PATH}`);
  return {
    ...rehearsalEnvironment(join(home, 'data'), simulator.url),
    ...env,
    FASTREGISTER_EVENTS_PORT: String(port),
  };
}

async function written(merchants: Parameters<typeof sheetOf>[0], name = 'merchants.csv'): Promise<string> {
  const file = join(home, name);
  writeFileSync(file, sheetOf(merchants));
  return file;
}

async function redisRuns(): Promise<boolean> {
  const file = join(home, 'data/redis/redis.pid');
  return existsSync(file) && (await startOf(Number(readFileSync(file, 'utf8')))) !== undefined;
}

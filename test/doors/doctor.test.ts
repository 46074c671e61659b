import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../simulator/simulator.js';
import { doctorCommand } from '../../src/cli/commands/doctor.js';
import { statusCommand } from '../../src/cli/commands/status.js';
import type { Schedule } from '../../src/domain/night.js';
import type { LiveProcess } from '../../src/domain/presence.js';
import { openCalls } from '../../src/redis/calls.js';
import { openHeartbeats } from '../../src/redis/heartbeat.js';
import { key } from '../../src/redis/keys.js';
import { openNights } from '../../src/redis/nights.js';
import { readClock } from '../../src/wechat/clock.js';
import { PERMISSION_SETS } from '../../src/wechat/permission-sets.js';
import { AES_KEY, APPID, MESSAGE_TOKEN, SECRET, startReceiver, textIn } from '../simulator/peer.js';
import { run } from '../support/command-line.js';
import { idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { keepTicket as storeTicket } from '../support/pushes.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
const home = mkdtempSync(join(tmpdir(), 'fr-doctor-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const SCHEDULE: Omit<Schedule, 'addedAt'> = {
  ...{ name: 'nightly', inbox: '/srv/inbox', at: '0 22 * * *', timezone: 'Asia/Shanghai' },
  until: 'submitted',
  language: 'en',
};

beforeEach(async () => {
  await server.redis.config('SET', 'appendfsync', 'always');
  await server.redis.config('SET', 'appendonly', 'yes');
});
afterAll(async () => void (await server.redis.config('SET', 'appendonly', 'no')));

async function simulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const started = await startSimulator({
    componentAppid: APPID,
    componentAppsecret: SECRET,
    messageToken: MESSAGE_TOKEN,
    encodingAesKey: AES_KEY,
    ...options,
  });
  onTestFinished(() => started.close());
  return started;
}

function settingsFor(url: string): Record<string, string> {
  return {
    FASTREGISTER_HOME: home,
    REDIS_URL: server.url,
    FASTREGISTER_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
    WECHAT_API_BASE_URL: url,
    WECHAT_REGISTRATION_API: 'fastregisterenterpriseweapp',
    WECHAT_COMPONENT_APPID: APPID,
    WECHAT_COMPONENT_APPSECRET: SECRET,
    WECHAT_MESSAGE_TOKEN: MESSAGE_TOKEN,
    WECHAT_ENCODING_AES_KEY: AES_KEY,
    FASTREGISTER_COMPONENT_PHONE: '4000000000',
  };
}

/** As `--json` prints it. */
interface Finding {
  readonly check: string;
  readonly verdict: string;
  readonly says: string;
  readonly todo?: string;
}

async function doctor(env: Record<string, string>): Promise<{ status: number; findings: Finding[] }> {
  const { stdout, status } = await run(doctorCommand, ['--json'], env);
  return { status, findings: JSON.parse(stdout) as Finding[] };
}

function verdicts(findings: readonly Finding[]): Record<string, string> {
  return Object.fromEntries(findings.map(({ check, verdict }) => [check, verdict]));
}

/** A ticket of this simulator, as the receiver would have kept it. */
async function keepTicket(wechat: Simulator, ageMs = 0): Promise<void> {
  const receiver = await startReceiver();
  wechat.setPushUrl(receiver.url);
  await fetch(`${wechat.url}/cgi-bin/component/api_start_push_ticket`, {
    method: 'POST',
    body: JSON.stringify({ component_appid: APPID, component_secret: SECRET }),
  });
  await receiver.until(() => receiver.pushes.length > 0);
  const ticket = textIn(receiver.pushes[0]?.xml ?? '', 'ComponentVerifyTicket') ?? '';
  const at = Date.now() - ageMs;
  await storeTicket(server.redis, ticket, at, at);
}

describe('doctor', () => {
  test.each([
    ['fastregisterenterpriseweapp', 'rows without a component_phone are not sent'],
    ['fastregisterweapp', 'their messages to forward name no number to call'],
  ])('warns of rows without a phone where no default is set: with %s, %s', async (api, says) => {
    const wechat = await simulator();
    const { FASTREGISTER_COMPONENT_PHONE: _, ...env } = settingsFor(wechat.url);
    const { findings } = await doctor({ ...env, WECHAT_REGISTRATION_API: api });
    expect(findings.find(({ check }) => check === 'contact phone')).toMatchObject({
      verdict: 'warning',
      says: expect.stringContaining(says),
    });
  });

  test('finds nothing at fault where everything is in order', async () => {
    const wechat = await simulator({ dailyCalls: 5_000 });
    await keepTicket(wechat);
    const { status, findings } = await doctor(settingsFor(wechat.url));
    expect(new Set(Object.values(verdicts(findings)))).toEqual(new Set(['ok']));
    expect(findings.map(({ check }) => check)).toEqual([
      'settings',
      'home',
      'Redis',
      'ledger',
      'persistence',
      'worker',
      'receiver',
      'clock',
      'clock of Redis',
      'line',
      'registration API',
      'permission sets',
      'verify ticket',
      'access token',
      'quota',
    ]);
    expect(findings.at(-1)?.says).toContain('0 of 5000 used');
    expect(status).toBe(0);
  });

  const setsIn = (findings: readonly Finding[]) => findings.find(({ check }) => check === 'permission sets');

  test('speaks Chinese to people, and keeps the names of what it checks in JSON', async () => {
    const { url } = await simulator();
    const env = { ...settingsFor(url), FASTREGISTER_LANG: 'zh' };
    const { stdout } = await run(doctorCommand, [], env);
    expect(stdout).toMatch(/^正常 +配置 +完整，格式正确$/m);
    const { findings } = await doctor(env);
    expect(findings[0]).toEqual({ check: 'settings', verdict: 'ok', says: '完整，格式正确' });
  });

  test('names the permission sets that WeChat cannot be asked about, the optional one apart', async () => {
    const { url } = await simulator();
    const { findings } = await doctor(settingsFor(url));
    const says = setsIn(findings)?.says ?? '';
    const [required = '', recommended = ''] = says.split('; recommended: ');
    for (const { zh, en, required: isRequired } of PERMISSION_SETS)
      expect(isRequired ? required : recommended).toContain(`${en} (${zh})`);
  });

  test.each(['create:89254', 'create:86033', 'search:61029'])(
    'where %s stopped the line, the permission sets are at fault, and the rid is there for the support',
    async (problem) => {
      const { url } = await simulator();
      const because = 'The platform lacks permission sets. rid: 6232fd1c-2f4eca94-4494c37a';
      await openCalls(server.redis).stopLine({ because, problem, at: Date.now() });
      const { status, findings } = await doctor(settingsFor(url));
      expect(setsIn(findings)).toMatchObject({ verdict: 'fault', says: expect.stringContaining('插件管理权限') });
      const line = findings.find(({ check }) => check === 'line');
      expect(line?.says).toContain('rid (6232fd1c-2f4eca94-4494c37a) within about five hours');
      expect(line?.todo).toContain('Plug-in management');
      expect(status).toBe(4);
    },
  );

  test('where another fault stopped the line, the permission sets are not accused', async () => {
    const { url } = await simulator();
    await openCalls(server.redis).stopLine({ because: 'unpublished', problem: 'create:61028', at: Date.now() });
    const { findings } = await doctor(settingsFor(url));
    expect(verdicts(findings)).toMatchObject({ line: 'fault', 'permission sets': 'ok' });
  });

  test('warns of addresses of other machines that anybody on the way can read', async () => {
    const { url } = await simulator();
    const readable = {
      FASTREGISTER_FORWARD_URL: 'http://other.example/events',
      FASTREGISTER_NOTIFY_URL: 'https://x.example',
    };
    const { findings } = await doctor({ ...settingsFor(url), ...readable, FASTREGISTER_WEBHOOK_SECRET: 'a long text' });
    const warned = findings.filter(({ check }) => check === 'addresses');
    expect(warned).toEqual([
      expect.objectContaining({ verdict: 'warning', says: expect.stringContaining('FORWARD_URL') }),
    ]);
  });

  test('says what to do beside everything that is not in order', async () => {
    const wechat = await simulator({ dailyCalls: 10 });
    const { status, findings } = await doctor({ ...settingsFor(wechat.url), WECHAT_REGISTRATION_API: '' });
    expect(verdicts(findings)).toMatchObject({ 'registration API': 'warning', 'verify ticket': 'fault' });
    for (const { verdict, todo } of findings.filter((finding) => finding.verdict === 'fault')) {
      expect([verdict, todo]).toEqual(['fault', expect.stringMatching(/.{10,}/)]);
    }
    expect(status).toBe(4);
  });

  test('reports all faults of the settings, and checks what can still be checked', async () => {
    const { url } = await simulator();
    const env = { ...settingsFor(url), WECHAT_MESSAGE_TOKEN: '', WECHAT_ENCODING_AES_KEY: '' };
    const { status, findings } = await doctor(env);
    expect(findings.filter(({ verdict, check }) => check === 'settings' && verdict === 'fault')).toHaveLength(2);
    expect(verdicts(findings)).toMatchObject({ Redis: 'ok', clock: 'ok' });
    expect(status).toBe(2);
  });

  test('stops at settings that cannot be read', async () => {
    const { status, findings } = await doctor({
      ...settingsFor('http://127.0.0.1:1'),
      FASTREGISTER_DAILY_CALLS: 'many',
    });
    expect(findings).toEqual([expect.objectContaining({ check: 'settings', verdict: 'fault' })]);
    expect(status).toBe(2);
  });

  test('ends with 5 where Redis cannot be reached', async () => {
    const { url } = await simulator();
    const { status, findings } = await doctor({ ...settingsFor(url), REDIS_URL: 'redis://127.0.0.1:1' });
    expect(verdicts(findings)).toMatchObject({ Redis: 'fault' });
    expect(status).toBe(5);
  });

  test('says that WeChat cannot be reached, once', async () => {
    const { status, findings } = await doctor(settingsFor('http://127.0.0.1:1'));
    expect(findings.filter(({ verdict }) => verdict === 'fault').map(({ check }) => check)).toEqual(['WeChat']);
    expect(status).toBe(4);
  });

  test('finds a token service at fault that gives no token, and says which setting leads there', async () => {
    const wechat = await simulator();
    const env = { ...settingsFor(wechat.url), WECHAT_COMPONENT_APPSECRET: '' };
    for (const [url, said] of [
      [`${wechat.url}/no/such/page`, 'HTTP 404'],
      ['http://127.0.0.1:1/token', 'cannot be reached'],
    ] as const) {
      const { status, findings } = await doctor({ ...env, WECHAT_COMPONENT_ACCESS_TOKEN_URL: url });
      const token = findings.find(({ check }) => check === 'access token');
      expect(token).toMatchObject({ verdict: 'fault', says: expect.stringContaining(said) });
      expect(token?.todo).toContain('WECHAT_COMPONENT_ACCESS_TOKEN_URL');
      expect(status).toBe(4);
    }
  });

  test.each([
    ['a warning', 'for a moment', 1, 1],
    ['a fault', 'for longer than ten minutes, and calls that tried it failed', 11, 5],
  ])('finds %s in a line that opens by itself and was stopped %s', async (verdict, _, minutes, failed) => {
    const wechat = await simulator();
    const at = Date.now() - minutes * 60_000;
    await server.redis.hset(key('line'), {
      ...{ state: 'retrying', because: 'HTTP 502 and no JSON', problem: 'call:lost' },
      ...{ at, since: at, times: 7, merchants: 5 },
      ...{ probeCall: 'any', firstMs: 15_000, maxMs: 900_000, failedProbes: failed, dueAt: Date.now() + 60_000 },
    });
    const { findings } = await doctor(settingsFor(wechat.url));
    const line = findings.find(({ check }) => check === 'line');
    expect(`a ${line?.verdict}`).toBe(verdict);
    expect(line?.says).toContain('What came: HTTP 502 and no JSON.');
    expect(line?.says).toContain('met 7 times');
    expect(line?.todo).toContain('`fastregister resume`');
  });

  test('warns where workers wait for something that a person has to see to, such as the first ticket', async () => {
    const wechat = await simulator();
    await openCalls(server.redis).noteWait({ why: 'ticket', ms: 60_000 });
    const { findings } = await doctor(settingsFor(wechat.url));
    const line = findings.find(({ check }) => check === 'line');
    expect(line).toMatchObject({ verdict: 'warning', says: expect.stringContaining('no component_verify_ticket') });
  });

  test('says why the line is stopped, and of the old API that it is gone', async () => {
    const wechat = await simulator({ retired: true });
    const stop = { because: 'system error', problem: 'api:retired', at: Date.now() };
    await openCalls(server.redis).stopLine(stop);
    const { findings } = await doctor({ ...settingsFor(wechat.url), WECHAT_REGISTRATION_API: 'fastregisterweapp' });
    const api = findings.find(({ check }) => check === 'registration API');
    expect(api).toMatchObject({ verdict: 'fault', says: expect.stringContaining('2026-04-30') });
    expect(api?.todo).toContain('WECHAT_REGISTRATION_API=fastregisterenterpriseweapp');
    expect(verdicts(findings)).toMatchObject({ line: 'fault' });
  });

  test.each([
    [40 * 60_000, 'warning'],
    [13 * 3_600_000, 'fault'],
  ])('takes a ticket of %d ms for a %s', async (ageMs, verdict) => {
    const wechat = await simulator();
    await keepTicket(wechat, ageMs);
    const { findings } = await doctor(settingsFor(wechat.url));
    expect(verdicts(findings)['verify ticket']).toBe(verdict);
  });

  test('warns where WeChat has fewer calls left than are set here', async () => {
    const wechat = await simulator({ dailyCalls: 10 });
    await keepTicket(wechat);
    const { status, findings } = await doctor(settingsFor(wechat.url));
    expect(verdicts(findings).quota).toBe('warning');
    expect(findings.at(-1)?.todo).toContain('online categories');
    expect(status).toBe(0);
  });

  test('prints a line for people with what to do below it', async () => {
    const { url } = await simulator();
    const { stdout } = await run(doctorCommand, [], settingsFor(url));
    expect(stdout).toMatch(/^ok {7}settings {2,}complete and well-formed\n/);
    expect(stdout).toMatch(/\nfault {4}verify ticket {2,}none has come yet\n {2,}→ WeChat was asked/);
  });
});

describe("WeChat's clock", () => {
  const answering = (headers: Record<string, string>) => (async () => new Response('', { headers })) as typeof fetch;
  const at = Date.parse('2026-11-21T02:00:00Z');

  test.each([
    [at + 500, 0],
    [at + 60_500, 60_000],
    [at - 599_500, -600_000],
  ])('at %d is read as an offset of %d ms', async (now, ms) => {
    const get = answering({ date: 'Sat, 21 Nov 2026 02:00:00 GMT' });
    expect(await readClock('http://wechat', 1_000, () => now, get)).toEqual({ kind: 'offset', ms });
  });

  test('is not known without a Date', async () => {
    expect(await readClock('http://wechat', 1_000, () => at, answering({}))).toMatchObject({ kind: 'unreachable' });
  });
});

test.each([
  ['always', 'ok'],
  ['everysec', 'warning'],
])('appendfsync %s is %s', async (fsync, verdict) => {
  const { url } = await simulator();
  await server.redis.config('SET', 'appendfsync', fsync);
  expect(verdicts((await doctor(settingsFor(url))).findings)).toMatchObject({ persistence: verdict });
});

test('appendfsync everysec is ok where no call is made before it is on disk', async () => {
  const { url } = await simulator();
  await server.redis.config('SET', 'appendfsync', 'everysec');
  const settings = { ...settingsFor(url), FASTREGISTER_REDIS_WAIT: 'disk' };
  expect(verdicts((await doctor(settings)).findings)).toMatchObject({ persistence: 'ok' });
});

test('a Redis that keeps nothing on disk is a fault, unless a rehearsal accepts it', async () => {
  const { url } = await simulator();
  await server.redis.config('SET', 'appendonly', 'no');
  const { findings } = await doctor(settingsFor(url));
  expect(verdicts(findings)).toMatchObject({ persistence: 'fault' });
  const accepted = { ...settingsFor(url), FASTREGISTER_REDIS_PERSISTENCE: 'none' };
  expect(verdicts((await doctor(accepted)).findings)).toMatchObject({ persistence: 'warning' });
});

test('a Redis that evicts is a fault, with what to set', async () => {
  const { url } = await simulator();
  await server.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
  onTestFinished(async () => void (await server.redis.config('SET', 'maxmemory-policy', 'noeviction')));
  const { status, findings } = await doctor(settingsFor(url));
  expect(findings.at(-1)).toMatchObject({
    check: 'Redis',
    verdict: 'fault',
    says: expect.stringContaining('noeviction'),
  });
  expect(status).toBe(5);
});

describe('a ledger of', () => {
  test('another secret key, or platform, is a fault that names both, and the rest is checked', async () => {
    const { url } = await simulator();
    await doctor(settingsFor(url));
    const other = {
      FASTREGISTER_SECRET_KEY: Buffer.alloc(32, 8).toString('base64'),
      WECHAT_COMPONENT_APPID: 'wxanother',
    };
    const { status, findings } = await doctor({ ...settingsFor(url), ...other });
    const ledger = findings.find(({ check }) => check === 'ledger');
    expect(ledger?.says).toMatch(/it has wx\w+, WECHAT_COMPONENT_APPID gives wxanother; fingerprint of the secret key/);
    expect(ledger?.todo).toContain('`fastregister ledger adopt`');
    expect(verdicts(findings)).toMatchObject({ ledger: 'fault', persistence: 'ok', clock: 'ok' });
    expect(status).toBe(2);
  });

  test('another schema is a fault, and is not read', async () => {
    const { url } = await simulator();
    await server.redis.hset(key('ledger'), 'schema', '1');
    const { status, findings } = await doctor(settingsFor(url));
    expect(findings.at(-1)).toMatchObject({
      check: 'ledger',
      verdict: 'fault',
      says: expect.stringContaining('schema 1'),
    });
    expect(status).toBe(2);
    const zh = await doctor({ ...settingsFor(url), FASTREGISTER_LANG: 'zh' });
    expect(zh.findings.at(-1)?.says).toMatch(/^此登记簿.*（登记簿的结构版本为 1，本版本使用结构版本 \d+）/);
  });
});

describe('processes', () => {
  const process: LiveProcess = { role: 'worker', running: 'steady', version: '1.0.0', host: 'one', pid: 7, id: 'w' };
  const beat = (more: Partial<LiveProcess> = {}) => openHeartbeats(server.redis).beat({ ...process, ...more }, 60_000);

  test('that live are named, and two versions at work are warned of', async () => {
    const { url } = await simulator();
    await beat();
    await beat({ role: 'receiver', id: 'r' });
    const one = (await doctor(settingsFor(url))).findings;
    expect(one.find(({ check }) => check === 'worker')).toMatchObject({ verdict: 'ok', says: 'worker at one:7' });
    expect(verdicts(one)).not.toHaveProperty('versions');
    await beat({ version: '1.1.0', host: 'two', id: 'v' });
    const versions = (await doctor(settingsFor(url))).findings.find(({ check }) => check === 'versions');
    expect(versions).toMatchObject({ verdict: 'warning', says: expect.stringContaining('1.1.0: worker at two:7') });
  });

  test('workers that call another registration API are warned of, here and by status', async () => {
    const { url } = await simulator();
    await beat({ api: 'fastregisterenterpriseweapp' });
    const settings = settingsFor(url);
    expect(verdicts((await doctor(settings)).findings)).not.toHaveProperty('API of the workers');
    await beat({ api: 'fastregisterweapp', host: 'two', id: 'v' });
    const { findings } = await doctor(settings);
    const says =
      'workers call another registration API than these settings name (fastregisterenterpriseweapp): two:7 (fastregisterweapp).';
    expect(findings.find(({ check }) => check === 'API of the workers')).toMatchObject({
      verdict: 'warning',
      says,
    });
    const { stdout } = await run(statusCommand, [], settings);
    expect(stdout).toContain(says);
  });

  test('that are needed and do not run are named with what to start', async () => {
    const { url } = await simulator();
    const { load, send } = openBook(server.redis);
    await load('b1', [merchant(1), merchant(2)]);
    await send(idOf(merchant(1)));
    await server.redis.hset(key('batch', 'b1'), 'loadedAt', Date.now() - 3_600_000);
    await openNights(server.redis).add({ ...SCHEDULE, addedAt: Date.now() });
    const { status, findings } = await doctor(settingsFor(url));
    expect(verdicts(findings)).toMatchObject({ worker: 'fault', receiver: 'warning', scheduler: 'warning' });
    expect(findings.find(({ check }) => check === 'receiver')?.says).toContain('1 registrations wait for a push');
    expect(status).toBe(4);
  });
});

describe('Redis’ clock, if WeChat’s clock agrees with it,', () => {
  const daysOff = (ms: number) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });
    onTestFinished(() => void vi.useRealTimers());
  };

  test.each([
    ['a warning', 'behind', 30_000],
    ['a fault', 'behind', 300_000],
    ['a fault', 'ahead of', -300_000],
  ])('is %s where it is %s that of this machine by more than seconds', async (verdict, where, ms) => {
    const { url } = await simulator();
    daysOff(ms);
    const clock = (await doctor(settingsFor(url))).findings.find(({ check }) => check === 'clock of Redis');
    expect(`a ${clock?.verdict}`).toBe(verdict);
    expect(clock?.says).toMatch(new RegExp(`^\\d+[sm] ${where} this machine's$`));
  });
});

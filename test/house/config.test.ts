import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { languageOf } from '../../src/cli/language.js';
import { readDotenv, readSettings, type SettingSources, SettingsError } from '../../src/config.js';
import { DEFAULT_PATIENCE } from '../../src/domain/patience.js';
import { flagOf } from '../../src/settings.js';

const AES_KEY = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';
const PLATFORM = { WECHAT_COMPONENT_APPID: 'wx0123456789abcdef', WECHAT_COMPONENT_APPSECRET: 'top-secret' };
const PUSH = { WECHAT_MESSAGE_TOKEN: 'token', WECHAT_ENCODING_AES_KEY: AES_KEY };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fr-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('settings', () => {
  test.each([
    [{ LANG: 'zh_CN.UTF-8' }, 'zh'],
    [{ LANG: 'zh' }, 'zh'],
    [{ LANG: 'en_US.UTF-8', LC_ALL: 'zh_TW.UTF-8' }, 'zh'],
    [{ LANG: 'zh_CN.UTF-8', LC_ALL: 'C' }, 'en'],
    [{ LANG: 'zha_CN' }, 'en'],
    [{ LANG: 'zh_CN.UTF-8', FASTREGISTER_LANG: 'en' }, 'en'],
    [{ FASTREGISTER_LANG: 'zh' }, 'zh'],
  ])('of %o speak %s', (env, lang) => {
    expect(readSettings({ env }).lang).toBe(lang);
    expect(languageOf([], env, '')).toBe(lang);
  });

  test('name the language before they are read, by flag, environment and .env', () => {
    expect(languageOf(['status', '--lang', 'zh'], { FASTREGISTER_LANG: 'en' }, '')).toBe('zh');
    expect(languageOf(['status', '--lang=zh'], {}, '')).toBe('zh');
    expect(languageOf(['status'], { FASTREGISTER_LANG: 'zh' }, 'FASTREGISTER_LANG=en')).toBe('zh');
    expect(languageOf(['status'], {}, 'FASTREGISTER_LANG=zh')).toBe('zh');
    expect(languageOf(['status', '--lang', 'fr'], { LANG: 'zh_CN' }, '')).toBe('zh');
  });

  test('with nothing set are the defaults', () => {
    expect(readSettings({ env: {}, cwd: '/work' })).toMatchObject({
      wechatApiBaseUrl: 'https://api.weixin.qq.com',
      wechatRegistrationApi: 'fastregisterweapp',
      wechatComponentAppid: undefined,
      redisUrl: undefined,
      home: '/work/.fastregister',
      dailyCalls: 1000,
      callsPerMinute: 120,
      callsPerSecond: 5,
      quotaTimezone: 'Asia/Shanghai',
      sendingHours: { fromMinute: 0, untilMinute: 1440 },
      concurrency: 8,
      eventsHost: '127.0.0.1',
      eventsPort: 8480,
      eventsPath: '/wechat/events',
      consolePort: 8481,
      logLevel: 'info',
      lang: 'en',
      patience: DEFAULT_PATIENCE,
    });
  });

  test('come from the flag before the environment before .env', () => {
    const dotenv = 'FASTREGISTER_DAILY_CALLS=1\nFASTREGISTER_CONCURRENCY=1\nFASTREGISTER_CALLS_PER_SECOND=1\n';
    const env = { FASTREGISTER_DAILY_CALLS: '2', FASTREGISTER_CONCURRENCY: '2' };

    const settings = readSettings({ env, dotenv, flags: { dailyCalls: '3', yes: true } });
    expect([settings.dailyCalls, settings.concurrency, settings.callsPerSecond]).toEqual([3, 2, 1]);
  });

  test('have flags of the same name', () => {
    expect(['FASTREGISTER_DAILY_CALLS', 'WECHAT_API_BASE_URL', 'REDIS_URL', 'FASTREGISTER_HOME'].map(flagOf)).toEqual([
      '--daily-calls',
      '--wechat-api-base-url',
      '--redis-url',
      '--home',
    ]);
  });

  test('become what they mean', () => {
    const env = {
      FASTREGISTER_DAILY_CALLS: 'auto',
      FASTREGISTER_SENDING_HOURS: '22:30-06:00',
      FASTREGISTER_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
      FASTREGISTER_RETRY_FIRST: '250ms',
      FASTREGISTER_RETRY_LIMIT: '3',
      WECHAT_API_BASE_URL: 'http://127.0.0.1:9000/',
      WECHAT_REGISTRATION_API: 'fastregisterenterpriseweapp',
    };

    expect(readSettings({ env })).toMatchObject({
      dailyCalls: 'auto',
      sendingHours: { fromMinute: 1350, untilMinute: 360 },
      secretKey: Buffer.alloc(32, 7),
      patience: { ...DEFAULT_PATIENCE, retryFirstMs: 250, retryLimit: 3 },
      wechatApiBaseUrl: 'http://127.0.0.1:9000',
      wechatRegistrationApi: 'fastregisterenterpriseweapp',
    });
  });

  test('that are empty are not set', () => {
    expect(readSettings({ env: { REDIS_URL: '', FASTREGISTER_DAILY_CALLS: '' } })).toMatchObject({
      redisUrl: undefined,
      dailyCalls: 1000,
    });
  });
});

describe('a secret', () => {
  test('is read from the file that NAME_FILE names, without its last line break', () => {
    writeFileSync(join(folder, 'secret'), 'from a file\n');
    const env = { WECHAT_COMPONENT_APPSECRET_FILE: 'secret' };
    expect(readSettings({ env, cwd: folder }).wechatComponentAppsecret).toBe('from a file');
  });

  test('in a file that is missing or empty, or set twice, is a fault', () => {
    writeFileSync(join(folder, 'empty'), '\n');
    const env = {
      WECHAT_COMPONENT_APPSECRET_FILE: 'nowhere',
      WECHAT_MESSAGE_TOKEN_FILE: 'empty',
      FASTREGISTER_CONSOLE_PASSWORD: 'a',
      FASTREGISTER_CONSOLE_PASSWORD_FILE: 'empty',
    };

    expect(faultsOf({ env, cwd: folder })).toEqual([
      `WECHAT_COMPONENT_APPSECRET_FILE names ${join(folder, 'nowhere')}, which cannot be read (it does not exist): ` +
        'name a file that holds WECHAT_COMPONENT_APPSECRET and nothing else.',
      `WECHAT_MESSAGE_TOKEN_FILE names ${join(folder, 'empty')}, which is empty: ` +
        'name a file that holds WECHAT_MESSAGE_TOKEN and nothing else.',
      'FASTREGISTER_CONSOLE_PASSWORD is set beside FASTREGISTER_CONSOLE_PASSWORD_FILE: keep one of the two.',
    ]);
  });

  test('that is malformed is never shown', () => {
    expect(faultsOf({ env: { WECHAT_ENCODING_AES_KEY: 'short-secret', REDIS_URL: 'http://:pass@host' } })).toEqual([
      'WECHAT_ENCODING_AES_KEY is not well-formed (it has 12 characters): ' +
        'write the 43 letters and digits of the EncodingAESKey, as the platform page shows them.',
      'REDIS_URL is not well-formed (it has 17 characters): ' +
        'write redis://HOST:PORT, rediss://HOST:PORT or unix:/PATH/TO/redis.sock.',
    ]);
  });
});

describe('faults', () => {
  test('are all reported at once, each with what to write', () => {
    const env = {
      FASTREGISTER_DAILY_CALLS: 'many',
      FASTREGISTER_SENDING_HOURS: '25:00-26:00',
      FASTREGISTER_QUOTA_TIMEZONE: 'Mars/Olympus',
      FASTREGISTER_EVENTS_PORT: '99999',
      FASTREGISTER_FORWARD_URL: 'example.com',
      FASTREGISTER_PUSH_WAIT: '26',
      FASTREGISTER_CONCURRENCY: '0',
    };

    expect(faultsOf({ env })).toEqual([
      'FASTREGISTER_DAILY_CALLS is "many": write a whole number from 1 to 1000000000, or auto.',
      'FASTREGISTER_QUOTA_TIMEZONE is "Mars/Olympus": write the name of a time zone, such as Asia/Shanghai.',
      'FASTREGISTER_SENDING_HOURS is "25:00-26:00": write two times of day as in 08:00-20:00; 22:00-06:00 goes over midnight, 00:00-24:00 is always.',
      'FASTREGISTER_CONCURRENCY is "0": write a whole number from 1 to 1000000000.',
      'FASTREGISTER_EVENTS_PORT is "99999": write a whole number from 0 (any free port) to 65535.',
      'FASTREGISTER_FORWARD_URL is "example.com": write an address that begins with https:// or http://.',
      'FASTREGISTER_PUSH_WAIT is "26": write a number and a unit (ms, s, m, h, d), such as 30s, 90m or 26h.',
    ]);
  });

  test('are a wait that no timer can count, and a number that Lua cannot write', () => {
    expect(readSettings({ env: { FASTREGISTER_REQUEST_TIMEOUT: '24d' } }).patience.requestTimeoutMs).toBeLessThan(
      2 ** 31,
    );
    const env = { FASTREGISTER_REQUEST_TIMEOUT: '25d', FASTREGISTER_DAILY_CALLS: '9'.repeat(20) };
    expect(faultsOf({ env })).toEqual([
      `FASTREGISTER_DAILY_CALLS is "${'9'.repeat(20)}": write a whole number from 1 to 1000000000, or auto.`,
      'FASTREGISTER_REQUEST_TIMEOUT is "25d": write a number and a unit (ms, s, m, h, d), such as 30s or 5m; 24d at most.',
    ]);
    expect(faultsOf({ env: { FASTREGISTER_PUSH_WAIT: '30d' } })).toEqual([]);
  });

  test.each([
    ['redis://127.0.0.1/prod', 'has a database that is no number'],
    ['redis://127.0.0.1/-1', 'has a database that is no number'],
    ['redis://127.0.0.1?db=abc', 'has a database that is no number'],
    ['unix:/run/redis.sock?db=x', 'has a database that is no number'],
    ['redis://127.0.0.1/3?db=4', 'names two databases'],
  ])('are the database of %s', (url, problem) => {
    expect(faultsOf({ env: { REDIS_URL: url } })).toEqual([expect.stringContaining(`REDIS_URL ${problem}: `)]);
  });

  test.each([
    'redis://127.0.0.1',
    'rediss://127.0.0.1/',
    'redis://127.0.0.1/15',
    'redis://127.0.0.1/3?db=3',
    'unix:/a?db=2',
  ])('are not the database of %s', (url) => {
    expect(faultsOf({ env: { REDIS_URL: url } })).toEqual([]);
  });

  test('name the flag that was typed', () => {
    const flags = { lang: 'ZH', concurrency: '0', consolePasswordFile: '/nowhere' };
    const env = { FASTREGISTER_LANG: 'en', FASTREGISTER_EVENTS_PORT: 'x' };
    expect(faultsOf({ env, flags }).map((fault) => fault.split(' ')[0])).toEqual([
      '--lang',
      '--concurrency',
      'FASTREGISTER_EVENTS_PORT',
      '--console-password-file',
    ]);
  });

  test('in Chinese have a space before letters and digits', () => {
    const env = { FASTREGISTER_LANG: 'cn', FASTREGISTER_EVENTS_PORT: 'x', FASTREGISTER_SENDING_HOURS: 'x' };
    try {
      readSettings({ env });
      expect.unreachable();
    } catch (error) {
      expect((error as SettingsError).words.zh.split('\n')).toEqual([
        'FASTREGISTER_LANG 为 "cn"：请填写 zh 或 en。',
        expect.stringMatching(/^FASTREGISTER_SENDING_HOURS 为 "x"：请填写两个时刻/),
        'FASTREGISTER_EVENTS_PORT 为 "x"：请填写 0（任意空闲端口）至 65535 的整数。',
      ]);
    }
  });

  test('name the setting that was probably meant', () => {
    expect(faultsOf({ env: { FASTREGISTER_DAYLY_CALLS: '5' } })).toEqual([
      'FASTREGISTER_DAYLY_CALLS is not a setting: did you mean FASTREGISTER_DAILY_CALLS? Otherwise remove it.',
    ]);
    const env = { ...PLATFORM, ...PUSH, WECHAT_MESSAGE_TOKEN: '', WECHAT_MESSAGE_TOKN: 'x' };
    expect(faultsOf({ env, needs: ['push'] })).toEqual([
      expect.stringMatching(/^WECHAT_MESSAGE_TOKEN is missing: .*; WECHAT_MESSAGE_TOKN is set, which is no setting\.$/),
    ]);
  });

  test('of an unreadable .env are reported, and a missing .env is no fault', () => {
    expect(readDotenv(folder)).toBe('');
    expect(() => readDotenv('/dev/null')).toThrow(SettingsError);
  });
});

describe('what a command needs', () => {
  test('to call WeChat is the platform with its secret, or a token from elsewhere', () => {
    expect(missingFor({ env: {}, needs: ['wechat'] })).toEqual([
      'WECHAT_COMPONENT_APPID',
      'WECHAT_COMPONENT_APPSECRET',
    ]);
    expect(missingFor({ env: PLATFORM, needs: ['wechat'] })).toEqual([]);

    const env = { WECHAT_COMPONENT_ACCESS_TOKEN_URL: 'http://tokens.internal/token' };
    expect(missingFor({ env, needs: ['wechat'] })).toEqual(['WECHAT_COMPONENT_APPID']);
  });

  test('to read pushes is the token and the key', () => {
    expect(missingFor({ env: PLATFORM, needs: ['push'] })).toEqual(['WECHAT_MESSAGE_TOKEN', 'WECHAT_ENCODING_AES_KEY']);
    expect(missingFor({ env: { ...PLATFORM, ...PUSH }, needs: ['wechat', 'push'] })).toEqual([]);
  });

  test('to keep refresh tokens in a Redis of one’s own is a key of one’s own', () => {
    expect(missingFor({ env: {}, needs: ['encryption'] })).toEqual([]);
    expect(missingFor({ env: { REDIS_URL: 'redis://redis:6379' }, needs: ['encryption'] })).toEqual([
      'FASTREGISTER_SECRET_KEY',
    ]);
  });

  test('never includes a token twice', () => {
    const env = { WECHAT_COMPONENT_ACCESS_TOKEN: 'a', WECHAT_COMPONENT_ACCESS_TOKEN_URL: 'http://b' };
    expect(faultsOf({ env })).toEqual([
      'WECHAT_COMPONENT_ACCESS_TOKEN is set beside WECHAT_COMPONENT_ACCESS_TOKEN_URL: keep one of the two.',
    ]);
  });
});

describe('the home', () => {
  test('is the nearest .fastregister, here or in a folder above, as git finds its repository', () => {
    const deep = join(folder, 'sheets', 'november');
    mkdirSync(deep, { recursive: true });
    expect(readSettings({ env: {}, cwd: deep }).home).toBe(join(deep, '.fastregister'));
    mkdirSync(join(folder, '.fastregister'));
    expect(readSettings({ env: {}, cwd: deep }).home).toBe(join(folder, '.fastregister'));
    expect(readSettings({ env: { FASTREGISTER_HOME: 'mine' }, cwd: deep }).home).toBe(join(deep, 'mine'));
  });

  test('has .env beside it, whose relative paths begin there', () => {
    const deep = join(folder, 'sheets');
    mkdirSync(deep);
    mkdirSync(join(folder, '.fastregister'));
    writeFileSync(join(folder, 'secret.txt'), 'top-secret');
    writeFileSync(join(folder, '.env'), 'WECHAT_COMPONENT_APPSECRET_FILE=secret.txt\nFASTREGISTER_HOME=data\n');
    expect(readSettings({ env: {}, dotenv: readDotenv(deep), cwd: deep })).toMatchObject({
      wechatComponentAppsecret: 'top-secret',
      home: join(folder, 'data'),
    });
  });

  test('of another user is refused, unless it was named', () => {
    mkdirSync(join(folder, '.fastregister'));
    const uid = vi.spyOn(process, 'getuid').mockReturnValue(987_654);
    try {
      expect(faultsOf({ env: {}, cwd: folder })).toEqual([expect.stringContaining('belongs to another user')]);
      expect(faultsOf({ env: { FASTREGISTER_HOME: '.fastregister' }, cwd: folder })).toEqual([]);
    } finally {
      uid.mockRestore();
    }
  });
});

test('a secret that is given as a flag gets a warning that others can read it', () => {
  const warned: string[] = [];
  const flags = { wechatComponentAppsecret: 'top-secret', dailyCalls: '5' };
  readSettings({ env: {}, flags, onSecretFlag: (name) => warned.push(name) });
  expect(warned).toEqual(['WECHAT_COMPONENT_APPSECRET']);
});

test('a byte order mark, as Windows Notepad writes it, costs .env no line', () => {
  writeFileSync(join(folder, '.env'), '\uFEFFFASTREGISTER_DAILY_CALLS=7\n');
  expect(readSettings({ env: {}, dotenv: readDotenv(folder), cwd: folder }).dailyCalls).toBe(7);
});

describe('the registration API', () => {
  const needs = ['sending'] as const;

  test('has to be chosen before anything is sent to WeChat itself', () => {
    for (const url of [undefined, 'https://api.weixin.qq.com', 'https://sh.api.weixin.qq.com/']) {
      const env = { ...PLATFORM, ...(url && { WECHAT_API_BASE_URL: url }) };
      const said = faultsOf({ env, needs }).join('\n');
      expect(said).toContain('WECHAT_REGISTRATION_API has to be chosen');
      expect(said).toMatch(/fastregisterenterpriseweapp .*\n.*fastregisterweapp /);
      expect(faultsOf({ env: { ...env, WECHAT_REGISTRATION_API: 'fastregisterweapp' }, needs })).toEqual([]);
      expect(faultsOf({ env })).toEqual([]);
    }
  });

  test('is the quota of the seeds against a simulator', () => {
    const env = { ...PLATFORM, WECHAT_API_BASE_URL: 'http://127.0.0.1:9000' };
    expect(readSettings({ env, needs }).wechatRegistrationApi).toBe('fastregisterweapp');
  });
});

describe('addresses of notices', () => {
  const WECOM = 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6';
  const DINGTALK = 'https://oapi.dingtalk.com/robot/send?access_token=566cc69d';
  const FEISHU = 'https://open.feishu.cn/open-apis/bot/v2/hook/5cd99837';

  test('are several addresses, each with its own secret, from .env or a file, too', () => {
    const url = `${WECOM}, ${DINGTALK},${FEISHU}`;
    const read = readSettings({ env: { FASTREGISTER_NOTIFY_URL: url, FASTREGISTER_NOTIFY_SECRET: ',SECabc' } });
    expect(read).toMatchObject({ notifyUrl: [WECOM, DINGTALK, FEISHU], notifySecret: ['', 'SECabc'] });

    writeFileSync(join(folder, 'urls'), `${DINGTALK}\n${FEISHU}\n`);
    writeFileSync(join(folder, 'secrets'), 'SECabc\nof-feishu\n');
    const dotenv = 'FASTREGISTER_NOTIFY_URL_FILE=urls\nFASTREGISTER_NOTIFY_SECRET_FILE=secrets\n';
    expect(readSettings({ env: {}, dotenv, cwd: folder })).toMatchObject({
      notifyUrl: [DINGTALK, FEISHU],
      notifySecret: ['SECabc', 'of-feishu'],
    });
  });

  test('are webhooks only where no robot is known, and those alone need the secret of webhooks', () => {
    expect(faultsOf({ env: { FASTREGISTER_NOTIFY_URL: `${WECOM},${FEISHU}` } })).toEqual([]);
    expect(faultsOf({ env: { FASTREGISTER_NOTIFY_URL: `${WECOM},https://hooks.example/a` } })).toEqual([
      expect.stringContaining('FASTREGISTER_WEBHOOK_SECRET is missing beside FASTREGISTER_NOTIFY_URL'),
    ]);
  });

  test.each([
    ['SECabc', 'address 1 of FASTREGISTER_NOTIFY_URL, which is a WeCom group robot, which takes none'],
    [',,,SECabc', 'address 4 of FASTREGISTER_NOTIFY_URL, which is not there'],
    [',,SECabc', 'address 3 of FASTREGISTER_NOTIFY_URL, which is no group robot'],
  ])('have the secrets %s in another order: a fault that shows none', (secrets, says) => {
    const env = {
      FASTREGISTER_NOTIFY_URL: `${WECOM},${DINGTALK},https://hooks.example/a`,
      FASTREGISTER_NOTIFY_SECRET: secrets,
      FASTREGISTER_WEBHOOK_SECRET: 'of the webhook',
    };
    expect(faultsOf({ env })).toEqual([expect.stringContaining(says)]);
    expect(faultsOf({ env }).join()).not.toContain('SECabc');
  });

  test('are addresses, each once, and a fault does not show them', () => {
    for (const url of [`${WECOM},${WECOM}`, `${WECOM},oapi.dingtalk.com/robot/send?access_token=566cc69d`]) {
      const said = faultsOf({ env: { FASTREGISTER_NOTIFY_URL: url } }).join();
      expect(said).toContain('FASTREGISTER_NOTIFY_URL is not well-formed');
      expect(said).not.toMatch(/693a91f6|566cc69d/);
    }
  });

  test('read Chinese in a chat unless the language is set, whatever the locale of the server', () => {
    expect(readSettings({ env: { LANG: 'C' } })).toMatchObject({ lang: 'en', chatLang: 'zh' });
    expect(readSettings({ env: { LANG: 'zh_CN', FASTREGISTER_LANG: 'en' } }).chatLang).toBe('en');
  });

  test('hear of a rehearsal as of one', () => {
    expect(readSettings({ env: {} }).isRehearsal).toBe(false);
    expect(readSettings({ env: { WECHAT_API_BASE_URL: 'http://127.0.0.1:9000' } }).isRehearsal).toBe(true);
    // However WeChat's host is written, merchants are real, and the API has to be chosen.
    const env = { WECHAT_API_BASE_URL: 'https://API.weixin.qq.com:443' };
    expect(readSettings({ env }).isRehearsal).toBe(false);
    expect(() => readSettings({ env, needs: ['sending'] })).toThrow('WECHAT_REGISTRATION_API');
  });
});

function errorOf(sources: SettingSources): SettingsError | undefined {
  try {
    readSettings(sources);
    return undefined;
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
}

function faultsOf(sources: SettingSources): string[] {
  return errorOf(sources)?.message.split('\n') ?? [];
}

function missingFor(sources: SettingSources): string[] {
  return errorOf(sources)?.faults.map(({ name }) => name) ?? [];
}

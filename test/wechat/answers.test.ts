import { describe, expect, test } from 'vitest';
import { LINE_FAULTS } from '../../src/domain/line-faults.js';
import { FACTS, type FactKind, MOVES } from '../../src/domain/registration.js';
import {
  addressOf,
  answerToCreate,
  answerToQuery,
  answerToSearch,
  CREATE,
  explain,
  PUSH,
  pushStatus,
  QUERY,
  ridHint,
  SEARCH,
  TABLES,
  withRidHint,
} from '../../src/wechat/answers.js';

const TOKEN = [40001, 40014, 41001, 42001];
const TICKET = [61005, 61006];
const PLATFORM = [
  40013, 40125, 41004, 41018, 48001, 48004, 50002, 61003, 61004, 61007, 61011, 61014, 61028, 61029, 40164, 89254, 86031,
  86033, 86040, 89295,
];
const MALFORMED = [43002, 43003, 44002, 47001, 86030];
const MERCHANT = [61070, 86004, 86021, 86022, 86032, 86034, 86036, 89248, 89255];

/** Every code that WeChat's pages name for these calls and for the push, written out. */
const CREATE_CODES: Record<string, readonly number[]> = {
  create_accepted: [0, 89251, 89252],
  create_busy: [89249],
  create_postponed: [-1, 89247, 91030],
  create_refused: MERCHANT,
  create_void: [...TOKEN, ...TICKET, 45009, 45011],
  platform_refused: [...PLATFORM, ...MALFORMED, 89253],
  answer_unknown: [89250],
};

const SEARCH_CODES: Record<string, readonly number[]> = {
  task_running: [89251, 89252, 89253],
  task_unclear: [0, -1, 89247, 89249, 89250, 91030, ...MERCHANT],
  search_void: [...TOKEN, ...TICKET, 45009, 45011],
  search_refused: [...PLATFORM, ...MALFORMED],
};

const PUSH_STATUSES: Record<string, readonly string[]> = {
  mini_program_created: ['0'],
  legal_person_timed_out: ['100001', '100002', '100003'],
  registration_refused: [
    '-1',
    '101',
    '102',
    '103',
    '104',
    '105',
    '1000',
    '1001',
    '1002',
    '1003',
    '1004',
    '1005',
    '1006',
    '1007',
    '1008',
  ],
};

const QUERY_STATUSES: Record<string, readonly string[]> = {
  task_failed: ['11', '1001', '1002', '1003', '1004', '1005', '1006', '1007', '1008'],
  task_created: ['12'],
};

function pairs<Code>(byFact: Record<string, readonly Code[]>): [Code, string][] {
  return Object.entries(byFact).flatMap(([fact, codes]) => codes.map((code): [Code, string] => [code, fact]));
}

describe('the tables', () => {
  test.each(pairs(CREATE_CODES))('create %i is reported as %s', (code, fact) => {
    expect(CREATE).toHaveProperty(String(code));
    expect(answerToCreate(code).fact).toBe(fact);
  });

  test.each(pairs(SEARCH_CODES))('search %i is reported as %s', (code, fact) => {
    expect(SEARCH).toHaveProperty(String(code));
    expect(answerToSearch(code).fact).toBe(fact);
  });

  test.each(pairs(PUSH_STATUSES))('push %s is reported as %s', (status, fact) => {
    expect(PUSH).toHaveProperty(status);
    expect(pushStatus(status).fact).toBe(fact);
  });

  test.each(pairs(QUERY_STATUSES))('query %s is reported as %s', (status, fact) => {
    expect(QUERY).toHaveProperty(status);
    expect(answerToQuery(status).fact).toBe(fact);
  });

  test.each(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '13', '1009', 'no_status', ''])(
    'query %s decides nothing',
    (status) => {
      expect(answerToQuery(status).fact).toBe('task_unclear');
    },
  );

  test('list nothing else', () => {
    expect(Object.keys(QUERY)).toHaveLength(pairs(QUERY_STATUSES).length);
    expect(Object.keys(CREATE)).toHaveLength(pairs(CREATE_CODES).length);
    expect(Object.keys(SEARCH)).toHaveLength(pairs(SEARCH_CODES).length);
    expect(Object.keys(PUSH)).toHaveLength(pairs(PUSH_STATUSES).length);
  });

  const rows = Object.entries(TABLES).flatMap(([table, { codes, unknown }]) =>
    [...Object.entries(codes), ['unknown', unknown] as const].map(([code, answer]) => ({
      problem: `${table}:${code}`,
      answer,
    })),
  );

  test.each(rows)('$problem says in both languages what it means and what to do', ({ answer }) => {
    const { en, zh, nextStep } = answer;
    for (const text of [en, nextStep.en]) {
      expect(text).toMatch(/^[A-Z].{15,}\.$/);
      expect(text).not.toMatch(/[\u4e00-\u9fff]/);
    }
    for (const text of [zh, nextStep.zh]) expect(text).toMatch(/^.*[\u4e00-\u9fff].*。$/);
  });

  test.each(rows)('$problem does something: a rule of the heart speaks of its fact', ({ answer }) => {
    expect(MOVES.some((move) => move.fact === answer.fact)).toBe(true);
  });

  test('open the line by themselves where their call is sent again later', () => {
    const later = Object.keys(CREATE).filter((code) => CREATE[code]?.wait === 'again');
    expect(later).toContain('89247');
    expect(later.filter((code) => LINE_FAULTS[`create:${code}`]?.probe === undefined)).toEqual([]);
  });

  test('give every table the facts of its own reporter', () => {
    const reporters = (codes: Readonly<Record<string, { fact: FactKind }>>) =>
      new Set(Object.values(codes).map(({ fact }) => FACTS[fact].by));
    expect(reporters(CREATE)).toEqual(new Set(['worker']));
    expect(reporters(SEARCH)).toEqual(new Set(['worker']));
    expect(reporters(QUERY)).toEqual(new Set(['worker']));
    expect(reporters(PUSH)).toEqual(new Set(['receiver']));
  });
});

describe('an answer', () => {
  test('names why the gateway refused a call, and only then', () => {
    const refusals = { token: TOKEN, ticket: TICKET, day: [45009], minute: [45011] };
    for (const [gateway, codes] of Object.entries(refusals)) {
      for (const code of codes) {
        expect(answerToCreate(code).gateway).toBe(gateway);
        expect(answerToSearch(code).gateway).toBe(gateway);
      }
    }
    for (const { fact, gateway } of [...Object.values(CREATE), ...Object.values(SEARCH)]) {
      expect(gateway !== undefined).toBe(fact === 'create_void' || fact === 'search_void');
    }
  });

  test('to a create that may be repeated names what it waits for', () => {
    expect(answerToCreate(89249).wait).toBe('busy');
    expect(answerToCreate(89247).wait).toBe('again');
    expect(answerToCreate(-1).wait).toBe('again');
    expect(answerToCreate(91030).wait).toBe('person');
  });

  test('that asks for time says how many working days', () => {
    expect(pushStatus('105').workingDays).toBe(15);
  });

  test('that accuses the platform is never the merchant’s to act on', () => {
    for (const { fact, acts } of [...Object.values(CREATE), ...Object.values(SEARCH)]) {
      if (fact === 'platform_refused' || fact === 'search_refused') expect(['platform', 'us']).toContain(acts);
    }
  });

  test('to a closed IP says what to put on which list', () => {
    expect(answerToCreate(61004).nextStep.en).toMatch(/IP address.*allow-list/);
    expect(answerToCreate(40164).nextStep.en).toMatch(/IP address.*allow-list/);
  });
});

describe("the words of WeChat's pages", () => {
  const NAMES = [
    ['Account management', '账号管理权限'],
    ['Development management and data analysis', '开发管理与数据分析权限'],
    ['Open Platform account management', '开放平台账号管理权限'],
    ['Mini Program basic information setup', '小程序基本信息设置权限'],
    ['Mini Program verification', '小程序认证权限'],
    ['Plug-in management', '插件管理权限'],
  ] as const;

  test.each([89254, 86033, 61029])('%i names the six permission sets, and the optional one as such', (code) => {
    for (const { nextStep } of [answerToCreate(code), answerToSearch(code)]) {
      const [requiredEn, optionalEn] = nextStep.en.split('recommended: ');
      const [requiredZh, optionalZh] = nextStep.zh.split('选填（建议勾选）：');
      for (const [en, zh] of NAMES) {
        expect(requiredEn).toContain(en);
        expect(requiredZh).toContain(zh);
      }
      expect([optionalEn, optionalZh]).toEqual([
        expect.stringContaining('Nearby locations'),
        expect.stringContaining('附近地点权限'),
      ]);
      expect(nextStep.zh).toContain('全网发布');
    }
  });

  test.each([
    [86033, /permission sets/, /权限集不全/],
    [61029, /permission set/, /缺少必备的权限集/],
    [86040, /owned by an individual/, /主体为个人/],
    [61028, /not published network-wide/, /未全网发布/],
  ])('%i is what it is', (code, en, zh) => {
    expect(answerToCreate(code).en).toMatch(en);
    expect(answerToCreate(code).zh).toMatch(zh);
  });

  test('61028 asks for publication, and for no permission set', () => {
    const { nextStep } = answerToCreate(61028);
    expect(nextStep.zh).toContain('全网发布');
    expect(nextStep.zh).not.toContain('权限集');
  });

  test('61070 asks for bank card and registry, a new name, and the ID card of 18 digits', () => {
    const { en, zh } = answerToCreate(61070).nextStep;
    expect(en).toMatch(/bank card.*business registry.*renamed lately.*from 15 to 18 digits/);
    expect(zh).toMatch(/绑定银行卡.*工商登记.*改过名字.*15 位升级为 18 位/);
  });

  test('86036, of the API that is given no Weixin ID, asks for what is registered', () => {
    const { en, zh } = answerToCreate(86036).nextStep;
    expect(en).toMatch(/legal person exactly as registered/);
    expect(`${en} ${zh}`).not.toMatch(/Weixin|微信号/);
  });

  test('an accepted create says which message comes, where, when and to which Weixin ID', () => {
    const { en, zh } = answerToCreate(0).nextStep;
    expect(en).toMatch(
      /Mini Program creation application.*Security Assistant.*24 hours.*Weixin ID of the row.*minutes, sometimes more than ten/,
    );
    expect(zh).toMatch(/公众平台安全助手.*创建小程序申请.*24 小时.*所填的法人微信号.*几分钟到十几分钟/);
    for (const { nextStep } of [answerToCreate(89251), answerToSearch(89251)]) {
      expect(nextStep.zh).toMatch(/公众平台安全助手.*创建小程序申请/);
    }
  });

  test('a Mini Program that was created is not verified yet, and has to be filed', () => {
    expect(pushStatus('0').nextStep.en).toMatch(/not verified yet: verification and filing.*offline categories only/);
    expect(pushStatus('0').nextStep.zh).toMatch(/未认证.*认证和备案.*线下类目/);
  });

  test('a name that differs from the registry may differ in the name of its city', () => {
    for (const status of ['102', '103', '1000']) expect(pushStatus(status).nextStep.zh).toContain('“广州”与“广州市”');
  });

  test.each([
    ['access clientip is not registered requestIP: 203.0.113.9 rid: 65aa-1', '203.0.113.9'],
    ['40164 invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist', '203.0.113.9'],
    ['access clientip is not registered requestIP: 2001:db8::7 rid: 65aa-1', '2001:db8::7'],
    ['system error', undefined],
  ])('our own address is said where WeChat names it: %s', (said, address) => {
    expect(addressOf(said)).toBe(address);
    const words = withRidHint({ en: 'Allow it.', zh: '请放行。' }, said);
    expect(words.en.includes('WeChat saw')).toBe(address !== undefined);
    expect(words.zh).toContain(address ?? '请放行。');
  });

  test("the support's five hours are said where there is a rid", () => {
    expect(ridHint('system error rid: 69faf79c-30776e0c-46e58290')).toEqual({
      en: " WeChat's support asks for the rid (69faf79c-30776e0c-46e58290) within about five hours.",
      zh: '如需咨询微信客服，请在约五小时内提供 rid：69faf79c-30776e0c-46e58290。',
    });
    expect(ridHint('system error')).toEqual({ en: '', zh: '' });
    expect(ridHint(undefined)).toEqual({ en: '', zh: '' });
  });
});

describe('unknown codes', () => {
  test.each([1, 12345, 89999, Number.NaN, 0.5])('errcode %d is neither success nor failure', (code) => {
    expect(answerToCreate(code).fact).toBe('answer_unknown');
    expect(answerToSearch(code).fact).toBe('task_unclear');
  });

  test.each([undefined, '', '00', '0.0', ' 0', '2', '100004', 'constructor', '__proto__'])(
    'status %j is neither success nor failure',
    (status) => {
      expect(pushStatus(status).fact).toBe('push_unknown');
    },
  );
});

describe('explain', () => {
  const problems = (code: string) => explain(code).map(({ problem }) => problem);

  test('finds a bare code wherever it is used', () => {
    expect(problems('89249')).toEqual(['create:89249', 'search:89249']);
    expect(problems('-1')).toEqual(['create:-1', 'search:-1', 'push:-1']);
    expect(problems('100003')).toEqual(['push:100003']);
  });

  test('takes a code as the report writes it', () => {
    expect(explain('create:61070')).toEqual([{ problem: 'create:61070', answer: answerToCreate(61070) }]);
    expect(explain(' PUSH:105 ')).toEqual([{ problem: 'push:105', answer: pushStatus('105') }]);
  });

  test('says of an unknown code from a report that it is unknown, and nothing of an unknown number', () => {
    expect(explain('create:12345')).toEqual([{ problem: 'create:12345', answer: answerToCreate(12345) }]);
    expect(explain('push:no_status')).toEqual([{ problem: 'push:no_status', answer: pushStatus(undefined) }]);
    expect(explain('12345')).toEqual([]);
    expect(explain('constructor')).toEqual([]);
  });
});

import { describe, expect, test } from 'vitest';
import { APPID, CREATE, fated, merchant, SEARCH, startPeer } from './peer.js';

describe('a call', () => {
  test('with an unknown action answers -1', async () => {
    const peer = await startPeer();
    const answer = await peer.post('/cgi-bin/component/fastregisterweapp?action=delete', merchant());
    expect(answer.errcode).toBe(-1);
    expect(answer.errmsg).toContain('invalid action');
  });

  test('by GET, without a body, or without JSON is refused', async () => {
    const peer = await startPeer();
    const got = await fetch(`${peer.simulator.url}${CREATE}&component_access_token=${peer.token}`);
    expect(await got.json()).toMatchObject({ errcode: 43002 });
    expect(await peer.post(CREATE, '')).toMatchObject({ errcode: 44002 });
    expect(await peer.post(CREATE, '{"name": ')).toMatchObject({ errcode: 47001 });
    expect(await peer.post(CREATE, '[]')).toMatchObject({ errcode: 47001 });
    expect(await peer.post(CREATE, `\uFEFF${JSON.stringify(merchant())}`)).toMatchObject({ errcode: 47001 });
  });

  test('with a value of another type is refused', async () => {
    const peer = await startPeer();
    expect(await peer.post(CREATE, { ...merchant(), code_type: '1' })).toMatchObject({ errcode: 47001 });
    expect(await peer.post(CREATE, { ...merchant(), code: 911 })).toMatchObject({ errcode: 47001 });
  });

  test('to a path that WeChat does not have meets a page', async () => {
    const peer = await startPeer();
    expect((await peer.raw('/cgi-bin/nothing', {})).status).toBe(404);
  });

  test('that is refused carries a rid, and words that vary', async () => {
    const peer = await startPeer();
    const messages: string[] = [];
    for (let count = 0; count < 40; count += 1) messages.push((await peer.search(merchant())).errmsg);
    for (const message of messages) expect(message).toMatch(/ rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$/);
    expect(messages.some((message) => message.includes(' hint: ['))).toBe(true);
    expect(messages.some((message) => !message.includes(' hint: ['))).toBe(true);
    expect(new Set(messages.map((message) => message.split(' ')[0])).size).toBeGreaterThan(1);
  });
});

describe('create', () => {
  test.each(['name', 'code', 'code_type', 'legal_persona_wechat', 'legal_persona_name'])(
    'without %s answers 89253',
    async (field) => {
      const peer = await startPeer();
      expect(await peer.post(CREATE, { ...merchant(), [field]: undefined })).toMatchObject({ errcode: 89253 });
    },
  );

  test('can do without a phone number', async () => {
    const peer = await startPeer();
    expect(await peer.post(CREATE, { ...merchant(), component_phone: undefined })).toMatchObject({ errcode: 0 });
  });

  test('takes the three kinds of codes, and only these', async () => {
    const peer = await startPeer();
    const answers: Record<string, number> = {};
    for (const [code, code_type] of [
      ['D2143569-X', 2],
      ['110108000000016', 3],
      ['91350100M000100Y43', 1],
      ['91350100M000100Y43', 2],
      ['D2143569X', 2],
      ['110108000000016', 1],
      ['91350100M000100Y43', 4],
      ['91350100M000100Y43', 0],
    ] as const) {
      answers[`${code} ${code_type}`] = (await peer.create({ ...merchant(), code, code_type })).errcode;
    }
    expect(answers).toEqual({
      'D2143569-X 2': 0,
      '110108000000016 3': 0,
      '91350100M000100Y43 1': 0,
      '91350100M000100Y43 2': 89247,
      'D2143569X 2': 89247,
      '110108000000016 1': 89247,
      '91350100M000100Y43 4': 89248,
      '91350100M000100Y43 0': 89248,
    });
  });

  test('refuses what is no Weixin ID', async () => {
    const peer = await startPeer();
    for (const wrong of ['13800000000', 'short', '1starts_with_digit', 'has space', 'longer_than_twenty_ch']) {
      expect(await peer.create(merchant(wrong))).toMatchObject({ errcode: 86004 });
    }
  });

  test('takes escaped Chinese for another name', async () => {
    const peer = await startPeer();
    const escaped = JSON.stringify(merchant()).replace('虚', '\\u865a');
    expect(await peer.post(CREATE, escaped)).toMatchObject({ errcode: 61070 });
    const backslash = JSON.stringify({ ...merchant(), name: 'back\\u865aslash' });
    expect(await peer.post(CREATE, backslash)).toMatchObject({ errcode: 0 });
  });

  test('runs one task for an enterprise, until it ends', async () => {
    const peer = await startPeer();
    const first = merchant();
    expect(await peer.create(first)).toMatchObject({ errcode: 0 });
    const sameCode = { ...merchant(), code: first.code.toLowerCase() };
    expect(await peer.create(sameCode)).toMatchObject({ errcode: 89249 });
    peer.simulator.advance('10m');
    expect(await peer.create(sameCode)).toMatchObject({ errcode: 0 });
  });

  test('never keeps an enterprise busy for more than 24 hours', async () => {
    const peer = await startPeer();
    const slow = fated('in30h');
    await peer.create(slow);
    peer.simulator.advance('23h');
    expect(await peer.create(slow)).toMatchObject({ errcode: 89249 });
    peer.simulator.advance('1h');
    expect((await peer.receiver.outcomesCount(1))[0]?.status).toBe('100003');
    expect(await peer.create(slow)).toMatchObject({ errcode: 0 });
  });

  test('is allowed five times a day and Weixin ID, and failures count', async () => {
    let now = Date.parse('2030-01-01T15:00:00Z');
    const peer = await startPeer({ clock: () => now });
    const answers: number[] = [];
    for (let count = 0; count < 6; count += 1) {
      const weixinId = count % 2 ? 'fate-c86004-X' : 'FATE-C86004-x';
      answers.push((await peer.create(merchant(weixinId))).errcode);
    }
    expect(answers).toEqual([86004, 86004, 86004, 86004, 86004, 91030]);
    now += 3_600_000; // Midnight in Beijing.
    expect(await peer.create(merchant('fate-c86004-x'))).toMatchObject({ errcode: 86004 });
  });

  test('answers -1 to every caller when the API is retired', async () => {
    const peer = await startPeer({ retired: true });
    expect(await peer.create(merchant())).toMatchObject({
      errcode: -1,
      errmsg: expect.stringMatching(/system error/i),
    });
  });
});

describe('search', () => {
  test('follows the task: not yet seen, legal person, check, and not found again', async () => {
    const peer = await startPeer();
    const searched = merchant();
    expect(await peer.search(searched)).toMatchObject({ errcode: 89250 });
    await peer.create(searched);
    expect(await peer.search(searched)).toMatchObject({ errcode: 89250 });
    peer.simulator.advance('10s');
    expect(await peer.search(searched)).toMatchObject({ errcode: 89251 });
    peer.simulator.advance('5m');
    expect(await peer.search(searched)).toMatchObject({ errcode: 89252 });
    peer.simulator.advance('30s');
    expect(await peer.search(searched)).toMatchObject({ errcode: 89250 });
  });

  test('needs its three fields', async () => {
    const peer = await startPeer();
    const { name, legal_persona_name } = merchant();
    expect(await peer.post(SEARCH, { name, legal_persona_name })).toMatchObject({ errcode: 89253 });
  });

  test('answers what a fate wants', async () => {
    const peer = await startPeer();
    const over = fated('s0');
    await peer.create(over);
    expect(await peer.search(over)).toMatchObject({ errcode: 0 });
  });
});

describe('budgets', () => {
  test('are shared by create and search, and end at midnight in Beijing', async () => {
    let now = Date.parse('2030-01-01T15:30:00Z');
    const peer = await startPeer({ dailyCalls: 3, clock: () => now });
    const one = merchant();
    const answers = [
      await peer.create(one),
      await peer.search(one),
      await peer.search(one),
      await peer.search(one),
      await peer.create(merchant()),
    ];
    expect(answers.map(({ errcode }) => errcode)).toEqual([0, 89250, 89250, 45009, 45009]);
    now += 1_800_000;
    expect(await peer.create(merchant())).toMatchObject({ errcode: 0 });
  });

  test('end later than at midnight where it is said so', async () => {
    let now = Date.parse('2030-01-01T15:59:59Z');
    const peer = await startPeer({ dailyCalls: 1, dayBegins: '2s', clock: () => now });
    await peer.create(merchant());
    now += 2_000;
    expect(await peer.create(merchant())).toMatchObject({ errcode: 45009 });
    now += 1_000;
    expect(await peer.create(merchant())).toMatchObject({ errcode: 0 });
  });

  test('can be used up by others, and given back', async () => {
    const peer = await startPeer({ dailyCalls: 10 });
    peer.simulator.setUsedCalls(9);
    await peer.create(merchant());
    expect(await peer.create(merchant())).toMatchObject({ errcode: 45009 });
    const control = await fetch(`${peer.simulator.url}/simulator/quota`, { method: 'POST', body: '{"used": 8}' });
    expect(await control.json()).toEqual({ done: true });
    expect(await peer.create(merchant())).toMatchObject({ errcode: 0 });
    const wrong = await fetch(`${peer.simulator.url}/simulator/quota`, { method: 'POST', body: '{"used": "all"}' });
    expect(await wrong.json()).toEqual({ problem: 'Send {"used": 1000}.' });
  });

  test.each([
    ['/cgi-bin/clear_quota', 'appid'],
    ['/cgi-bin/component/clear_quota', 'component_appid'],
  ])('begin anew after %s, ten times', async (path, appidName) => {
    const peer = await startPeer({ dailyCalls: 1 });
    const clear = async () => {
      const name = appidName === 'appid' ? 'access_token' : 'component_access_token';
      const url = `${peer.simulator.url}${path}?${name}=${peer.token}`;
      const answer = await fetch(url, { method: 'POST', body: JSON.stringify({ [appidName]: APPID }) });
      return ((await answer.json()) as { errcode: number }).errcode;
    };
    for (let time = 0; time < 10; time += 1) {
      expect(await peer.create(merchant())).toMatchObject({ errcode: 0 });
      expect(await clear()).toBe(0);
    }
    await peer.create(merchant());
    expect(await clear()).toBe(48006);
    expect(await peer.create(merchant())).toMatchObject({ errcode: 45009 });
    expect(await peer.post('/cgi-bin/clear_quota', { appid: 'wx0000000000000000' })).toMatchObject({ errcode: 40013 });
  });

  test('have a limit per minute', async () => {
    let now = Date.parse('2030-01-01T00:00:00Z');
    const peer = await startPeer({ callsPerMinute: 2, clock: () => now });
    await peer.create(merchant());
    await peer.create(merchant());
    expect(await peer.create(merchant())).toMatchObject({ errcode: 45011 });
    now += 60_000;
    expect(await peer.create(merchant())).toMatchObject({ errcode: 0 });
  });

  test('can run by simulated time', async () => {
    const peer = await startPeer({ dailyCalls: 1, budgetsFrom: 'simulated' });
    await peer.create(merchant());
    expect(await peer.create(merchant())).toMatchObject({ errcode: 45009 });
    peer.simulator.advance('24h');
    expect(await peer.create(merchant())).toMatchObject({ errcode: 0 });
  });

  test('can be asked for', async () => {
    const peer = await startPeer({ dailyCalls: 100, callsPerMinute: 50 });
    await peer.create(merchant());
    const path = '/cgi-bin/openapi/quota/get';
    expect(await peer.post(path, { cgi_path: '/cgi-bin/component/fastregisterweapp' })).toMatchObject({
      errcode: 0,
      quota: { daily_limit: 100, used: 1, remain: 99 },
      rate_limit: { call_count: 50, refresh_second: 60 },
    });
    expect(await peer.post(path, { cgi_path: '/cgi-bin/elsewhere' })).toMatchObject({ errcode: 76021 });
  });
});

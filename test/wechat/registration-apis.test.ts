import { describe, expect, test } from 'vitest';
import type { Merchant } from '../../src/domain/merchant.js';
import type { Call, Client } from '../../src/wechat/client.js';
import { fastregisterenterpriseweapp } from '../../src/wechat/fastregisterenterpriseweapp.js';
import { fastregisterweapp } from '../../src/wechat/fastregisterweapp.js';
import type { RegistrationInfo } from '../../src/wechat/push.js';
import type { Answered, RegistrationApi } from '../../src/wechat/registration-api.js';

const MERCHANT: Merchant = {
  name: '虚构商户（一）有限公司',
  code: '91350100M000100Y43',
  codeType: 1,
  legalPersonaWechat: 'Invented_1',
  legalPersonaName: '虚构人',
  componentPhone: '05920000000',
};

const INFO: RegistrationInfo = {
  name: undefined,
  code: undefined,
  codeType: undefined,
  legalPersonaWechat: undefined,
  legalPersonaName: undefined,
  componentPhone: undefined,
  taskId: undefined,
};

/** Keeps what would have been posted. */
function recordingClient(): Client & { calls: Call[] } {
  const calls: Call[] = [];
  return {
    calls,
    async post(call) {
      calls.push(call);
      return { kind: 'not_sent', why: 'a test' };
    },
    clockAheadMs: () => 0,
    close: async () => {},
  };
}

function answered(errcode: number, body: Record<string, unknown> = {}): Answered {
  return { kind: 'answer', errcode, said: 'as it was said', body: { errcode, ...body } };
}

async function callsOf(
  make: (client: Client) => RegistrationApi,
  run: (api: RegistrationApi) => Promise<unknown>,
): Promise<Call[]> {
  const client = recordingClient();
  await run(make(client));
  return client.calls;
}

describe.each([fastregisterweapp, fastregisterenterpriseweapp])('$name', (make) => {
  const api = make(recordingClient());

  test('is called by the name that the setting has for it', () => {
    expect(api.name).toBe(make.name);
    expect(api.path.endsWith(`/${api.name}`)).toBe(true);
  });

  test('reads an errcode of search by the table of search', () => {
    expect(api.readSearch(answered(89250))).toMatchObject({
      problem: 'search:89250',
      said: 'as it was said',
      answer: { fact: 'task_unclear' },
    });
    expect(api.readSearch(answered(40001)).answer.gateway).toBe('token');
  });

  test('matches a push that repeats the merchant by its code', () => {
    const { name, code, legalPersonaWechat, legalPersonaName } = MERCHANT;
    expect(api.matchOf({ ...INFO, name, code, legalPersonaWechat, legalPersonaName }).codes).toEqual([code]);
  });

  test('matches a push that names its task', () => {
    expect(api.matchOf({ ...INFO, taskId: 'task-1' })).toEqual({ taskIds: ['task-1'], codes: [] });
  });

  test('matches nothing by an empty info', () => {
    expect(api.matchOf(INFO)).toEqual({ taskIds: [], codes: [] });
  });
});

describe('the API of the seeds on the wire', () => {
  test('creates with six fields and the token in the query', async () => {
    expect(await callsOf(fastregisterweapp, (api) => api.create(MERCHANT, 'the-token'))).toEqual([
      {
        path: '/cgi-bin/component/fastregisterweapp',
        query: { action: 'create', component_access_token: 'the-token' },
        body: {
          name: MERCHANT.name,
          code: MERCHANT.code,
          code_type: 1,
          legal_persona_wechat: 'Invented_1',
          legal_persona_name: '虚构人',
          component_phone: '05920000000',
        },
      },
    ]);
  });

  test('searches by the merchant, whether a task id is known or not', async () => {
    const [call] = await callsOf(fastregisterweapp, (api) => api.search(MERCHANT, undefined, 'the-token'));
    expect(call).toEqual({
      path: '/cgi-bin/component/fastregisterweapp',
      query: { action: 'search', component_access_token: 'the-token' },
      body: { name: MERCHANT.name, legal_persona_wechat: 'Invented_1', legal_persona_name: '虚构人' },
    });
    expect(fastregisterweapp(recordingClient()).canSearch(undefined)).toBe(true);
  });

  test('knows no task id and no link', () => {
    expect(fastregisterweapp(recordingClient()).taskOf({ errcode: 0, taskid: 'x', authorize_url: 'y' })).toEqual({});
  });
});

describe('the successor on the wire', () => {
  const api = fastregisterenterpriseweapp(recordingClient());

  test('creates with name, code and phone, and the component token as access_token', async () => {
    expect(await callsOf(fastregisterenterpriseweapp, (it) => it.create(MERCHANT, 'the-token'))).toEqual([
      {
        path: '/wxa/component/fastregisterenterpriseweapp',
        query: { action: 'create', access_token: 'the-token' },
        body: {
          name: MERCHANT.name,
          code: MERCHANT.code,
          component_phone: '05920000000',
          new_version: true,
        },
      },
    ]);
  });

  test('queries by task id', async () => {
    const [call] = await callsOf(fastregisterenterpriseweapp, (it) => it.search(MERCHANT, 'task-1', 'the-token'));
    expect(call).toEqual({
      path: '/wxa/component/fastregisterenterpriseweapp',
      query: { action: 'query', access_token: 'the-token' },
      body: { taskid: 'task-1', new_version: true },
    });
  });

  test('cannot ask about a task whose id was lost', () => {
    expect(api.canSearch(undefined)).toBe(false);
    expect(api.canSearch('task-1')).toBe(true);
  });

  test('keeps the task id and the link of an accepted create, and does without what is missing', () => {
    const body = { errcode: 0, taskid: '00123', authorize_url: 'https://mp.example/authorize?a=1&b=2', status: 1 };
    expect(api.taskOf(body)).toEqual({ taskId: '00123', authorizeUrl: 'https://mp.example/authorize?a=1&b=2' });
    expect(api.taskOf({ errcode: 0, taskid: '', authorize_url: null })).toEqual({});
  });

  test.each([
    [12, 'query:12', 'task_created'],
    ['12', 'query:12', 'task_created'],
    [11, 'query:11', 'task_failed'],
    [1004, 'query:1004', 'task_failed'],
    [5, 'query:5', 'task_unclear'],
    [undefined, 'query:no_status', 'task_unclear'],
    [{ odd: true }, 'query:no_status', 'task_unclear'],
  ])('reads status %j as %s', (status, problem, fact) => {
    expect(api.readSearch(answered(0, { status }))).toMatchObject({ problem, said: '', answer: { fact } });
  });

  test('treats a code that is no credit code as a task id, and looks it up after the field taskId', () => {
    expect(api.matchOf({ ...INFO, code: 'task-2' }).taskIds).toEqual(['task-2']);
    expect(api.matchOf({ ...INFO, code: 'task-2', taskId: 'task-1' }).taskIds).toEqual(['task-1', 'task-2']);
    expect(api.matchOf({ ...INFO, code: 'task-1', taskId: 'task-1' }).taskIds).toEqual(['task-1']);
    expect(api.matchOf({ ...INFO, name: MERCHANT.name, code: MERCHANT.code })).toEqual({
      taskIds: [],
      codes: [MERCHANT.code],
    });
  });
});

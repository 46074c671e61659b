import { describe, expect, test } from 'vitest';
import type { SimulatorOptions } from '../../simulator/simulator.js';
import { APPID, fated, merchant, OUTCOME, type Peer, SECRET, startPeer, textIn, ticketsOf } from './peer.js';

const startSimulated = (options: SimulatorOptions = {}) => startPeer({ credentialsFrom: 'simulated', ...options });

const START = '/cgi-bin/component/api_start_push_ticket';
const TOKEN = '/cgi-bin/component/api_component_token';
const QUERY_AUTH = '/cgi-bin/component/api_query_auth';
const LIST = '/cgi-bin/component/api_get_authorizer_list';
const INFO = '/cgi-bin/component/api_get_authorizer_info';

const askToken = (peer: Peer, changed: object = {}) =>
  peer.post(TOKEN, {
    component_appid: APPID,
    component_appsecret: SECRET,
    component_verify_ticket: ticketsOf(peer.receiver).at(-1),
    ...changed,
  });

describe('verify tickets', () => {
  test('come at once, and then every ten simulated minutes', async () => {
    const peer = await startSimulated();
    expect(ticketsOf(peer.receiver)).toHaveLength(1);
    peer.simulator.advance('10m');
    await peer.receiver.until(() => ticketsOf(peer.receiver).length === 2);
    peer.simulator.advance('20m');
    await peer.receiver.until(() => ticketsOf(peer.receiver).length === 4);
    expect(new Set(ticketsOf(peer.receiver)).size).toBe(4);
  });

  test('are refused to a wrong appid, a wrong secret and a missing one', async () => {
    const peer = await startSimulated();
    const answers = [
      await peer.post(START, { component_appid: 'wx0000000000000000', component_secret: SECRET }),
      await peer.post(START, { component_appid: APPID, component_secret: 'wrong' }),
      await peer.post(START, { component_appid: APPID, component_appsecret: SECRET }),
    ];
    expect(answers.map(({ errcode }) => errcode)).toEqual([40013, 40125, 41004]);
  });

  test('live for twelve simulated hours', async () => {
    const peer = await startSimulated();
    const [first] = ticketsOf(peer.receiver);
    peer.simulator.advance('11h');
    expect(await askToken(peer, { component_verify_ticket: first })).toHaveProperty('component_access_token');
    peer.simulator.advance('2h');
    expect(await askToken(peer, { component_verify_ticket: first })).toMatchObject({ errcode: 61005 });
  });
});

describe('component access tokens', () => {
  test('are given for 7200 seconds, without errcode', async () => {
    const peer = await startSimulated();
    const answer = await askToken(peer);
    expect(Object.keys(answer)).toEqual(['component_access_token', 'expires_in']);
    expect(answer.expires_in).toBe(7200);
  });

  test('are refused for a wrong appid, secret or ticket', async () => {
    const peer = await startSimulated();
    const answers = [
      await askToken(peer, { component_appid: 'wx0000000000000000' }),
      await askToken(peer, { component_appsecret: 'wrong' }),
      await askToken(peer, { component_appsecret: undefined, component_secret: SECRET }),
      await askToken(peer, { component_verify_ticket: 'ticket@@@nobody' }),
      await askToken(peer, { component_verify_ticket: undefined }),
    ];
    expect(answers.map(({ errcode }) => errcode)).toEqual([40013, 40125, 41004, 61006, 61006]);
  });

  test('are asked for, known, and unexpired', async () => {
    const peer = await startSimulated();
    const good = peer.token;
    peer.token = '';
    expect(await peer.create(merchant())).toMatchObject({ errcode: 41001 });
    peer.token = 'component_nobody';
    expect(await peer.create(merchant())).toMatchObject({ errcode: 40014 });
    peer.token = good;
    expect(await peer.create(merchant())).toMatchObject({ errcode: 0 });
    peer.simulator.advance('7200s');
    expect(await peer.create(merchant())).toMatchObject({ errcode: 42001 });
  });

  test('die five simulated minutes after a newer one was given', async () => {
    const peer = await startSimulated();
    const old = peer.token;
    const latest = await peer.newToken();
    peer.token = old;
    peer.simulator.advance('4m');
    expect(await peer.create(merchant())).toMatchObject({ errcode: 0 });
    peer.simulator.advance('2m');
    expect(await peer.create(merchant())).toMatchObject({ errcode: 40001 });
    peer.token = latest;
    expect(await peer.create(merchant())).toMatchObject({ errcode: 0 });
  });

  test('can live by the real clock while everything else runs fast', async () => {
    const peer = await startPeer({ credentialsFrom: 'real' });
    peer.simulator.advance('3h');
    expect(await peer.create(merchant())).toMatchObject({ errcode: 0 });
  });
});

describe('a new Mini Program', () => {
  const createdBy = async (peer: Peer, words = 'ok') => {
    const created = fated(words);
    await peer.create(created);
    peer.simulator.advance('6m');
    const [push] = await peer.receiver.outcomesCount(1);
    return { created, appid: textIn(push?.xml ?? '', 'appid'), code: textIn(push?.xml ?? '', 'auth_code') };
  };

  test('is handed over for its auth_code, once', async () => {
    const peer = await startSimulated();
    const { appid, code } = await createdBy(peer);
    const answer = await peer.post(QUERY_AUTH, { component_appid: APPID, authorization_code: code });
    expect(answer.errcode).toBeUndefined();
    expect(answer.authorization_info).toMatchObject({
      authorizer_appid: appid,
      authorizer_access_token: expect.any(String),
      expires_in: 7200,
      authorizer_refresh_token: expect.any(String),
      func_info: expect.arrayContaining([{ funcscope_category: { id: 17 } }]),
    });
    const again = await peer.post(QUERY_AUTH, { component_appid: APPID, authorization_code: code });
    expect(again.errcode).toBe(61010);
  });

  test('is not handed over after ten simulated minutes', async () => {
    const peer = await startSimulated();
    const { code } = await createdBy(peer);
    peer.simulator.advance('10m');
    const answer = await peer.post(QUERY_AUTH, { component_appid: APPID, authorization_code: code });
    expect(answer.errcode).toBe(61010);
    expect(peer.simulator.state().authCodes).toEqual({ codes: 2, exchanged: 0, refused: 1 });
  });

  test('is not handed over for a code that its fate has killed', async () => {
    const peer = await startSimulated();
    const { code } = await createdBy(peer, 'deadcode');
    const answer = await peer.post(QUERY_AUTH, { component_appid: APPID, authorization_code: code });
    expect(answer.errcode).toBe(61010);
  });

  test('is found in the list, with its principal, also without a push about it', async () => {
    const peer = await startSimulated();
    const silent = fated('lost');
    await peer.create(silent);
    peer.simulator.advance('10m');
    const list = await peer.post(LIST, { component_appid: APPID, offset: 0, count: 500 });
    expect(list).toMatchObject({
      total_count: 1,
      list: [{ authorizer_appid: expect.stringMatching(/^wx[0-9a-f]{16}$/) }],
    });
    const info = await peer.post(INFO, {
      component_appid: APPID,
      authorizer_appid: list.list[0].authorizer_appid,
    });
    expect(info.authorizer_info).toMatchObject({ principal_name: silent.name, register_type: 6 });
    expect(peer.receiver.pushes.filter(({ infoType }) => infoType === OUTCOME)).toEqual([]);
    const nobody = await peer.post(INFO, { component_appid: APPID, authorizer_appid: 'wx0000000000000000' });
    expect(nobody.errcode).toBe(61003);
  });

  test('has an appid that depends on the seed and the enterprise only', async () => {
    const enterprise = merchant();
    const appids: (string | null | undefined)[] = [];
    for (const seed of [7, 7, 8]) {
      const peer = await startSimulated({ seed });
      if (appids.length === 1) await createdBy(peer);
      await peer.create(enterprise);
      peer.simulator.advance('10m');
      appids.push(peer.simulator.state().merchants[enterprise.code]?.tasks[0]?.appid);
    }
    expect(appids[0]).toMatch(/^wx[0-9a-f]{16}$/);
    expect(appids[1]).toBe(appids[0]);
    expect(appids[2]).not.toBe(appids[0]);
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { describe, expect, test, vi } from 'vitest';
import { FAULT_SCOPES } from '../../simulator/faults.js';
import { startSimulator } from '../../simulator/simulator.js';
import { durationMs, startTimeline } from '../../simulator/timeline.js';
import { CREATE, fated, merchant, type Peer, startPeer, startReceiver, ticketsOf } from './peer.js';

const control = async (peer: Peer, method: string, name: string, body?: unknown) => {
  const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
  const response = await fetch(`${peer.simulator.url}/simulator/${name}`, init);
  // biome-ignore lint/suspicious/noExplicitAny: whatever the wire says.
  return { status: response.status, json: (await response.json()) as any };
};

describe('over HTTP', () => {
  test('the state is answered, the same as in the process', async () => {
    const peer = await startPeer({ clock: () => 1_900_000_000_000 });
    const created = merchant();
    await peer.create(created);
    await peer.create(created);
    peer.simulator.advance('10m');
    await peer.receiver.outcomesCount(1);
    await vi.waitFor(() => expect(peer.simulator.state().pushes.acknowledged).toBe(3));
    const { json } = await control(peer, 'GET', 'state');
    expect(json).toEqual(JSON.parse(JSON.stringify(peer.simulator.state())));
    expect(json.calls['/cgi-bin/component/fastregisterweapp']).toEqual({ create: { 0: 1, 89249: 1 } });
    expect(json.merchants[created.code]).toEqual({
      creates: 2,
      accepted: 1,
      answers: { 0: 1, 89249: 1 },
      tasks: [
        {
          id: expect.any(String),
          stage: 'created',
          status: 0,
          appid: expect.any(String),
          fate: 'ok',
          pushes: { sent: 2, acknowledged: 2, results: 1 },
        },
      ],
    });
    expect(json.tasks).toEqual({ running: 0, created: 1, failed: 0 });
    expect(json.peak).toEqual({ perSecond: 2, perMinute: 2 });
  });

  test('the fates are listed', async () => {
    const { json } = await control(await startPeer(), 'GET', 'fates');
    expect(json[0]).toEqual({ word: 'ok', example: 'fate-ok', does: expect.any(String) });
  });

  test('the push URL is moved', async () => {
    const peer = await startPeer();
    const other = await startReceiver();
    expect(await control(peer, 'POST', 'push-url', { url: other.url })).toMatchObject({ status: 200 });
    await other.until(() => ticketsOf(other).length === 1);
    expect(await control(peer, 'POST', 'push-url', { url: 'nowhere' })).toMatchObject({ status: 400 });
    await control(peer, 'POST', 'push-url', { url: null });
    expect(peer.simulator.state().pushUrl).toBeNull();
  });

  test('the time is moved', async () => {
    const peer = await startPeer({ credentialsFrom: 'simulated' });
    await control(peer, 'POST', 'advance', { by: '10m' });
    await peer.receiver.until(() => ticketsOf(peer.receiver).length === 2);
    expect(await control(peer, 'POST', 'advance', { by: 'soon' })).toMatchObject({ status: 400 });
  });

  test('nothing else is there', async () => {
    expect(await control(await startPeer(), 'GET', 'nothing')).toMatchObject({ status: 404 });
  });
});

describe('a fault', () => {
  test('ends by itself after so much simulated time', async () => {
    const peer = await startPeer({ clock: () => 1_900_000_000_000 });
    await control(peer, 'POST', 'faults', { create: 89254, for: '1h' });
    expect(peer.simulator.state().faults.create).toMatchObject({ left: null, until: expect.stringContaining('T') });
    peer.simulator.advance('59m');
    expect(peer.simulator.state().faults.create?.answers).toBe('89254');
    peer.simulator.advance('1m');
    expect(peer.simulator.state().faults).toEqual({});
    expect(await control(peer, 'POST', 'faults', { create: 89254, for: 'a while' })).toMatchObject({ status: 400 });
  });

  test('strikes until it is cleared', async () => {
    const peer = await startPeer();
    await control(peer, 'POST', 'faults', { create: 89254 });
    expect(await peer.create(merchant())).toMatchObject({ errcode: 89254 });
    expect(await peer.create(merchant())).toMatchObject({ errcode: 89254 });
    expect(await peer.search(merchant())).toMatchObject({ errcode: 89250 });
    expect(peer.simulator.state().faults).toEqual({ create: { answers: '89254', left: null } });
    await control(peer, 'POST', 'faults', { create: null });
    expect(await peer.create(merchant())).toMatchObject({ errcode: 0 });
  });

  test('strikes as often as asked', async () => {
    const peer = await startPeer();
    await control(peer, 'POST', 'faults', { create: -1, times: 2 });
    const answers: number[] = [];
    for (let count = 0; count < 3; count += 1) answers.push((await peer.create(merchant())).errcode);
    expect(answers).toEqual([-1, -1, 0]);
  });

  test('of WeChat itself uses up tries of the Weixin ID, and one of the platform does not', async () => {
    const peer = await startPeer();
    const [one, other] = [merchant(), merchant()];
    const answers = async (it: typeof one, errcode: number): Promise<number[]> => {
      peer.simulator.setFaults({ create: errcode });
      const all: number[] = [];
      for (let count = 0; count < 6; count += 1) all.push((await peer.create(it)).errcode);
      return all;
    };
    expect(await answers(one, 89247)).toEqual([89247, 89247, 89247, 89247, 89247, 91030]);
    expect(await answers(other, 89254)).toEqual(Array(6).fill(89254));
  });

  test('redirects as a login page does, with a private query', async () => {
    const peer = await startPeer();
    peer.simulator.setFaults({ ip: 'h302' });
    const response = await fetch(`${peer.simulator.url}${CREATE}`, { method: 'POST', body: '{}', redirect: 'manual' });
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toMatch(/^http:\/\/login\.invalid\/.*\?/);
  });

  test('kills tokens, and closes the door to an IP', async () => {
    const peer = await startPeer();
    peer.simulator.setFaults({ token: 'dead', times: 1 });
    expect(await peer.create(merchant())).toMatchObject({ errcode: 42001 });
    peer.simulator.setFaults({ ip: 61004 });
    expect(await peer.create(merchant())).toMatchObject({ errcode: 61004 });
    expect(await peer.post('/cgi-bin/component/api_component_token', {})).toMatchObject({ errcode: 61004 });
    await control(peer, 'DELETE', 'faults');
    expect(await peer.create(merchant())).toMatchObject({ errcode: 0 });
  });

  test('may be of the wire', async () => {
    const peer = await startPeer();
    const accepted = merchant();
    peer.simulator.setFaults({ create: 'h502after', times: 1 });
    expect((await peer.raw(CREATE, accepted)).status).toBe(502);
    expect(peer.simulator.state().merchants[accepted.code]?.accepted).toBe(1);
    peer.simulator.setFaults({ create: 'cutx1' });
    await expect(peer.create(merchant())).rejects.toThrow();
    expect(await peer.create(merchant())).toMatchObject({ errcode: 0 });
  });

  test('that makes no sense is refused as a whole', async () => {
    const peer = await startPeer();
    expect(await control(peer, 'POST', 'faults', { create: 89254, nowhere: 1 })).toMatchObject({ status: 400 });
    expect(await control(peer, 'POST', 'faults', { create: 'p103' })).toMatchObject({ status: 400 });
    expect(await control(peer, 'POST', 'faults', { create: 1, times: 0 })).toMatchObject({ status: 400 });
    expect(peer.simulator.state().faults).toEqual({});
  });
});

describe('wire faults', () => {
  test('strike registration calls with their probability', async () => {
    const peer = await startPeer({ wireFaults: { cut: 0.3, h502after: 0.3 } });
    const rows = Array.from({ length: 40 }, () => merchant());
    for (const row of rows) await peer.raw(CREATE, row).catch(() => undefined);
    const { create = {} } = peer.simulator.state().calls['/cgi-bin/component/fastregisterweapp'] ?? {};
    expect(Object.keys(create).sort()).toEqual(['0', 'cut', 'h502after']);
    const accepted = Object.values(peer.simulator.state().merchants).filter((one) => one.accepted === 1).length;
    expect(accepted).toBe(40 - (create.cut ?? 0));
  });
});

describe('a simulator', () => {
  test.each([
    [{ encodingAesKey: 'short' }, /43 characters/],
    [{ speed: 0 }, /speed is 0/],
    [{ mix: { nonsense: 1 } }, /no fate "nonsense"/],
    [{ wireFaults: { p103: 1 } }, /"p103" says nothing about an answer/],
    [{ legalPersonDelay: '5 minutes' }, /"5 minutes" is not a duration/],
  ])('refuses %j', async (options, words) => {
    await expect(startSimulator(options)).rejects.toThrow(words);
  });

  test('says so when its port is taken', async () => {
    const { simulator } = await startPeer();
    await expect(startSimulator({ port: simulator.port })).rejects.toThrow(/cannot listen on 127\.0\.0\.1:\d+/);
  });

  test('logs without names, codes and secrets', async () => {
    const lines: string[] = [];
    const peer = await startPeer({ log: (line) => lines.push(line) });
    const created = fated('ok');
    await peer.create(created);
    peer.simulator.advance('10m');
    await peer.receiver.outcomesCount(1);
    const log = lines.join('\n');
    expect(log).toContain('fastregisterweapp create: 0');
    for (const secret of [created.name, created.code, created.legal_persona_wechat, peer.token]) {
      expect(log).not.toContain(secret);
    }
  });

  test('keeps a connection open between calls', async () => {
    const { simulator } = await startPeer();
    const agent = new http.Agent({ keepAlive: true });
    const ask = () =>
      new Promise<boolean>((resolve) => {
        const request = http.get(`${simulator.url}/simulator/fates`, { agent }, (response) => {
          response.resume().on('end', () => setImmediate(resolve, request.reusedSocket));
        });
      });
    expect([await ask(), await ask()]).toEqual([false, true]);
    agent.destroy();
  });

  test('leaves nothing open when it is closed', async () => {
    const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const peer = await startPeer({ pushRetryPauseMs: 60_000, credentialsFrom: 'simulated' });
    await peer.create(fated('p100003'));
    const hung = peer.raw(CREATE, fated('hang')).catch((error: Error) => error);
    const slow = peer.raw(CREATE, fated('slow')).catch((error: Error) => error);
    await vi.waitFor(() => expect(peer.simulator.state().tasks.running).toBe(3));
    peer.receiver.answer = () => undefined;
    peer.simulator.advance('10m');
    await peer.receiver.until(() => ticketsOf(peer.receiver).length === 2);
    await peer.simulator.close();
    expect(await hung).toBeInstanceOf(Error);
    await slow;
    await expect(fetch(peer.simulator.url)).rejects.toThrow();
    // One more is the wait of this very line.
    await vi.waitFor(() =>
      expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length).toBeLessThanOrEqual(
        before + 1,
      ),
    );
  });

  test('has every option and every fault scope in its README', () => {
    const room = new URL('../../simulator/', import.meta.url);
    const readme = readFileSync(new URL('README.md', room), 'utf8').replaceAll(/ +/g, ' ');
    const [, declared = ''] =
      /interface SimulatorOptions \{(.*?)\n\}/s.exec(readFileSync(new URL('options.ts', room), 'utf8')) ?? [];
    const options = [...declared.matchAll(/^ {2}(\w+)\?:/gm)].map(([, name]) => name);
    expect(options).toContain('legalPersonDelay');
    for (const name of options) expect(readme.includes(`| \`${name}\` |`), name).toBe(true);
    for (const scope of FAULT_SCOPES) expect(readme.includes(`\`${scope}\``), scope).toBe(true);
  });

  test('imports nothing but Node and its own room', () => {
    const room = new URL('../../simulator/', import.meta.url);
    for (const file of readdirSync(room).filter((name) => name.endsWith('.ts'))) {
      const text = readFileSync(new URL(file, room), 'utf8');
      for (const [, from] of text.matchAll(/from '([^']+)'/g)) expect(from, file).toMatch(/^(node:|\.\/)/);
    }
  });
});

describe('the timeline', () => {
  test('runs what falls due in its order, each at its own moment', () => {
    const timeline = startTimeline(() => 0, 1);
    const seen: [string, number][] = [];
    const note = (name: string) => seen.push([name, timeline.now()]);
    timeline.after(300, () => note('later'));
    timeline.after(100, () => {
      note('first');
      timeline.after(100, () => note('because of the first'));
    });
    const cancel = timeline.after(250, () => note('cancelled'));
    timeline.after(500, () => note('too late'));
    cancel();
    timeline.advance(400);
    timeline.close();
    expect(seen).toEqual([
      ['first', 100],
      ['because of the first', 200],
      ['later', 300],
    ]);
    expect(timeline.now()).toBe(400);
  });

  test('runs faster by its speed', () => {
    let real = 1_000;
    const timeline = startTimeline(() => real, 60);
    real += 1_000;
    expect(timeline.now()).toBe(61_000);
    expect(timeline.realNow()).toBe(2_000);
    timeline.close();
  });

  test('reads durations with their unit', () => {
    expect([durationMs('90s'), durationMs('1.5h'), durationMs('20ms'), durationMs(7)]).toEqual([
      90_000, 5_400_000, 20, 7,
    ]);
  });
});

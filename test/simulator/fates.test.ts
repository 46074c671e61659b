import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { FATES, magicWordsIn, readFate } from '../../simulator/fates.js';
import { CREATE, fated, type Merchant, merchant, type Peer, startPeer, textIn } from './peer.js';

/** Creates, lets the task run to its end, and returns the statuses of so many outcome pushes. */
async function pushesFor(peer: Peer, created: Merchant, count = 1, passing = '10m') {
  expect(await peer.create(created)).toMatchObject({ errcode: 0 });
  peer.simulator.advance(passing);
  return peer.receiver.outcomesCount(count);
}

const stateOf = (peer: Peer, { code }: Merchant) => peer.simulator.state().merchants[code];

const infoTypes = (peer: Peer) => peer.receiver.pushes.map(({ infoType }) => infoType);

describe('the words', () => {
  test.each([
    ['fate-p103', 'p103'],
    ['FATE-P103-A7', 'p103'],
    ['fate-cutafter_p101-b2', 'cutafter_p101'],
    ['虚构fate-ok商户', 'ok'],
    ['fate-ok_', 'ok'],
    ['fatal', undefined],
  ])('of %s are %s', (text, words) => {
    expect(magicWordsIn(text)).toBe(words);
  });

  test('of every example are known, and each row of the table answers to its own', () => {
    for (const { example, pattern } of FATES) {
      const words = magicWordsIn(example) ?? '';
      expect(readFate(words), example).toBeDefined();
      expect(
        words.split('_').some((word) => pattern.test(word)),
        example,
      ).toBe(true);
      const claimed = FATES.filter((row) => words.split('_').every((word) => row.pattern.test(word)));
      expect(claimed.length, example).toBeLessThanOrEqual(1);
      expect(`${example}-a1`.length, example).toBeLessThanOrEqual(20);
    }
  });

  test('are all in the README, with what they do', () => {
    const text = readFileSync(new URL('../../simulator/README.md', import.meta.url), 'utf8');
    const readme = text.replaceAll(/ +/g, ' ');
    for (const { word, example, does } of FATES) {
      expect(readme.includes(`| \`${word}\` | \`${example}\` | ${does.en} |`), word).toBe(true);
    }
  });

  test('may stand in the name', async () => {
    const peer = await startPeer();
    expect(await peer.create({ ...merchant(), name: '虚构 fate-c61070 商户' })).toMatchObject({ errcode: 61070 });
  });

  test('that are unknown count as created, and are reported', async () => {
    const peer = await startPeer();
    const [push] = await pushesFor(peer, fated('nonsense'));
    expect(push?.status).toBe('0');
    expect(peer.simulator.state().unknownFates).toEqual(['nonsense']);
  });
});

describe('create is answered', () => {
  test.each([
    ['c61070', 61070],
    ['c99999', 99999],
    ['cm1', -1],
  ])('by %s with %i, every time', async (words, errcode) => {
    const peer = await startPeer();
    const refused = fated(words);
    for (let count = 0; count < 3; count += 1) expect(await peer.create(refused)).toMatchObject({ errcode });
    expect(stateOf(peer, refused)).toMatchObject({ creates: 3, accepted: 0, answers: { [errcode]: 3 } });
  });

  test.each([
    ['r2', [89247, 89247, 0]],
    ['c89249x2', [89249, 89249, 0]],
    ['c0', [0, 89249]],
  ])('by %s with %j', async (words, errcodes) => {
    const peer = await startPeer();
    const tried = fated(words);
    const answers: number[] = [];
    for (const _ of errcodes) answers.push((await peer.create(tried)).errcode);
    expect(answers).toEqual(errcodes);
    expect(stateOf(peer, tried)?.accepted).toBe(1);
  });

  test.each([
    ['cut', 0],
    ['cutafter', 1],
    ['half', 1],
  ])('by %s with a cut connection, and %i task', async (words, accepted) => {
    const peer = await startPeer();
    const cut = fated(words);
    await expect(peer.create(cut)).rejects.toThrow();
    expect(stateOf(peer, cut)).toMatchObject({ creates: 1, accepted, answers: { [words]: 1 } });
    if (accepted) {
      peer.simulator.advance('10m');
      expect(await peer.receiver.outcomesCount(1)).toHaveLength(1);
    }
  });

  test('by cutx1 with one cut connection, and then as usual', async () => {
    const peer = await startPeer();
    const cut = fated('cutx1');
    await expect(peer.create(cut)).rejects.toThrow();
    expect(await peer.create(cut)).toMatchObject({ errcode: 0 });
  });

  test.each([
    ['hang', 1],
    ['hanglost', 0],
  ])('by %s never, and with %i task', async (words, accepted) => {
    const peer = await startPeer();
    const hung = fated(words);
    const giveUp = new AbortController();
    const call = peer.raw(CREATE, hung, giveUp.signal);
    await vi.waitFor(() => expect(stateOf(peer, hung)).toMatchObject({ creates: 1, accepted }));
    giveUp.abort();
    await expect(call).rejects.toThrow();
  });

  test.each([
    ['html', 200, 0],
    ['h502', 502, 0],
    ['h502after', 502, 1],
    ['h429', 429, 0],
  ])('by %s with a page and HTTP %i, and %i task', async (words, status, accepted) => {
    const peer = await startPeer();
    const paged = fated(words);
    const response = await peer.raw(CREATE, paged);
    expect(response.status).toBe(status);
    expect(await response.text()).toContain('<html>');
    expect(stateOf(peer, paged)?.accepted).toBe(accepted);
  });

  test('by empty with nothing, though the task runs', async () => {
    const peer = await startPeer();
    const empty = fated('empty');
    const response = await peer.raw(CREATE, empty);
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(stateOf(peer, empty)?.accepted).toBe(1);
  });

  test('by slow after a while', async () => {
    const peer = await startPeer();
    const before = performance.now();
    expect(await peer.create(fated('slow'))).toMatchObject({ errcode: 0 });
    expect(performance.now() - before).toBeGreaterThanOrEqual(19);
  });
});

describe('the task ends', () => {
  test('created, with `authorized` before it', async () => {
    const peer = await startPeer();
    const [push] = await pushesFor(peer, fated('ok'));
    expect(push?.status).toBe('0');
    expect(infoTypes(peer)).toEqual(['component_verify_ticket', 'authorized', 'notify_third_fasteregister']);
    expect(textIn(peer.receiver.pushes[1]?.xml ?? '', 'AuthorizerAppid')).toBe(textIn(push?.xml ?? '', 'appid'));
  });

  test.each([
    ['p103', '103'],
    ['pm1', '-1'],
    ['p4711', '4711'],
    ['p1008', '1008'],
  ])('by %s with status %s, without appid and auth_code', async (words, status) => {
    const peer = await startPeer();
    const [push] = await pushesFor(peer, fated(words));
    expect(push?.status).toBe(status);
    expect(push?.xml).not.toContain('<appid>');
    expect(push?.xml).not.toContain('<auth_code>');
    expect(infoTypes(peer)).not.toContain('authorized');
  });

  test.each(['100001', '100002', '100003'])('with %s after 24 simulated hours, not before', async (status) => {
    const peer = await startPeer();
    const waiting = fated(`p${status}`);
    await peer.create(waiting);
    peer.simulator.advance('23h');
    expect(await peer.search(waiting)).toMatchObject({ errcode: 89251 });
    peer.simulator.advance('1h');
    expect((await peer.receiver.outcomesCount(1))[0]?.status).toBe(status);
  });

  test('when the legal person has taken the time of its fate', async () => {
    const peer = await startPeer();
    const slow = fated('in2h_p103');
    await peer.create(slow);
    peer.simulator.advance('119m');
    expect(await peer.search(slow)).toMatchObject({ errcode: 89251 });
    expect((await peer.receiver.outcomes()).length).toBe(0);
    peer.simulator.advance('2m');
    expect((await peer.receiver.outcomesCount(1))[0]?.status).toBe('103');
  });

  test('badly the first time, and well the second', async () => {
    const peer = await startPeer();
    const corrected = fated('p103x1');
    await pushesFor(peer, corrected);
    const pushes = await pushesFor(peer, corrected, 2);
    expect(pushes.map(({ status }) => status)).toEqual(['103', '0']);
  });
});

describe('the push', () => {
  test('comes twice', async () => {
    const peer = await startPeer();
    const [first, second] = await pushesFor(peer, fated('twice'), 2);
    expect(second?.xml).toBe(first?.xml);
    expect(second?.body).not.toBe(first?.body);
  });

  test('is answered before create is', async () => {
    const peer = await startPeer();
    const order: string[] = [];
    peer.receiver.answer = ({ infoType }) => {
      order.push(infoType);
      return { status: 200, body: 'success' };
    };
    await peer.create(fated('early'));
    order.push('create answered');
    expect(order).toEqual(['authorized', 'notify_third_fasteregister', 'create answered']);
  });

  test('is late by 30 hours', async () => {
    const peer = await startPeer();
    const late = fated('late');
    await peer.create(late);
    peer.simulator.advance('30h');
    expect(stateOf(peer, late)?.tasks[0]).toMatchObject({ stage: 'created', pushes: { sent: 0 } });
    peer.simulator.advance('10m');
    expect((await peer.receiver.outcomesCount(1))[0]?.status).toBe('0');
  });

  test.each([
    ['lost', 'created'],
    ['lostfail', 'failed'],
    ['p1001_lost', 'failed'],
  ])('never comes by %s, though the task is %s', async (words, stage) => {
    const peer = await startPeer();
    const silent = fated(words);
    await peer.create(silent);
    peer.simulator.advance('25h');
    expect(await peer.search(silent)).toMatchObject({ errcode: 89250 });
    expect(stateOf(peer, silent)?.tasks[0]).toMatchObject({ stage, pushes: { sent: 0 } });
    expect(peer.simulator.state().pushes.lost).toBe(1);
  });

  test('has no <info>', async () => {
    const peer = await startPeer();
    const [failed] = await pushesFor(peer, fated('noinfo'));
    expect(failed?.xml).toContain('authorize third party failed');
    expect(failed?.xml).not.toContain('<info>');
    const created = (await pushesFor(peer, fated('noinfo_ok'), 2))[1];
    expect(created?.status).toBe('0');
    expect(created?.xml).not.toContain('<info>');
  });

  test('has no <status>', async () => {
    const peer = await startPeer();
    const [push] = await pushesFor(peer, fated('nostatus'));
    expect(push?.status).toBeUndefined();
  });

  test('is malformed like the published sample', async () => {
    const peer = await startPeer();
    const created = fated('malformed');
    const [push] = await pushesFor(peer, created);
    expect(push?.xml).toMatch(/<appid>wx[0-9a-f]{16}<appid>\n/);
    expect(push?.xml).not.toContain('</appid>');
    expect(push?.xml).toContain(`<code><![CDATA[${created.code}]]></code>`);
  });

  test('says created, and later failed', async () => {
    const peer = await startPeer();
    const created = fated('okfail');
    const pushes = await pushesFor(peer, created, 2, '20m');
    expect(pushes.map(({ status }) => status)).toEqual(['0', '103']);
    expect(stateOf(peer, created)?.tasks[0]?.stage).toBe('created');
  });

  test('says failed, and then created', async () => {
    const peer = await startPeer();
    const pushes = await pushesFor(peer, fated('failok'), 2);
    expect(pushes.map(({ status }) => status)).toEqual(['103', '0']);
  });

  test('of an older task comes again during a newer one', async () => {
    const peer = await startPeer();
    const corrected = fated('stale');
    await pushesFor(peer, corrected);
    const pushes = await pushesFor(peer, corrected, 3);
    expect(pushes.map(({ status }) => status)).toEqual(['103', '103', '0']);
    expect(pushes[1]?.xml).toBe(pushes[0]?.xml);
  });

  test('comes after a push about another merchant', async () => {
    const peer = await startPeer();
    const created = fated('foreign');
    const [foreign, own] = await pushesFor(peer, created, 2);
    expect(foreign?.xml).not.toContain(created.code);
    expect(own?.xml).toContain(created.code);
  });

  test('comes behind a forged one', async () => {
    const peer = await startPeer();
    const pushes = await pushesFor(peer, fated('forged'));
    expect(pushes.map(({ status }) => status)).toEqual(['0']);
    expect(peer.simulator.state().pushes.forged).toEqual({ sent: 1, acknowledged: 0 });
  });

  test.each([
    ['noauth', ['notify_third_fasteregister']],
    ['authlast', ['notify_third_fasteregister', 'authorized']],
  ])('stands by %s among %j', async (words, expected) => {
    const peer = await startPeer();
    await pushesFor(peer, fated(words));
    await peer.receiver.until(() => peer.receiver.pushes.length === expected.length + 1);
    expect(infoTypes(peer).slice(1)).toEqual(expected);
  });
});

describe('a row without a magic value', () => {
  test('gets its fate from the mix, by the seed and the enterprise', async () => {
    const rows = Array.from({ length: 60 }, () => merchant());
    const statusesBy = async (seed: number) => {
      const peer = await startPeer({ seed, mix: { ok: 3, p103: 1, c61070: 1 } });
      for (const row of rows) await peer.create(row);
      peer.simulator.advance('10m');
      return rows.map((row) => stateOf(peer, row)?.tasks[0]?.status);
    };
    const first = await statusesBy(5);
    expect(await statusesBy(5)).toEqual(first);
    expect(await statusesBy(6)).not.toEqual(first);
    expect(new Set(first)).toEqual(new Set([0, 103, undefined]));
  });

  test('is created when there is no mix', async () => {
    const peer = await startPeer();
    expect((await pushesFor(peer, merchant()))[0]?.status).toBe('0');
  });
});

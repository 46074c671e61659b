import { createHash } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { APPID, fated, MESSAGE_TOKEN, merchant, OUTCOME, startPeer, startReceiver, textIn, ticketsOf } from './peer.js';

describe('the envelope', () => {
  test('is signed twice, and names its receiver', async () => {
    const { receiver } = await startPeer();
    const [{ query, body, genuine } = expect.fail()] = receiver.pushes;
    expect([...query.keys()].sort()).toEqual(['encrypt_type', 'msg_signature', 'nonce', 'signature', 'timestamp']);
    expect(query.get('encrypt_type')).toBe('aes');
    const parts = [MESSAGE_TOKEN, query.get('timestamp') ?? '', query.get('nonce') ?? ''].sort();
    expect(query.get('signature')).toBe(createHash('sha1').update(parts.join('')).digest('hex'));
    expect(genuine).toBe(true);
    expect(body).toMatch(
      /^<xml><AppId><!\[CDATA\[wx[0-9a-f]{16}\]\]><\/AppId><Encrypt><!\[CDATA\[.+\]\]><\/Encrypt><\/xml>$/,
    );
    expect(body).toContain(APPID);
  });

  test('keeps a query that the URL already has', async () => {
    const peer = await startPeer();
    peer.simulator.setPushUrl(`${peer.receiver.url}?via=relay`);
    await peer.receiver.until(() => peer.receiver.pushes.length === 2);
    expect(peer.receiver.pushes[1]?.query.get('via')).toBe('relay');
  });
});

describe('the outcome', () => {
  test("has WeChat's fields in WeChat's order", async () => {
    const peer = await startPeer();
    const created = { ...merchant(), name: '虚构]]>商户 <&>' };
    await peer.create(created);
    peer.simulator.advance('10m');
    const [push = expect.fail()] = await peer.receiver.outcomesCount(1);
    const names = [...push.xml.replaceAll(/<!\[CDATA\[.*?\]\]>/g, '').matchAll(/<([a-zA-Z_]+)>/g)].map(
      ([, name]) => name,
    );
    expect(names).toEqual([
      'xml',
      'AppId',
      'CreateTime',
      'InfoType',
      'status',
      'msg',
      'appid',
      'auth_code',
      'info',
      'name',
      'code',
      'code_type',
      'legal_persona_wechat',
      'legal_persona_name',
      'component_phone',
    ]);
    expect(push.xml).toContain('<name><![CDATA[虚构]]]]><![CDATA[>商户 <&>]]></name>');
    expect(textIn(push.xml, 'code')).toBe(created.code);
    expect(textIn(push.xml, 'AppId')).toBe(APPID);
  });

  test.each([
    ['real', '2030-01-01T00:00:00Z'],
    ['simulated', '2030-01-01T00:05:30Z'],
  ] as const)('is dated by the %s clock when asked to', async (createTimeFrom, expected) => {
    const peer = await startPeer({ createTimeFrom, clock: () => Date.parse('2030-01-01T00:00:00Z') });
    await peer.create(merchant());
    peer.simulator.advance('10m');
    const [push] = await peer.receiver.outcomesCount(1);
    expect(Number(textIn(push?.xml ?? '', 'CreateTime'))).toBe(Date.parse(expected) / 1000);
  });

  test('comes by itself, sooner when the time runs faster', async () => {
    const peer = await startPeer({ speed: 10_000 });
    await peer.create(merchant());
    expect((await peer.receiver.outcomesCount(1))[0]?.status).toBe('0');
  });
});

describe('a push that is not answered `success`', () => {
  test.each([
    ['another word', { status: 200, body: 'SUCCESS' }],
    ['an error', { status: 503, body: 'success' }],
    ['silence', undefined],
  ])('but with %s is tried three times more', async (_, said) => {
    const peer = await startPeer({ pushTimeoutMs: 100 });
    peer.receiver.answer = ({ infoType }) => (infoType === OUTCOME ? said : { status: 200, body: 'success' });
    const failing = fated('p103');
    await peer.create(failing);
    peer.simulator.advance('6m');
    await peer.receiver.outcomesCount(4);
    await vi.waitFor(() => expect(peer.simulator.state().pushes).toMatchObject({ gaveUp: 1 }));
    expect(peer.simulator.state().merchants[failing.code]?.tasks[0]?.pushes).toEqual({
      sent: 1,
      acknowledged: 0,
      results: 0,
    });
    const { failures } = peer.simulator.state().pushes;
    expect(failures.filter((failure) => failure.startsWith(OUTCOME))).toHaveLength(4);
  });

  test('is tried until it is', async () => {
    const peer = await startPeer();
    peer.receiver.answer = () => ({ status: peer.receiver.outcomes().length > 2 ? 200 : 500, body: 'success' });
    await peer.create(fated('p103'));
    peer.simulator.advance('6m');
    await vi.waitFor(() =>
      expect(peer.simulator.state().pushes).toMatchObject({
        acknowledgedByInfoType: { notify_third_fasteregister: 1 },
        gaveUp: 0,
      }),
    );
    expect(peer.receiver.outcomes()).toHaveLength(3);
  });

  test('is dropped at once when retries are off', async () => {
    const peer = await startPeer({ pushRetries: 0 });
    peer.receiver.answer = () => ({ status: 500, body: '' });
    await peer.create(fated('p103'));
    peer.simulator.advance('6m');
    await vi.waitFor(() => expect(peer.simulator.state().pushes.gaveUp).toBe(1));
    expect(peer.receiver.outcomes()).toHaveLength(1);
  });
});

describe('the push URL', () => {
  test('can be set later, and brings a ticket', async () => {
    const peer = await startPeer();
    const other = await startReceiver();
    peer.simulator.setPushUrl(undefined);
    await peer.create(merchant());
    peer.simulator.advance('6m');
    await vi.waitFor(() => expect(peer.simulator.state().pushes.gaveUp).toBe(2));
    peer.simulator.setPushUrl(other.url);
    await other.until(() => ticketsOf(other).length === 1);
    expect(peer.receiver.outcomes()).toEqual([]);
  });
});

describe('push faults', () => {
  test('lose', async () => {
    const peer = await startPeer({ pushFaults: { lose: 1 } });
    await peer.create(merchant());
    peer.simulator.advance('10m');
    await vi.waitFor(() => expect(peer.simulator.state().pushes.lost).toBe(2));
    expect(peer.receiver.pushes.map(({ infoType }) => infoType)).not.toContain('authorized');
  });

  test('repeat', async () => {
    const peer = await startPeer({ pushFaults: { repeat: 1 } });
    await peer.create(fated('p103'));
    peer.simulator.advance('10m');
    expect(await peer.receiver.outcomesCount(2)).toHaveLength(2);
  });

  test('delay', async () => {
    const peer = await startPeer({ pushFaults: { delay: 1 } });
    await peer.create(fated('p103'));
    peer.simulator.advance('330s');
    await vi.waitFor(() => expect(peer.simulator.state().pushes).toMatchObject({ delayed: 1, sent: 1 }));
    peer.simulator.advance('20m');
    expect(await peer.receiver.outcomesCount(1)).toHaveLength(1);
  });

  test('reorder', async () => {
    const peer = await startPeer({ pushFaults: { reorder: 1 } });
    await peer.create(merchant());
    peer.simulator.advance('6m');
    await peer.receiver.until(() => peer.receiver.pushes.length === 3);
    expect(peer.receiver.pushes.slice(1).map(({ infoType }) => infoType)).toEqual([
      'notify_third_fasteregister',
      'authorized',
    ]);
  });

  test('keep a lonely push back for five simulated minutes only', async () => {
    const peer = await startPeer({ pushFaults: { reorder: 1 } });
    await peer.create(fated('p103'));
    peer.simulator.advance('330s');
    await vi.waitFor(() => expect(peer.simulator.state().pushes).toMatchObject({ reordered: 1, sent: 1 }));
    peer.simulator.advance('5m');
    expect(await peer.receiver.outcomesCount(1)).toHaveLength(1);
  });

  test('spare a row whose fate is about pushes', async () => {
    const peer = await startPeer({ pushFaults: { lose: 1 } });
    await peer.create(fated('twice'));
    peer.simulator.advance('10m');
    expect(await peer.receiver.outcomesCount(2)).toHaveLength(2);
  });
});

/** /pushes: what WeChat pushed, what fits no registration, and another try for it. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { REHEARSAL_CREDENTIALS } from '../../../simulator/options.js';
import { addUser, auditPage } from '../../../src/app/console-users.js';
import { startListening } from '../../../src/app/wiring/listening.js';
import { key } from '../../../src/redis/keys.js';
import { openPushes } from '../../../src/redis/pushes/pushes.js';
import { decodeAesKey } from '../../../src/wechat/crypt.js';
import { merchant } from '../../support/merchants.js';
import { otherXml, registrationXml, seal, ticketXml } from '../../support/pushes.js';
import { post } from '../../support/receiver.js';
import { until } from '../../support/until.js';
import { openConsole, PASSWORD } from './support/visitor.js';

const { messageToken, encodingAesKey, componentAppid } = REHEARSAL_CREDENTIALS;
const CREDENTIAL = { token: messageToken, aesKey: decodeAesKey(encodingAesKey) };

async function receiving(settings: Record<string, string> = {}) {
  const opened = await openConsole(settings);
  const { store } = opened;
  const receiver = await startListening(store);
  onTestFinished(() => receiver.close());
  const pushes = openPushes(store.redis);
  const receive = async (xml: string): Promise<string> => {
    await post(receiver.port, seal(xml.replaceAll('wx0123456789abcdef', componentAppid), CREDENTIAL, componentAppid));
    return (await pushes.list(1))[0]?.id ?? '';
  };
  const parked = (count: number) => until(`${count} are parked`, async () => (await pushes.parked()) === count);
  const admin = opened.visitor();
  await admin.logIn();
  return { ...opened, receive, parked, admin };
}

test('pushes are listed with the reason why they are kept, and one is explained without its secrets', async () => {
  const { receive, parked, admin } = await receiving();
  const ticket = await receive(ticketXml('ticket@@@1'));
  const hostile = await receive(
    registrationXml(merchant(1, 'ok', { name: '<script>\u202e' }), {
      status: '0',
      appid: 'wxnew',
      authCode: 'code@@@1',
    }),
  );
  await parked(1);
  const { text } = await admin.get('/pushes');
  expect(text).toContain('names a merchant that no sheet has named');
  for (const id of [ticket, hostile]) expect(text).toContain(`href="/pushes/${id}"`);
  const shown = (await admin.get(`/pushes/${hostile}`)).text;
  expect(shown).toContain('&lt;script&gt;\\u202e');
  expect(shown).toContain('wxnew');
  expect(shown).toContain('(not shown)');
  expect(shown).not.toContain('code@@@1');
  expect((await admin.get(`/pushes/${ticket}`)).text).not.toContain('ticket@@@1');
  for (const id of ['1795229255642-7', 'nothing', '%3Cb%3E']) {
    expect([id, (await admin.get(`/pushes/${id}`)).status]).toEqual([id, 404]);
  }
});

test('of many that fit no registration only those are read that are shown', async () => {
  const { store, admin } = await receiving();
  const kept = (at: number) => ({ why: 'no_info', at, type: 'x', query: '', as: 'body', body: 'x' });
  const ids = Array.from({ length: 205 }, (_, at) => 1_795_229_255_642 + at);
  await store.redis.hset(key('parked'), ...ids.flatMap((at) => [`${at}-0`, JSON.stringify(kept(at))]));
  const whole = vi.spyOn(store.redis, 'hgetall');
  onTestFinished(() => whole.mockRestore());
  const { text } = await admin.get('/pushes');
  expect(text).toContain('5 more are not shown.');
  expect([text.includes(`/pushes/${ids.at(-1)}-0`), text.includes(`/pushes/${ids[4]}-0`)]).toEqual([true, false]);
  expect(whole.mock.calls.map(([name]) => name)).not.toContain(key('parked'));
});

test('a read that takes too long is not called a Redis that cannot be reached', async () => {
  const { store, admin } = await receiving();
  const slow = vi.spyOn(store.redis, 'hlen').mockRejectedValue(new Error('Command timed out'));
  onTestFinished(() => slow.mockRestore());
  const { status, text } = await admin.get('/pushes');
  expect([status, /<h1>(.*?)<\/h1>/.exec(text)?.[1]]).toEqual([503, 'Redis does not answer in time']);
});

test('replaying shows first what it would change, and then changes it once', async () => {
  const { store, book, receive, parked, admin, registration } = await receiving();
  await receive(registrationXml(merchant(1), { status: '0', appid: 'wxnew', authCode: 'code' }));
  await receive(otherXml('authorized'));
  await parked(1);
  // As if the program had not looked when the sheet came.
  await store.redis.del(key('awaited'));
  await book.load('b1', [merchant(1)]);
  const preview = await admin.get('/pushes/replay');
  expect(preview.text).toContain('1 push, of which 1 would change something.');
  expect(preview.text).toContain('queued → created');
  expect((await registration(merchant(1))).state).toBe('queued');
  for (let clicks = 0; clicks < 2; clicks += 1) expect((await admin.post('/pushes/replay')).status).toBe(303);
  expect(await registration(merchant(1))).toMatchObject({ state: 'created', appid: 'wxnew' });
  const { text } = await admin.get('/pushes');
  expect(text).toContain('Every push fits a registration.');
  const { entries } = await auditPage(store, 2, undefined);
  expect(entries).toMatchObject([
    { action: 'pushes.replay', detail: '0', user: 'admin' },
    { action: 'pushes.replay', detail: '1', user: 'admin' },
  ]);
});

test.each([
  ['en-US', 'matched by hand (zhang)', 'replayed (zhang)'],
  ['zh-CN', '人工匹配 (zhang)', '重新处理 (zhang)'],
])(
  'the history of a merchant names in %s the person who matched or replayed its push',
  async (language, matched, replayed) => {
    const { store, book, receive, parked, history, idOf, visitor } = await receiving();
    await addUser(store, { name: 'zhang', role: 'admin', password: PASSWORD }, 'tests');
    const headers = { 'accept-language': language };
    const zhang = visitor();
    await zhang.logIn('zhang');
    const stray = await receive(registrationXml(undefined, { status: '-1', msg: 'authorize third party failed' }));
    const named = await receive(registrationXml(merchant(2), { status: '0', appid: 'wxnew', authCode: 'code' }));
    await parked(2);
    await store.redis.del(key('awaited'));
    await book.load('b1', [merchant(1), merchant(2)]);
    await book.send(idOf(merchant(1)));
    await zhang.post(`/pushes/${stray}/match`, { registration: idOf(merchant(1)) }, headers);
    expect((await history(merchant(1))).at(-1)).toMatchObject({ kind: 'registration_refused', because: matched });
    expect((await zhang.get(`/merchants/${idOf(merchant(1))}`)).text).toContain(matched);
    await zhang.post(`/pushes/${named}/replay`, {}, headers);
    expect((await history(merchant(2))).at(-1)).toMatchObject({ kind: 'mini_program_created', because: replayed });
  },
);

test('a push is matched by hand after a preview, and only with a registration', async () => {
  const { store, book, receive, parked, admin, registration, idOf } = await receiving();
  await book.load('b1', [merchant(1), merchant(2)]);
  await book.send(idOf(merchant(1)));
  const id = await receive(registrationXml(undefined, { status: '-1', msg: 'authorize third party failed' }));
  await parked(1);
  const to = idOf(merchant(1));
  const preview = await admin.post(`/pushes/${id}/preview`, { registration: ` ${to} ` });
  expect([preview.status, preview.text]).toEqual([200, expect.stringContaining('→ rejected')]);
  expect((await registration(merchant(1))).state).not.toBe('rejected');
  expect((await admin.post(`/pushes/${id}/match`, { registration: merchant(1).name })).status).toBe(404);
  expect((await admin.post(`/pushes/${id}/match`, { registration: to })).headers.get('location')).toBe('/pushes');
  expect(await registration(merchant(1))).toMatchObject({ state: 'rejected', problem: 'push:-1' });
  expect((await registration(merchant(2))).state).toBe('queued');
  expect((await admin.post(`/pushes/${id}/match`, { registration: to })).text).toContain('is not among the pushes');
  const { entries } = await auditPage(store, 3, undefined);
  expect(entries.map(({ action, subject, detail, result }) => [action, subject, detail, result])).toEqual([
    ['pushes.match', id, to, 'refused'],
    ['pushes.match', id, to, 'done'],
    // The name of a merchant is not in the audit.
    ['pushes.match', id, '', 'refused'],
  ]);
});

test('a push that was recorded before Redis was away is taken from the list when it is matched again, and by no other registration', async () => {
  const { store, book, receive, parked, admin, registration, history, idOf } = await receiving();
  await book.load('b1', [merchant(1), merchant(2)]);
  const id = await receive(registrationXml(merchant(9), { status: '0', appid: 'wxnew', authCode: 'code' }));
  await parked(1);
  const [one, two] = [merchant(1), merchant(2)].map(idOf);
  const kept = (await store.redis.hget(key('parked'), id)) ?? '';
  await admin.post(`/pushes/${id}/match`, { registration: one ?? '' });
  // It was recorded, and nothing came after that.
  await store.redis.hset(key('parked'), id, kept);
  const recorded = (await history(merchant(1))).length;

  const other = await admin.post(`/pushes/${id}/match`, { registration: two ?? '' });
  expect([other.status, other.text]).toEqual([409, expect.stringContaining(`another registration: ${one}`)]);
  expect((await registration(merchant(2))).state).toBe('queued');
  const preview = await admin.post(`/pushes/${id}/preview`, { registration: one ?? '' });
  expect(preview.text).toContain(`${one} has this push already: matching only takes it off`);
  await parked(1);
  expect((await admin.post(`/pushes/${id}/match`, { registration: one ?? '' })).status).toBe(303);
  await parked(0);
  expect((await admin.get('/pushes')).text).toContain('it is no longer among');
  expect(await history(merchant(1))).toHaveLength(recorded);
});

test('a push of one more Mini Program is not taken for the push that came in the same moment', async () => {
  const { store, book, receive, parked, admin, registration, history, idOf } = await receiving();
  await book.load('b1', [merchant(1)]);
  const ids: string[] = [];
  for (const appid of ['wxone', 'wxtwo']) {
    ids.push(await receive(registrationXml(merchant(9), { status: '0', appid, authCode: `code of ${appid}` })));
  }
  await parked(2);
  for (const id of ids) {
    const kept = JSON.parse((await store.redis.hget(key('parked'), id)) ?? '');
    await store.redis.hset(key('parked'), id, JSON.stringify({ ...kept, at: 1_795_229_255_642 }));
  }
  for (const id of ids) {
    const matched = await admin.post(`/pushes/${id}/match`, { registration: idOf(merchant(1)) });
    expect(matched.status).toBe(303);
  }
  expect((await history(merchant(1))).filter(({ appid, to }) => appid === 'wxtwo' && to !== undefined)).toHaveLength(1);
  expect((await registration(merchant(1))).state).toBe('created');
});

test('an operator sees pushes and no button; without the keys of the push the page says what is missing', async () => {
  const { store, receive, parked, visitor } = await receiving();
  const id = await receive(registrationXml(undefined, { status: '-1' }));
  await parked(1);
  await addUser(store, { name: 'wang', role: 'operator', password: PASSWORD }, 'tests');
  const wang = visitor();
  await wang.logIn('wang');
  for (const path of ['/pushes', `/pushes/${id}`]) expect((await wang.get(path)).text).not.toContain('action="/pushes');
  const other = await openConsole({ WECHAT_MESSAGE_TOKEN: '' });
  const admin = other.visitor();
  await admin.logIn();
  const { status, text } = await admin.get('/pushes/replay');
  expect([status, text]).toEqual([409, expect.stringContaining('WECHAT_MESSAGE_TOKEN is missing')]);
});

/** /line: the state of the line, pause and resume, and the checks of `doctor`. */
import { expect, test } from 'vitest';
import { addUser, auditPage } from '../../../src/app/console-users.js';
import { gatherStatus } from '../../../src/app/status.js';
import { missingFor } from '../../../src/config.js';
import { key } from '../../../src/redis/keys.js';
import { merchant } from '../../support/merchants.js';
import { openConsole, PASSWORD } from './support/visitor.js';

test('sending is paused with a reason and resumed, in the words of the commands', async () => {
  const { store, book, visitor } = await openConsole();
  await book.load('b1', [merchant(1)]);
  const admin = visitor();
  await admin.logIn();
  expect((await admin.get('/line')).text).toContain('0 of 1000, 1000 left');
  const paused = await admin.post('/line/pause', { because: '  maintenance of <b>WeChat</b>\n ' });
  expect([paused.status, paused.headers.get('location')]).toEqual([303, '/line']);
  const { line } = await gatherStatus(store, undefined);
  expect(line).toMatchObject({ stopped: true, because: 'maintenance of <b>WeChat</b>' });
  const page = (await admin.get('/line')).text;
  expect(page).toContain('The line is stopped.');
  expect(page).toContain('maintenance of &lt;b&gt;WeChat&lt;/b&gt;');
  // A reload or a second click changes nothing that matters.
  await admin.post('/line/resume', shownOn(page));
  expect((await admin.get('/line')).text).toContain('The line runs again.');
  await admin.post('/line/resume');
  expect((await admin.get('/line')).text).toContain('The line was not stopped.');
  expect((await gatherStatus(store, undefined)).line).toEqual({ stopped: false });
  const { entries } = await auditPage(store, 3, undefined);
  expect(entries.map(({ user, action, detail, result }) => [user, action, detail, result])).toEqual([
    ['admin', 'line.resume', 'running', 'done'],
    ['admin', 'line.resume', 'resumed', 'done'],
    ['admin', 'line.pause', '', 'done'],
  ]);
});

test('a sentence names the button that does what a command does, and its page', async () => {
  const { book, visitor, idOf } = await openConsole();
  await book.load('b1', [merchant(1)]);
  const admin = visitor();
  await admin.logIn();
  await admin.post('/line/pause', { because: 'lunch' });
  const resume = '“Resume” (<a href="/line">Sending</a>)';
  expect((await admin.get('/')).text).toContain(resume);
  const inChinese = await admin.get('/', { 'accept-language': 'zh-CN' });
  expect(inChinese.text).toContain('“恢复提交”（<a href="/line">提交控制</a>）');
  await admin.post('/line/resume', shownOn((await admin.get('/line')).text));
  await book.send(idOf(merchant(1)));
  await book.record(idOf(merchant(1)), 'registration_refused', { problem: 'push:105' });
  const { text } = await admin.get(`/merchants/${idOf(merchant(1))}`, { 'accept-language': 'zh-CN' });
  expect(text).toContain('请原样重新提交：系统会等满 15 个工作日后自动提交。如需提前提交');
});

const FAULT = { because: 'not on the allow-list', problem: 'create:61004', at: 5 };

/** What a form of the page sends along. */
const shownOn = (text: string): Record<string, string> => ({
  shown: /name="shown" value="([^"]*)"/.exec(text)?.[1] ?? '',
});

test.each(['', 'beside a fault '])(
  'a page from before another pause %sdoes not end it, and says what is so now; it ends what it shows',
  async (where) => {
    const { store, book, visitor, idOf } = await openConsole();
    await book.load('b1', [merchant(1)]);
    const [admin, wang] = [visitor(), visitor()];
    await admin.logIn();
    await addUser(store, { name: 'wang', role: 'operator', password: PASSWORD }, 'tests');
    await wang.logIn('wang');
    if (where !== '') await store.calls.stopLine(FAULT);
    await admin.post('/line/pause', { ...shownOn((await admin.get('/line')).text), because: 'lunch' });
    const old = shownOn((await admin.get('/line')).text);
    await wang.post('/line/resume', shownOn((await wang.get('/line')).text));
    await wang.post('/line/pause', { ...shownOn((await wang.get('/line')).text), because: 'wrong sheet' });

    const refused = await admin.post('/line/resume', old);
    expect(refused.status).toBe(409);
    expect(refused.text).toMatch(/paused or stopped again since the page was shown: nothing was done.*wrong sheet/);
    expect((await book.take(idOf(merchant(1)))).kind).toBe('wait');
    expect((await auditPage(store, 1, undefined)).entries).toMatchObject([
      { action: 'line.resume', result: 'refused' },
    ]);
    const later = await admin.post('/line/pause', { ...old, because: 'lunch' });
    expect([later.status, later.text]).toEqual([409, expect.stringContaining('wrong sheet')]);

    const present = shownOn((await admin.get('/line')).text);
    expect((await admin.post('/line/resume', present)).status).toBe(303);
    // A second click.
    expect((await admin.post('/line/resume', present)).status).toBe(303);
    expect(await store.calls.line()).toEqual(where === '' ? undefined : expect.objectContaining({ halfOpen: true }));
    // A pause is no harm on a line that has changed otherwise.
    expect((await admin.post('/line/pause', { ...old, because: 'lunch' })).status).toBe(303);
  },
);

test('a pause that an earlier version has recorded, without a name, can be paused for another reason, and ended', async () => {
  const { visitor, store } = await openConsole();
  const admin = visitor();
  await admin.logIn();
  await store.calls.pauseLine('lunch', 5);
  await store.redis.hdel(key('line'), 'stop');
  const old = shownOn((await admin.get('/line')).text);
  expect((await admin.post('/line/pause', { ...old, because: 'wrong sheet' })).status).toBe(303);
  expect((await gatherStatus(store, undefined)).line).toMatchObject({ because: 'wrong sheet' });
  await store.redis.hdel(key('line'), 'stop');
  expect((await admin.post('/line/resume', old)).status).toBe(303);
  expect(await store.calls.line()).toBeUndefined();
});

test('a page that follows live ends what it shows', async () => {
  const { visitor, store } = await openConsole();
  const admin = visitor();
  await admin.logIn();
  const { text } = await admin.get('/line');
  const live = await admin.follow('/live/line');
  await store.calls.pauseLine('lunch', 5);
  let followed = '';
  while (!followed.includes('lunch')) followed += Buffer.from((await live.read()).value ?? []).toString();
  expect(followed).toContain(`name=\\"shown\\" value=\\"${await store.calls.stopName()}`);
  expect(text).not.toContain(await store.calls.stopName());
});

test('a pause without a reason has the reason of the command, in the language of the page', async () => {
  const { store, visitor } = await openConsole();
  const admin = visitor();
  await admin.logIn();
  await admin.post('/line/pause', { because: ' ' }, { 'accept-language': 'zh-CN' });
  expect((await gatherStatus(store, undefined)).line).toMatchObject({ because: '由运营人员暂停' });
});

test('a viewer sees the state and the budgets, and no button', async () => {
  const { store, visitor } = await openConsole({ FASTREGISTER_SENDING_HOURS: '08:00-20:30' });
  await addUser(store, { name: 'wang', role: 'viewer', password: PASSWORD }, 'tests');
  const wang = visitor();
  await wang.logIn('wang');
  const { text } = await wang.get('/line');
  expect(text).toContain('08:00-20:30 Asia/Shanghai');
  expect(text).toContain('at most 100 calls a second and 6000 a minute, over all workers');
  expect(text).not.toContain('action="/line');
});

test('the checks are those of doctor, faults first, and say what to do', async () => {
  const { store, visitor } = await openConsole({ WECHAT_MESSAGE_TOKEN: '' });
  expect(missingFor(store.settings, ['push']).map(({ name }) => name)).toEqual(['WECHAT_MESSAGE_TOKEN']);
  const admin = visitor();
  await admin.logIn();
  expect((await admin.get('/line')).text).not.toContain('class="verdict');
  const { status, text } = await admin.post('/line/check');
  expect(status).toBe(200);
  const verdicts = [...text.matchAll(/class="verdict (\w+)"/g)].map(([, verdict]) => verdict);
  expect(verdicts.length).toBeGreaterThan(8);
  expect(verdicts).toEqual(['fault', 'warning', 'ok'].flatMap((it) => verdicts.filter((verdict) => verdict === it)));
  expect(text).toContain('WECHAT_MESSAGE_TOKEN is missing');
  expect(text).toContain('schema ');
  expect(text).toMatch(/→ /);
});

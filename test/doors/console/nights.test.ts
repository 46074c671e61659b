/** /nights: nightly runs, what they did, and a run at once. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { auditPage } from '../../../src/app/console-users.js';
import { startNights } from '../../../src/app/wiring/nights.js';
import { openNights } from '../../../src/redis/nights.js';
import { merchant } from '../../support/merchants.js';
import { until } from '../../support/until.js';
import { openConsole } from './support/visitor.js';

function inboxOf(home: string): string {
  const inbox = join(home, 'inbox');
  mkdirSync(inbox);
  return inbox;
}

test('an admin adds a nightly run, changes it and removes it, as the command does', async () => {
  const { store, home, visitor } = await openConsole();
  const inbox = inboxOf(home);
  const admin = visitor();
  await admin.logIn();
  expect((await admin.get('/nights')).text).toContain('No nightly run yet.');
  const fields = { name: 'nightly', inbox, at: '0 22 * * *', until: 'submitted', language: 'zh', warnings: 'hold' };
  expect((await admin.post('/nights/add', { ...fields, mostInvalid: '5%' })).status).toBe(303);
  const { text } = await admin.get('/nights');
  expect(text).toContain('nightly: the next night is at ');
  for (const part of [
    inbox,
    '0 22 * * *',
    'Asia/Shanghai',
    'when every row was sent',
    'Largest share of rows to correct 5%',
  ]) {
    expect(text).toContain(part);
  }
  // Another spelling of the same folder, and the characters of a Chinese keyboard.
  const spelt = { ...fields, inbox: `${inbox}/./`, mostInvalid: '１０％' };
  expect((await admin.post('/nights/add', spelt)).status).toBe(303);
  expect(await openNights(store.redis).schedules()).toMatchObject([{ inbox, mostInvalid: 0.1 }]);
  expect((await admin.post('/nights/add', { ...fields, warnings: 'send' })).status).toBe(303);
  expect(await openNights(store.redis).schedules()).toMatchObject([
    { name: 'nightly', inbox, until: 'submitted', language: 'zh', acceptWarnings: true, mostInvalid: 1 },
  ]);
  for (const [wrong, says] of [
    [{ name: '1st' }, '1st: a name begins with a letter'],
    [{ inbox: `${inbox}/nothing` }, 'is not a folder'],
    [{ inbox: `${inbox}/${'x'.repeat(300)}` }, 'this folder cannot be opened (ENAMETOOLONG)'],
    [{ inbox: `${inbox}/\0` }, 'this folder cannot be opened (ERR_INVALID_ARG_VALUE)'],
    [{ inbox: 'relative' }, 'relative: write an absolute path'],
    [{ at: 'at ten' }, 'Every day at 22:00 is'],
    [{ timezone: 'Nowhere' }, 'Nowhere'],
    [{ mostInvalid: 'much' }, 'much: write a share of the rows'],
  ] as const) {
    const refused = await admin.post('/nights/add', { ...fields, ...wrong });
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(refused.text).toContain(says);
  }
  expect((await admin.post('/nights/remove', { name: 'nightly' })).status).toBe(303);
  expect(await openNights(store.redis).schedules()).toEqual([]);
  expect((await admin.post('/nights/remove', { name: 'nightly' })).status).toBe(404);
  const { entries } = await auditPage(store, 100, undefined);
  expect(entries.filter(({ result }) => result === 'done').map(({ action, subject }) => [action, subject])).toEqual([
    ['nights.remove', 'nightly'],
    ['nights.add', 'nightly'],
    ['nights.add', 'nightly'],
    ['nights.add', 'nightly'],
    ['session.begin', ''],
  ]);
});

test('a run that is asked for is done once, by a process that serves, and its results are shown', async () => {
  const { store, home, visitor, start, registration } = await openConsole();
  const inbox = inboxOf(home);
  const [one, other] = [merchant(1), merchant(2, 'p103')];
  const lines = [one, other].map(({ name, code, legalPersonaWechat, legalPersonaName }) =>
    [name, code, legalPersonaWechat, legalPersonaName].join(','),
  );
  writeFileSync(join(inbox, 'a.csv'), ['name,code,legal_persona_wechat,legal_persona_name', ...lines].join('\n'));
  writeFileSync(join(inbox, 'a.csv.ready'), '');
  writeFileSync(join(inbox, 'broken.csv'), 'nothing\nof use\n');
  writeFileSync(join(inbox, 'broken.csv.ready'), '');
  const admin = visitor();
  await admin.logIn();
  await admin.post('/nights/add', { name: 'nightly', inbox, at: '0 22 * * *', language: 'en' });
  for (let clicks = 0; clicks < 3; clicks += 1) {
    expect((await admin.post('/nights/run', { name: 'nightly' })).status).toBe(303);
  }
  expect((await admin.get('/nights')).text).toContain('asked to run now; waits for a process that serves');
  await start();
  const [serving, another] = await Promise.all([startNights(store), startNights(store)]);
  onTestFinished(async () => {
    await Promise.all([serving.close(), another.close()]);
  });
  await until('the night has ended', async () => (await openNights(store.redis).list())[0]?.ending === 'done');
  expect((await registration(one)).state).toBe('created');
  const { text } = await admin.get('/nights');
  expect(text).not.toContain('asked to run now');
  expect(text).toContain('1 created, 1 rejected');
  expect(text).toContain('<bdi>a.csv</bdi>');
  expect(text).toMatch(/<bdi>broken\.csv<\/bdi> <span class="result failed">rejected<\/span>/);
  expect(text).toContain('1 to contact');

  // A process that runs hears of the next one.
  await admin.post('/nights/run', { name: 'nightly' });
  await until('another night has ended', async () => {
    const nights = await openNights(store.redis).list();
    return nights.length === 2 && nights[1]?.ending === 'done';
  });
  expect(await openNights(store.redis).asked()).toEqual({});
});

test('a run is not asked for where its folder is gone, or there is none of that name', async () => {
  const { store, visitor } = await openConsole();
  const admin = visitor();
  await admin.logIn();
  const gone = { name: 'gone', inbox: '/nothing/here', at: '0 22 * * *', timezone: 'UTC' } as const;
  await openNights(store.redis).add({ ...gone, until: 'settled', language: 'en', addedAt: Date.now() });
  expect((await admin.post('/nights/run', { name: 'gone' })).text).toContain('/nothing/here is not a folder.');
  expect((await admin.post('/nights/run', { name: '<b>' })).text).toContain('There is no nightly run &lt;b&gt;.');
  expect(await openNights(store.redis).asked()).toEqual({});
});

test('the first page shows the last night of an inbox that cron works on, without a schedule', async () => {
  const { store, home, visitor } = await openConsole();
  const nights = openNights(store.redis);
  const inbox = inboxOf(home);
  const lease = await nights.acquire(inbox);
  if (lease === undefined) throw new Error('the inbox is free');
  for (const [day, ending] of [
    ['2026-11-20', 'stopped'],
    ['2026-11-21', 'submitted'],
  ] as const) {
    const startedAt = Date.parse(`${day}T22:00:00+08:00`);
    const facts = { inbox, date: day, language: 'en', timezone: 'Asia/Shanghai', files: [], rejected: [] } as const;
    await nights.save({ ...facts, id: day, name: day, startedAt, ending, usedBefore: 0, open: false }, lease);
  }
  const one = visitor();
  await one.logIn();
  const { text } = await one.get('/');
  expect(text).toContain(`<bdi>${inbox}</bdi>`);
  expect(text).toContain('2026-11-21T22:00:00+08:00 · submitted');
  expect(text).toContain('by hand or cron');
  expect(text).not.toContain('2026-11-20');
});

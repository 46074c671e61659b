/** An office corrects what it has sent, and names an enterprise in several sheets: one Mini Program comes of it. */
import { expect, test } from 'vitest';
import type { Merchant } from '../../src/domain/merchant.js';
import type { ReportRow } from '../../src/reporter/report.js';
import { reportRows } from '../../src/reporter/report.js';
import { ACCEPT_RULES, acceptedRow } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { APIS, type Rehearsal, rehearse } from '../support/rehearsal.js';
import { REPORT_OPTIONS } from '../support/reports.js';
import { until } from '../support/until.js';

/** Under both registration APIs another name is another task. */
function renamed(it: Merchant, fate: string): Merchant {
  return { ...it, name: it.name.replace(/fate-\w+/, `fate-${fate}`) };
}

async function reportOf({ store, book }: Rehearsal, id: string): Promise<ReportRow[]> {
  const batch = await book.batches.find(id);
  if (batch === undefined) throw new Error(`there is no batch ${id}`);
  const rows: ReportRow[] = [];
  for await (const some of reportRows(store.batches, batch, REPORT_OPTIONS)) rows.push(...some);
  return rows;
}

async function isRunning(story: Rehearsal, it: Merchant): Promise<boolean> {
  return (await story.registration(it)).state === 'awaiting_legal_person';
}

for (const api of APIS) {
  test(`${api}: a correction that comes while the first task runs waits, and is not sent when the task creates a Mini Program`, async () => {
    const story = await rehearse({ api });
    const first = merchant(1, 'in12h_ok');
    await story.book.load('b1', [first]);
    await story.start();
    await until('it was sent', () => isRunning(story, first));
    await story.book.load('b2', [merchant(2), renamed(first, 'ok')]);

    const [, waiting] = await reportOf(story, 'b2');
    expect(waiting).toMatchObject({ outcome: 'pending', problem: 'row:waits', who_acts: 'nobody', attempts: '0' });
    expect(waiting?.reason).toContain('It waits for line 2 of b1.csv (batch b1)');
    expect(waiting?.reason).toContain('They differ in: the name.');

    await story.settled('b1');
    await story.settled('b2');
    const { appid } = await story.registration(first);
    const [, after] = await reportOf(story, 'b2');
    expect(after).toMatchObject({ outcome: 'already_created', appid, attempts: '0' });
    expect(after?.reason).toContain('This row differs from line 2 of b1.csv (batch b1) in: the name.');
    expect(story.seen(first).creates).toBe(1);
  });

  test(`${api}: it is sent by itself when the first task fails`, async () => {
    const story = await rehearse({ api });
    const first = merchant(1, 'in12h_p103');
    await story.book.load('b1', [first]);
    await story.start();
    await until('it was sent', () => isRunning(story, first));
    await story.book.load('b2', [renamed(first, 'ok')]);
    await story.settled('b1');
    await until('the correction was created', async () => (await story.registration(first)).state === 'created');

    expect((await reportOf(story, 'b1'))[0]).toMatchObject({ outcome: 'rejected', problem: 'push:103' });
    expect((await reportOf(story, 'b2'))[0]).toMatchObject({ outcome: 'created', attempts: '2' });
    expect(story.seen(first).creates).toBe(2);
  });

  test(`${api}: a correction that comes before a row was sent is the only row that is sent`, async () => {
    const story = await rehearse({ api });
    const first = merchant(1, 'p103');
    await story.book.load('b1', [first]);
    await story.book.load('b2', [renamed(first, 'ok')]);
    await story.start();
    await story.settled('b2');

    const [older] = await reportOf(story, 'b1');
    expect(older).toMatchObject({ outcome: 'cancelled', problem: 'row:replaced', who_acts: 'nobody', attempts: '0' });
    expect(older?.reason).toContain('see line 2 of b2.csv (batch b2)');
    expect((await reportOf(story, 'b2'))[0]).toMatchObject({ outcome: 'created', attempts: '1' });
    expect(story.seen(first).creates).toBe(1);
  });
}

test('two rows of one file with one code and different details are one registration, and the report names both lines', async () => {
  const story = await rehearse();
  const first = merchant(1);
  await story.book.load('b1', [first, { ...renamed(first, 'p103'), legalPersonaWechat: 'weixin_other' }]);
  const [, second] = await reportOf(story, 'b1');
  expect(second).toMatchObject({ outcome: 'duplicate', problem: 'sheet:duplicate_differs', who_acts: 'us' });
  expect(second?.reason).toContain("The two rows differ in: the name, the legal person's Weixin ID.");
  expect(second?.next_step).toContain('delete line 2');
  await story.start();
  await story.settled('b1');
  // Loaded again, it could only be already_created.
  const [, after] = await reportOf(story, 'b1');
  expect(after).toMatchObject({ problem: 'sheet:duplicate_differs', who_acts: 'nobody', next_step: 'See line 2.' });
  expect(story.seen(first).creates).toBe(1);
});

test.each([
  ['the same details', (it: Merchant) => it],
  ['other details', (it: Merchant) => renamed(it, 'p103')],
])(
  'of two rows of one file it is settled which one is right once a newer sheet has the enterprise, with %s',
  async (_, newer) => {
    const story = await rehearse();
    const first = merchant(1);
    await story.book.load('b1', [first, { ...first, legalPersonaWechat: 'weixin_other' }]);
    await story.book.send(story.idOf(first));
    await story.book.load('b2', [newer(first)]);
    const [, duplicate] = await reportOf(story, 'b1');
    expect(duplicate).toMatchObject({ problem: 'sheet:duplicate_differs', who_acts: 'nobody', next_step: '' });
    expect(duplicate?.reason).toContain('A newer sheet has this enterprise again: see line 2 of b2.csv (batch b2).');
  },
);

test('a row whose outcome is not known stays in review when a person sends the row that waited for it', async () => {
  const story = await rehearse({
    settings: { FASTREGISTER_PUSH_WAIT: '500ms', FASTREGISTER_PUSH_RECHECK: '100ms', FASTREGISTER_GIVE_UP: '1500ms' },
  });
  const first = merchant(1, 'lostfail');
  await story.book.load('b1', [first]);
  await story.start();
  await until('it was sent', () => isRunning(story, first));
  await story.book.load('b2', [renamed(first, 'ok')]);
  await story.settled('b1');
  await story.book.record(story.idOf(first), 'retry_asked');
  await story.settled('b2');

  const { appid } = await story.registration(first);
  const [older] = await reportOf(story, 'b1');
  expect(older).toMatchObject({ outcome: 'needs_review', problem: 'push:overdue', who_acts: 'nobody', attempts: '1' });
  expect(older?.reason).toContain(`A newer row has created the Mini Program ${appid} since: see line 2 of b2.csv`);
  expect((await reportOf(story, 'b2'))[0]).toMatchObject({ outcome: 'created', appid });
});

test('after one more Mini Program was made, a row about the first is not compared with the row of the second', async () => {
  const story = await rehearse();
  const first = merchant(1, 'ok');
  await story.book.load('b1', [first]);
  await story.start();
  await story.settled('b1');
  const { appid } = await story.registration(first);
  await story.book.load('b2', [{ ...first, legalPersonaWechat: 'weixin_other' }]);
  const again = await story.book.open('b3');
  const third = { ...first, legalPersonaName: '王示七' };
  const asked = { ...acceptedRow(third, 0), registration: story.idOf(third) };
  await story.book.batches.accept(again, 0, [asked], { ...ACCEPT_RULES, again: true });
  await story.book.batches.complete('b3');

  const [row] = await reportOf(story, 'b2');
  expect(row).toMatchObject({ outcome: 'already_created', appid });
  expect(row?.reason).toBe(`An earlier batch created this merchant's Mini Program (${appid}).`);
});

test('a success that comes after a failure and a retry settles its merchant, and its auth_code is exchanged', async () => {
  const story = await rehearse();
  const it = merchant(1, 'in20h_p103');
  await story.book.load('b1', [it]);
  await story.start();
  await until('it was sent', () => isRunning(story, it));
  const { sentAt = 0 } = await story.registration(it);
  // WeChat pushes a failure, the office retries, and then WeChat pushes that the first attempt was created after all.
  await story.book.record(story.idOf(it), 'legal_person_timed_out', { pushedAt: sentAt, problem: 'push:100003' });
  await story.book.record(story.idOf(it), 'retry_asked');
  await story.book.record(story.idOf(it), 'mini_program_created', { appid: 'wxlate', pushedAt: sentAt - 60_000 });
  expect(await story.registration(it)).toMatchObject({ state: 'created', appid: 'wxlate' });
});

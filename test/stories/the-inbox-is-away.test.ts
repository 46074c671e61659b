import { renameSync } from 'node:fs';
import { expect, test } from 'vitest';
import { listSchedules } from '../../src/app/schedule.js';
import { nightToolsOf } from '../../src/app/wiring/nights.js';
import { type EndedNight, reportAgain, runNight, type Settle } from '../../src/nights/night.js';
import { nextOccurrence } from '../../src/nights/occurrences.js';
import { openNights } from '../../src/redis/nights.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { officeWithSchedule, openOffice } from '../support/nights.js';
import { type Rehearsal, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const DAY_MS = 86_400_000;

function errorsOf({ lines }: Rehearsal): string[] {
  return lines.map((line) => JSON.parse(line)).flatMap(({ level, msg }) => (level === 'error' ? [msg] : []));
}

test('an inbox that is not mounted is announced once for each hour of the schedule, and its night runs when it is back', async () => {
  const { rehearsal, office, nights, schedule } = await officeWithSchedule();
  office.put('a.csv', sheetOf([merchant(1)]));
  renameSync(office.inbox, `${office.inbox}.away`);

  const ended: EndedNight[] = [];
  let looks = 0;
  const acquire: typeof nights.acquire = async (inbox) => {
    looks += 1;
    return nights.acquire(inbox);
  };
  const keeper = await office.keep({
    nights: { ...nights, acquire },
    notify: async (it) => void ended.push(it),
  });
  const looksAgain = async (): Promise<void> => {
    const before = looks;
    await until('it looked twice more', () => {
      keeper.nudge();
      return looks > before + 2;
    });
  };
  await looksAgain();
  office.now = nextOccurrence(schedule, office.now);
  await looksAgain();
  const reason = {
    en: expect.stringContaining('cannot be read (ENOENT)'),
    zh: expect.stringContaining('收件文件夹无法读取'),
  };
  const failed = { data: { schedule: 'nightly', ending: 'failed', files: 0 }, chat: { reason } };
  expect(ended).toMatchObject([failed, failed]);
  expect((await office.nights()).map(({ ending, open }) => [ending, open])).toEqual([
    ['failed', false],
    ['failed', false],
  ]);
  expect(await listSchedules(rehearsal.store)).toMatchObject([{ last: { ending: 'failed', stopped: reason.en } }]);
  expect(errorsOf(rehearsal)).toHaveLength(2);

  renameSync(`${office.inbox}.away`, office.inbox);
  const night = await until('the night has ended', async () => {
    // A look that was under way may have found the folder away.
    keeper.nudge();
    return (await office.nights()).find(({ files }) => files.length > 0);
  });
  expect(night?.name).toBe(night?.date);
});

test('a night that a person asked for while the inbox is away runs when it is back', async () => {
  const rehearsal = await rehearse();
  const office = openOffice(rehearsal);
  const nights = openNights(rehearsal.store.redis);
  await nights.add(office.schedule({ addedAt: office.now }));
  renameSync(office.inbox, `${office.inbox}.away`);
  await nights.ask('nightly', office.now);
  const keeper = await office.keep();
  for (let look = 0; look < 3; look += 1) {
    await until('it is asked for again', async () => {
      keeper.nudge();
      return (await office.nights()).length > 0 && (await nights.asked()).nightly !== undefined;
    });
  }
  expect(await office.nights()).toMatchObject([{ ending: 'failed' }]);
  renameSync(`${office.inbox}.away`, office.inbox);
  await until('it has run', async () => {
    keeper.nudge();
    return (await office.nights()).some(({ ending }) => ending === 'done');
  });
  expect(await nights.asked()).toEqual({});
});

test('where the inbox of a night is gone for good, the log says so once, and the night is closed in the end', async () => {
  const rehearsal = await rehearse();
  const office = openOffice(rehearsal);
  const { book } = rehearsal;
  const [one, two] = [merchant(1), merchant(2)];
  office.put('a.csv', sheetOf([one, two]));
  const tools = { ...nightToolsOf(rehearsal.store, rehearsal.store.redis), now: () => office.now };
  await runNight(tools, office.schedule(), async () => 'submitted', new AbortController().signal);
  renameSync(office.inbox, `${office.inbox}.archive`);
  const end = async (id: string): Promise<void> => {
    await book.send(id);
    await book.record(id, 'registration_refused', { problem: 'push:103' });
    await reportAgain(tools, new AbortController().signal);
  };

  await end(rehearsal.idOf(one));
  await end(rehearsal.idOf(two));
  expect(await office.nights()).toMatchObject([{ ending: 'submitted', open: true }]);
  office.now += 30 * DAY_MS;
  await reportAgain(tools, new AbortController().signal);
  expect(await office.nights()).toMatchObject([{ ending: 'submitted', open: false }]);
  expect(errorsOf(rehearsal)).toEqual(['the reports of a night could not be written; they are tried again']);
});

test('a night whose inbox was away for a moment has its reports afterwards', async () => {
  const rehearsal = await rehearse();
  const office = openOffice(rehearsal);
  office.put('a.csv', sheetOf([merchant(1)]));
  const tools = { ...nightToolsOf(rehearsal.store, rehearsal.store.redis), now: () => office.now };
  const away: Settle = async () => {
    renameSync(office.inbox, `${office.inbox}.away`);
    return 'submitted';
  };
  const night = await runNight(tools, office.schedule(), away, new AbortController().signal);
  renameSync(`${office.inbox}.away`, office.inbox);
  await reportAgain(tools, new AbortController().signal);
  expect(night && office.summary(night)).toMatchObject({ outcomes: { pending: 1 } });
  expect((await office.nights())[0]).not.toHaveProperty('unwrittenSince');
});

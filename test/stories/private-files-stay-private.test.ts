/** Who may read what fastregister writes, and where it writes. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { vaultOf } from '../../src/app/wiring/vault.js';
import { openComponentStore, ticketReceivedAt } from '../../src/redis/component-store.js';
import { key } from '../../src/redis/keys.js';
import { typed } from '../support/command-line.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { openOffice } from '../support/nights.js';
import { newHome, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8);

test('reports and annotated sheets can be read by their owner only', async () => {
  const home = newHome();
  const env = { FASTREGISTER_HOME: join(home, 'data') };
  const [sheet, report, annotated] = ['m.csv', 'report.csv', 'annotated.csv'].map((name) => join(home, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(sheet, sheetOf([merchant(1)]));
  await typed(['check', sheet, '--annotated', annotated], { env });
  await typed(['load', sheet], { env });
  await typed(['report', '-o', report], { env });
  for (const file of [report, annotated]) expect([file, modeOf(file)]).toEqual([file, '600']);
});

test('whatever is written into the home, and by its Redis, can be read by its owner only', async () => {
  const home = newHome();
  const env = { FASTREGISTER_HOME: join(home, 'data') };
  writeFileSync(join(home, 'm.csv'), sheetOf([merchant(1)]));
  await typed(['load', join(home, 'm.csv')], { env });
  const found = readdirSync(join(home, 'data'), { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name));
  expect(found.filter((name) => name.includes('appendonly')).length).toBeGreaterThan(1);
  expect(found.filter((name) => (statSync(name).mode & 0o077) !== 0)).toEqual([]);
});

test('a home that was made before is closed to other users, once', async () => {
  const data = join(newHome(), 'data');
  mkdirSync(data, { mode: 0o755 });
  chmodSync(data, 0o755);
  const env = { FASTREGISTER_HOME: data };
  expect((await typed(['status'], { env })).stderr).toContain(
    `look into ${data}, which has private data; its mode is 0700 now.`,
  );
  expect(modeOf(data)).toBe('700');
  expect((await typed(['status'], { env })).stderr).not.toContain('look into');
});

test('a home of another user stays as it is, and each command and doctor say that it is open', async () => {
  const data = join(newHome(), 'data');
  mkdirSync(data, { mode: 0o755 });
  chmodSync(data, 0o755);
  const uid = vi.spyOn(process, 'getuid').mockReturnValue(987_654);
  onTestFinished(() => uid.mockRestore());
  const { stdout, stderr } = await typed(['doctor'], { env: { FASTREGISTER_HOME: data } });
  expect(stderr).toContain(`Warning: other users of this machine may look into ${data}`);
  expect(stdout).toMatch(
    /^warning +home +other users of this machine may look into .*\n +→ Have its owner run `chmod 700 /m,
  );
  expect(modeOf(data)).toBe('755');
});

test('what needs no home works beside that of another user, and what does is refused', async () => {
  const cwd = newHome();
  mkdirSync(join(cwd, '.fastregister'));
  const uid = vi.spyOn(process, 'getuid').mockReturnValue(987_654);
  onTestFinished(() => uid.mockRestore());
  expect((await typed(['explain', '61070'], { cwd })).status).toBe(0);
  expect((await typed(['simulate', '--fates'], { cwd })).status).toBe(0);
  const { status, stderr } = await typed(['explain', 'Nobody Ltd'], { cwd });
  expect([status, stderr]).toEqual([2, expect.stringContaining('belongs to another user')]);
});

describe('a night', () => {
  test('leaves files that every reader of the inbox may read', async () => {
    const story = await rehearse({ privateRedis: true });
    const office = openOffice(story);
    chmodSync(office.inbox, 0o770);
    office.put('m.csv', sheetOf([merchant(1)]));
    office.put('broken.csv', 'no headings\n');
    const night = await office.run({ until: 'submitted' });
    const [file] = night?.files ?? [];
    const folder = join(office.inbox, 'done', night?.date ?? '');
    expect(modeOf(folder)).toBe('770');
    for (const written of [
      file?.report ?? '',
      join(folder, `${night?.name}.md`),
      join(folder, `${night?.name}.json`),
    ]) {
      expect([written, modeOf(written)]).toEqual([written, '660']);
    }
    const [rejected] = night?.rejected ?? [];
    expect(modeOf(`${rejected?.moved}.why.txt`)).toBe('660');
  });

  test('writes nothing outside of the inbox where a link leads out of it', async () => {
    const story = await rehearse({ privateRedis: true });
    const office = openOffice(story);
    const elsewhere = join(story.home, 'elsewhere');
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, join(office.inbox, 'done'));
    office.put('m.csv', sheetOf([merchant(1)]));
    await office.run({ until: 'submitted' });
    expect(existsSync(join(elsewhere, '2026-12-08'))).toBe(false);
    expect(statSync(elsewhere).nlink).toBe(2);
    expect(story.lines.join('\n')).toContain('is a link. Put a folder in its place');
  });

  test('replaces a link that lies in the place of a report, and does not follow it', async () => {
    const story = await rehearse({ privateRedis: true });
    const office = openOffice(story);
    const precious = join(story.home, 'precious');
    writeFileSync(precious, 'mine', { mode: 0o600 });
    office.put('m.csv', sheetOf([merchant(1)]));
    const first = await office.run({ until: 'submitted' });
    const folder = join(office.inbox, 'done', first?.date ?? '');
    symlinkSync(precious, join(folder, `${first?.date}-2.md`));
    office.put('n.csv', sheetOf([merchant(2)]));
    const second = await office.run({ until: 'submitted' });
    expect(second?.name).toBe(`${first?.date}-2`);
    expect(readFileSync(precious, 'utf8')).toBe('mine');
    expect(readFileSync(join(folder, `${second?.name}.md`), 'utf8')).toContain('Night of');
  });
});

describe("the platform's verify ticket and access token", () => {
  test('lie sealed in Redis, and the files of the home folder hold neither', async () => {
    const story = await rehearse({ privateRedis: true });
    await story.start();
    await story.book.load('b1', [merchant(1)]);
    await story.settled('b1');
    const { redis, settings } = story.store;
    const store = openComponentStore(redis, () => vaultOf(settings));
    const secrets = [(await store.token())?.value, (await store.ticket())?.value];
    for (const secret of secrets) {
      expect(secret).toMatch(/.{8,}/);
      const holding = filesUnder(story.home).filter((file) => readFileSync(file).includes(secret ?? ''));
      expect(holding).toEqual([]);
    }
    expect(filesUnder(story.home).some((file) => file.includes('appendonly'))).toBe(true);
  });

  test('that an older version has left in the spool as it came is sealed when it is stored', async () => {
    const story = await rehearse({ privateRedis: true });
    const spool = join(story.home, 'spool', 'default');
    mkdirSync(spool, { recursive: true });
    const push = { receivedAt: 5, createdAt: 4, infoType: 'component_verify_ticket', query: '', body: '' };
    writeFileSync(join(spool, '1-00000000.open'), `${JSON.stringify({ ...push, ticket: 'ticket@@@old' })}\n`);
    await story.startListening();
    const { redis, settings } = story.store;
    // Redis dates it by its age, to the millisecond or so.
    await until('it is stored', async () => ((await ticketReceivedAt(redis)) ?? Number.POSITIVE_INFINITY) < 60_000);
    expect((await openComponentStore(redis, () => vaultOf(settings)).ticket())?.value).toBe('ticket@@@old');
    expect(await redis.hget(key('ticket'), 'value')).not.toContain('ticket@@@old');
  });
});

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

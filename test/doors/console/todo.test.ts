/** The page of merchants to contact. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { auditPage } from '../../../src/app/console-users.js';
import { addNote } from '../../../src/app/note.js';
import { TODO_SUMMARY, todo } from '../../../src/app/todo.js';
import { todoPage, todosByActor } from '../../../src/app/todo-list.js';
import { purgeToolsOf } from '../../../src/app/wiring/purging.js';
import { ROWS_PER_PAGE } from '../../../src/domain/batch.js';
import { counted } from '../../../src/domain/words.js';
import { purge } from '../../../src/operator/purge.js';
import { key } from '../../../src/redis/keys.js';
import { openPurging } from '../../../src/redis/ledger/purging.js';
import { qrShape } from '../../../src/reporter/qr.js';
import { TO_CONTACT } from '../../../src/reporter/todo.js';
import { ACCEPT_RULES, acceptedRow, DAY_MS } from '../../support/ledger.js';
import { merchant } from '../../support/merchants.js';
import { until } from '../../support/until.js';
import { type Console, openConsole, type Visitor } from './support/visitor.js';

const LINK = 'https://mp.weixin.qq.com/cgi-bin/fast?token=abc&x=1';
const HOSTILE = '"><script>alert(1)</script>\u202e有限公司';

async function opened(): Promise<Console & { admin: Visitor }> {
  const console = await openConsole();
  const admin = console.visitor();
  await admin.logIn();
  return { ...console, admin };
}

/** One whose 24 hours run, with a link; some that were refused, the last one first; a row that our checks refused. */
async function waiting({ book, idOf }: Console, refused = 2): Promise<string[]> {
  const rows = Array.from({ length: refused + 1 }, (_, at) => merchant(at + 1));
  await book.load('b1', [...rows, undefined]);
  const ids = rows.map(idOf);
  const [first = '', ...others] = ids;
  await book.take(first);
  const { sentAt = 0 } = await book.registration(first);
  await book.record(first, 'create_accepted', { callSentAt: sentAt, authorizeUrl: LINK, taskId: 't' });
  for (const [at, id] of others.entries()) {
    await book.send(id);
    await book.record(id, 'registration_refused', { problem: 'push:103', at: Date.now() + at * 1_000 });
  }
  return ids;
}

/** The page when its list has what the command has: on a busy machine it is shown before the changes of a moment ago are read. */
async function read({ store }: Pick<Console, 'store'>, visitor: Visitor, path: string): ReturnType<Visitor['whole']> {
  const query = new URLSearchParams(path.slice('/todo'.length));
  const who = TO_CONTACT.filter((it) => it === query.get('who'));
  const notContacted = query.get('contacted') === 'open' || undefined;
  const all = (await todo(store, 'en', { who: who.length > 0 ? new Set(who) : undefined, notContacted })).length;
  const summary = all === 0 ? 'class="empty"' : `${counted(all, 'merchant')} to contact`;
  return until('the list is read', async () => {
    const page = await visitor.whole(path);
    return page.text.includes(summary) && page;
  });
}

const merchantsIn = (html: string): string[] =>
  [...html.matchAll(/class="todo-merchant"><a href="\/merchants\/(\w+)"/g)].map(([, id = '']) => id);

const tickOf = (html: string, id: string): string => new RegExp(`value="(${id}\\.\\d*)"`).exec(html)?.[1] ?? '';

test('lists what the command prints, the most urgent first, with what is to be forwarded', async () => {
  const it = await opened();
  const [first = '', ...others] = await waiting(it);
  const { text } = await read(it, it.admin, '/todo');
  expect(merchantsIn(text)).toEqual((await todo(it.store, 'en')).flatMap(({ row }) => row.registration_id || []));
  expect(merchantsIn(text)).toEqual([first, ...others.toReversed()]);
  expect(text).toContain(TODO_SUMMARY(4, 1, 0).en);
  // The row that our checks refused is named x: a newer sheet has it again.
  await it.book.load('b2', [merchant(90, 'ok', { name: 'X' })]);
  expect(await todo(it.store, 'en')).toHaveLength(3);
  await until('the list is read again', async () =>
    (await it.admin.get('/todo')).text.includes(TODO_SUMMARY(3, 1, 0).en),
  );
  expect(text).toMatch(new RegExp(`<p id="message-${first}">Hello 虚构商户1号`));
  expect(text).toContain(`data-copy="message-${first}"`);
  expect(text).toContain(`data-copy="link-${first}"`);
  expect(text).toContain(`<path d="${qrShape(LINK)?.path}"`);
  expect(text).toMatch(/23 h \d+ min left/);
});

test('what an operator has to settle is listed apart, and the first page counts the same rows', async () => {
  const it = await opened();
  await waiting(it);
  await it.book.load('b3', [merchant(91), merchant(92)]);
  const [refused = '', unknown = ''] = [91, 92].map((number) => it.idOf(merchant(number)));
  await it.book.send(refused);
  await it.book.record(refused, 'registration_refused', { problem: 'push:105' });
  await it.book.send(unknown);
  await it.book.record(unknown, 'push_unknown', { problem: 'push:77' });
  const counts = async () => {
    const { text } = await it.admin.get('/');
    const found = [...text.matchAll(/<a href="\/todo\?who=(\w+)">.*?<td class="number"[^>]*>(\d+)</gs)];
    return found.map(([, who, count]) => `${who} ${count}`).join();
  };
  await until('the first page counts them', async () => (await counts()) === 'legal_person 1,merchant 3,us 2');
  const { text: toSettle } = await it.admin.whole('/todo?who=us');
  expect(merchantsIn(toSettle).toSorted()).toEqual([refused, unknown].toSorted());
  expect(toSettle).toContain('2 rows to settle.');
  expect(merchantsIn((await read(it, it.admin, '/todo')).text)).not.toContain(refused);
  const command = await todo(it.store, 'en', { who: new Set(['us']) });
  expect(command.map(({ row }) => row.registration_id).toSorted()).toEqual([refused, unknown].toSorted());

  // Of a duplicate with other details that two sheets have, the newer one is listed.
  const other = merchant(93);
  for (const id of ['b4', 'b5']) await it.book.load(id, [other, { ...other, name: '另一名称' }]);
  await until('the first page counts one', async () => (await counts()) === 'legal_person 1,merchant 3,us 3');
  expect((await it.admin.whole('/todo?who=us')).text).toContain('3 rows to settle.');
});

test('a duplicate with other details is to be settled, beside its merchant who is to be contacted, until that is created', async () => {
  const it = await opened();
  const taken = merchant(93);
  const id = it.idOf(taken);
  // On another page of rows than the row that was taken.
  const others = Array.from({ length: ROWS_PER_PAGE }, (_, at) => merchant(1_000 + at));
  await it.book.load('b4', [taken, ...others, { ...taken, name: '另一名称' }]);
  await it.book.send(id);
  const listed = async (expected: string) =>
    until(expected, async () => {
      const { text } = await it.admin.get('/');
      const found = [...text.matchAll(/<a href="\/todo\?who=(\w+)">.*?<td class="number"[^>]*>(\d+)</gs)];
      return found.map(([, who, count]) => `${who} ${count}`).join() === expected;
    });
  await listed('legal_person 1,us 1');
  expect(merchantsIn((await it.admin.whole('/todo?who=us')).text)).toEqual([id]);
  expect((await todo(it.store, 'en', { who: new Set(['us']) })).map(({ row }) => row.line)).toEqual([
    String(ROWS_PER_PAGE + 3),
  ]);
  await it.book.record(id, 'mini_program_created', { appid: 'wx00000000000000aa' });
  await listed('');
  expect(await todo(it.store, 'en', { who: new Set(['us']) })).toEqual([]);
});

test.each([
  ['before it is sent', false],
  ['while it runs', true],
])(
  'a duplicate leaves the list when a newer sheet has its enterprise %s, though its own page has not changed',
  async (_, runs) => {
    const it = await opened();
    const taken = merchant(94);
    const others = Array.from({ length: ROWS_PER_PAGE }, (_, at) => merchant(2_000 + at));
    await it.book.load('b4', [taken, ...others, { ...taken, name: '另一名称' }]);
    const settling = async () => (await todoPage(it.store, { language: 'en', from: 0, most: 9, who: 'us' })).inAll;
    if (runs) await it.book.send(it.idOf(taken));
    await until('it is listed', async () => (await settling()) === 1);
    await it.book.load('b5', [{ ...taken, name: '另一名称' }]);
    await until('it is not listed', async () => (await settling()) === 0);
  },
);

test('the first page does not say that all is done while the sheets are still being read', async () => {
  const { store, book, idOf, visitor } = await openConsole();
  await book.load('b1', [merchant(1)]);
  await book.send(idOf(merchant(1)));
  const { batches } = store;
  const { packedPages } = batches;
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
  let goOn = (): void => {};
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  vi.spyOn(batches, 'packedPages').mockImplementation(async function* (batch) {
    await gate;
    yield* packedPages(batch);
  });
  const admin = visitor();
  await admin.logIn();
  const { text } = await admin.get('/');
  expect(text).toContain('The sheets are still being read');
  expect(text).not.toContain('Nothing to do');
  goOn();
  await until('they are read', async () => (await admin.get('/')).text.includes('href="/todo?who=legal_person"'));
  expect((await admin.get('/')).text).not.toContain('still being read');
});

test('where reading the changes takes a moment, the next page has them already', async () => {
  const it = await opened();
  const [first = ''] = await waiting(it);
  await read(it, it.admin, '/todo');
  const { batches } = it.store;
  const { packedPage } = batches;
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
  vi.spyOn(batches, 'packedPage').mockImplementation(async function* (id, page) {
    // So long that a page which does not wait shows the list of before.
    await new Promise((resolve) => setTimeout(resolve, 200));
    yield* packedPage(id, page);
  });
  await it.book.record(first, 'mini_program_created', { appid: 'wx00000000000000aa' });
  expect(merchantsIn((await it.admin.get('/todo')).text)).not.toContain(first);
});

test('is filtered by who acts and by contact, and goes on page by page', async () => {
  const it = await opened();
  const ids = await waiting(it, 30);
  const listed = async (query: string) => merchantsIn((await read(it, it.admin, `/todo${query}`)).text);
  expect(await listed('?who=legal_person')).toEqual([ids[0]]);
  expect(await listed('?who=merchant')).toHaveLength(25);
  expect(await listed('?who=merchant&from=25')).toHaveLength(5);
  expect((await read(it, it.admin, '/todo?who=merchant')).text).toContain('href="/todo?who=merchant&amp;from=25"');
  const { text } = await read(it, it.admin, '/todo');
  await it.admin.post('/todo/contacted', { about: tickOf(text, ids[0] ?? '') });
  expect(await listed('?contacted=open')).not.toContain(ids[0]);
  expect(await listed('?who=nonsense&from=-3')).toHaveLength(25);
  const summary = async (query: string) => (await read(it, it.admin, `/todo${query}`)).text;
  expect(await summary('')).toContain(TODO_SUMMARY(32, 1, 1).en);
  expect(await summary('?who=merchant')).toContain(TODO_SUMMARY(31, 0, 0).en);
  expect(await summary('?who=legal_person')).toContain(TODO_SUMMARY(1, 1, 1).en);
  expect(await summary('?contacted=open')).toContain(TODO_SUMMARY(31, 0, 0).en);
  expect(await summary('?who=legal_person&contacted=open')).toContain('No merchant fits the filter.');
});

test('a contact with its note is noted once, under the own name, and is seen by everybody who looks', async () => {
  const it = await opened();
  const [id = ''] = await waiting(it);
  const other = it.visitor();
  await other.logIn();
  const reader = await other.follow('/live/todo');
  const { text } = await read(it, it.admin, '/todo?who=legal_person');
  expect(text).toContain('<input type="hidden" name="to" value="/todo?who=legal_person"/>');
  const ticked = { about: tickOf(text, id), [`note-${id}`]: 'tonight <b>', to: '/todo?who=legal_person' };
  for (let time = 0; time < 2; time += 1) {
    const answer = await it.admin.post('/todo/contacted', ticked);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/todo?who=legal_person']);
  }
  expect((await it.book.ledger.history(id)).filter(({ kind }) => kind === 'noted')).toMatchObject([
    { who: 'admin', note: 'tonight <b>', contacted: true },
  ]);
  let seen = '';
  await until('the other one sees it', async () => {
    seen += Buffer.from((await reader.read()).value ?? []).toString('utf8');
    const isListed = /contacted \d+ \w+ [\d:]+ by admin/.test(seen) && seen.includes('tonight &lt;b&gt;');
    return isListed && seen.includes(TODO_SUMMARY(4, 1, 1).en);
  });
  // The next contact is another one.
  const again = await read(it, it.admin, '/todo');
  await it.admin.post('/todo/contacted', { about: tickOf(again.text, id) });
  expect((await it.book.ledger.history(id)).filter(({ kind }) => kind === 'noted')).toHaveLength(2);
  const { entries } = await auditPage(it.store, 10, undefined);
  expect(entries.find(({ action }) => action === 'merchants.note')).toMatchObject({ subject: id, detail: 'contacted' });
  expect(JSON.stringify(entries)).not.toContain('tonight');
  expect((await it.admin.post('/todo/contacted', { about: '../../x.1' })).status).toBe(409);
});

test('a merchant who was sent again and refused again is ticked again by the same user', async () => {
  const it = await opened();
  const [, id = ''] = await waiting(it);
  const tick = async (text: string) => {
    const page = await read(it, it.admin, '/todo');
    await it.admin.post('/todo/contacted', { about: tickOf(page.text, id), [`note-${id}`]: text });
  };
  await tick('first call');
  await it.book.record(id, 'retry_asked');
  await it.book.send(id);
  await it.book.record(id, 'registration_refused', { problem: 'push:103' });
  await until('the merchant has to be contacted again', async () =>
    merchantsIn((await it.admin.get('/todo?contacted=open')).text).includes(id),
  );
  await tick('second call');
  const noted = (await it.book.ledger.history(id)).filter(({ kind }) => kind === 'noted');
  expect(noted.map(({ note }) => note)).toEqual(['first call', 'second call']);
});

test('a row that our checks refused is ticked as well, until its batch is purged', async () => {
  const it = await opened();
  const [first = ''] = await waiting(it);
  const { text } = await read(it, it.admin, '/todo');
  const about = /name="about" value="(b1\/\d+\.)"/.exec(text)?.[1] ?? '';
  const place = about.slice(0, -1);
  const noted = { about, [`note-${place}`]: 'will send the code', to: '/todo' };
  for (let time = 0; time < 2; time += 1) expect((await it.admin.post('/todo/contacted', noted)).status).toBe(303);
  await says(it.admin, 4, 1, 1);
  const page = await it.admin.whole('/todo');
  expect(page.text).toMatch(/contacted \d+ \w+ [\d:]+ by admin/);
  expect(page.text).toContain('will send the code');
  const [refused] = (await todo(it.store, 'en')).filter(({ row }) => row.registration_id === '');
  expect(refused?.notes).toMatchObject({ contactedBy: 'admin', text: 'will send the code' });
  expect((await todo(it.store, 'en', { notContacted: true })).length).toBe(3);
  const { entries } = await auditPage(it.store, 10, undefined);
  expect(entries.filter(({ action }) => action === 'merchants.note')).toMatchObject([
    { subject: 'b1', detail: 'repeated' },
    { subject: 'b1', detail: 'contacted' },
  ]);

  // A row that was sent has a registration, which has its notes.
  expect((await it.admin.post('/todo/contacted', { about: 'b1/0.' })).status).toBe(404);
  expect((await it.admin.post('/todo/contacted', { about: 'b9/0.' })).status).toBe(404);

  await it.book.record(first, 'legal_person_timed_out', { problem: 'push:100003' });
  const batch = await it.store.batches.find('b1');
  if (batch !== undefined) await openPurging(it.store.redis).purgeBatch(batch, Date.now());
  expect(await it.store.redis.keys(key('rowNotes', '*'))).toEqual([]);
});

test('a merchant who has to do nothing any more leaves the list, and a new one comes', async () => {
  const it = await opened();
  const ids = await waiting(it);
  await read(it, it.admin, '/todo');
  await it.book.record(ids[0] ?? '', 'mini_program_created', { appid: 'wx00000000000000aa' });
  await it.book.load('b2', [merchant(9)]);
  const id = it.idOf(merchant(9));
  await it.book.send(id);
  await it.book.record(id, 'registration_refused', { problem: 'push:103', at: Date.now() + 9_000 });
  await until('the list is the present one', async () => {
    const listed = merchantsIn((await read(it, it.admin, '/todo')).text);
    return listed[0] === id && listed.length === 3 && !listed.includes(ids[0] ?? '');
  });
});

test('a merchant of several sheets is listed once, by the newest', async () => {
  const it = await opened();
  const one = merchant(1);
  await it.book.load('b1', [one]);
  await it.book.load('b2', [one]);
  await it.book.send(it.idOf(one));
  const page = await until('every batch is read', async () => {
    const found = await todoPage(it.store, { language: 'en', from: 0, most: 10 });
    return !found.isReading && found;
  });
  expect(page).toMatchObject({ inAll: 1, urgent: 1, contacted: 0, todos: [{ file: 'b2.csv' }] });
});

test('rows that a newer sheet has corrected are not counted before that is looked up', async () => {
  const it = await openConsole();
  await it.book.load('b1', [undefined]);
  const { batches } = it.store;
  let lookUp: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    lookUp = resolve;
  });
  const leaders = vi.spyOn(batches, 'leaders').mockImplementation(async () => {
    await held;
    return new Map();
  });
  onTestFinished(() => leaders.mockRestore());
  const now = () => todosByActor(it.store);
  await until('its rows are read', async () => (await now()).byActor.size > 0);
  expect((await now()).isRead).toBe(false);
  lookUp();
  await until('that is known, too', async () => (await now()).isRead);
});

test('a ledger without a row is read', async () => {
  const it = await openConsole();
  await until('it is read', async () => (await todosByActor(it.store)).isRead);
});

test('the filter names the list without a filter, in which rows for operators are not', async () => {
  const it = await opened();
  const { text } = await it.admin.get('/todo');
  expect(text).toMatch(/name="who">\s*<option value="" selected="">merchants and legal persons</);
});

test('the outcome that a person has checked is asked for where a merchant is sent again, and not where one is withdrawn', async () => {
  const it = await opened();
  await it.book.load('b1', [merchant(1)]);
  const page = (ask: string) => it.admin.get(`/merchants/${it.idOf(merchant(1))}/${ask}`);
  expect((await page('retry')).text).toContain('The outcome, as you have checked it');
  expect((await page('cancel')).text).not.toContain('The outcome');
});

async function says(admin: Visitor, ...[all, urgent, contacted]: Parameters<typeof TODO_SUMMARY>): Promise<void> {
  const words = TODO_SUMMARY(all, urgent, contacted).en;
  await until(words, async () => (await admin.whole('/todo')).text.includes(words));
}

test('a note from the command line is counted, though nothing else has changed', async () => {
  const it = await opened();
  const [, id = ''] = await waiting(it);
  await says(it.admin, 4, 1, 0);
  await addNote(it.book.ledger, id, { text: 'calls back', who: 'Li', contacted: true });
  await says(it.admin, 4, 1, 1);
  expect(merchantsIn((await read(it, it.admin, '/todo?contacted=open')).text)).not.toContain(id);
});

test('where nothing has changed no batch is asked, and of a change only its page is read', async () => {
  const it = await opened();
  const [, id = ''] = await waiting(it);
  await it.book.load('b2', [merchant(30)]);
  await read(it, it.admin, '/todo');
  const { batches } = it.store;
  const [counts, page] = [vi.spyOn(batches, 'counts'), vi.spyOn(batches, 'packedPage')];
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
  await read(it, it.admin, '/todo');
  expect([counts, page].map(({ mock }) => mock.calls)).toEqual([[], []]);
  await addNote(it.book.ledger, id, { text: 'calls back', who: 'Li', contacted: true });
  await says(it.admin, 4, 1, 1);
  expect([counts, page].map(({ mock }) => mock.calls)).toEqual([[], [['b1', 0]]]);
});

test('a row that is refused in a sheet that is still being loaded is listed', async () => {
  const it = await opened();
  await waiting(it);
  await says(it.admin, 4, 1, 0);
  const batch = await it.book.open('b2');
  await it.book.batches.accept(batch, 0, [acceptedRow(merchant(20), 0)], ACCEPT_RULES);
  await says(it.admin, 4, 1, 0);
  await it.book.batches.accept(batch, 1, [acceptedRow(undefined, 1)], ACCEPT_RULES);
  await until('it is listed', async () => (await read(it, it.admin, '/todo')).text.includes('line 3 of b2.csv'));
});

test('a batch that is purged leaves the list, and an older row of its merchant comes back', async () => {
  const it = await opened();
  const [first = ''] = await waiting(it);
  await it.book.load('b2', [merchant(1)]);
  await it.book.record(first, 'registration_refused', { problem: 'push:103' });
  await until('it is listed by the newer row', async () =>
    (await read(it, it.admin, '/todo')).text.includes('line 2 of b2.csv'),
  );
  const purged = async (id: string): Promise<void> => {
    const batch = await it.store.batches.find(id);
    await purge(
      purgeToolsOf(it.store.redis, it.home),
      batch === undefined ? [] : [batch],
      Date.now() + 2 * DAY_MS,
      Date.now(),
    );
  };
  await purged('b2');
  await until('the older row is listed', async () =>
    (await read(it, it.admin, '/todo')).text.includes('line 2 of b1.csv'),
  );
  await purged('b1');
  await until('nothing is listed', async () =>
    (await read(it, it.admin, '/todo')).text.includes('No merchant has to be contacted.'),
  );
});

test('a merchant whose 24 hours end leaves the list', async () => {
  const it = await opened();
  await waiting(it);
  await says(it.admin, 4, 1, 0);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + DAY_MS });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  await says(it.admin, 3, 0, 0);
});

test('a hostile merchant is text, and an empty list says so', async () => {
  const it = await opened();
  expect((await read(it, it.admin, '/todo')).text).toContain('No merchant has to be contacted.');
  const one = merchant(1, 'ok', { name: HOSTILE });
  await it.book.load('b1', [one]);
  await it.book.send(it.idOf(one));
  await until('it is listed', async () => {
    const { text } = await read(it, it.admin, '/todo');
    expect(text).not.toMatch(/<script>alert|\u202e/);
    return text.includes('&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\\u202e有限公司');
  });
});

/** Search, and the page of one merchant. */
import { describe, expect, test } from 'vitest';
import { auditPage } from '../../../src/app/console-users.js';
import { applyPurge, previewPurge } from '../../../src/app/purge.js';
import { isoWithOffset } from '../../../src/domain/calendar.js';
import { qrShape } from '../../../src/reporter/qr.js';
import { ACCEPT_RULES, acceptedRow } from '../../support/ledger.js';
import { cellsOf, HEADINGS, merchant } from '../../support/merchants.js';
import { type Console, openConsole, type Visitor } from './support/visitor.js';

const LINK = 'https://mp.weixin.qq.com/cgi-bin/fast?token=abc&x=1';
const HOSTILE = '<script>alert(1)</script>\u202eexe.fdp"有限公司';

const textOf = (html: string): string => html.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
const fieldIn = (html: string, name: string): string =>
  new RegExp(`<input[^>]*? name="${name}"[^>]*? value="([^"]*)"`).exec(html)?.[1] ?? '';

async function opened(): Promise<Console & { admin: Visitor }> {
  const console = await openConsole();
  const admin = console.visitor();
  await admin.logIn();
  return { ...console, admin };
}

async function audited({ store }: Pick<Console, 'store'>): Promise<string[]> {
  const { entries } = await auditPage(store, 100, undefined);
  return entries.map(({ user, action, subject, result, detail }) => [user, action, subject, result, detail].join(' '));
}

describe('the search', () => {
  test.each([
    ['the name', '虚构云岭茶叶有限公司'],
    ['a part of the name', '云岭茶'],
    ['the code', merchant(7).code],
    ['the Weixin ID', 'weixin_of_tea'],
  ])('finds a merchant by %s, without writing it into an address', async (_, text) => {
    const { book, admin, idOf } = await opened();
    const tea = merchant(7, 'ok', { name: '虚构云岭茶叶有限公司', legalPersonaWechat: 'weixin_of_tea' });
    await book.load('b1', [merchant(1), tea, undefined]);
    const { status, text: page, at } = await admin.submit('/merchants', { q: ` ${text} ` });
    expect([status, at]).toEqual([200, expect.stringMatching(/^\/merchants\?typed=[\w-]{16}$/)]);
    expect(page.match(/<tr>/g)).toHaveLength(2);
    expect(page).toContain(`<a href="/merchants/${idOf(tea)}"><bdi>虚构云岭茶叶有限公司</bdi></a>`);
    expect(page).toContain('line 3');
    expect(page).not.toMatch(/(?:href|action)="[^"]*\?q=/);
  });

  test('has its first hits on the way while further ones are looked for', async () => {
    const { book, admin } = await opened();
    await book.load('b1', [merchant(1), merchant(2), merchant(3)]);
    const { at } = await admin.submit('/merchants', { q: '虚构' });
    const pieces = await admin.stream(at);
    expect(pieces.length).toBeGreaterThan(3);
    expect(pieces[0]).toMatch(/<tbody>$/);
    expect(pieces[1]).toMatch(/^<tr>.*虚构商户.*<\/tr>$/);
    expect(pieces.at(-1)).toMatch(/^<\/tbody>[\s\S]*<\/html>$/);
  });

  test('is answered by a page to go back to, for an hour and in the same session only', async () => {
    const { book, store, admin, visitor } = await opened();
    await book.load('b1', [merchant(1)]);
    const { at } = await admin.submit('/merchants', { q: '虚构' });
    for (let time = 0; time < 2; time += 1) expect((await admin.get(at)).text).toContain('data-heading="Merchant"');
    const [kept = ''] = await store.redis.keys('*:console-typed:*');
    expect(await store.redis.ttl(kept)).toBeGreaterThan(3_540);
    const other = visitor();
    await other.logIn();
    const { status, text } = await other.get(at);
    expect([status, text.includes('虚构')]).toEqual([200, false]);
  });

  test('says what to look for where there is none, and shows more when it is asked to', async () => {
    const { book, admin } = await opened();
    const rows = Array.from({ length: 60 }, (_, at) => merchant(at + 1));
    await book.load('b1', rows);
    expect((await admin.get('/merchants')).text).toContain('Every batch is searched');
    expect((await admin.submit('/merchants', { q: '' })).text).toContain('Every batch is searched');
    const none = await admin.submit('/merchants', { q: HOSTILE });
    expect(none.text).toContain('No sheet names &lt;script&gt;alert(1)&lt;/script&gt;\\u202eexe.fdp&quot;有限公司.');
    expect(none.text).not.toMatch(/<script>|\u202e/);
    const first = await admin.submit('/merchants', { q: '虚构' });
    expect(first.text.match(/data-heading="Merchant"/g)).toHaveLength(50);
    expect(first.text).toContain('There are more. Show up to 500');
    const more = await admin.submit('/merchants', { q: '虚构', most: '500' });
    expect(more.text.match(/data-heading="Merchant"/g)).toHaveLength(60);
    expect(more.text).not.toContain('There are more.');
  });
});

describe('the page of a merchant', () => {
  test('has details, state, who acts, the next step, the message, and the link with its code and deadline', async () => {
    const { book, store, admin, idOf } = await opened();
    const one = merchant(1);
    await book.load('b1', [one]);
    const id = idOf(one);
    await book.take(id);
    const { sentAt = 0 } = await book.registration(id);
    await book.record(id, 'create_accepted', { callSentAt: sentAt, authorizeUrl: LINK, taskId: 't' });
    const { text } = await admin.get(`/merchants/${id}`);
    for (const it of [one.name, one.code, one.legalPersonaWechat, 'awaiting legal person']) expect(text).toContain(it);
    expect(textOf(text)).toContain('who acts: the legal person');
    expect(text).toMatch(
      /<p id="message">Hello 虚构商户1号（fate-ok）有限公司\. Please have your legal person open this link/,
    );
    expect(text).toContain('data-copy="message"');
    expect(text).toContain('data-copy="link"');
    expect(text).toContain(`<path d="${qrShape(LINK)?.path}"`);
    const ends = sentAt + 86_400_000;
    expect(text).toContain(`datetime="${isoWithOffset(ends, store.settings.quotaTimezone)}" data-ends="${ends}"`);
    expect(text).toMatch(/23 h \d+ min left/);
    // A name in the title would stay in the history of the browser.
    expect(text).toContain(`<title>${id} · fastregister</title>`);
    expect(text).not.toContain('/retry"');
  });

  test('says which telephone to call, and what else the sheet has of the merchant', async () => {
    const { book, admin, idOf } = await opened();
    const one = merchant(1);
    const headings = [...HEADINGS, '法人电话', '店长手机', '业务员电话', '门店'];
    const columns = [0, 1, 2, 3, 4, 5];
    const batch = await book.batches.open({ id: 'b1', file: 'b1.csv', headings, columns, loadedAt: Date.now() }, 0);
    const cells = [...cellsOf(one), '13800000001', '13800000002', '13900000003', '<b>五一店'];
    const row = { ...acceptedRow(one, 0), cells, registration: idOf(one) };
    await book.batches.accept(batch, 0, [row], ACCEPT_RULES);
    await book.batches.complete('b1');
    const { text } = await admin.get(`/merchants/${idOf(one)}`);
    expect(text).toContain('contact: <bdi>法人电话 13800000001; 店长手机 13800000002</bdi>');
    expect(textOf(text)).toContain('业务员电话 13900000003 门店 &lt;b&gt;五一店');
  });

  test("has every fact in words, WeChat's own with the rid, earlier attempts, and the rows that name it", async () => {
    const { book, admin, idOf } = await opened();
    const one = merchant(1);
    await book.load('b1', [one]);
    const id = idOf(one);
    const said = 'legal persona not match rid: 6100-aaaa';
    await book.send(id);
    await book.record(id, 'registration_refused', { problem: 'push:103', said });
    await book.record(id, 'retry_asked', { because: 'corrected at the registry (li)' });
    await book.load('b2', [one]);
    await book.send(id);
    const { text } = await admin.get(`/merchants/${id}`);
    const page = textOf(text);
    for (const it of ['WeChat pushed: the registration failed', said, 'push:103', 'corrected at the registry (li)']) {
      expect(page).toContain(it);
    }
    expect(page).toContain('line 2 of b1.csv (b1/0)');
    expect(text.match(/data-heading="Attempt"/g)).toHaveLength(2);
    expect(text).toMatch(/data-heading="Result"><span class="badge pending">awaiting legal person/);
    expect(text).toMatch(/data-heading="Result"><span class="badge rejected">rejected/);
    for (const batch of ['b1', 'b2']) expect(text).toContain(`<a href="/batches/${batch}"><bdi>${batch}.csv</bdi></a>`);
  });

  test('shows a hostile merchant as text', async () => {
    const { book, admin, idOf } = await opened();
    const one = merchant(1, 'ok', { name: HOSTILE, legalPersonaName: '"><img src=x onerror=alert(1)>' });
    await book.load('b1', [one]);
    await book.send(idOf(one));
    await book.record(idOf(one), 'registration_refused', {
      problem: 'push:<b>',
      said: '</q><script>alert(2)</script>',
    });
    for (const path of ['', '/correct', '/retry']) {
      const { text, status } = await admin.get(`/merchants/${idOf(one)}${path}`);
      expect([path, status]).toEqual([path, 200]);
      expect(text).not.toMatch(/<script>|<img|\u202e|<b>/);
    }
    expect((await admin.get(`/merchants/${idOf(one)}`)).text).toContain(
      '&lt;script&gt;alert(1)&lt;/script&gt;\\u202eexe.fdp&quot;有限公司',
    );
  });

  test('of a merchant whose rows were purged has the history that is left, and no action', async () => {
    const { book, store, admin, idOf } = await opened();
    await book.load('b1', [merchant(1)]);
    const id = idOf(merchant(1));
    await book.send(id);
    await book.record(id, 'mini_program_created', { appid: 'wx00000000000000aa' });
    const later = Date.now() + 1_000;
    await applyPurge(store, await previewPurge(store, later), later);
    const { status, text } = await admin.get(`/merchants/${id}`);
    expect(status).toBe(200);
    expect(text).toContain('The details were purged.');
    expect(text).not.toContain(merchant(1).name);
    expect(text).not.toMatch(/\/(?:retry|correct|cancel)"/);
  });

  test('of which nothing is known is not found', async () => {
    const { admin } = await opened();
    for (const path of ['/merchants/nothing', '/merchants/nothing/correct', '/merchants/nothing/retry']) {
      expect([path, (await admin.get(path)).status]).toEqual([path, 404]);
    }
  });
});

describe('an operator', () => {
  test('notes a contact once, however often the form is sent, under the own name', async () => {
    const it = await opened();
    const { book, admin, idOf } = it;
    await book.load('b1', [merchant(1)]);
    const id = idOf(merchant(1));
    const { text } = await admin.get(`/merchants/${id}`);
    const note = { once: fieldIn(text, 'once'), text: 'will confirm tonight <b>', contacted: 'yes' };
    for (let time = 0; time < 2; time += 1) {
      expect((await admin.post(`/merchants/${id}/note`, note)).headers.get('location')).toBe(`/merchants/${id}`);
    }
    expect((await book.ledger.history(id)).filter(({ kind }) => kind === 'noted')).toMatchObject([
      { who: 'admin', note: 'will confirm tonight <b>', contacted: true },
    ]);
    const page = (await admin.get(`/merchants/${id}`)).text;
    expect(page).toContain('will confirm tonight &lt;b&gt;');
    expect(await audited(it)).toContain(`admin merchants.note ${id} done contacted`);
    expect((await admin.get('/audit')).text).toContain(`<a href="/merchants/${id}">${id}</a> <small>contacted</small>`);
    const empty = await admin.post(`/merchants/${id}/note`, { ...note, once: 'A'.repeat(22), text: '', contacted: '' });
    expect([empty.status, textOf(empty.text)]).toEqual([409, expect.stringContaining('The note is empty.')]);
  });

  test('sends a merchant again after a preview, and the history says by whose order and why', async () => {
    const it = await opened();
    const { book, admin, idOf } = it;
    await book.load('b1', [merchant(1)]);
    const id = idOf(merchant(1));
    await book.send(id);
    await book.record(id, 'legal_person_timed_out', { problem: 'push:100003' });
    expect((await admin.get(`/merchants/${id}`)).text).toContain(`href="/merchants/${id}/retry"`);
    const { text } = await admin.get(`/merchants/${id}/retry`);
    expect(text).toContain('1 can be done.');
    expect(text).toContain(`Send again: <bdi>${merchant(1).name}</bdi>`);
    const answer = { once: fieldIn(text, 'once'), outcome: '', because: 'called today' };
    await admin.post(`/merchants/${id}/retry`, answer);
    await admin.post(`/merchants/${id}/retry`, answer);
    expect((await admin.get(`/merchants/${id}`)).text).toContain('1 will be sent again.');
    expect((await book.ledger.history(id)).filter(({ kind }) => kind === 'retry_asked')).toMatchObject([
      { because: 'called today (admin)' },
    ]);
    expect(await audited(it)).toContain(`admin merchants.retry ${id} done 1`);
    // It waits to be sent: it can be withdrawn now.
    const withdrawing = await admin.get(`/merchants/${id}/cancel`);
    await admin.post(`/merchants/${id}/cancel`, { once: fieldIn(withdrawing.text, 'once'), outcome: '' });
    expect(await book.registration(id)).toMatchObject({ state: 'cancelled' });
    expect((await admin.get(`/merchants/${id}/cancel`)).text).toContain('1 cannot');
  });

  test('has to say the outcome of a merchant whose outcome is not known', async () => {
    const { book, admin, idOf } = await opened();
    await book.load('b1', [merchant(1)]);
    const id = idOf(merchant(1));
    await book.send(id);
    await book.record(id, 'push_overdue', { problem: 'push:overdue' });
    const { text } = await admin.get(`/merchants/${id}/retry`);
    expect(text).toContain('its outcome is not known');
    expect(text).not.toContain('name="once"');
    const insisting = await admin.get(`/merchants/${id}/retry?outcome=needs_review`);
    const once = fieldIn(insisting.text, 'once');
    // Not what was previewed.
    expect((await admin.post(`/merchants/${id}/retry`, { once, outcome: '' })).status).toBe(409);
    expect((await admin.post(`/merchants/${id}/retry`, { once, outcome: 'needs_review' })).status).toBe(303);
    expect(await book.registration(id)).toMatchObject({ state: 'queued' });
  });

  test('corrects details by the checks of the sheet, sees what would change, and sends it once', async () => {
    const it = await opened();
    const { book, admin, idOf } = it;
    const one = merchant(1);
    await book.load('b1', [one]);
    const id = idOf(one);
    await book.send(id);
    await book.record(id, 'registration_refused', { problem: 'push:103' });
    const form = (await admin.get(`/merchants/${id}/correct`)).text;
    const given = Object.fromEntries(
      ['row', 'name', 'legal_persona_wechat', 'legal_persona_name', 'component_phone'].map((name) => [
        name,
        fieldIn(form, name),
      ]),
    );
    expect(given).toEqual({
      row: 'b1/0',
      name: one.name,
      legal_persona_wechat: one.legalPersonaWechat,
      legal_persona_name: one.legalPersonaName,
      component_phone: one.componentPhone,
    });
    const fields = { ...given, code_type: '1', because: '' };
    const check = (changes: Record<string, string>) =>
      admin.submit(`/merchants/${id}/correct/check`, { ...fields, ...changes });

    const unchanged = textOf((await check({})).text);
    expect(unchanged).toContain('These are the details that batch b1 has already');
    expect(unchanged).toContain('To send them as they are, use &quot;Send again&quot; on the page of the merchant.');
    expect(unchanged).not.toContain('fastregister retry');
    const wrong = await check({ legal_persona_wechat: '13800000000', name: '' });
    expect(wrong.status).toBe(400);
    expect(wrong.text.match(/<h1>/g)).toHaveLength(1);
    expect(wrong.text).toMatch(
      /name="legal_persona_wechat" type="text" aria-invalid="true" value="13800000000"[^>]*\/?><em class="fault">[^<]*phone/,
    );
    expect(wrong.text).toMatch(
      /name="name" type="text" aria-invalid="true"[^>]*\/?><em class="fault">the name of the enterprise is missing/,
    );

    const changes = { legal_persona_wechat: 'weixin_right', because: 'by phone' };
    const right = await check(changes);
    expect(right.at).toMatch(/^\/merchants\/[^?]*\/correct\?typed=[\w-]{16}$/);
    expect(textOf((await admin.get(right.at)).text)).toContain('legal_persona_wechat weixin_m1 weixin_right');
    const changing = await check({ ...changes, change: 'yes' });
    expect(fieldIn(changing.text, 'legal_persona_wechat')).toBe('weixin_right');
    expect(textOf(right.text)).toContain('legal_persona_wechat weixin_m1 weixin_right');
    expect(right.text).toContain('It is sent as a new attempt.');
    expect(await book.registration(id)).toMatchObject({ state: 'rejected' });
    const once = fieldIn(right.text, 'once');
    for (let time = 0; time < 2; time += 1) {
      const sent = await admin.post(`/merchants/${id}/correct`, { ...fields, ...changes, once });
      expect([sent.status, sent.headers.get('location')]).toEqual([303, `/merchants/${id}`]);
    }
    // Who looks at this page starts no process.
    expect(textOf((await admin.get(`/merchants/${id}`)).text)).toMatch(/queued, and sent by themselves\. Batch: b\w+/);
    expect((await book.view(id)).row?.merchant).toEqual({ ...one, legalPersonaWechat: 'weixin_right' });
    expect(await book.batches.list()).toHaveLength(2);
    const page = await admin.get(`/merchants/${id}`);
    expect(textOf(page.text)).toContain('corrected by admin, because: by phone');
    expect(textOf(page.text)).toContain('legal_persona_wechat: weixin_m1 → weixin_right');
    const [entry] = (await audited(it)).filter((line) => line.includes('merchants.correct'));
    expect(entry).toMatch(new RegExp(`^admin merchants\\.correct ${id} done `));
    expect((await audited(it)).join('\n')).not.toMatch(/weixin|虚构|by phone/);
  });
});

describe('of two people who correct one merchant, the second', () => {
  const one = merchant(1);
  const NAMES = ['row', 'name', 'legal_persona_wechat', 'legal_persona_name', 'component_phone'];
  const OVERTAKEN = 'Somebody else has changed these details in the meantime: nothing was sent.';

  async function twoPeople() {
    const it = await opened();
    const { book, admin, idOf, visitor } = it;
    await book.load('b1', [one]);
    const path = `/merchants/${idOf(one)}/correct`;
    const second = visitor();
    await second.logIn();
    /** As a browser sends it: the fields that were not touched, too. */
    const typed = async (by: Visitor, changes: Record<string, string>) => {
      const { text } = await by.get(path);
      return { ...Object.fromEntries(NAMES.map((name) => [name, fieldIn(text, name)])), code_type: '1', ...changes };
    };
    const check = (by: Visitor, fields: Record<string, string>) => by.submit(`${path}/check`, fields);
    const send = (by: Visitor, { text }: { readonly text: string }) =>
      by.post(path, Object.fromEntries([...NAMES, 'code_type', 'once'].map((name) => [name, fieldIn(text, name)])));
    const sent = async () => (await book.view(idOf(one))).row?.merchant;
    return { admin, second, typed, check, send, sent };
  }

  test('does not undo the correction of the first by confirming what was shown before it', async () => {
    const { admin, second, typed, check, send, sent } = await twoPeople();
    const question = await check(second, await typed(second, { component_phone: '05929999999' }));
    const theirs = await check(admin, await typed(admin, { legal_persona_wechat: 'weixin_right' }));
    expect((await send(admin, theirs)).status).toBe(303);
    // The first goes back, and reads what became of the own correction.
    const { text } = await admin.get(theirs.at);
    expect(textOf(text)).toContain('These are the details that batch');
    expect(textOf(text)).not.toContain(OVERTAKEN);
    const answer = await send(second, question);
    expect([answer.status, textOf(answer.text)]).toEqual([409, expect.stringContaining(OVERTAKEN)]);
    expect(await sent()).toEqual({ ...one, legalPersonaWechat: 'weixin_right' });
  });

  test('gets the form with the corrected details where theirs is older', async () => {
    const { admin, second, typed, check, send, sent } = await twoPeople();
    const old = await typed(second, { component_phone: '05929999999' });
    expect(
      (await send(admin, await check(admin, await typed(admin, { legal_persona_wechat: 'weixin_right' })))).status,
    ).toBe(303);
    const { text } = await check(second, old);
    expect(textOf(text)).toContain(OVERTAKEN);
    expect(fieldIn(text, 'legal_persona_wechat')).toBe('weixin_right');
    expect(
      (await send(second, await check(second, await typed(second, { component_phone: '05929999999' })))).status,
    ).toBe(303);
    expect(await sent()).toEqual({ ...one, legalPersonaWechat: 'weixin_right', componentPhone: '05929999999' });
  });
});

test('characters that the pages write out are not corrected by it', async () => {
  const { book, admin, idOf } = await opened();
  const one = merchant(1, 'ok', { name: '虚构\u202e商户有限公司' });
  await book.load('b1', [one]);
  const form = (await admin.get(`/merchants/${idOf(one)}/correct`)).text;
  const name = fieldIn(form, 'name');
  expect(name).toBe('虚构\\u202e商户有限公司');
  const { text } = await admin.submit(`/merchants/${idOf(one)}/correct/check`, {
    row: 'b1/0',
    name,
    legal_persona_wechat: 'weixin_right',
  });
  // The checks take it out, as they do in a sheet.
  expect(text).toContain('data-heading="After"><strong><bdi>虚构商户有限公司</bdi>');
});

test('a merchant that has a Mini Program is not corrected', async () => {
  const { book, admin, idOf } = await opened();
  await book.load('b1', [merchant(1)]);
  const id = idOf(merchant(1));
  await book.send(id);
  await book.record(id, 'mini_program_created', { appid: 'wx00000000000000aa' });
  expect((await admin.get(`/merchants/${id}`)).text).not.toMatch(/\/(?:correct|retry|cancel)"/);
  const { text } = await admin.get(`/merchants/${id}/correct`);
  expect(text).toContain('The merchant has a Mini Program (wx00000000000000aa): nothing is sent.');
  expect(text).not.toContain('name="legal_persona_wechat"');
});

import { beforeEach, describe, expect, test } from 'vitest';
import type { Merchant } from '../../src/domain/merchant.js';
import { DEFAULT_PATIENCE } from '../../src/domain/patience.js';
import {
  compareAndRecord,
  type Match,
  type ReconcileTools,
  type RecordTools,
  reconcile,
  record,
  recordToken,
} from '../../src/operator/reconcile.js';
import { notifyCreated } from '../../src/redis/created.js';
import { key } from '../../src/redis/keys.js';
import { ownersOf } from '../../src/redis/ledger/appids.js';
import { openPurging } from '../../src/redis/ledger/purging.js';
import { openAuthCodes } from '../../src/redis/pushes/auth-codes.js';
import { openAuthorizers } from '../../src/redis/pushes/authorizers.js';
import { ACCEPT_RULES, acceptedRow, budgetsFor, DAY_MS, HOUR_MS, idOf, jobOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { VAULT } from '../support/receiver.js';
import { useRedis } from '../support/redis.js';

const db = useRedis();

const ONE = merchant(1);
/** The same enterprise with another legal person: another merchant, with the same name in WeChat's list. */
const OTHER: Merchant = { ...merchant(2), name: ONE.name };

interface Listed {
  readonly appid: string;
  readonly authorizedAt: number;
  readonly name?: string;
}

let book: ReturnType<typeof openBook>;
let now: number;
let listed: Listed[];
beforeEach(() => {
  book = openBook(db.redis);
  now = Date.now() + DAY_MS + HOUR_MS;
  listed = [];
});

function tools(): ReconcileTools & RecordTools {
  return {
    batches: book.batches,
    ledger: book.ledger,
    authorizers: openAuthorizers(db.redis, VAULT),
    ownersOf: (appids) => ownersOf(db.redis, appids),
    notifyCreated: (created) => notifyCreated(db.redis, created),
    now: () => now,
    patience: DEFAULT_PATIENCE,
    list: async () => ({
      kind: 'listed',
      authorizers: listed.map(({ appid, authorizedAt }) => ({
        appid,
        authorizedAt,
        refreshToken: `token of ${appid}`,
      })),
      total: listed.length,
    }),
    infoOf: async (appid) => ({
      kind: 'info',
      info: {
        appid,
        principalName: listed.find((it) => it.appid === appid)?.name ?? ONE.name,
        registerType: 6,
        refreshToken: undefined,
      },
    }),
  };
}

async function sent(batch: string, one: Merchant): Promise<void> {
  await book.load(batch, [one]);
  await book.send(idOf(one));
}

async function created(batch: string, one: Merchant, appid: string): Promise<void> {
  await sent(batch, one);
  await book.record(idOf(one), 'mini_program_created', { appid, problem: 'push:no_auth_code' });
}

async function forget(id: string): Promise<void> {
  const batch = await book.batches.find(id);
  if (batch === undefined) throw new Error(`there is no batch ${id}`);
  await openPurging(db.redis).purgeBatch(batch, now);
}

const found = async () =>
  (await reconcile(tools())).matches.map(({ registration, appid }) => ({ registration, appid }));
const noticed = async (id: string) =>
  (await db.redis.lrange(key('notices', 'created', id), 0, -1)).map((notice) => JSON.parse(notice));

describe('a Mini Program of the list is a silent registration’s', () => {
  beforeEach(() => sent('b2', OTHER));

  test('when its name fits, and it was authorised after the create was sent', async () => {
    const { sentAt = 0 } = await book.registration(idOf(OTHER));
    // WeChat's list has whole seconds.
    listed = [{ appid: 'wxnew', authorizedAt: Math.floor(sentAt / 1000) * 1000 }];
    expect(await found()).toEqual([{ registration: idOf(OTHER), appid: 'wxnew' }]);
  });

  test('of a row that waits behind details that were purged, too, and behind a row that our checks refused', async () => {
    const refused = { ...acceptedRow(undefined, 0), registration: idOf(OTHER) };
    await book.batches.accept(await book.open('b1'), 0, [refused], ACCEPT_RULES);
    await book.batches.complete('b1');
    await book.load('b3', [{ ...OTHER, legalPersonaWechat: 'weixin_other' }]);
    await book.record(idOf(OTHER), 'push_overdue');
    await forget('b2');
    listed = [{ appid: 'wxnew', authorizedAt: Date.now() }];
    const [match] = (await reconcile(tools())).matches;
    expect(match).toMatchObject({ registration: idOf(OTHER), appid: 'wxnew' });
    expect(await record(tools(), match as Match)).toBe(true);
    expect(await book.batches.counts('b3')).toEqual({ already_created: 1 });
  });

  test.each([
    ['it was authorised before', () => Date.now() - HOUR_MS],
    ['the list does not say when', () => Number.NaN],
  ])('but not when %s', async (_, authorizedAt) => {
    listed = [{ appid: 'wxold', authorizedAt: authorizedAt() }];
    expect(await found()).toEqual([]);
  });

  test.each([
    ['is to be sent again', ['retry_asked']],
    ['was to be sent again, which was taken back', ['retry_asked', 'cancel_asked']],
  ] as const)('also where the merchant %s', async (_, kinds) => {
    const { sentAt = 0 } = await book.registration(idOf(OTHER));
    await book.record(idOf(OTHER), 'push_overdue', { problem: 'push:overdue' });
    for (const kind of kinds) await book.record(idOf(OTHER), kind);
    listed = [{ appid: 'wxnew', authorizedAt: sentAt + HOUR_MS }];
    expect(await found()).toEqual([{ registration: idOf(OTHER), appid: 'wxnew' }]);
  });

  test.each([
    ['registration_refused', { problem: 'push:101' }],
    ['legal_person_timed_out', { problem: 'push:100003' }],
    ['create_refused', { problem: 'create:61070' }],
    ['create_postponed', { problem: 'create:89247' }],
  ] as const)(
    'of an attempt without a result that was sent again, also where the next one ended with %s',
    async (kind, more) => {
      const id = idOf(OTHER);
      const first = (await book.registration(id)).sentAt ?? 0;
      await book.record(id, 'push_overdue', { problem: 'push:overdue' });
      await book.record(id, 'retry_asked');
      await book.record(id, 'create_sent', { at: first + 2 * DAY_MS });
      await book.record(id, kind, { at: first + 2 * DAY_MS + HOUR_MS, ...more });
      now = first + 4 * DAY_MS;
      listed = [{ appid: 'wxold', authorizedAt: first - HOUR_MS }];
      expect(await found()).toEqual([]);
      listed = [{ appid: 'wxnew', authorizedAt: first + HOUR_MS }];
      expect(await found()).toEqual([{ registration: id, appid: 'wxnew' }]);
    },
  );

  /** An hour ago, by the answer -1. */
  async function sentAndPutOff() {
    const putOff = merchant(7);
    const id = idOf(putOff);
    await book.load('b7', [putOff]);
    const at = Date.now() - HOUR_MS;
    await book.record(id, 'create_sent', { at });
    await book.record(id, 'create_postponed', { at, callSentAt: at, until: at, wait: 'again', problem: 'create:-1' });
    return { putOff, id, at };
  }

  test.each([
    ['waits since', []],
    ['was refused by the next answer', ['create_sent', 'create_refused']],
    ['was withdrawn since', ['cancel_asked']],
  ] as const)('of a create that WeChat put off within a day, also where the row %s', async (_, kinds) => {
    const { putOff, id, at } = await sentAndPutOff();
    for (const kind of kinds) await book.record(id, kind, { at: Date.now() });
    listed = [{ appid: 'wxlate', authorizedAt: at + 2 * DAY_MS, name: putOff.name }];
    expect(await found()).toEqual([]);
    listed = [{ appid: 'wxnew', authorizedAt: at + HOUR_MS, name: putOff.name }];
    expect(await found()).toEqual([{ registration: id, appid: 'wxnew' }]);
  });

  test('of a create that WeChat put off before one that was accepted, and has stayed silent', async () => {
    const { putOff, id, at } = await sentAndPutOff();
    await book.record(id, 'create_sent', { at: Date.now() });
    await book.record(id, 'create_accepted', { at: Date.now(), until: now });
    listed = [{ appid: 'wxold', authorizedAt: at - HOUR_MS, name: putOff.name }];
    expect(await found()).toEqual([]);
    listed = [{ appid: 'wxnew', authorizedAt: at + HOUR_MS / 2, name: putOff.name }];
    expect(await found()).toEqual([{ registration: id, appid: 'wxnew' }]);
  });

  test('by the time of WeChat, however far our clock was ahead when it was sent', async () => {
    const third = merchant(3);
    await book.load('b3', [third]);
    const at = Date.now();
    const fact = { kind: 'create_sent', at, clockAheadMs: 2 * HOUR_MS } as const;
    await book.calls.acquire(await book.view(idOf(third)), fact, jobOf('submit'), budgetsFor(), '');
    listed = [{ appid: 'wxnew', authorizedAt: at - HOUR_MS, name: third.name }];
    expect(await found()).toEqual([{ registration: idOf(third), appid: 'wxnew' }]);
  });

  test('but not before the 24 hours of its task are over', async () => {
    listed = [{ appid: 'wxnew', authorizedAt: Date.now() + HOUR_MS }];
    now = Date.now() + 23 * HOUR_MS;
    expect(await reconcile(tools())).toMatchObject({ silent: 0, running: 1, matches: [], ambiguous: [] });
  });

  test('as soon as a rehearsal counts its task as over', async () => {
    listed = [{ appid: 'wxnew', authorizedAt: Date.now() + 1_000 }];
    now = Date.now() + HOUR_MS;
    const rehearsal = { ...tools(), patience: { pushWaitMs: HOUR_MS / 2 } };
    expect(await reconcile(rehearsal)).toMatchObject({ silent: 1, running: 0, matches: [{ appid: 'wxnew' }] });
  });

  test('at once if `query` reported that its task has created one', async () => {
    await book.record(idOf(OTHER), 'task_created', { problem: 'query:12' });
    listed = [{ appid: 'wxnew', authorizedAt: Date.now() + HOUR_MS }];
    now = Date.now() + HOUR_MS;
    expect(await found()).toEqual([{ registration: idOf(OTHER), appid: 'wxnew' }]);
  });

  test('but not while a task of the same name runs, which may have created it, too', async () => {
    const running = { ...merchant(3), name: ONE.name };
    await book.load('b3', [running]);
    const at = Date.now() + 20 * HOUR_MS;
    await book.record(idOf(running), 'create_sent', { at });
    listed = [{ appid: 'wxnew', authorizedAt: at + HOUR_MS }];
    expect(await reconcile(tools())).toMatchObject({ silent: 1, matches: [], ambiguous: [ONE.name] });
  });
});

describe('after a time without a receiver', () => {
  const hours = (count: number): number => Date.now() + count * HOUR_MS;
  const missed = { from: hours(2), to: hours(3) };
  const foundThen = async () =>
    (await reconcile({ ...tools(), missed })).matches.map(({ registration, appid }) => ({ registration, appid }));

  beforeEach(async () => {
    await sent('b1', ONE);
    now = hours(4);
  });

  test('a Mini Program of that time is found though its task could still run', async () => {
    listed = [{ appid: 'wxnew', authorizedAt: hours(2.5) }];
    expect(await found()).toEqual([]);
    expect(await foundThen()).toEqual([{ registration: idOf(ONE), appid: 'wxnew' }]);
  });

  test('not one that was authorised before or after it: a receiver was there for its push', async () => {
    listed = [{ appid: 'wxnew', authorizedAt: hours(1) }];
    expect(await foundThen()).toEqual([]);
    listed = [{ appid: 'wxnew', authorizedAt: hours(3.5) }];
    expect(await foundThen()).toEqual([]);
  });
});

describe('a refresh token that WeChat lists', () => {
  const lost = { problem: 'authorize:61010' };
  beforeEach(async () => {
    await created('b1', ONE, 'wxfirst');
    await book.record(idOf(ONE), 'authorizer_lost', { appid: 'wxfirst', ...lost });
    listed = [{ appid: 'wxfirst', authorizedAt: Date.now() }];
  });

  test('of a Mini Program of ours for which none is kept is kept, and the row says nothing of it any more', async () => {
    const { matches, tokens } = await reconcile(tools());
    expect(matches).toEqual([]);
    const [token] = tokens;
    if (token === undefined) throw new Error('no token was found');
    expect(await recordToken(tools(), token)).toBe(true);
    expect(await tools().authorizers.find('wxfirst')).toMatchObject({ refreshToken: 'token of wxfirst' });
    const registration = await book.registration(idOf(ONE));
    expect(registration).toMatchObject({ state: 'created', authorizer: 'kept', problem: undefined });
    expect((await reconcile(tools())).tokens).toEqual([]);
  });

  test('is found again where the process died before the row said that it is kept', async () => {
    const [token] = (await reconcile(tools())).tokens;
    if (token === undefined) throw new Error('no token was found');
    const { ledger } = tools();
    const dies = { ...tools(), ledger: { ...ledger, record: () => Promise.reject(new Error('killed')) } };
    await expect(recordToken(dies, token)).rejects.toThrow('killed');
    expect((await reconcile(tools())).tokens).toEqual([token]);
  });

  test('is none where the merchant has withdrawn the authorisation since', async () => {
    const [token] = (await reconcile(tools())).tokens;
    if (token === undefined) throw new Error('no token was found');
    await openAuthCodes(db.redis).withdraw('wxfirst', token.authorizedAt + 1_000);
    expect(await recordToken(tools(), token)).toBe(false);
    expect(await tools().authorizers.has('wxfirst')).toBe(false);
    expect(await book.registration(idOf(ONE))).toMatchObject({ authorizer: 'lost' });
  });
});

test('without a person nothing is recorded of a list that was not read to its end', async () => {
  await sent('b1', ONE);
  listed = [{ appid: 'wxnew', authorizedAt: now }];
  const broken: ReconcileTools = {
    ...tools(),
    list: async (offset) =>
      offset === 0
        ? { ...(await tools().list(0)), total: 1_000 }
        : { kind: 'refused', reply: { kind: 'answer', errcode: 45009, said: 'its words', body: {} } },
  } as ReconcileTools;
  expect(await compareAndRecord({ ...tools(), ...broken })).toMatchObject({ recorded: 0, refused: '45009 its words' });
  expect((await book.registration(idOf(ONE))).state).toBe('awaiting_legal_person');
  expect(await compareAndRecord(tools())).toMatchObject({ recorded: 1, refused: '' });
});

describe('a Mini Program that was authorised anew keeps its registration', () => {
  beforeEach(() => {
    listed = [{ appid: 'wxfirst', authorizedAt: Date.now() + HOUR_MS }];
  });

  test('when another registration has it, of a batch that was purged, too', async () => {
    await created('b1', ONE, 'wxfirst');
    await sent('b2', OTHER);
    expect(await found()).toEqual([]);
    await forget('b1');
    expect(await found()).toEqual([]);
  });

  test('when another registration had it before --again', async () => {
    await created('b1', ONE, 'wxfirst');
    const batch = await book.open('b2');
    const row = { line: 2, cells: [], merchant: ONE, problems: [], registration: idOf(ONE) };
    await book.batches.accept(batch, 0, [row], { ...ACCEPT_RULES, again: true });
    await forget('b1');
    await sent('b3', OTHER);
    expect(await found()).toEqual([]);
  });

  test('when its refresh token is kept for another registration', async () => {
    await sent('b2', OTHER);
    const { authorizers } = tools();
    await authorizers.keep({ appid: 'wxfirst', refreshToken: 'r', registration: idOf(ONE), keptAt: 1 });
    expect(await found()).toEqual([]);
  });
});

test('what was silent once and is sent anew is not silent', async () => {
  await sent('b1', ONE);
  await book.record(idOf(ONE), 'push_unknown', { problem: 'push:77' });
  await book.record(idOf(ONE), 'registration_refused', { problem: 'push:103' });
  await book.record(idOf(ONE), 'retry_asked');
  await book.record(idOf(ONE), 'create_sent');
  await book.record(idOf(ONE), 'create_refused', { problem: 'create:61070' });
  // As the first batch showed it before another one took it over.
  await db.redis.hset(
    key('keptOutcomes', 'b1'),
    0,
    ['needs_review', '1', String(Date.now()), '', '', 'push:77'].join('\u001f'),
  );
  listed = [{ appid: 'wxnew', authorizedAt: now }];
  expect(await reconcile(tools())).toMatchObject({ silent: 0, matches: [] });
});

describe('what is found', () => {
  let match: Match;
  beforeEach(async () => {
    await sent('b1', ONE);
    listed = [{ appid: 'wxnew', authorizedAt: now }];
    const [only] = (await reconcile(tools())).matches;
    if (only === undefined) throw new Error('nothing was found');
    match = only;
  });

  test('is stored, recorded and sent as its push would have been', async () => {
    expect(await record(tools(), match)).toBe(true);
    expect(await book.registration(idOf(ONE))).toMatchObject({ state: 'created', appid: 'wxnew', authorizer: 'kept' });
    expect(await tools().authorizers.find('wxnew')).toMatchObject({ refreshToken: 'token of wxnew' });
    const id = idOf(ONE);
    expect(await noticed(id)).toEqual([
      {
        id: `created-${id}-wxnew`,
        type: 'mini_program.created',
        at: now,
        data: { appid: 'wxnew', registration_id: id, authorization: 'kept' },
      },
    ]);
  });

  test('without a refresh token is reported so', async () => {
    expect(await record(tools(), { ...match, refreshToken: undefined })).toBe(true);
    expect(await book.registration(idOf(ONE))).toMatchObject({ state: 'created', authorizer: 'lost' });
    expect(await noticed(idOf(ONE))).toMatchObject([{ data: { authorization: 'none' } }]);
  });

  test('is found again where the program died before it was recorded', async () => {
    const dying: RecordTools = {
      ...tools(),
      ledger: { ...book.ledger, record: () => Promise.reject(new Error('it died')) },
    };
    await expect(record(dying, match)).rejects.toThrow('it died');
    const again = (await reconcile(tools())).matches;
    expect(again).toEqual([match]);
    expect(await record(tools(), match)).toBe(true);
    expect(await tools().authorizers.find('wxnew')).toMatchObject({ registration: idOf(ONE) });
    const ids = (await noticed(idOf(ONE))).map(({ id }) => id);
    expect(new Set(ids)).toEqual(new Set([`created-${idOf(ONE)}-wxnew`]));
  });

  test('has its refresh token before the ledger calls it created', async () => {
    const full: RecordTools = {
      ...tools(),
      authorizers: { ...tools().authorizers, keep: () => Promise.reject(new Error('Redis is full')) },
    };
    await expect(record(full, match)).rejects.toThrow('Redis is full');
    expect((await book.registration(idOf(ONE))).state).toBe('awaiting_legal_person');
  });

  test('stays as it is where it was settled meanwhile', async () => {
    await book.record(idOf(ONE), 'mini_program_created', { appid: 'wxnew', authCode: VAULT.seal('code', idOf(ONE)) });
    expect(await record(tools(), match)).toBe(false);
    expect(await tools().authorizers.list()).toEqual([]);
    expect(await noticed(idOf(ONE))).toEqual([]);
  });
});

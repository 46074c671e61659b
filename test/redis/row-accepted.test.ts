/** accept.lua writes what MOVES say of a row, in every state of the registration that there is. */
import { beforeEach, expect, test } from 'vitest';
import { decide } from '../../src/domain/decision.js';
import type { Merchant } from '../../src/domain/merchant.js';
import {
  type Fact,
  newRegistration,
  next,
  type Registration,
  STATES,
  type State,
} from '../../src/domain/registration.js';
import { key } from '../../src/redis/keys.js';
import { difference, shortNameOf } from '../../src/redis/ledger/registration-fields.js';
import { ACCEPT_RULES, acceptedRow, type Book, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
let book: Book;
beforeEach(() => {
  book = openBook(server.redis);
});

const STATE_NAMES = Object.keys(STATES) as State[];

const DETAILS: Readonly<Record<NonNullable<Fact['details']>, (it: Merchant) => Merchant>> = {
  same: (it) => it,
  newer: (it) => ({ ...it, componentPhone: '05927654321' }),
  other: (it) => ({ ...it, legalPersonaName: '另一人' }),
};

/** What conditions of MOVES ask beside the state. */
const SITUATIONS: readonly Partial<Registration>[] = (['none', 'open'] as const).flatMap((task) =>
  (['none', 'open'] as const).flatMap((earlierTask) => [
    { task, earlierTask },
    { task, earlierTask, earlierAppids: ['wxbefore'] },
    { task, earlierTask, wait: 'busy' as const },
  ]),
);

test('a registration that is new is one as the domain makes it', async () => {
  await book.load('b1', [merchant(1)]);
  const id = idOf(merchant(1));
  expect(await book.registration(id)).toEqual(newRegistration(id, 'b1/0'));
});

test.each(STATE_NAMES.flatMap((state) => [false, true].map((again) => ({ state, again }))))(
  'a row whose registration is $state (again: $again) does what the rules say',
  async ({ state, again }) => {
    const cases = Object.keys(DETAILS).flatMap((details) =>
      SITUATIONS.map((situation) => ({ details: details as NonNullable<Fact['details']>, situation })),
    );
    const merchants = cases.map((_, number) => merchant(number));
    await book.load('b1', merchants);
    const appid = state === 'created' ? { appid: 'wxnow' } : {};
    const before = await Promise.all(
      cases.map(async ({ situation }, at) => {
        const is = newRegistration(idOf(merchants[at] as Merchant), `b1/${at}`);
        const { set } = difference(is, { ...is, state, ...appid, ...situation });
        const name = key('registration', is.id);
        if (set.length > 0)
          await server.redis
            .multi()
            .del(name)
            .hset(name, shortNameOf('row'), is.row, ...set)
            .exec();
        return book.registration(is.id);
      }),
    );

    const batch = await book.open('b2');
    const rows = cases.map(({ details }, at) => acceptedRow(DETAILS[details](merchants[at] as Merchant), at));
    expect(await book.batches.accept(batch, 0, rows, { ...ACCEPT_RULES, again })).toBe(cases.length);
    await book.batches.complete('b2');

    const accepted = await book.rows('b2');
    for (const [at, { details }] of cases.entries()) {
      const was = before[at] as Registration;
      const fact: Fact = { kind: 'row_accepted', at: 0, row: `b2/${at}`, details, ...(again && { again }) };
      const isSettled = [undefined, 'already_created'].includes(next(was, fact)?.rows);
      const { after } = decide(was, fact);
      expect(await book.registration(was.id)).toEqual(after);
      expect([details, accepted[at]?.relation.kind === 'already_created']).toEqual([details, isSettled]);
    }
  },
);

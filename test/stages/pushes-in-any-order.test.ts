/** What is pushed about one registration, in every order and with every repetition, ends in the one right state. */
import fc from 'fast-check';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { Registration } from '../../src/domain/registration.js';
import { match, openStored, settle } from '../../src/events/record.js';
import { key } from '../../src/redis/keys.js';
import { DAY_MS, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { registrationXml, seal } from '../support/pushes.js';
import { recorderOn } from '../support/receiver.js';
import { useRedis } from '../support/redis.js';
import { runs } from '../support/runs.js';

const server = useRedis();
const LOG = pino({ level: 'silent' });

type Event = 'answer' | 'created' | 'failed' | 'older failure' | 'older time-out';

/** A new merchant whose first attempt failed and whose second one is under way; then the events. */
async function live(number: number, events: readonly Event[]): Promise<Registration> {
  const book = openBook(server.redis);
  const recorder = recorderOn(server.redis, LOG);
  const who = merchant(number);
  const id = idOf(who);

  const push = async (told: Parameters<typeof registrationXml>[1]): Promise<void> => {
    const stored = {
      id: '1-1',
      entry: '1-1',
      receivedAt: Date.now(),
      infoType: 'x',
      ...seal(registrationXml(who, told)),
    };
    const matched = await match(recorder, openStored(recorder, stored));
    if (matched.kind !== 'fact') throw new Error(`not matched: ${JSON.stringify(matched)}`);
    await settle(recorder, matched.snapshot, matched.push, stored);
  };

  await book.load(`b${number}`, [who]);
  await book.send(id);
  await push({ status: '101', createdAt: Date.now() });
  await book.record(id, 'retry_asked');
  const permission = await book.take(id);
  if (permission.kind !== 'go') throw new Error(`not sent: ${JSON.stringify(permission)}`);
  const { sentAt = 0 } = await book.registration(id);

  const happen: Record<Event, () => Promise<unknown>> = {
    answer: () => book.record(id, 'create_accepted', { callSentAt: sentAt }),
    created: () => push({ status: '0', appid: 'wxnew', authCode: 'code', createdAt: sentAt + 60_000 }),
    failed: () => push({ status: '103', createdAt: sentAt + 120_000 }),
    'older failure': () => push({ status: '101', createdAt: sentAt - 60_000 }),
    'older time-out': () => push({ status: '100003', createdAt: sentAt - DAY_MS }),
  };
  for (const event of events) await happen[event]();
  return book.registration(id);
}

function rightEnd(events: readonly Event[]): Partial<Registration> {
  if (events.includes('created')) return { state: 'created', appid: 'wxnew' };
  if (events.includes('failed')) return { state: 'rejected', problem: 'push:103' };
  return { state: events.includes('answer') ? 'awaiting_legal_person' : 'submitting' };
}

/** Each order once, also where two items are the same. */
function* permutations<T>(items: readonly T[]): Generator<T[]> {
  if (items.length === 0) yield [];
  for (const [at, item] of items.entries()) {
    if (items.indexOf(item) < at) continue;
    for (const rest of permutations(items.filter((_, other) => other !== at))) yield [item, ...rest];
  }
}

let number = 0;

test.each<[string, Event[]]>([
  [
    'answer, created, failed, the same created again, and a failure of an older attempt',
    ['answer', 'created', 'failed', 'created', 'older failure'],
  ],
  [
    'answer, failed twice, and two failures of an older attempt',
    ['answer', 'failed', 'failed', 'older failure', 'older time-out'],
  ],
  ['answer, and failures of an older attempt', ['answer', 'older failure', 'older failure', 'older time-out']],
])('every order of %s ends the same', async (_, events) => {
  for (const order of permutations(events)) {
    expect({ order, ...(await live(number++, order)) }).toMatchObject({ order, ...rightEnd(order) });
  }
});

test('so does every handful of them, however often each comes', async () => {
  const event = fc.constantFrom<Event>('answer', 'created', 'failed', 'older failure', 'older time-out');
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 10 }), async (events) => {
      expect(await live(number++, events)).toMatchObject(rightEnd(events));
    }),
    { numRuns: runs(200) },
  );
});

test('nothing that comes after a success changes what it says, and the code is exchanged once', async () => {
  const registration = await live(number++, ['created', 'failed', 'older failure', 'answer', 'created']);
  expect(registration).toMatchObject({ state: 'created', appid: 'wxnew', attempt: 2 });
  expect(registration.problem).toBeUndefined();
  expect(await server.redis.llen(key('ready', 'authorize'))).toBe(1);
});

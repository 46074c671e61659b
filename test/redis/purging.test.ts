import { expect, test } from 'vitest';
import { KEPT_BY_PURGE } from '../../src/domain/purge.js';
import { newRegistration, PURGED_ROW, type Registration, STATES, type State } from '../../src/domain/registration.js';
import { key } from '../../src/redis/keys.js';
import { openPurging } from '../../src/redis/ledger/purging.js';
import { difference, shortNameOf } from '../../src/redis/ledger/registration-fields.js';
import { idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const db = useRedis();

const TASKS = ['none', 'open', 'ended'] as const;

/** Each state, with whatever a rule of a purge may ask for. */
const WANTED: readonly Partial<Registration>[] = (Object.keys(STATES) as State[]).flatMap((state) =>
  TASKS.flatMap((task) =>
    TASKS.flatMap((earlierTask) =>
      [undefined, ['wx0'], ['wx0', 'wx1']].map((earlierAppids) => ({
        ...{
          state,
          task,
          earlierTask,
          earlierAppids,
          attempt: 2,
          appid: 'wx2',
          sentAt: 7,
          said: 'said',
          taskId: 'task',
        },
        ...{ problem: 'push:103', finishedAt: 9, waitingRows: ['b9/0'] },
      })),
    ),
  ),
);

/** Of the first rule that fits: what it keeps; undefined where none fits. */
function keptOf(registration: Registration): Partial<Registration> | undefined {
  const fits = (where: object) =>
    Object.entries(where).every(([name, value]) => {
      const is = registration[name as keyof Registration];
      return value === true ? is !== undefined : is === value;
    });
  const rule = KEPT_BY_PURGE.find(({ where }) => fits(where));
  return rule && Object.fromEntries(rule.keeps.map((name) => [name, registration[name]]));
}

test('a purge keeps of a registration in any state what the table says, and deletes any other', async () => {
  const { load, ledger } = openBook(db.redis);
  const merchants = WANTED.map((_, number) => merchant(number));
  const batch = await load('b1', merchants);
  const before = WANTED.map((wanted, at) => {
    const made = newRegistration(idOf(merchants[at] as (typeof merchants)[0]), `b1/${at}`);
    return { ...made, ...wanted };
  });
  const writes = db.redis.pipeline();
  for (const registration of before) {
    const name = key('registration', registration.id);
    const { set } = difference(newRegistration(registration.id, ''), registration);
    writes.del(name).hset(name, ...set, shortNameOf('version'), 'w1');
  }
  await writes.exec();

  await openPurging(db.redis).purgeBatch(batch, Date.now());

  for (const registration of before) {
    const { id } = registration;
    const kept = keptOf(registration);
    const snapshot = await ledger.read(id);
    const after = kept && { ...newRegistration(id, PURGED_ROW), ...kept };
    expect([registration, snapshot?.registration]).toEqual([registration, after]);
    expect([id, snapshot?.version]).toEqual([id, kept && 'w1']);
  }
});

test('a purge never forgets a Mini Program, nor a task that may have created one', () => {
  for (const wanted of WANTED) {
    const registration = { ...newRegistration('it', 'b1/0'), ...wanted };
    const { state, task, earlierTask, earlierAppids } = registration;
    const isOpen = state === 'needs_review' && (task === 'open' || earlierTask === 'open');
    const isKept = state === 'created' || earlierAppids !== undefined || isOpen;
    expect([wanted, keptOf(registration) !== undefined]).toEqual([wanted, isKept]);
  }
});

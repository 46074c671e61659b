import { expect, test } from 'vitest';
import type { Batch } from '../../src/domain/batch.js';
import { KEPT_BY_PURGE, PURGEABLE_STATES } from '../../src/domain/purge.js';
import {
  isOver,
  newRegistration,
  PURGED_ROW,
  type Registration,
  STATES,
  type State,
} from '../../src/domain/registration.js';
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

/** A batch whose registrations are as wanted. */
async function loadAs(
  name: string,
  wanted: readonly Partial<Registration>[],
  from = 0,
): Promise<{ batch: Batch; before: Registration[] }> {
  const merchants = wanted.map((_, at) => merchant(from + at));
  const batch = await openBook(db.redis).load(name, merchants);
  const before = merchants.map((one, at) => ({ ...newRegistration(idOf(one), `${name}/${at}`), ...wanted[at] }));
  const writes = db.redis.pipeline();
  for (const registration of before) {
    const name = key('registration', registration.id);
    const { set } = difference(newRegistration(registration.id, ''), registration);
    writes.del(name).hset(name, ...set, shortNameOf('version'), 'w1');
  }
  await writes.exec();
  return { batch, before };
}

const mayGo = ({ state = 'queued' }: Partial<Registration>) => PURGEABLE_STATES.includes(state);

test('a purge keeps of a registration in any state what the table says, and deletes any other', async () => {
  const { ledger } = openBook(db.redis);
  const { batch, before } = await loadAs('b1', WANTED.filter(mayGo));

  expect(await openPurging(db.redis).purgeBatch(batch, Date.now())).toMatchObject({ isWhole: true });

  for (const registration of before) {
    const { id } = registration;
    const kept = keptOf(registration);
    const snapshot = await ledger.read(id);
    const after = kept && { ...newRegistration(id, PURGED_ROW), ...kept };
    expect([registration, snapshot?.registration]).toEqual([registration, after]);
    expect([id, snapshot?.version]).toEqual([id, kept && 'w1~']);
  }
});

test('a purge leaves a registration in any other state as it is, and stops', async () => {
  const { ledger, batches } = openBook(db.redis);
  const wanted = WANTED.filter((it) => !mayGo(it));
  expect(wanted.length).toBeGreaterThan(0);
  for (const [at, one] of wanted.entries()) {
    const { batch, before } = await loadAs(`b${at}`, [one], at);
    expect(await openPurging(db.redis).purgeBatch(batch, Date.now())).toEqual({ registrations: 0, isWhole: false });
    const id = before[0]?.id ?? '';
    const snapshot = await ledger.read(id);
    expect([snapshot?.registration, snapshot?.version]).toEqual([before[0], 'w1']);
    expect(await batches.rowWithOutcome(batch, 0)).toMatchObject({ relation: { kind: 'registered', id } });
  }
});

test('a purge never takes a registration that has no outcome yet', () => {
  for (const state of Object.keys(STATES) as State[]) {
    expect([state, PURGEABLE_STATES.includes(state)]).toEqual([state, isOver(state)]);
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

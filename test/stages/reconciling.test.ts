import { beforeEach, describe, expect, test } from 'vitest';
import type { Outage } from '../../src/domain/presence.js';
import { type ReconcilingOptions, reconcileWhenDue } from '../../src/operator/reconciling.js';
import { openReconciliations } from '../../src/redis/reconciliations.js';
import { readableLog } from '../support/log.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
const NOTHING = { at: 0, silent: 0, recorded: 0, tokens: 0, ambiguous: 0, refused: '' };
const at = (time: string): number => Date.parse(`2026-11-${time}+08:00`);

let now: number;
let outage: Outage | undefined;
let asked: (Outage | undefined)[];
let options: ReconcilingOptions;

beforeEach(() => {
  now = at('21T03:00:00');
  outage = undefined;
  asked = [];
  options = process();
});

/** A process of its own on the shared Redis. */
function process(changes: Partial<ReconcilingOptions> = {}): ReconcilingOptions {
  return {
    runs: openReconciliations(server.redis),
    heartbeats: {
      outage: async () => outage,
      endOutage: async () => {
        outage = undefined;
      },
    },
    async compare(mayGoOn, missed) {
      asked.push(missed);
      return { ...NOTHING, refused: (await mayGoOn()) ? '' : 'interrupted' };
    },
    mayCall: async () => true,
    timezone: 'Asia/Shanghai',
    now: () => now,
    log: readableLog().log,
    ...changes,
  };
}

describe("WeChat's list of accounts is compared", () => {
  test('once a night, from three o’clock on, by one process of all', async () => {
    await reconcileWhenDue(options);
    await reconcileWhenDue(process());
    now = at('22T02:59:59');
    await reconcileWhenDue(process());
    expect(asked).toHaveLength(1);
    now = at('22T03:00:00');
    await Promise.all([options, process(), process()].map((it) => reconcileWhenDue(it)));
    expect(asked).toHaveLength(2);
  });

  test('at once by the next process if no process ran at night', async () => {
    await reconcileWhenDue(options);
    now = at('23T17:00:00');
    await reconcileWhenDue(process());
    expect(asked).toHaveLength(2);
  });

  test('once after a time without a receiver, which it is given', async () => {
    await reconcileWhenDue(options);
    const missed = { from: at('21T10:00:00'), to: at('21T11:00:00') };
    outage = missed;
    now = at('21T11:01:00');
    await reconcileWhenDue(options);
    await reconcileWhenDue(options);
    expect(asked).toEqual([undefined, missed]);
  });

  test('not while the line is stopped, the day is used up, or there is no token; it is tried again at the next look', async () => {
    await reconcileWhenDue(process({ mayCall: async () => false }));
    expect(asked).toEqual([]);
    await reconcileWhenDue(process({ compare: async () => undefined }));
    expect(await options.runs.last()).toBeUndefined();
    await reconcileWhenDue(options);
    expect(asked).toHaveLength(1);
  });

  test('again where WeChat did not let us read on, and the outage is kept for that', async () => {
    outage = { from: 1, to: 2 };
    const refusing = process({ compare: async () => ({ ...NOTHING, refused: '45009 its words' }) });
    await reconcileWhenDue(refusing);
    expect(outage).toBeDefined();
    expect(await options.runs.last()).toMatchObject({ refused: '45009 its words' });
    now += 30 * 60_000 - 1;
    await reconcileWhenDue(options);
    expect(asked).toEqual([]);
    now += 1;
    await reconcileWhenDue(options);
    expect(asked).toEqual([{ from: 1, to: 2 }]);
    expect(outage).toBeUndefined();
  });

  test('to its end only where the process does not leave in the middle, and another one does it then', async () => {
    let leaving = false;
    const leaver = process({
      async compare(mayGoOn) {
        leaving = true;
        return (await mayGoOn()) ? NOTHING : { ...NOTHING, refused: 'interrupted' };
      },
    });
    await reconcileWhenDue(leaver, () => leaving);
    await reconcileWhenDue(options);
    expect(asked).toHaveLength(1);
  });
});

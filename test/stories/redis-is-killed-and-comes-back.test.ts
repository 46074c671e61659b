import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { merchant } from '../support/merchants.js';
import { APIS, merchantsAskedTwice, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

test.each(APIS)(
  '%s: in the middle of a batch, three times: every row gets its outcome, and no merchant is asked twice',
  async (api) => {
    const story = await rehearse({
      privateRedis: true,
      // What was noted in BullMQ's last moment is lost with the server, and its job is nobody's until its lock has run out.
      locks: { lockMs: 6_000, lookEveryMs: 1_000 },
      api,
      settings: { FASTREGISTER_CALLS_PER_SECOND: '40', FASTREGISTER_PUSH_WAIT: '15s', FASTREGISTER_GIVE_UP: '1h' },
      simulator: { pushRetries: 1_000 },
    });
    const rows = Array.from({ length: 90 }, (_, number) => merchant(number, number % 9 === 0 ? 'p103' : 'ok'));
    await story.book.load('b1', rows);
    await story.start();

    for (const asked of [15, 40, 65]) {
      await until(`${asked} were asked`, () => Object.keys(story.simulator.state().merchants).length >= asked);
      const pid = await until('a server runs', () => serverPid(story.home));
      process.kill(pid, 'SIGKILL');
      await until('another server runs', async () => {
        return serverPid(story.home) !== pid && (await story.store.redis.ping()) === 'PONG';
      });
    }

    await story.settled('b1');
    expect(await story.book.batches.counts('b1')).toEqual({ created: 80, rejected: 10 });
    expect(await story.book.recount('b1')).toEqual({ created: 80, rejected: 10 });
    expect(merchantsAskedTwice(story.simulator)).toEqual([]);
  },
);

function serverPid(home: string): number {
  try {
    return Number(readFileSync(join(home, 'redis/redis.pid'), 'utf8'));
  } catch {
    return 0;
  }
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { purgeCommand } from '../../src/cli/purge.js';
import { openBatches } from '../../src/redis/ledger/batches.js';
import { run } from '../support/command-line.js';
import { acceptedRow, DAY_MS, MANNER } from '../support/ledger.js';
import { HEADINGS } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
const home = mkdtempSync(join(tmpdir(), 'fr-purge-'));
afterAll(() => rmSync(home, { recursive: true }));

test('the age of what is purged is a number of days, with or without its unit', async () => {
  const batches = openBatches(server.redis);
  const loadedAt = Date.now() - 100 * DAY_MS;
  const batch = await batches.open({
    id: 'b1',
    file: 'a.csv',
    headings: HEADINGS,
    columns: [0, 1, 2, 3, 4, 5],
    loadedAt,
  });
  await batches.accept(batch, 0, [acceptedRow(undefined, 0)], MANNER);
  await batches.complete('b1');

  const olderThan = async (age: string) => {
    const env = { REDIS_URL: server.url, FASTREGISTER_HOME: home };
    const { stdout } = await run(purgeCommand, ['--older-than', age, '--json'], env);
    return (JSON.parse(stdout) as { batches: string[] }).batches;
  };
  for (const age of ['90', '90d', '2160h']) expect([age, await olderThan(age)]).toEqual([age, ['b1']]);
  for (const age of ['110', '110d']) expect([age, await olderThan(age)]).toEqual([age, []]);
  await expect(olderThan('soon')).rejects.toThrow(/--older-than: "soon" is not a duration/);
});

/** Several processes write and empty one spool. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ReceivedPush } from '../../src/domain/push.js';
import { openSpool, type Spool } from '../../src/events/spool.js';
import type { Pushes } from '../../src/redis/pushes/pushes.js';
import { readableLog } from '../support/log.js';

const log = readableLog('silent').log;
let folder: string;
let stored: string[];
let writer: Spool;
let other: Spool;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fr-spool-'));
  stored = [];
  [writer, other] = [await openSpool(folder, log), await openSpool(folder, log)];
});
afterEach(async () => {
  await Promise.all([writer.close(), other.close()]);
  await rm(folder, { recursive: true, force: true });
});

function push(infoType: string): ReceivedPush {
  return { receivedAt: 1, infoType, query: '', body: Buffer.from(infoType) };
}

/** Redis, with what happens between reading a segment and storing it. */
function redis(meanwhile: () => Promise<void> = async () => {}): Pick<Pushes, 'store' | 'storedOf'> {
  return {
    async storedOf() {
      await meanwhile();
      return 0;
    },
    async store(pushes, mark) {
      stored.push(...pushes.map(({ infoType }) => infoType));
      return (mark?.stored ?? 0) + pushes.length;
    },
  };
}

test('what is written to a segment while another process empties it is written again, and stored once', async () => {
  await writer.append([push('first')]);
  const rounds = ['second', 'third'];
  const writesMeanwhile = redis(async () => {
    const next = rounds.shift();
    if (next !== undefined) await writer.append([push(next)]);
  });
  expect(await other.empty(writesMeanwhile)).toBe(1);
  expect(stored).toEqual(['first']);
  expect(await other.empty(redis())).toBe(1);
  expect(stored).toEqual(['first', 'second']);
  expect(await writer.isEmpty()).toBe(true);
});

test('what is written by two processes while both empty the spool is stored once', async () => {
  const marks = new Map<string, number>();
  const store: Pushes['store'] = async (pushes, mark = { segment: '', stored: 0 }) => {
    const known = marks.get(mark.segment) ?? 0;
    if (known !== mark.stored) return known;
    // As Redis does by the signature: a push may be written twice where a segment is taken away under its writer.
    stored.push(...pushes.map(({ infoType }) => infoType).filter((it) => !stored.includes(it)));
    marks.set(mark.segment, known + pushes.length);
    return known + pushes.length;
  };
  const storedOf = async (segment: string): Promise<number> => marks.get(segment) ?? 0;
  const written: string[] = [];
  const emptying: Promise<number>[] = [];
  const writing = [writer, other].map(async (spool, at) => {
    for (let number = 0; number < 200; number += 1) {
      if (number % 10 === 0) emptying.push(writer.empty({ store, storedOf }), other.empty({ store, storedOf }));
      await spool.append([push(`${at}/${number}`)]);
      written.push(`${at}/${number}`);
    }
  });
  await Promise.all(writing);
  await Promise.all(emptying);
  await writer.empty({ store, storedOf });
  expect(await readdir(folder)).toEqual([]);
  expect(stored.toSorted()).toEqual(written.toSorted());
});

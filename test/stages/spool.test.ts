/** What a spool keeps, and how several processes write and empty one. */
import { appendFile, mkdir, mkdtemp, open, readdir, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { spoolFolder } from '../../src/app/wiring/spool-folder.js';
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
  vi.restoreAllMocks();
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

describe('what was written', () => {
  /** Redis, and what it is given: in which parts, of which segment, behind how many. */
  function taking(known = 0) {
    const parts: { pushes: readonly ReceivedPush[]; segment: string; stored: number }[] = [];
    const storedOf = async () => known;
    const store: Pushes['store'] = async (pushes, { segment, stored: before } = { segment: '', stored: 0 }) => {
      parts.push({ pushes, segment, stored: before });
      return before + pushes.length;
    };
    return { parts, store, storedOf, all: () => parts.flatMap(({ pushes }) => pushes) };
  }

  const onlyFile = async () => join(folder, (await readdir(folder))[0] ?? '');

  test('comes back byte by byte', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const odd = { receivedAt: 17, infoType: '企业 \u0080é"\n', query: 'nonce=\u2028𠮷', body: bytes };
    await writer.append([odd, push('second')]);
    const redisNow = taking();
    expect(await other.empty(redisNow)).toBe(2);
    expect(redisNow.all()).toEqual([odd, push('second')]);
  });

  test('is stored oldest first, each segment under its own name, and is gone then', async () => {
    await writer.append([push('first')]);
    await writer.append([push('second')]);
    await writer.close();
    await writer.append([push('third')]);
    expect(await writer.isEmpty()).toBe(false);
    const redisNow = taking();
    expect(await writer.empty(redisNow)).toBe(3);
    expect(redisNow.all().map(({ infoType }) => infoType)).toEqual(['first', 'second', 'third']);
    const names = redisNow.parts.map(({ segment }) => segment);
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(name).toMatch(/^\d{13}-[0-9a-f]{8}$/);
    expect(await writer.isEmpty()).toBe(true);
    expect(await readdir(folder)).toEqual([]);
  });

  test('is stored in parts of 200, from where another process came to', async () => {
    await writer.append(Array.from({ length: 450 }, (_, number) => push(`${number}`)));
    const redisNow = taking(30);
    expect(await other.empty(redisNow)).toBe(420);
    expect(redisNow.parts.map(({ stored: before, pushes }) => [before, pushes.length])).toEqual([
      [30, 200],
      [230, 200],
      [430, 20],
    ]);
    expect(redisNow.all()[0]?.infoType).toBe('30');
  });

  test('is stored in its order also where the clock was set back', async () => {
    const now = Date.now();
    const clock = vi.spyOn(Date, 'now').mockReturnValue(now);
    for (const [at, infoType] of ['first', 'second', 'third'].entries()) {
      clock.mockReturnValue(now - at * 60_000);
      await writer.append([push(infoType)]);
      await writer.close();
    }
    await other.empty(redis());
    expect(stored).toEqual(['first', 'second', 'third']);
  });

  test('is stored to the last segment also while its writer begins another one', async () => {
    for (const infoType of ['first', 'second', 'third']) {
      await writer.append([push(infoType)]);
      await writer.close();
    }
    let isBegun = false;
    const begins = redis(async () => {
      if (!isBegun) await writer.append([push('new')]);
      isBegun = true;
    });
    expect(await writer.empty(begins)).toBe(3);
    expect(stored).toEqual(['first', 'second', 'third']);
    expect(await writer.empty(redis())).toBe(1);
  });

  test('and was stored and removed by another process meanwhile is passed over', async () => {
    for (const infoType of ['first', 'second']) {
      await writer.append([push(infoType)]);
      await writer.close();
    }
    const [, second = ''] = (await readdir(folder)).sort();
    const emptying = second.replace('.open', '.emptying');
    await writeFile(join(folder, emptying), `${JSON.stringify({ ...push('second'), body: '' })}\n`);
    await unlink(join(folder, second));
    const removed = redis(() => unlink(join(folder, emptying)));
    expect(await other.empty(removed)).toBe(1);
    expect(stored).toEqual(['first']);
    expect(await readdir(folder)).toEqual([]);
  });

  /** What the disk does with each write: how many bytes it takes at most; an error where it takes none. */
  async function diskTakes(most: () => number): Promise<void> {
    const file = await open(join(folder, 'any'), 'w');
    const handles = Object.getPrototypeOf(file);
    await file.close();
    await unlink(join(folder, 'any'));
    const write = handles.write;
    vi.spyOn(handles, 'write').mockImplementation(function (this: unknown, ...args: unknown[]) {
      const [bytes, offset, length, position] = args as [Buffer, number, number, number];
      const taken = most();
      if (taken === 0) return Promise.reject(Object.assign(new Error('no space left'), { code: 'ENOSPC' }));
      return write.call(this, bytes, offset, Math.min(length, taken), position);
    });
  }

  test('is whole also where the disk takes it in small parts', async () => {
    await diskTakes(() => 7);
    await writer.append([push('first')]);
    await writer.append([push('second')]);
    await other.empty(redis());
    expect(stored).toEqual(['first', 'second']);
  });

  test('is not followed by what the disk took of pushes that it refused then', async () => {
    const { log: readable, lines } = readableLog();
    const reader = await openSpool(folder, readable);
    await writer.append([push('first')]);
    // The first of the two, which is longer than the next push, and half of the other.
    const takes = [2_500, 0];
    await diskTakes(() => takes.shift() ?? 1_000);
    await expect(writer.append([push('refused'.repeat(100)), push('refused'.repeat(100))])).rejects.toThrow(
      'no space left',
    );
    await writer.append([push('second')]);
    await reader.empty(redis());
    expect([stored, lines]).toEqual([['first', 'second'], []]);
    await reader.close();
  });

  test('is not stored again where all of it is', async () => {
    await writer.append([push('first')]);
    const redisNow = taking(1);
    expect([await other.empty(redisNow), redisNow.parts]).toEqual([0, []]);
    expect(await writer.isEmpty()).toBe(true);
  });

  test('stays where Redis does not take it, and is stored the next time', async () => {
    await writer.append([push('first')]);
    const tried: (string | undefined)[] = [];
    const store: Pushes['store'] = async (_, mark) => {
      tried.push(mark?.segment);
      throw new Error('Redis is away');
    };
    await expect(other.empty({ ...taking(), store })).rejects.toThrow('Redis is away');
    expect(await other.isEmpty()).toBe(false);
    const redisNow = taking();
    expect(await writer.empty(redisNow)).toBe(1);
    expect(redisNow.all()).toEqual([push('first')]);
    // Redis counts by this name, should the first answer only have been lost.
    expect(redisNow.parts.map(({ segment }) => segment)).toEqual(tried);
  });

  test('is all but what a crash cut off, and a line that the disk has damaged is said and passed over', async () => {
    const { log: readable, lines } = readableLog();
    await writer.append([push('first')]);
    await appendFile(await onlyFile(), '{"damaged\n{"receivedAt":1,"infoType":"cut o');
    const reader = await openSpool(folder, readable);
    const redisNow = taking();
    expect(await reader.empty(redisNow)).toBe(1);
    expect(redisNow.all()).toEqual([push('first')]);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'error', segment: redisNow.parts[0]?.segment },
    ]);
    await reader.close();
  });

  test('is for the user alone to read', async () => {
    const home = join(folder, 'spool');
    const spool = await openSpool(home, log);
    await spool.append([push('first')]);
    expect((await stat(home)).mode & 0o777).toBe(0o700);
    const [name = ''] = await readdir(home);
    expect(name).toMatch(/\.open$/);
    expect((await stat(join(home, name))).mode & 0o777).toBe(0o600);
    await spool.close();
  });

  test('begins a new segment after two megabytes', async () => {
    const large = { ...push('first'), body: Buffer.alloc(800 * 1024) };
    for (let written = 0; written < 3; written += 1) await writer.append([large]);
    expect(await readdir(folder)).toHaveLength(2);
    const redisNow = taking();
    expect(await other.empty(redisNow)).toBe(3);
  });

  test('that another process stores and removes at the same moment is no fault', async () => {
    await writer.append([push('first')]);
    const redisNow = taking();
    const removed = async () => {
      await unlink(await onlyFile());
      return 0;
    };
    expect(await other.empty({ ...redisNow, storedOf: removed })).toBe(1);
    expect(await writer.isEmpty()).toBe(true);
  });

  test('but cannot be read is a fault that is said', async () => {
    await mkdir(join(folder, '1-00000000.emptying'));
    await expect(writer.empty(taking())).rejects.toThrow('EISDIR');
  });
});

describe('a spool', () => {
  test('looks at no file that is not its own', async () => {
    await writeFile(join(folder, 'notes.txt'), 'not ours\n');
    expect(await writer.isEmpty()).toBe(true);
    expect(await writer.empty(redis())).toBe(0);
    expect(await readdir(folder)).toEqual(['notes.txt']);
  });

  test('knows whether something could be written, and leaves nothing of the trial', async () => {
    expect(await writer.canWrite()).toBe(true);
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
    expect(await writer.canWrite()).toBe(false);
  });

  test('without a folder says so once, takes nothing, and has nothing', async () => {
    const { log: readable, lines } = readableLog();
    await writeFile(join(folder, 'file'), '');
    const spool = await openSpool(join(folder, 'file', 'spool'), readable);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'warn', folder: join(folder, 'file', 'spool') },
    ]);
    await expect(spool.append([push('first')])).rejects.toThrow('ENOTDIR');
    expect(await spool.isEmpty()).toBe(true);
    expect(await spool.empty(redis())).toBe(0);
    await spool.close();
  });

  test('takes the next push where one could not be written', async () => {
    await rm(folder, { recursive: true });
    await expect(writer.append([push('first')])).rejects.toThrow('ENOENT');
    await mkdir(folder);
    await writer.append([push('second')]);
    expect(await other.empty(redis())).toBe(1);
    expect(stored).toEqual(['second']);
  });

  test('has settled when all that was begun is on the disk', async () => {
    const appending = Promise.all([writer.append([push('first')]), writer.append([push('second')])]);
    await writer.settled();
    expect(await other.empty(redis())).toBe(2);
    await appending;
  });
});

test('two ledgers in one folder empty each its own spool', async () => {
  const { log } = readableLog();
  const folders = ['one', 'two'].map((ledger) => spoolFolder({ home: folder, ledger }));
  const [one, two] = (await Promise.all(folders.map((it) => openSpool(it, log)))) as [Spool, Spool];
  await one.append([{ receivedAt: 1, infoType: 'of one', query: 'q', body: Buffer.from('x') }]);
  const stored: string[] = [];
  const store = {
    storedOf: async () => 0,
    store: async (pushes: readonly ReceivedPush[]) => stored.push(...pushes.map(({ infoType }) => infoType)),
  };
  expect(await two.empty(store)).toBe(0);
  expect(await one.empty(store)).toBe(1);
  expect(stored).toEqual(['of one']);
  await Promise.all([one.close(), two.close()]);
});

import { Socket } from 'node:net';
import { setImmediate as untilTheLoopTurns } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { RequestFeed } from '../../src/http/request-feed.js';

const HEAD = 'POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n';
const CHUNKS = '1\r\nx\r\n'.repeat(10_000);

/** What a reader gets of a request; `read` is told how much it has. */
async function fed(length: number | undefined, read: (feed: RequestFeed, bytes: number) => void): Promise<number> {
  const feed = new RequestFeed(new Socket(), () => {});
  let bytes = 0;
  feed.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    read(feed, bytes);
  });
  feed.offer(Buffer.from(HEAD + CHUNKS));
  feed.allowHead(HEAD.length);
  await untilTheLoopTurns();
  feed.allowBody(length);
  for (let turn = 0; turn < 3; turn += 1) await untilTheLoopTurns();
  return bytes - HEAD.length;
}

test('a body in chunks reaches its reader whole', async () => {
  expect(await fed(undefined, () => {})).toBe(CHUNKS.length);
});

test('of a body in chunks nothing is parsed behind the slice that made its reader refuse it', async () => {
  const refused = await fed(undefined, (feed, bytes) => {
    if (bytes > HEAD.length) process.nextTick(() => feed.release());
  });
  expect(refused).toBeGreaterThan(0);
  expect(refused).toBeLessThan(1_024);
});

test('of a body with a length no more than that is read', async () => {
  expect(await fed(600, () => {})).toBe(600);
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { limitsOf } from '../../src/app/wiring/limits.js';
import { sendingStatus } from '../../src/reporter/sending-status.js';
import { newGate } from '../support/gate.js';
import { merchant } from '../support/merchants.js';
import { APIS, merchantsAskedTwice, type Rehearsal, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

/** An hour in four seconds: notices after ten minutes. */
const WAITS = {
  FASTREGISTER_PROBE_FIRST: '20ms',
  FASTREGISTER_PROBE_MAX: '1s',
  FASTREGISTER_NOTIFY_AFTER: '667ms',
  // A refused connection is none that takes long; an answer that a busy machine delays is not to count as lost.
  FASTREGISTER_REQUEST_TIMEOUT: '20s',
};

test.each(APIS)('%s: the line is tried less and less often, says so once, and opens by itself', async (api) => {
  const [gate, notices] = [await newGate(), await newListener()];
  const story = await rehearse({
    api,
    settings: {
      ...WAITS,
      WECHAT_API_BASE_URL: gate.url,
      FASTREGISTER_NOTIFY_URL: notices.url,
      FASTREGISTER_WEBHOOK_SECRET: 'of-the-test',
    },
  });
  gate.behind(story.simulator.port);
  const [before, ...rows] = Array.from({ length: 12 }, (_, number) => merchant(number));
  await story.book.load('b1', [before]);
  await story.start();
  await story.settled('b1');
  await gate.shut();
  await story.book.load('b2', rows);

  await until('people were told', () => notices.types().includes('line.stopped'));
  const line = await until('it was tried some more', async () => {
    const now = await story.book.calls.line();
    return (now?.probe?.failed ?? 0) >= 7 && now;
  });
  expect(line).toMatchObject({ problem: 'call:not_sent', halfOpen: false });
  const { blockedReason, stopped } = await sendingOf(story);
  expect(stopped).toBe(false);
  expect(blockedReason?.reason.en).toMatch(/WeChat cannot be reached.*What came: ECONNREFUSED.*failed so far\.$/);
  expect(blockedReason?.nextStep.en).toContain('WECHAT_API_BASE_URL');
  // Nothing was sent, so nothing counts.
  expect((await story.book.calls.ofDay(today())).create).toBe(1);

  await gate.open();
  await story.settled('b2');
  expect(await story.book.batches.counts('b2')).toEqual({ created: 11 });
  expect(merchantsAskedTwice(story.simulator)).toEqual([]);
  for (const it of rows) expect(await story.registration(it)).toMatchObject({ attempt: 1 });
  await until('people were told that it is over', () => notices.types().includes('line.resumed'));
  expect(notices.types().filter((type) => type.startsWith('line.'))).toEqual(['line.stopped', 'line.resumed']);
  expect(notices.of('line.stopped')).toMatchObject({
    problem: 'call:not_sent',
    opens_by_itself: true,
    next_step: { en: expect.stringContaining('`fastregister resume`') },
  });
});

test('the same where no token can be fetched: one process asks for all, and goes on when it can be', async () => {
  const notices = await newListener();
  const story = await rehearse({
    settings: { ...WAITS, FASTREGISTER_NOTIFY_URL: notices.url, FASTREGISTER_WEBHOOK_SECRET: 'of-the-test' },
  });
  story.simulator.setFaults({ ip: 'h503' });
  await story.book.load('b1', [merchant(1), merchant(2)]);
  await story.start();
  await Promise.all([story.startSending(), story.startSending()]);
  await until('people were told', () => notices.types().includes('line.stopped'));
  const came = 'HTTP 503 and no JSON (text/html)';
  expect(notices.of('line.stopped')).toMatchObject({ problem: 'call:not_sent', because: came });
  const { blockedReason } = await sendingOf(story);
  expect(blockedReason?.reason.en).toContain(`What came: ${came}.`);
  expect(blockedReason?.reason.en).toMatch(/No component access token since .*, asked for \d times; the next time at/);
  // One process asks at a time, and the call that is under way is not counted yet.
  expect(tokenCalls(story)).toBeLessThanOrEqual(((await story.book.calls.waitNoted())?.tries ?? 0) + 1);

  story.simulator.clearFaults();
  await story.settled('b1');
  expect(await story.book.batches.counts('b1')).toEqual({ created: 2 });
  expect(notices.types().filter((type) => type === 'line.stopped')).toHaveLength(1);
});

// --- helpers ----------------------------------------------------------------------------------------------------------

function sendingOf({ book, store }: Rehearsal) {
  return sendingStatus(book.calls, limitsOf(store.settings), Date.now());
}

/** How often WeChat was asked for a ticket or a token. */
function tokenCalls({ simulator }: Rehearsal): number {
  const calls = Object.entries(simulator.state().calls).filter(([path]) => path.includes('/component/api_'));
  return calls.flatMap(([, actions]) => Object.values(actions)).reduce((sum, by) => sum + (by.h503 ?? 0), 0);
}

function today(): string {
  return new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
}

interface Posted {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Whoever FASTREGISTER_NOTIFY_URL tells. */
async function newListener() {
  const posted: Posted[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      posted.push(JSON.parse(Buffer.concat(chunks).toString()) as Posted);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    types: () => posted.map(({ type }) => type),
    of: (wanted: string) => posted.find(({ type }) => type === wanted)?.data,
  };
}

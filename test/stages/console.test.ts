import { request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import type { Sources } from '../../src/console/overview.js';
import { startConsole } from '../../src/console/server.js';
import { readableLog } from '../support/log.js';

async function openConsole() {
  const { log, lines } = readableLog();
  const server = await startConsole({
    host: '127.0.0.1',
    port: 0,
    password: undefined,
    sources: {} as Sources,
    isReady: async () => true,
    log,
  });
  onTestFinished(() => server.close());
  /** Not fetch, which tidies a path up. */
  const statusOf = (path: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port: server.port, path }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode));
      });
      asked.once('error', reject).end();
    });
  return { statusOf, lines };
}

test('a path that the console does not have is not found, whatever it looks like, and no fault', async () => {
  const { statusOf, lines } = await openConsole();
  for (const path of ['/nothing', '//', '///', '//livez', '//livez/', '/%']) {
    expect([path, await statusOf(path)]).toEqual([path, 404]);
  }
  expect(lines).toEqual([]);
});

test('a path is the same one with a query', async () => {
  const { statusOf } = await openConsole();
  expect(await statusOf('/livez')).toBe(200);
  expect(await statusOf('/readyz?verbose')).toBe(200);
  expect(await statusOf('/?a=//')).toBe(403);
});

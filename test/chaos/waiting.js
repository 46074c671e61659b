import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 25;

/** Answers how long it took, in ms. */
export async function untilTrue(what, condition, withinMs = 60_000) {
  const began = Date.now();
  while (Date.now() - began < withinMs) {
    if (await Promise.resolve(condition()).catch(() => false)) return Date.now() - began;
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error(`waited in vain until ${what}`);
}

export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

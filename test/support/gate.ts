/** A network that can be cut and mended: it passes connections on to whoever is behind it, or refuses them. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Gate {
  readonly url: string;
  behind(port: number): void;
  /** Nobody listens from now on, and what was open is cut. */
  shut(): Promise<void>;
  open(): Promise<void>;
}

export async function newGate(): Promise<Gate> {
  let target = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((caller) => {
    const callee = connect(target, '127.0.0.1');
    for (const [one, other] of [
      [caller, callee],
      [callee, caller],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  async function shut(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  }
  onTestFinished(shut);
  return {
    url: `http://127.0.0.1:${port}`,
    behind(next) {
      target = next;
    },
    shut,
    async open() {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
  };
}

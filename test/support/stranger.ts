/** A TCP connection of which a test decides every byte. */
import { createConnection, type Socket } from 'node:net';

export interface Stranger {
  readonly socket: Socket;
  send(text: string | Buffer): void;
  /** Everything that came so far. */
  heard(): string;
  isClosed(): boolean;
}

export async function stranger(port: number, host = '127.0.0.1'): Promise<Stranger> {
  const socket = createConnection({ port, host, noDelay: true });
  let heard = '';
  let closed = false;
  socket.setEncoding('latin1').on('data', (text: string) => {
    heard += text;
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    closed = true;
  });
  await new Promise((resolve) => socket.once('connect', resolve));
  return {
    socket,
    send: (text) => void socket.write(text),
    heard: () => heard,
    isClosed: () => closed,
  };
}

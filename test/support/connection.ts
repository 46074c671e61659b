/** A connection whose socket only remembers that it was closed. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { Connection } from '../../src/http/connection.js';

export function connection(): Connection {
  const socket = Object.assign(new EventEmitter(), { destroyed: false, destroy() {} });
  socket.destroy = () => {
    socket.destroyed = true;
  };
  return new Connection(socket as unknown as Socket);
}

/** A connection whose socket only remembers its peer, and that it was closed. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { Connection } from '../../src/http/connection.js';

export function connection(remoteAddress = '203.0.113.7'): Connection {
  const socket = Object.assign(new EventEmitter(), { remoteAddress, destroyed: false, destroy() {} });
  socket.destroy = () => {
    socket.destroyed = true;
  };
  return new Connection(socket as unknown as Socket);
}

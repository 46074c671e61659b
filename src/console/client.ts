/** Who asks, as far as the connection says it; behind a trusted proxy, as the proxy says it. */
import type { IncomingMessage } from 'node:http';
import { forwardedAddress, type Networks } from '../http/addresses.js';

export interface ConsoleClient {
  readonly address: string;
  /** The browser speaks TLS: with us never, with a proxy in front of us perhaps. */
  readonly isSecure: boolean;
}

export function clientOf(incoming: IncomingMessage | undefined, trusted: Networks): ConsoleClient {
  const remote = plain(incoming?.socket.remoteAddress ?? '');
  if (incoming === undefined || remote === '' || !trusted.has(remote)) return { address: remote, isSecure: false };
  const protocol = incoming.headers['x-forwarded-proto'];
  return {
    address: forwardedAddress(incoming, trusted) ?? remote,
    isSecure: typeof protocol === 'string' && protocol.split(',')[0]?.trim().toLowerCase() === 'https',
  };
}

function plain(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

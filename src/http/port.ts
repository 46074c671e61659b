/** Opening a port, and what keeps one from it. */
import type { Server } from 'node:net';

/** The settings name a port that cannot be opened: a usage error, not a fault of the program. */
export class PortUnavailable extends Error {
  override readonly name = 'PortUnavailable';
  readonly code: string;

  constructor(message: string, code: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

export interface PortSettings {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Connections that the system keeps until they are accepted; it may keep fewer. */
  readonly backlog?: number;
  /** What to set for another host and another port, e.g. FASTREGISTER_EVENTS_HOST. */
  readonly settings: { readonly host: string; readonly port: string };
}

/** @throws PortUnavailable */
export async function openPort(server: Server, { host, port, backlog, settings }: PortSettings): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const message = MESSAGES[error.code ?? '']?.(`${host}:${port}`, settings);
      reject(message === undefined ? error : new PortUnavailable(message, error.code ?? '', error));
    };
    server.once('error', failed);
    server.listen({ host, port, ...(backlog !== undefined && { backlog }) }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

type Message = (where: string, settings: PortSettings['settings']) => string;

const MESSAGES: Readonly<Record<string, Message>> = {
  EADDRINUSE: (where, { port }) =>
    `${where} is in use: another program, or another fastregister, listens there. Stop it, or choose another port with ${port}.`,
  EACCES: (where, { port }) =>
    `${where} may not be opened by this user: ports below 1024 belong to root. Choose another port with ${port}.`,
  EADDRNOTAVAIL: (where, { host }) => `${where} is not an address of this machine. Correct ${host}.`,
  ENOTFOUND: (where, { host }) => `${where}: there is no host of this name. Correct ${host}.`,
};

/** Opens a port, and says why one cannot be opened. */
import type { Server } from 'node:net';
import { UserError, type Words } from '../domain/words.js';

/** The settings name a port that cannot be opened: a usage error, not a fault of the program. */
export class PortUnavailable extends UserError {
  override readonly name = 'PortUnavailable';
  readonly code: string;

  constructor(words: Words, code: string, cause: unknown) {
    super(words, { cause });
    this.code = code;
  }
}

export interface PortSettings {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** How many connections the system keeps until they are accepted; it may keep fewer. */
  readonly backlog?: number;
  /** The settings of host and port, e.g. FASTREGISTER_EVENTS_HOST. */
  readonly settings: { readonly host: string; readonly port: string };
}

/** @throws PortUnavailable */
export async function openPort(server: Server, { host, port, backlog, settings }: PortSettings): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const words = MESSAGES[error.code ?? '']?.(`${host}:${port}`, settings);
      reject(words === undefined ? error : new PortUnavailable(words, error.code ?? '', error));
    };
    server.once('error', failed);
    server.listen({ host, port, ...(backlog !== undefined && { backlog }) }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

type Message = (where: string, settings: PortSettings['settings']) => Words;

const MESSAGES: Readonly<Record<string, Message>> = {
  EADDRINUSE: (where, { port }) => ({
    en: `${where} is in use: another program, or another fastregister, listens there. Stop it, or choose another port with ${port}.`,
    zh: `${where} 已被占用：另一个程序或另一个 fastregister 正在使用。请停止它，或用 ${port} 另选端口。`,
  }),
  EACCES: (where, { port }) => ({
    en: `${where} may not be opened by this user: ports below 1024 belong to root. Choose another port with ${port}.`,
    zh: `当前用户无权使用 ${where}：1024 以下的端口仅限 root。请用 ${port} 另选端口。`,
  }),
  EADDRNOTAVAIL: (where, { host }) => ({
    en: `${where} is not an address of this machine. Correct ${host}.`,
    zh: `${where} 不是本机地址。请更正 ${host}。`,
  }),
  ENOTFOUND: (where, { host }) => ({
    en: `${where}: there is no host of this name. Correct ${host}.`,
    zh: `${where}：没有此主机名。请更正 ${host}。`,
  }),
};

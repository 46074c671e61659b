/** A connection on which many short texts are read: its commands are bytes, and so are the answers (joined-answers.ts). */
import type { Redis } from 'ioredis';
import { JoinedAnswers, NoAnswer } from './joined-answers.js';
import { duplicateConnection, SILENT_TOO_LONG_MS } from './server/connection.js';

export interface BulkConnection {
  /**
   * Sends commands, and joins the texts that they are answered with. `sent`: their bytes may be overwritten.
   * @throws NoAnswer
   */
  texts(commands: Buffer, answers: number, bytes: number, sent?: () => void): Promise<Buffer>;
  close(): void;
}

/**
 * ioredis connects, with all that an address may ask for, and leaves the connection to us. It is not opened again once it is lost.
 * @returns undefined where there is no such connection: on a cluster, or if Redis cannot be reached
 */
export async function openBulkConnection(redis: Redis, joint: number): Promise<BulkConnection | undefined> {
  if (redis.isCluster) return undefined;
  const own = duplicateConnection(redis, { retryStrategy: () => null });
  // `texts` reports it.
  own.on('error', () => {});
  try {
    await own.connect();
  } catch {
    return undefined;
  }
  const { stream } = own;
  const answers = new JoinedAnswers(joint);
  let isOpen = true;
  let isCorked = false;
  stream.removeAllListeners('data');
  stream.on('data', (piece: Buffer) => answers.take(piece));
  stream.setTimeout(SILENT_TOO_LONG_MS, () => stream.destroy());
  stream.on('close', () => {
    isOpen = false;
    answers.fail('the connection was lost');
  });
  return {
    texts(commands, count, bytes, sent) {
      if (!isOpen) return Promise.reject(new NoAnswer('the connection was lost'));
      const joined = answers.next(count, bytes);
      // What is sent in a turn leaves together: each write may wake up Redis.
      if (!isCorked) {
        isCorked = true;
        stream.cork();
        process.nextTick(() => {
          isCorked = false;
          stream.uncork();
        });
      }
      stream.write(commands, sent);
      return joined;
    },
    close: () => own.disconnect(),
  };
}

export function commandBytes(...args: readonly (string | number)[]): Buffer {
  const texts = args.map(String);
  return Buffer.from(
    `*${texts.length}\r\n${texts.map((text) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`).join('')}`,
  );
}

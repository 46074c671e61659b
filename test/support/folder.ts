import { rmSync } from 'node:fs';

const TRIES = 100;

/**
 * Removes a folder in which a Redis wrote: its child that rewrites the append-only file outlives it by a moment. Node's own
 * patience does not help, for it does not look again for files that have come meanwhile.
 */
export function removeRedisFolder(folder: string): void {
  for (let tries = 1; ; tries += 1) {
    try {
      rmSync(folder, { recursive: true, force: true, maxRetries: 3, retryDelay: 50 });
      return;
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}

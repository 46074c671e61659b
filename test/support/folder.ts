import { rmSync } from 'node:fs';

/** Removes a folder in which a Redis wrote: its child that rewrites the append-only file outlives it by a moment. */
export function removeRedisFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
}

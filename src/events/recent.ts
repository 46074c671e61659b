/**
 * Signatures of pushes that this process has stored lately, or is storing, and their answers. Redis keeps the
 * signatures of three days; this map keeps a flood of one captured push away from Redis, and from the disk while Redis
 * is unavailable.
 */
export interface Recent<T> {
  get(signature: string): Promise<T> | undefined;
  set(signature: string, answer: Promise<T>): void;
  forget(signature: string): void;
}

/**
 * Two halves: when the newer half is full, it becomes the older half, which is dropped. Finding the oldest entry of a
 * Map takes longer.
 */
export function openRecent<T>(most: number): Recent<T> {
  let newer = new Map<string, Promise<T>>();
  let older = new Map<string, Promise<T>>();
  return {
    get: (signature) => newer.get(signature) ?? older.get(signature),
    set(signature, answer) {
      if (newer.size >= most / 2) {
        older = newer;
        newer = new Map();
      }
      newer.set(signature, answer);
    },
    forget(signature) {
      newer.delete(signature);
      older.delete(signature);
    },
  };
}

/**
 * Signatures of pushes that this process has stored lately, or is storing. Redis keeps the signatures of three days; this map
 * keeps a flood of one captured push away from Redis, and from the disk while Redis is unavailable.
 */
export interface Recent {
  /** Resolves when the push is stored. */
  get(signature: string): Promise<void> | undefined;
  set(signature: string, stored: Promise<void>): void;
  forget(signature: string): void;
}

/**
 * Two halves: when the newer half is full, it becomes the older half, which is dropped. Finding the oldest entry of a
 * Map takes longer.
 */
export function openRecent(most: number): Recent {
  let newer = new Map<string, Promise<void>>();
  let older = new Map<string, Promise<void>>();
  return {
    get: (signature) => newer.get(signature) ?? older.get(signature),
    set(signature, stored) {
      if (newer.size >= most / 2) {
        older = newer;
        newer = new Map();
      }
      newer.set(signature, stored);
    },
    forget(signature) {
      newer.delete(signature);
      older.delete(signature);
    },
  };
}

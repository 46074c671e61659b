/**
 * Signatures of pushes that this process has stored lately, or is storing, and what those were answered. Redis remembers
 * those of three days; this keeps a flood of one captured push from Redis, and from the disk while Redis is away.
 */
export interface Recent<T> {
  get(signature: string): Promise<T> | undefined;
  set(signature: string, answer: Promise<T>): void;
  forget(signature: string): void;
}

/** Two halves: when the newer one is full, it becomes the older one, which is dropped. To find the oldest entry of a Map takes longer. */
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

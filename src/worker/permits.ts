/**
 * How long a permit to call is valid. Redis counts a call in the second in which it gives the permit. A worker that was
 * frozen, or that got Redis' answer late, would call in another second, or after another worker has sent the row.
 */

export interface Permits {
  /** Call this before asking for a permit. */
  ask(): PermitAge;
}

export interface PermitAge {
  /** True: the permit is too old for a call. Check this right before the call. */
  isExpired(): boolean;
}

/** The time that a busy machine needs between request and call; short, compared with the second in which calls are counted. */
const GOOD_FOR_MS = 500;

/** A Redis that is slow for long must not prevent all calls: then permits are valid for longer, up to the limit. */
const LONGER = 4;

/**
 * @param limitMs the request timeout: a permit that is older is never used
 * @param clock monotonic, in ms: `performance.now`
 */
export function openPermits(limitMs: number, clock: () => number): Permits {
  const shortest = Math.min(GOOD_FOR_MS, limitMs);
  let goodForMs = shortest;
  let changedAt = Number.NEGATIVE_INFINITY;

  return {
    ask() {
      const askedAt = clock();
      const allowedMs = goodForMs;
      return {
        isExpired() {
          const ageMs = clock() - askedAt;
          // Permits that were requested together expire together, and count as one reason to extend the validity.
          if (ageMs > allowedMs && askedAt >= changedAt) {
            goodForMs = Math.min(allowedMs * LONGER, limitMs);
            changedAt = clock();
          } else if (ageMs <= shortest) {
            goodForMs = shortest;
          }
          return ageMs > allowedMs;
        },
      };
    },
  };
}

/**
 * How long a permit to call is good for. Redis counts a call when it gives the permit; a worker that was frozen, or that got the
 * answer of Redis late, would call in another second than the one that was counted, or after another worker has sent the row.
 */

export interface Permits {
  /** To be called before a permit is asked for. */
  ask(): PermitAge;
}

export interface PermitAge {
  /** Too old: no call may be made with it. To be asked right before the call. */
  isExpired(): boolean;
}

/** What a busy machine needs between asking and calling, and little beside the second in which calls are counted. */
const GOOD_FOR_MS = 500;

/** A Redis that is slow for long shall not keep everybody from calling: then permits are good for longer, up to the limit. */
const LONGER = 4;

/**
 * @param limitMs the request timeout: a permit that is older is never used
 * @param clock ms that no setting of a clock changes: `performance.now`
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
          // Those that were asked for together expire together, and are one reason to allow more, not many.
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

/**
 * How old a push is. A captured push can be sent again for ever, and its signature stays valid; the times in it cannot
 * be changed. So a push that is too old is not believed: WeChat repeats a push within minutes.
 */

/** Signatures of pushes that were stored are remembered for longer than that (`store-pushes.lua`). */
export const OLD_AFTER_MS = 3 * 86_400_000;

/** Within this time WeChat's pushes overtake each other and are repeated. */
const OUT_OF_ORDER_MS = 3_600_000;

export interface Ages {
  /** @param pushedAt ms since 1970 by WeChat's clock; undefined where the push does not say */
  isOld(pushedAt: number | undefined): boolean;
  /** The time of the newest push that was stored before this process began; undefined: none is known. */
  know(pushedAt: number | undefined): void;
}

/**
 * If our clock is days ahead, pushes must not count as old. Times of WeChat's pushes only increase, so a push that is as new
 * as the newest push so far is not old, whatever our clock says.
 */
export function openAges(now: () => number): Ages {
  let newest: number | undefined;
  return {
    isOld(pushedAt) {
      if (pushedAt === undefined) return false;
      const isLate = newest === undefined || pushedAt < newest - OUT_OF_ORDER_MS;
      if (isLate && now() - pushedAt > OLD_AFTER_MS) return true;
      newest = Math.max(newest ?? 0, pushedAt);
      return false;
    },
    know(pushedAt) {
      if (pushedAt !== undefined) newest = Math.max(newest ?? 0, pushedAt);
    },
  };
}

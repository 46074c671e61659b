export type WithPermit = (work: () => Promise<void>) => Promise<void>;

/** Limits how many tasks run at a time; the others wait in the order in which they came. */
export function openSemaphore(count: number): WithPermit {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}

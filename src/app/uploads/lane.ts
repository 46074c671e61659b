/** Work of which so much is done at once; the rest waits for its turn. */
export function openLane(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let working = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (working >= most) await new Promise<void>((resolve) => void waiting.push(resolve));
    else working += 1;
    try {
      return await work();
    } finally {
      // The next work takes the place, so it is not counted anew.
      const next = waiting.shift();
      if (next === undefined) working -= 1;
      else next();
    }
  };
}

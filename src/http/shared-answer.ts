/** One answer for all requests that come while it is computed, and for some time after: a flood of requests costs as much as one. */
export function sharedAnswer<T>(ask: () => Promise<T>, forMs = 0): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    if (answer === undefined) {
      const asked = ask();
      answer = asked;
      const forget = (): void => {
        if (answer === asked) answer = undefined;
      };
      asked.then(() => (forMs === 0 ? forget() : void setTimeout(forget, forMs).unref()), forget);
    }
    return answer;
  };
}

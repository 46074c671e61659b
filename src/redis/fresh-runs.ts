/**
 * Runs a task for many callers, and never twice at the same time. Each caller gets a run that began after its call: callers that
 * come during a run share the next one.
 */
export function freshRuns<T>(task: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  let queued: Promise<T> | undefined;

  return function run(): Promise<T> {
    if (running === undefined) {
      running = task().finally(() => {
        running = undefined;
      });
      return running;
    }
    queued ??= running
      .catch(() => {})
      .then(() => {
        queued = undefined;
        return run();
      });
    return queued;
  };
}

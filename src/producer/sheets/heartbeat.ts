/** Counts the steps of reading where the main thread sees them while this thread is busy. */
import { workerData } from 'node:worker_threads';

/** Shared with `reading-thread.ts`; outside of such a thread it is not used. */
const count: Int32Array =
  workerData instanceof Object && workerData.heartbeat instanceof Int32Array ? workerData.heartbeat : new Int32Array(1);

/** Call it after each piece of the file that was read or unpacked. */
export function beat(): void {
  Atomics.add(count, 0, 1);
}

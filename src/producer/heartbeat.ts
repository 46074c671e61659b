/** A sign that reading goes forward, which the main thread can see while this thread is busy. */
import { workerData } from 'node:worker_threads';

/** Given by `reading-thread.ts`; outside of such a thread nobody looks at it. */
const count: Int32Array =
  workerData instanceof Object && workerData.heartbeat instanceof Int32Array ? workerData.heartbeat : new Int32Array(1);

/** After each piece of the file that was read, or unpacked. */
export function beat(): void {
  Atomics.add(count, 0, 1);
}

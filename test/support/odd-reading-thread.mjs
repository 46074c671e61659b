// A thread that does what no file should make a reader do: the path that it is asked to open says what.
import { parentPort, workerData } from 'node:worker_threads';

const ODD = {
  'runs for ever': () => {
    for (;;);
  },
  'backtracks for ever': () => /^(?:a+)+$/.test(`${'a'.repeat(60)}b`),
  'takes all memory': () => {
    for (const taken = []; ; Atomics.add(workerData.heartbeat, 0, 1)) taken.push(Array(1_000).fill(0.5));
  },
  throws: () => {
    throw new Error('a fault of the reader');
  },
  leaves: () => process.exit(7),
  // Both longer than the test lets a thread be busy.
  'waits for the disk': () => setTimeout(() => parentPort.postMessage({ kind: 'opened', facts: { bytes: 1 } }), 2_000),
  // As on a machine that is busy with other things: the thread has work, and no processor to do it on.
  'gets no processor': () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000);
    parentPort.postMessage({ kind: 'opened', facts: { bytes: 1 } });
  },
};

parentPort.on('message', ({ path }) => ODD[path]());

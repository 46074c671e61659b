/** The threads that read sheets: a thread is started when it is needed, and kept for the next sheet for a while. */
import { type ReadingThread, startReadingThread } from './reading-thread.js';

/** Each takes memory; the next sheet waits. */
const MOST_AT_ONCE = 4;
/** Threads without work; another one starts in 40 ms. */
const MOST_SPARE = 2;
const SPARE_MS = 5_000;

let working = 0;
const waiting: (() => void)[] = [];
/** The thread that worked last is at the end. */
const spare: { readonly thread: ReadingThread; readonly timer: NodeJS.Timeout }[] = [];

/** @param id of the sheet: a thread that has opened it knows it still */
export async function takeReadingThread(id: number): Promise<ReadingThread> {
  while (working >= MOST_AT_ONCE) await new Promise<void>((resolve) => void waiting.push(resolve));
  working += 1;
  const knowing = spare.findIndex(({ thread }) => thread.knows(id));
  const [found] = spare.splice(knowing < 0 ? -1 : knowing, 1);
  if (found === undefined) return startReadingThread();
  clearTimeout(found.timer);
  return found.thread.isFit() ? found.thread : startReadingThread();
}

export function giveBackReadingThread(thread: ReadingThread): void {
  working -= 1;
  waiting.shift()?.();
  if (!thread.isFit()) {
    thread.close();
    return;
  }
  spare.push({ thread, timer: setTimeout(() => endSpare(thread), SPARE_MS).unref() });
  const [oldest] = spare;
  if (spare.length > MOST_SPARE && oldest !== undefined) endSpare(oldest.thread);
}

function endSpare(ended: ReadingThread): void {
  const at = spare.findIndex(({ thread }) => thread === ended);
  const [found] = spare.splice(at, at < 0 ? 0 : 1);
  if (found === undefined) return;
  clearTimeout(found.timer);
  found.thread.close();
}

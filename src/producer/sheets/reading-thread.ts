/**
 * Starts and watches a thread that reads sheets. If a file keeps the thread busy without progress, or uses up its memory,
 * the thread ends and the file is refused; the process goes on.
 */
import { Worker } from 'node:worker_threads';
import { STANDSTILL_MS } from '../../domain/sheet-limits.js';
import type { SheetRow } from '../../domain/sheet-row.js';
import type { Words } from '../../domain/words.js';
import { giveWay } from '../../give-way.js';
import type { PageToAccept, WantedPages } from '../pages-to-accept.js';
import { type PostedPage, unpackPage } from './pages.js';
import type { FromReader, ToReader, WantedRows, WantedSheet } from './reading-messages.js';
import { SheetError } from './sheet-error.js';
import type { SheetFacts } from './sheet-facts.js';

export interface ReadingThread {
  /** Whether the thread is kept for one more sheet. */
  isFit(): boolean;
  /** Whether it has opened this sheet. */
  knows(id: number): boolean;
  // One of these at a time. @throws SheetError
  open(wanted: WantedSheet): Promise<SheetFacts>;
  pages(wanted: WantedRows): AsyncGenerator<SheetRow[]>;
  pagesToAccept(wanted: WantedRows, toAccept: WantedPages): AsyncGenerator<PageToAccept>;
  close(): void;
}

/** Tests run the sources; a thread needs the built program. */
const ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? '../../../dist/src/producer/sheets/sheet-thread.js' : './sheet-thread.js',
  import.meta.url,
);

/** Far more memory than `domain/sheet-limits.ts` allows a sheet to take; a second line of defence. */
const MEMORY = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16 };
/** A thread with a larger heap is ended: a new thread costs less than that memory. */
const SWOLLEN_BYTES = 40 * 1024 ** 2;
/** How many pages are read while earlier pages are processed. */
const PAGES_AHEAD = 3;
const LOOK_EVERY_MS = 250;
/** A thread that waits for the disk is not busy. */
const BUSY = 0.5;

/**
 * @param entry of the thread
 * @param standstillMs of a processor's time without progress, after which the file is refused
 */
export function startReadingThread(entry: URL = ENTRY, standstillMs: number = STANDSTILL_MS): ReadingThread {
  const heartbeat = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const worker = new Worker(entry, { workerData: { heartbeat }, resourceLimits: MEMORY, execArgv: [], env: {} });
  const known = new Set<number>();
  const received: FromReader[] = [];
  let failure: Error | undefined;
  let isSwollen = false;
  let waiter: { resolve(): void; reject(error: Error): void } | undefined;

  function fail(error: Error): void {
    failure ??= error;
    void worker.terminate();
    waiter?.reject(failure);
  }

  worker.on('message', (message: FromReader) => {
    received.push(message);
    waiter?.resolve();
  });
  worker.on('error', (error: NodeJS.ErrnoException) => {
    fail(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? new SheetError(OUT_OF_MEMORY, { cause: error }) : error);
  });
  worker.on('exit', (code) => fail(new Error(`the thread that reads sheets ended with ${code}`)));
  worker.unref();

  async function receive(): Promise<FromReader> {
    if (received.length === 0) await somethingReceived();
    const first = received.shift();
    if (first === undefined) throw failure ?? new Error('the thread that reads sheets did not answer');
    if ('heapBytes' in first) isSwollen = first.heapBytes > SWOLLEN_BYTES;
    return first;
  }

  async function somethingReceived(): Promise<void> {
    if (failure !== undefined) throw failure;
    // A thread keeps the process alive only while an answer is awaited.
    worker.ref();
    const watch = watchOver(worker, heartbeat, standstillMs, () => fail(new SheetError(standsStill(standstillMs))));
    try {
      await new Promise<void>((resolve, reject) => {
        waiter = { resolve, reject };
      });
    } finally {
      waiter = undefined;
      watch.end();
      worker.unref();
    }
  }

  function post(message: ToReader): void {
    worker.postMessage(message);
  }

  async function open(wanted: WantedSheet): Promise<SheetFacts> {
    post({ kind: 'open', ...wanted });
    const answer = await receive();
    if (answer.kind !== 'opened') throw errorOf(answer);
    known.add(wanted.id);
    return answer.facts;
  }

  async function* pages(wanted: WantedRows): AsyncGenerator<SheetRow[]> {
    for await (const page of handedOver<PostedPage>(wanted)) yield unpackPage(page);
  }

  function pagesToAccept(wanted: WantedRows, toAccept: WantedPages): AsyncGenerator<PageToAccept> {
    return handedOver<PageToAccept>({ ...wanted, toAccept });
  }

  /** @typeParam Page the form of a page that the caller wants */
  async function* handedOver<Page extends PostedPage | PageToAccept>(
    wanted: WantedRows & { readonly toAccept?: WantedPages },
  ): AsyncGenerator<Page> {
    known.add(wanted.id);
    post({ kind: 'rows', ...wanted, pages: PAGES_AHEAD });
    let hasEnded = false;
    try {
      for (;;) {
        const answer = await receive();
        hasEnded = answer.kind !== 'page';
        if (answer.kind === 'ended') return;
        if (answer.kind !== 'page') throw errorOf(answer);
        post({ kind: 'more' });
        // A port delivers up to a thousand messages in a row; all other work of the main thread would wait.
        await giveWay();
        yield answer.page as Page;
      }
    } finally {
      // The caller stopped before the last row.
      if (!hasEnded && failure === undefined) {
        post({ kind: 'stop' });
        while ((await receive()).kind === 'page');
      }
    }
  }

  return {
    isFit: () => failure === undefined && !isSwollen,
    knows: (id) => known.has(id),
    open,
    pages,
    pagesToAccept,
    close: () => void worker.terminate(),
  };
}

/** However busy the machine is, reading ends if a file makes no progress in this time. */
const LONGEST_STANDSTILL_MS = 60_000;

/**
 * `onStandstill`: the thread has used `standstillMs` of a processor and read nothing. By the processor's time, because on a busy
 * machine a thread may wait for its turn longer than that with a file that is in order.
 */
function watchOver(
  worker: Worker,
  heartbeat: Int32Array,
  standstillMs: number,
  onStandstill: () => void,
): { end(): void } {
  let beats = Atomics.load(heartbeat, 0);
  let before = [worker.performance.eventLoopUtilization(), performance.eventLoopUtilization()] as const;
  let cpu = process.cpuUsage();
  let [usedMs, stillMs] = [0, 0];
  const timer = setInterval(() => {
    const now = Atomics.load(heartbeat, 0);
    const { utilization } = worker.performance.eventLoopUtilization(before[0]);
    const own = performance.eventLoopUtilization(before[1]);
    const { user, system } = process.cpuUsage(cpu);
    before = [worker.performance.eventLoopUtilization(), performance.eventLoopUtilization()];
    cpu = process.cpuUsage();
    const isStill = now === beats && utilization > BUSY;
    beats = now;
    // What the process has used beside its main thread.
    usedMs = isStill ? usedMs + Math.max((user + system) / 1000 - own.active, 0) : 0;
    // Counted by looks, not by the clock: while a machine sleeps, there are none.
    stillMs = isStill ? stillMs + LOOK_EVERY_MS : 0;
    if (usedMs >= standstillMs || stillMs >= LONGEST_STANDSTILL_MS) onStandstill();
  }, LOOK_EVERY_MS);
  return { end: () => clearInterval(timer) };
}

function errorOf(answer: FromReader): Error {
  if (answer.kind === 'refused') return new SheetError(answer.words, { cause: answer.cause });
  if (answer.kind !== 'failed') return new Error(`the thread that reads sheets answered with ${answer.kind}`);
  const { message, stack, code } = answer;
  const error: NodeJS.ErrnoException = new Error(message, { cause: stack });
  if (code !== undefined) error.code = code;
  return error;
}

const standsStill = (ms: number): Words => ({
  en: `reading the file did not get any further for ${ms / 1000} seconds, so it was stopped; open it in Excel or WPS, copy the values into a new file, and save that`,
  zh: `读取该文件 ${ms / 1000} 秒没有进展，已停止；请用 Excel 或 WPS 打开，将数值复制到新文件后保存`,
});

const OUT_OF_MEMORY = {
  en: 'reading the file takes more memory than a sheet of merchants needs, so it was stopped; open it in Excel or WPS, copy the values into a new file, and save that',
  zh: '读取该文件所需内存超出商户表所需，已停止；请用 Excel 或 WPS 打开，将数值复制到新文件后保存',
};

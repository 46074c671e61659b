/** What commands say and where: data on stdout, everything else on stderr. */
import { displayWidth, printable } from '../domain/printable.js';
import type { Words } from '../domain/words.js';
import { cannotWrite } from '../reporter/file.js';
import { jsonText } from './json.js';
import { spoken } from './language.js';

export function say(text: string | Words): void {
  process.stderr.write(`${printable(typeof text === 'string' ? text : spoken(text))}\n`);
}

/** The reader of our output has seen enough (`fastregister report | head`). */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone';
}

/** For people, who may read it through a pipe, and JSON. @throws ReaderGone, OutputError */
export async function print(text: string): Promise<void> {
  await write(printable(text));
}

/** Sheets, and pushes as they came: a file or a pipe gets them as they are. @throws ReaderGone, OutputError */
export async function printData(data: string | Uint8Array): Promise<void> {
  await write(process.stdout.isTTY && typeof data === 'string' ? printable(data) : data);
}

/** A terminal shows the present; a file or a pipe gets one page for each change. @throws ReaderGone, OutputError */
export async function printPage(text: string, isFirst: boolean): Promise<void> {
  await write(`${process.stdout.isTTY ? NEW_PAGE : isFirst ? '' : '\n'}${printable(text)}`);
}

const NEW_PAGE = '\u001b[2J\u001b[H';

/** Waits where the reader is slower than we are. */
async function write(shown: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(shown, (error) => {
      if (!error) resolve();
      else if ((error as NodeJS.ErrnoException).code === 'EPIPE') reject(new ReaderGone());
      else reject(cannotWrite({ en: 'The output', zh: '输出' }, error));
    });
  });
}

export async function printJson(value: unknown): Promise<void> {
  await print(`${jsonText(value, 2)}\n`);
}

/** Why it does not go on. */
export interface ProgressNote {
  /** What it is about: the next text about the same is not shown. */
  readonly about: string;
  readonly text: string;
}

export interface Progress {
  show(line: string, note?: ProgressNote): void;
  end(): void;
}

/** Elsewhere than on a terminal, a line that changed is written this often at most. */
const PLAIN_LINE_EVERY_MS = 5_000;

/** One rewritten line on a terminal, cut to its width; plain lines otherwise. A note is a line of its own, and never cut. */
export function openProgress(): Progress {
  const { stderr } = process;
  let shown = '';
  let shownAt = 0;
  let pending = '';
  let noted = '';
  const plain = (line: string): void => {
    shown = line;
    shownAt = Date.now();
    pending = '';
    stderr.write(`${printable(line)}\n`);
  };
  return {
    show(line, note) {
      const about = note?.about ?? '';
      if (about !== noted) {
        noted = about;
        if (note !== undefined) stderr.write(`${stderr.isTTY ? CLEARED : ''}${printable(note.text)}\n`);
        shown = '';
      }
      if (line === shown) return;
      if (!stderr.isTTY) {
        pending = line;
        if (Date.now() - shownAt >= PLAIN_LINE_EVERY_MS) plain(line);
        return;
      }
      shown = line;
      stderr.write(`${CLEARED}${cutTo(printable(line), (stderr.columns || 80) - 1)}`);
    },
    end() {
      if (stderr.isTTY && shown !== '') stderr.write('\n');
      else if (pending !== '') plain(pending);
      shown = '';
    },
  };
}

/** The line on which the cursor stands. */
const CLEARED = '\r\u001b[2K';

function cutTo(line: string, columns: number): string {
  let cut = '';
  let width = 0;
  for (const character of line) {
    width += displayWidth(character);
    if (width > columns) break;
    cut += character;
  }
  return cut;
}

/** Columns side by side; the last column is not padded. */
export function table(texts: readonly (readonly string[])[]): string {
  // As wide as what will be shown.
  const rows = texts.map((row) => row.map(printable));
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => displayWidth(row[at] ?? ''))));
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell + ' '.repeat(Math.max(0, (widths[at] ?? 0) - displayWidth(cell))))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/**
 * The sender of the signal waits 25 s. A call or a Redis that does not answer by then is abandoned, and the ledger
 * settles it.
 */
const LEAVE_WITHIN_MS = 23_000;

export interface Interruption {
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP; a second SIGINT or SIGTERM ends the process at once. */
  readonly signal: AbortSignal;
  /** The exit status that shells expect after such a signal. */
  status(): number;
  end(): void;
}

/** SIGHUP: the terminal or the ssh connection was closed. Node resets it at its start, so nohup cannot be noticed. */
const SIGNALS = {
  SIGINT: { status: 130, zh: '中断（Ctrl-C）' },
  SIGTERM: { status: 143, zh: '停止信号' },
  SIGHUP: { status: 129, zh: '终端关闭信号' },
} as const;

const FINISHING_CALLS: Words = {
  en: 'finishing the calls in flight; a second one stops at once.',
  zh: '正在完成进行中的调用；再次中断则立即停止。',
};

/** Of a command that makes no call. */
export const ENDING: Words = { en: 'ending.', zh: '正在结束。' };

export function onInterruption(next = FINISHING_CALLS): Interruption {
  const controller = new AbortController();
  let status = 0;
  const listener = (name: NodeJS.Signals): void => {
    const received = SIGNALS[name as keyof typeof SIGNALS];
    if (controller.signal.aborted) {
      // Of a terminal that is closed, the kernel and the shell send one each.
      if (name !== 'SIGHUP') process.exit(received.status);
      return;
    }
    status = received.status;
    say({ en: `\n${name}: ${next.en}`, zh: `\n已收到${received.zh}：${next.zh}` });
    setTimeout(() => process.exit(status), LEAVE_WITHIN_MS).unref();
    controller.abort();
  };
  for (const name of Object.keys(SIGNALS)) process.on(name, listener);
  return {
    signal: controller.signal,
    status: () => status,
    end() {
      for (const name of Object.keys(SIGNALS)) process.off(name, listener);
    },
  };
}

/** Resolves when it is interrupted. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/**
 * Reads a form with files, and streams the files to disk. The token of the form stands before them: until it has come, and unless it
 * is genuine, nothing is written. What is too much is read to its end and dropped, because a browser shows no answer to a form
 * that it could not send whole.
 */
import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import busboy from 'busboy';
import { RequestError } from '../app/request-error.js';
import { safeFileName } from '../app/uploads/file-name.js';
import { type Draft, openDraft, UPLOAD_LIMITS, type Upload } from '../app/uploads/folder.js';
import type { Words } from '../domain/words.js';
import { StaleForm } from './guard.js';
import type { ActionVisit } from './visit.js';

/** Fields and what stands between the parts. */
const BESIDE_FILES = 64 * 1024;
const LONGEST_BODY = UPLOAD_LIMITS.files * (UPLOAD_LIMITS.bytesOfFile + 1024) + BESIDE_FILES;
/** A browser that sends nothing for so long is gone. */
const STALLED_MS = 60_000;

interface ReceivedSheet {
  /** Undefined: too large. */
  readonly bytes: number | undefined;
  readonly name: string;
}

/** @throws StaleForm, RequestError */
export async function receiveUpload(
  visit: Pick<ActionVisit, 'request' | 'isGenuine' | 'store' | 'user'>,
): Promise<Upload> {
  const { request, isGenuine, store, user } = visit;
  const length = Number(request.headers.get('content-length') ?? 0);
  if (length > LONGEST_BODY) throw new RequestError('refused', TOO_MUCH);
  let isOurs = false;
  /** A file came before the token. */
  let isLate = false;
  let draft: Promise<Draft> | undefined;
  let skipped = 0;
  const receiving: Promise<ReceivedSheet>[] = [];
  const parser = parserOf(request.headers);
  // What ends it is what `pipeline` throws; a form that breaks off ends its files with an error each, too.
  parser.on('error', () => {});
  parser.on('field', (name, value) => {
    if (name === 'csrf') isOurs = isGenuine(value);
  });
  parser.on('file', (field, stream, { filename }) => {
    stream.on('error', () => {});
    const isChosen = field === 'file' && filename !== undefined && filename !== '';
    if (isChosen && !isOurs) isLate = true;
    if (isChosen && isOurs && receiving.length === UPLOAD_LIMITS.files) skipped += 1;
    if (!isChosen || !isOurs || receiving.length === UPLOAD_LIMITS.files) {
      stream.resume();
      return;
    }
    draft ??= openDraft(store.settings);
    const received = receive(stream, draft, receiving.length, safeFileName(filename));
    // The form ends with it; awaited below.
    received.catch((error: Error) => parser.destroy(error));
    receiving.push(received);
  });
  try {
    await pipeline(piecesOf(request), parser);
    if (!isOurs || isLate) throw new StaleForm();
    if (skipped > 0) throw new RequestError('refused', TOO_MUCH);
    const files = await Promise.all(receiving);
    if (draft === undefined) throw new RequestError('refused', NO_FILE);
    const tooLarge = files.filter(({ bytes }) => bytes === undefined);
    if (tooLarge.length > 0) throw new RequestError('refused', fileTooLarge(tooLarge.map(({ name }) => name)));
    const whole = files.map(({ name, bytes = 0 }) => ({ name, bytes }));
    return await (await draft).finish(user, whole, Date.now());
  } catch (error) {
    await Promise.allSettled(receiving);
    await (await draft?.catch(() => undefined))?.drop();
    throw isOurs && !isLate ? refusalOf(error) : new StaleForm();
  }
}

function parserOf(headers: Headers): busboy.Busboy {
  const { files, bytesOfFile } = UPLOAD_LIMITS;
  const limits = {
    fileSize: bytesOfFile,
    fields: 20,
    fieldSize: 1024,
    fieldNameSize: 100,
    parts: files * 2,
    headerPairs: 20,
  };
  try {
    return busboy({ headers: { 'content-type': headers.get('content-type') ?? '' }, defParamCharset: 'utf8', limits });
  } catch {
    // No form: so no token.
    throw new StaleForm();
  }
}

async function receive(
  stream: Readable & { truncated?: boolean },
  draft: Promise<Draft>,
  at: number,
  name: string,
): Promise<ReceivedSheet> {
  let bytes = 0;
  stream.on('data', (piece: Buffer) => {
    bytes += piece.length;
  });
  stream.pause();
  const path = (await draft).pathOf(at);
  await pipeline(stream, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
  return { name, bytes: stream.truncated === true ? undefined : bytes };
}

/** The body, as long as it comes. */
async function* piecesOf(request: Request): AsyncGenerator<Uint8Array> {
  const reader = (request.body as ReadableStream<Uint8Array> | null)?.getReader();
  if (reader === undefined) return;
  let length = 0;
  let stalled: NodeJS.Timeout | undefined;
  try {
    for (;;) {
      stalled = setTimeout(() => void reader.cancel().catch(() => {}), STALLED_MS);
      const { done, value } = await reader.read();
      clearTimeout(stalled);
      if (done) return;
      length += value.length;
      if (length > LONGEST_BODY) throw new RequestError('refused', TOO_MUCH);
      yield value;
    }
  } finally {
    clearTimeout(stalled);
    await reader.cancel().catch(() => {});
  }
}

/** What a browser breaks off is no error of ours; a full disk is said. */
function refusalOf(error: unknown): unknown {
  if (error instanceof RequestError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new RequestError('refused', DISK_FULL, { cause: error });
  if (code !== undefined && /^(E[A-Z]+)$/.test(code) && code !== 'ECONNRESET' && code !== 'EPIPE') return error;
  return new RequestError('refused', INTERRUPTED, { cause: error });
}

const NO_FILE: Words = { en: 'No file was chosen.', zh: '未选择文件。' };
const TOO_MUCH: Words = {
  en: `At most ${UPLOAD_LIMITS.files} files of 50 MB are uploaded at once.`,
  zh: `一次最多上传 ${UPLOAD_LIMITS.files} 个文件，每个不超过 50 MB。`,
};
const DISK_FULL: Words = {
  en: 'The disk of fastregister is full, so the file was not kept. Ask the administrator of the console.',
  zh: 'fastregister 的磁盘已满，文件未保存，请联系控制台管理员。',
};
const INTERRUPTED: Words = {
  en: 'The upload did not come to its end, so nothing was kept. Upload the file again.',
  zh: '上传未完成，未保存任何内容，请重新上传。',
};

function fileTooLarge(names: readonly string[]): Words {
  return {
    en: `${names.join(', ')}: larger than 50 MB. Divide it into several files, or save it as "CSV UTF-8". Nothing was kept.`,
    zh: `${names.join('、')}：超过 50 MB，请拆分为多个文件，或另存为“CSV UTF-8”。未保存任何内容。`,
  };
}

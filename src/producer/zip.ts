/** A workbook's ZIP: its stated sizes are looked at before anything is inflated, and held to while inflating (by yauzl). */
import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { type Entry, fromFdPromise, type ZipFile } from 'yauzl';
import { SheetError } from './sheet-error.js';

/** A million rows of merchants are 300 MB of XML. */
const PART_LIMIT_BYTES = 1024 ** 3;
/** XML of real workbooks shrinks to a tenth, at the utmost to a hundredth; a bomb to a thousandth. */
const RATIO_LIMIT = 250;
/** Below this, a high ratio does no harm. */
const SMALL_BYTES = 16 * 1024 ** 2;
/** Far more parts than any workbook of merchants has. */
const PARTS_LIMIT = 10_000;

export interface Archive {
  has(name: string): boolean;
  /** Throws where there is no such part. */
  stream(name: string): Promise<Readable>;
}

export function isZip(head: Buffer): boolean {
  return /^504b(?:0304|0506|0708)/.test(head.subarray(0, 4).toString('hex'));
}

export async function openArchive(file: FileHandle): Promise<Archive> {
  const zip = await fromFdPromise(file.fd, { autoClose: false });
  if (zip.entryCount > PARTS_LIMIT)
    throw new SheetError({
      en: `the file is a ZIP of ${zip.entryCount} parts, not a workbook`,
      zh: `该文件是含 ${zip.entryCount} 个部分的 ZIP，不是工作簿`,
    });
  const entries = new Map<string, Entry>();
  for await (const entry of zip.eachEntry()) {
    refuseBomb(entry);
    entries.set(entry.fileName, entry);
  }
  return {
    has: (name) => entries.has(name),
    stream: async (name) => inflated(zip, entries.get(name), name),
  };
}

function refuseBomb(entry: Entry): void {
  const { compressedSize, uncompressedSize } = entry;
  const isBomb = uncompressedSize > SMALL_BYTES && uncompressedSize > compressedSize * RATIO_LIMIT;
  if (!isBomb && uncompressedSize <= PART_LIMIT_BYTES) return;
  const megabytes = Math.round(uncompressedSize / 1024 ** 2);
  throw new SheetError({
    en: `the file would unpack to ${megabytes} MB; it is not a sheet of merchants, and was not unpacked`,
    zh: `该文件解压后达 ${megabytes} MB，不是商户表，未解压`,
  });
}

async function inflated(zip: ZipFile, entry: Entry | undefined, name: string): Promise<Readable> {
  if (entry === undefined) throw new Error(`the part ${name} is missing`);
  if (entry.isEncrypted()) throw protectedWorkbook();
  return zip.openReadStreamPromise(entry);
}

export function protectedWorkbook(): SheetError {
  return new SheetError({
    en: 'the workbook is protected with a password; take the password off and save it again',
    zh: '工作簿设有密码；请取消密码后重新保存',
  });
}

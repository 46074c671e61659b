/**
 * A workbook's ZIP archive: its stated sizes are checked before anything is unpacked, and enforced while unpacking. The sum
 * of all unpacked bytes is compared with the size of the file, and a part that was read to its end with its checksum.
 */
import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import { type Entry, fromFdPromise, type ZipFile } from 'yauzl';
import { HARMLESS, SHEET_LIMITS } from '../../domain/sheet-limits.js';
import { type Expansion, openExpansion } from './expansion.js';
import { beat } from './heartbeat.js';
import { IN_WORKBOOK, SheetError, tooMuch } from './sheet-error.js';

/** A million rows of merchants are 300 MB of XML. */
const PART_LIMIT_BYTES = SHEET_LIMITS.unpacked.most * 1024 ** 2;
const EXPANSION = SHEET_LIMITS.expansion.most;
/** Names, notes and comments of the parts: kept while the archive is open. */
const LIST_LIMIT_BYTES = 8 * 1024 ** 2;
/** Bytes of an entry without its name and extra fields. */
const LOCAL_HEADER_BYTES = 30;

export interface Archive {
  has(name: string): boolean;
  /** The content of a part, a piece at a time. @throws where there is no such part */
  stream(name: string): AsyncIterable<Buffer>;
}

export function isZip(head: Buffer): boolean {
  return /^504b(?:0304|0506|0708)/.test(head.subarray(0, 4).toString('hex'));
}

/** For one pass over the file. */
export async function openArchive(file: FileHandle): Promise<Archive> {
  const zip = await fromFdPromise(file.fd, { autoClose: false });
  if (zip.entryCount > SHEET_LIMITS.parts.most) throw tooMuch('parts', IN_WORKBOOK);
  const entries = new Map<string, Entry>();
  let listed = 0;
  for await (const entry of zip.eachEntry()) {
    beat();
    listed += entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength;
    if (listed > LIST_LIMIT_BYTES) throw dangerous();
    refuseBomb(entry);
    // Programs differ in which of two parts with one name they read.
    const name = partName(entry.fileName);
    if (entries.has(name)) throw dangerous();
    entries.set(name, entry);
  }
  const { size } = await file.stat();
  refuseOverlaps([...entries.values()], size);
  const expansion = openExpansion(size, 'bytesUnpacked');
  return {
    has: (name) => entries.has(partName(name)),
    stream: (name) => unpacked(zip, entries.get(partName(name)), name, expansion),
  };
}

/** Case makes no difference (ECMA-376, part 2), and some programs write a blank where others write `%20`. */
function partName(name: string): string {
  return name.toLowerCase().replaceAll('%20', ' ');
}

function refuseBomb(entry: Entry): void {
  const { compressedSize, uncompressedSize } = entry;
  const isBomb = uncompressedSize > HARMLESS.bytesUnpacked && uncompressedSize > compressedSize * EXPANSION;
  if (!isBomb && uncompressedSize <= PART_LIMIT_BYTES) return;
  const megabytes = Math.round(uncompressedSize / 1024 ** 2);
  const [en, zh] = isBomb ? [`, more than ${EXPANSION} times its size`, `（超过其大小的 ${EXPANSION} 倍）`] : ['', ''];
  throw new SheetError({
    en: `a part of the file would unpack to ${megabytes} MB${en}; it is not a sheet of merchants, and was not unpacked`,
    zh: `该文件中有一部分解压后达 ${megabytes} MB${zh}，不是商户表，未解压`,
  });
}

/** Overlapping parts: a small file that unpacks the same bytes many times. */
function refuseOverlaps(entries: readonly Entry[], size: number): void {
  const places = entries.map(({ relativeOffsetOfLocalHeader: begins, compressedSize }) => ({
    begins,
    ends: begins + LOCAL_HEADER_BYTES + compressedSize,
  }));
  places.sort((one, other) => one.begins - other.begins);
  for (const [at, { ends }] of places.entries()) if (ends > (places[at + 1]?.begins ?? size)) throw dangerous();
}

async function* unpacked(
  zip: ZipFile,
  entry: Entry | undefined,
  name: string,
  expansion: Expansion,
): AsyncGenerator<Buffer> {
  if (entry === undefined) throw new Error(`the part ${name} is missing`);
  if (entry.isEncrypted()) throw protectedWorkbook();
  let [bytes, checksum] = [0, 0];
  for await (const piece of await inflated(zip, entry)) {
    beat();
    bytes += piece.length;
    if (bytes > entry.uncompressedSize) break;
    expansion.add(piece.length);
    checksum = crc32(piece, checksum);
    yield piece;
  }
  if (bytes !== entry.uncompressedSize || checksum !== entry.crc32) {
    throw new Error(`the part ${name} is not what the archive says of it: its size or checksum differs`);
  }
}

const STORED = 0;
const DEFLATED = 8;
/** With chunks of this size, unpacking takes a quarter of the steps of zlib's default. */
const PIECE_BYTES = 64 * 1024;

async function inflated(zip: ZipFile, entry: Entry): Promise<AsyncIterable<Buffer>> {
  const { compressionMethod } = entry;
  if (compressionMethod === STORED) return zip.openReadStreamPromise(entry);
  if (compressionMethod !== DEFLATED) throw new Error(`compression method ${compressionMethod} is unknown`);
  const packed = await zip.openReadStreamPromise(entry, { decompress: false });
  // A failure of either stream ends both and reaches the reader of the second.
  return pipeline(packed, createInflateRaw({ chunkSize: PIECE_BYTES }), () => {});
}

function dangerous(): SheetError {
  return new SheetError({
    en: 'the ZIP archive of the workbook is not as a spreadsheet program writes it: parts of it overlap or have one name; open it in Excel or WPS and save it again',
    zh: '工作簿的 ZIP 结构异常（部分内容重叠或重名），不是表格软件写出的；请用 Excel 或 WPS 打开后重新保存',
  });
}

export function protectedWorkbook(): SheetError {
  return new SheetError({
    en: 'the workbook is protected with a password; take the password off and save it again',
    zh: '工作簿设有密码；请取消密码后重新保存',
  });
}

/** Files that are no sheet at all, whatever their name says. */
import type { FileHandle } from 'node:fs/promises';
import { chunksOf } from './encoding.js';
import { SheetError } from './sheet-error.js';
import { protectedWorkbook } from './zip.js';

interface Signature {
  readonly is: string;
  readonly begins: RegExp;
}

/** Tried on the first bytes in hex, two digits a byte. */
// biome-ignore format: one line, one kind of file
const SIGNATURES: readonly Signature[] = [
  { is: 'a picture (PNG)', begins: /^89504e47/ },
  { is: 'a picture (JPEG)', begins: /^ffd8ff/ },
  { is: 'a picture (GIF)', begins: /^47494638(?:37|39)61/ },
  { is: 'a picture (BMP)', begins: /^424d.{8}00000000/ },
  { is: 'a picture (WebP)', begins: /^52494646.{8}57454250/ },
  { is: 'a picture (TIFF)', begins: /^(?:49492a00|4d4d002a)/ },
  { is: 'a picture (HEIC)', begins: /^.{8}66747970(?:686569|6d6966|617669)/ },
  { is: 'a PDF', begins: /^255044462d/ },
  { is: 'a RAR archive', begins: /^526172211a/ },
  { is: 'a 7z archive', begins: /^377abcaf/ },
  { is: 'a gzip archive', begins: /^1f8b/ },
];

/** Many systems export a web page and name it .xls or .csv. */
const MARKUP = /^\ufeff?\s*<(?:!DOCTYPE|!--|html|\?xml|table|meta|head|body|style|tr|td)|^MIME-Version:/i;
const OLE = /^d0cf11e0a1b11ae1/;
/** Entries of an OLE file are named in UTF-16. */
const ENCRYPTED = Buffer.from('EncryptedPackage', 'utf16le');

export async function refuseForeign(file: FileHandle, head: Buffer): Promise<void> {
  const beginning = head.subarray(0, 32).toString('hex');
  const foreign =
    SIGNATURES.find(({ begins }) => begins.test(beginning))?.is ??
    (MARKUP.test(head.subarray(0, 256).toString()) ? 'a web page or XML' : undefined);
  if (foreign !== undefined) {
    throw new SheetError(`this is ${foreign}, not a sheet; save the sheet as "CSV UTF-8" or XLSX`);
  }
  if (!OLE.test(beginning)) return;
  throw (await contains(file, ENCRYPTED))
    ? protectedWorkbook()
    : new SheetError('this is an old Excel file (.xls); open it and save it as "Excel workbook (.xlsx)"');
}

async function contains(file: FileHandle, wanted: Buffer): Promise<boolean> {
  let end = Buffer.alloc(0);
  for await (const chunk of chunksOf(file)) {
    const joined = Buffer.concat([end, chunk]);
    if (joined.includes(wanted)) return true;
    end = Buffer.from(joined.subarray(-wanted.length));
  }
  return false;
}

/** Recognises files that are not sheets, whatever their names say. */
import type { FileHandle } from 'node:fs/promises';
import type { Words } from '../../domain/words.js';
import { chunksOf } from './encoding.js';
import { SheetError } from './sheet-error.js';
import { protectedWorkbook } from './zip.js';

interface Signature {
  readonly is: Words;
  readonly begins: RegExp;
}

/** Tried on the first bytes in hex, two digits a byte. */
// biome-ignore format: one line, one kind of file
const SIGNATURES: readonly Signature[] = [
  { is: { en: 'a picture (PNG)', zh: '图片（PNG）' }, begins: /^89504e47/ },
  { is: { en: 'a picture (JPEG)', zh: '图片（JPEG）' }, begins: /^ffd8ff/ },
  { is: { en: 'a picture (GIF)', zh: '图片（GIF）' }, begins: /^47494638(?:37|39)61/ },
  { is: { en: 'a picture (BMP)', zh: '图片（BMP）' }, begins: /^424d.{8}00000000/ },
  { is: { en: 'a picture (WebP)', zh: '图片（WebP）' }, begins: /^52494646.{8}57454250/ },
  { is: { en: 'a picture (TIFF)', zh: '图片（TIFF）' }, begins: /^(?:49492a00|4d4d002a)/ },
  { is: { en: 'a picture (HEIC)', zh: '图片（HEIC）' }, begins: /^.{8}66747970(?:686569|6d6966|617669)/ },
  { is: { en: 'a PDF', zh: ' PDF 文件' }, begins: /^255044462d/ },
  { is: { en: 'a RAR archive', zh: ' RAR 压缩包' }, begins: /^526172211a/ },
  { is: { en: 'a 7z archive', zh: ' 7z 压缩包' }, begins: /^377abcaf/ },
  { is: { en: 'a gzip archive', zh: ' gzip 压缩包' }, begins: /^1f8b/ },
];

/** Many systems export a web page and name it .xls or .csv, in UTF-16, too. */
const MARKUP = /^\s*<(?:!DOCTYPE|!--|html|\?xml|table|meta|head|body|style|tr|td|div|font|center)|^MIME-Version:/i;
const WEB_PAGE: Words = { en: 'a web page or XML', zh: '网页或 XML' };
/** First bytes of an OLE file, and of a sheet of Excel 2 to 5, which programs write that produce .xls without a library. */
const OLE = /^d0cf11e0a1b11ae1/;
const BIFF = /^09(?:000400|020600|040600|080[68]00|081000)/;
/** Entries of an OLE file are named in UTF-16. */
const ENCRYPTED = Buffer.from('EncryptedPackage', 'utf16le');

export async function refuseForeign(file: FileHandle, head: Buffer): Promise<void> {
  const beginning = head.subarray(0, 32).toString('hex');
  const foreign =
    SIGNATURES.find(({ begins }) => begins.test(beginning))?.is ??
    (MARKUP.test(asOfOneByte(head.subarray(0, 512))) ? WEB_PAGE : undefined);
  if (foreign !== undefined) {
    throw new SheetError({
      en: `this is ${foreign.en}, not a sheet; save the sheet as "CSV UTF-8" or XLSX`,
      zh: `这是${foreign.zh}，不是表格；请另存为“CSV UTF-8”或 XLSX`,
    });
  }
  if (!OLE.test(beginning) && !BIFF.test(beginning)) return;
  throw (await contains(file, ENCRYPTED))
    ? protectedWorkbook()
    : new SheetError({
        en: 'this is an old Excel file (.xls); open it and save it as "Excel workbook (.xlsx)"',
        zh: '这是旧版 Excel 文件（.xls）；请打开并另存为“Excel 工作簿（.xlsx）”',
      });
}

/** The letters of a tag are the same in UTF-16, but for the zero bytes between them and the mark before them. */
function asOfOneByte(bytes: Buffer): string {
  return bytes.toString().replaceAll('\0', '').replaceAll('\ufffd', '');
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

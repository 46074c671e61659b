/** A text as a QR code in a PNG file. */
import { crc32, deflateSync } from 'node:zlib';
import encodeQR from 'qr';

/** Pixels of one module: a link of 200 characters prints at 300 dpi as a square of 4 cm. */
const SCALE = 8;
/** Modules of white around it, as the standard asks for. */
const QUIET_ZONE = 4;

export function qrPng(text: string): Buffer {
  return png(encodeQR(text, 'raw', { ecc: 'medium', border: QUIET_ZONE }));
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Black and white, one bit a pixel; true is black. `matrix` is a square. */
function png(matrix: readonly (readonly boolean[])[]): Buffer {
  const side = matrix.length * SCALE;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 1;
  const rows = matrix.flatMap((modules) => {
    // Each line of pixels begins with its filter: 0, none.
    const line = Buffer.alloc(1 + Math.ceil(side / 8));
    for (let x = 0; x < side; x += 1) {
      if (!modules[Math.floor(x / SCALE)]) line[1 + (x >> 3)] = (line[1 + (x >> 3)] ?? 0) | (0x80 >> (x & 7));
    }
    return Array<Buffer>(SCALE).fill(line);
  });
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat(rows), { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

export interface QrShape {
  /** Modules on a side, the white around it included. */
  readonly side: number;
  /** The black modules, as the path of an SVG with a unit a module. */
  readonly path: string;
}

/** Undefined where the text is too long for a code that a phone reads. */
export function qrShape(text: string): QrShape | undefined {
  if (Buffer.byteLength(text) > LONGEST_TEXT) return undefined;
  const matrix = encodeQR(text, 'raw', { ecc: 'medium', border: QUIET_ZONE });
  const path = matrix.map((modules, y) => runsOf(modules, y)).join('');
  return { side: matrix.length, path };
}

const LONGEST_TEXT = 1_200;

/** Neighbours of a line are one rectangle: a code is a tenth as long as with a rectangle a module. */
function runsOf(modules: readonly boolean[], y: number): string {
  let path = '';
  for (let x = 0; x < modules.length; x += 1) {
    if (!modules[x]) continue;
    let end = x;
    while (modules[end]) end += 1;
    path += `M${x} ${y}h${end - x}v1h${x - end}z`;
    x = end;
  }
  return path;
}

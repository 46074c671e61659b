/** A file for the browser to keep, never to show. */
import { Readable } from 'node:stream';

const TYPES = {
  csv: 'text/csv; charset=utf-8',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
} as const;

export type DownloadType = keyof typeof TYPES;

/** Streamed: it may be larger than memory. Pieces are copied, because some wait for the browser while the next one is made. */
export function download(name: string, type: DownloadType, pieces: AsyncIterable<string | Uint8Array>): Response {
  const body = Readable.toWeb(Readable.from(copied(pieces), { objectMode: false })) as ReadableStream<Uint8Array>;
  return new Response(body, {
    headers: { 'content-type': TYPES[type], 'content-disposition': attachment(name) },
  });
}

async function* copied(pieces: AsyncIterable<string | Uint8Array>): AsyncGenerator<Buffer> {
  for await (const piece of pieces) yield Buffer.from(piece);
}

/** RFC 6266: the name as it is, and one in ASCII beside it. */
export function attachment(name: string): string {
  const plain = name.replace(/[^\x20-\x7e]/g, '_').replace(/["\\]/g, '_');
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (it) => `%${it.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

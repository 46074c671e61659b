/** The form that a browser posts. */
import type { ConsoleContext } from './bindings.js';

/** A form: no sheet, no file. */
const LONGEST_FORM = 256 * 1024;

/** Undefined if it is too large; empty if it is no form. */
export async function formOf(c: ConsoleContext): Promise<FormData | undefined> {
  const type = c.req.header('content-type') ?? '';
  if (!/^(application\/x-www-form-urlencoded|multipart\/form-data)/i.test(type)) return new FormData();
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of (c.req.raw.body ?? []) as AsyncIterable<Uint8Array>) {
    length += piece.length;
    if (length > LONGEST_FORM) return undefined;
    pieces.push(piece);
  }
  try {
    return await new Response(Buffer.concat(pieces), { headers: { 'content-type': type } }).formData();
  } catch {
    return new FormData();
  }
}

export function fieldText(value: File | string | null): string {
  return typeof value === 'string' ? value : '';
}

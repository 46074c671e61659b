/** A page that is sent while its last part is still being found. */
import type { Child } from 'hono/jsx';
import { htmlOf, LATER } from './layout.js';

/**
 * @param failed in the place of what is missing, where the search for it ends with an error
 */
export function streamed(
  page: string,
  later: AsyncIterable<Child>,
  failed: (error: unknown) => Child,
): ReadableStream<Uint8Array> {
  const pieces = piecesOf(page, later, failed);
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    // The reader has left: nothing more is looked for.
    async cancel() {
      await pieces.return(undefined);
    },
  });
}

async function* piecesOf(
  page: string,
  later: AsyncIterable<Child>,
  failed: (error: unknown) => Child,
): AsyncGenerator<string, void> {
  const [before = '', after = ''] = page.split(LATER);
  yield before;
  try {
    for await (const piece of later) yield await htmlOf(piece);
  } catch (error) {
    yield await htmlOf(failed(error));
  }
  yield after;
}

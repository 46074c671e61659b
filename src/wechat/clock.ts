/** WeChat's clock, from the Date header of its answers. */

export type ClockReading =
  /** How far ours is ahead of WeChat's, in ms; exact to about a second and half of the way there and back. */
  { readonly kind: 'offset'; readonly ms: number } | { readonly kind: 'unreachable'; readonly why: string };

/** `Date` has whole seconds: on average half a second has passed. */
const HALF_A_SECOND_MS = 500;

export async function readClock(
  baseUrl: string,
  timeoutMs: number,
  now: () => number,
  get: typeof fetch,
): Promise<ClockReading> {
  const askedAt = now();
  try {
    const response = await get(baseUrl, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
    const date = Date.parse(response.headers.get('date') ?? '');
    if (Number.isNaN(date)) return { kind: 'unreachable', why: `HTTP ${response.status} without a Date` };
    return { kind: 'offset', ms: (askedAt + now()) / 2 - (date + HALF_A_SECOND_MS) };
  } catch (error) {
    const { name, message, cause } = error as Error & { cause?: NodeJS.ErrnoException };
    return { kind: 'unreachable', why: name === 'TimeoutError' ? 'no answer in time' : (cause?.code ?? message) };
  }
}

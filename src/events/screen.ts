/**
 * A first look at what an unauthenticated client sends, before node:http makes objects of it: a flood of unsigned requests is
 * refused at a quarter of the cost. It only refuses: node:http parses every push, and every request that this does not recognise.
 */
import { type Received, type Receiver, refusalOf } from './receive.js';

const REQUEST_LINE = /^POST ([^ ?]+)\?([^ ]*) HTTP\/1\.1\r\n/;

/** @param request the whole request; its head has `headLength` bytes */
export function screenPush(
  receiver: Receiver,
  path: string,
  request: Buffer,
  headLength: number,
): Received | undefined {
  const [, target, query] = REQUEST_LINE.exec(request.toString('latin1', 0, headLength)) ?? [];
  if (target !== path || query === undefined) return undefined;
  return refusalOf(receiver, query, request.subarray(headLength));
}

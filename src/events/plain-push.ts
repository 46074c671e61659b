/**
 * A push as WeChat and the usual proxies send it is taken here, before node:http makes objects of it, which would cost as much as all
 * other work on it. node:http parses every request that this does not recognise, so nothing unusual is read in two ways.
 */
import type { RawAnswer } from '../http/last-answers.js';
import type { TakenAnswer } from '../http/taken-requests.js';
import { type Receiver, receive } from './receive.js';

/** Each line has a name and a value, and nothing that a proxy may understand in another way: no folded line, no lone CR or LF. */
const PLAIN_HEAD = /^POST ([!->@-~]+)\?([!-~]*) HTTP\/1\.1\r\n(?:[\w!#$%&'*+.^`|~-]+:[\t -~\x80-\xff]*\r\n)*\r\n$/;

/** Without it node:http answers 400, as HTTP/1.1 demands. */
const HOST = /\r\nhost:/i;

/** @param request the whole request; its head has `headLength` bytes */
export function takePlainPush(
  receiver: Receiver,
  path: string,
  request: Buffer,
  headLength: number,
): RawAnswer | Promise<TakenAnswer> | undefined {
  const head = request.toString('latin1', 0, headLength);
  const [, target, query] = PLAIN_HEAD.exec(head) ?? [];
  if (target !== path || query === undefined || !HOST.test(head)) return undefined;
  return receive(receiver, query, request.subarray(headLength));
}

/**
 * All calls of a moment (factTime) that have the same fact get the same object: what follows from it is decided, and made into text for
 * Redis and the journal, once for all of them.
 */
import type { Fact } from '../domain/registration.js';
import type { Answered } from '../wechat/registration-api.js';
import type { CallResult, Sent } from './call-result.js';

const lastSent = new WeakMap<object, Fact>();

/** @param context of the process; `make` depends on nothing else */
export function sharedSent(context: object, sentAt: number, clockAheadMs: number, make: () => Fact): Fact {
  const last = lastSent.get(context);
  if (last?.at === sentAt && (last.clockAheadMs ?? 0) === clockAheadMs) return last;
  const fact = make();
  lastSent.set(context, fact);
  return fact;
}

interface SharedResult extends Pick<Sent, 'sentAt' | 'day'> {
  readonly said: string;
  readonly result: CallResult;
}

const lastResults = new WeakMap<object, { readonly at: number; readonly shared: SharedResult[] }>();

/** @param context of the process; `decide` depends on nothing else where WeChat has accepted the task and says no more */
export function sharedResult(
  context: object,
  { sentAt, day, isProbe }: Pick<Sent, 'sentAt' | 'day' | 'isProbe'>,
  { errcode, said, body }: Answered,
  at: number,
  decide: (at: number) => CallResult,
): CallResult {
  if (errcode !== 0 || isProbe || !Object.keys(body).every(isOfEveryAnswer)) return decide(at);
  let results = lastResults.get(context);
  if (results?.at !== at) {
    results = { at, shared: [] };
    lastResults.set(context, results);
  }
  const known = results.shared.find((it) => it.sentAt === sentAt && it.day === day && it.said === said);
  if (known !== undefined) return known.result;
  const result = decide(at);
  results.shared.push({ sentAt, day, said, result });
  return result;
}

function isOfEveryAnswer(name: string): boolean {
  return name === 'errcode' || name === 'errmsg';
}

/**
 * Finds the merchant of a Mini Program that authorised the platform and that no push has named: WeChat is asked for the name
 * of its subject. If it was created by a registration, and exactly one registration of that name may have made it, the
 * Mini Program is that merchant's. In every other case its push waits for a person.
 */

import type { Stranger } from '../domain/auth-code.js';
import { isRunning, mayHaveMiniProgram, putOffsIn } from '../domain/claims.js';
import { nameKey } from '../domain/merchant.js';
import type { Fact, Registration } from '../domain/registration.js';
import type { Snapshot } from '../domain/snapshot.js';
import { CREATED_BY_REGISTRATION } from '../wechat/authorizer-list.js';
import {
  type AuthorizeTools,
  type Due,
  type ExchangeContext,
  type PendingExchange,
  waitForTurn,
} from './authorizing.js';
import { recordFact, refuseToken } from './context.js';
import { obtainToken, whyRefused } from './refresh-token.js';

const TRY_AGAIN_MS = 5_000;

/** How long recording the answer to a create, with its task's id, may take. */
const ANSWER_IS_RECORDED_MS = 1_000;

export async function findOwner(context: ExchangeContext, tools: AuthorizeTools, it: PendingExchange): Promise<Due> {
  const { appid, waiting } = it;
  const [newest] = waiting.codes;
  const notKept = await keepForNobody(context, tools, it);
  const stranger = await askWhoItIs(context, tools, it);
  if ('at' in stranger) return stranger;
  const isNew = stranger.kind === 'known' && stranger.registerType === CREATED_BY_REGISTRATION;
  const candidates =
    stranger.kind === 'known' ? await candidatesNamed(context, tools, stranger.principalName, newest.at, isNew) : [];
  const [only] = candidates.filter(({ wasSentBefore }) => wasSentBefore);
  if (!isNew || only === undefined || candidates.length > 1) {
    // The exchange of its code is tried again, whichever merchant it belongs to.
    if (notKept !== undefined) return notKept;
    return leave(context, tools, it, isNew || stranger.kind === 'unknown' || only !== undefined);
  }

  const { id, state, sentAt = 0 } = only.registration;
  // The answer to its create may be on its way, with the task's id, by which the push is matched without asking anybody.
  const answerIsDueAt = sentAt + context.patience.requestTimeoutMs + ANSWER_IS_RECORDED_MS;
  if (state === 'submitting' && context.now() < answerIsDueAt) return { at: answerIsDueAt };

  const because = "no push named the merchant; WeChat's information about the account has the enterprise's name";
  const { at, authCode } = newest;
  const fact: Fact = { kind: 'mini_program_created', at, appid, authCode, because };
  await recordFact(context, id, fact, {}, only);
  // Where the registration was settled meanwhile, nothing was recorded, and its merchant is still unknown.
  return (await context.ledger.ofAppid(appid)) === undefined ? leave(context, tools, it, true) : 'again';
}

/**
 * The token of a result that fits no registration is kept, whichever merchant it turns out to belong to: its code lives ten
 * minutes. If the platform has another service, the result may belong to that service, which then needs the code. Returns
 * when to try again.
 */
async function keepForNobody(
  context: ExchangeContext,
  tools: AuthorizeTools,
  it: PendingExchange,
): Promise<Due | undefined> {
  const { appid, waiting } = it;
  const [newest] = waiting.codes;
  if (!isResult(it) || newest.isShared || waiting.kept !== undefined) return undefined;
  const obtained = await obtainToken(context, tools, it);
  switch (obtained.kind) {
    case 'token': {
      const { refreshToken } = obtained;
      await tools.authorizers.keep({ appid, refreshToken, registration: '', keptAt: context.now() }, newest);
      return undefined;
    }
    case 'none':
      return undefined;
    case 'refused_token':
      await refuseToken(context, it.token);
      return { at: 0 };
    case 'later':
      return { at: obtained.at };
  }
}

function isResult({ waiting }: PendingExchange): boolean {
  return waiting.codes.some(({ from }) => from === 'created');
}

type Identity = (Stranger & { readonly kind: 'known' }) | { readonly kind: 'unknown' };

/** Asks once: WeChat's answer is kept until the codes are settled. `unknown`: WeChat does not say. */
async function askWhoItIs(
  context: ExchangeContext,
  tools: AuthorizeTools,
  { appid, waiting, token }: PendingExchange,
): Promise<Identity | { at: number }> {
  if (waiting.stranger !== undefined) return { kind: 'known', ...waiting.stranger };
  if (!(await waitForTurn(context, tools))) return { at: 0 };
  const answer = await tools.infoOf(appid, token);
  if (answer.kind === 'info') {
    const { principalName, registerType } = answer.info;
    await tools.codes.noteStranger(appid, { principalName, registerType });
    return { kind: 'known', principalName, registerType };
  }
  const why = whyRefused(answer.reply);
  if (why.kind === 'refused_token') {
    await refuseToken(context, token);
    return { at: 0 };
  }
  context.log.warn({ said: why.said }, 'WeChat does not say which merchant a new Mini Program belongs to');
  const at = context.now() + TRY_AGAIN_MS;
  return why.kind === 'unknown' && at <= waiting.codes[0].diesAt ? { at } : { kind: 'unknown' };
}

interface Candidate extends Snapshot {
  /** One of its creates was, that may have made the Mini Program. */
  readonly wasSentBefore: boolean;
}

/**
 * Registrations of this name whose creates may have made it: those that were sent before `at`, and those that were sent again since, for
 * their attempt before. Of a Mini Program that a registration has made, all whose end is not known, and those that WeChat put off in its
 * time, whatever became of them: their task, or the one that was in their way, may have made it.
 */
async function candidatesNamed(
  context: ExchangeContext,
  tools: AuthorizeTools,
  name: string,
  at: number,
  isNew: boolean,
): Promise<Candidate[]> {
  const wanted = nameKey(name);
  const found: Candidate[] = [];
  for (const id of await tools.named(name)) {
    const snapshot = await context.ledger.read(id);
    if (snapshot === undefined || snapshot.row?.merchant === undefined) continue;
    if (nameKey(snapshot.row.merchant.name) !== wanted) continue;
    const { registration } = snapshot;
    if (!isRunning(registration) && !isNew) continue;
    const wasPutOff = !isRunning(registration) && (await wasPutOffIn(context, registration, at));
    if (!wasPutOff && !mayHaveMiniProgram(registration)) continue;
    const wasSentBefore = wasPutOff || isSentBefore(registration, at);
    if (wasSentBefore || registration.attempt > 1) found.push({ ...snapshot, wasSentBefore });
  }
  return found;
}

async function wasPutOffIn({ ledger }: ExchangeContext, registration: Registration, at: number): Promise<boolean> {
  const { id, state, clockAheadMs } = registration;
  if (state === 'created') return false;
  const ours = at + clockAheadMs;
  return putOffsIn(await ledger.history(id)).some(({ from, to }) => from <= ours && ours <= to);
}

function isSentBefore({ clockAheadMs, sentAt = Number.POSITIVE_INFINITY }: Registration, at: number): boolean {
  return sentAt - clockAheadMs <= at;
}

/**
 * The merchant stays unknown, unless a push has named it meanwhile. A result was parked when it was received; an `authorized`
 * is parked if it may concern a registration of ours.
 */
async function leave(
  context: ExchangeContext,
  tools: AuthorizeTools,
  it: PendingExchange,
  mayBeOurs: boolean,
): Promise<Due> {
  const { codes, push: id } = it.waiting;
  const push = mayBeOurs && id !== undefined && !isResult(it) ? await tools.pushes.find(id) : undefined;
  if (push !== undefined) {
    if (!(await tools.pushes.park(push, 'unknown_authorizer', [`appid:${it.appid}`]))) return 'again';
    context.log.warn({ push: id }, 'a Mini Program authorised the platform and fits no registration; its push is kept');
  }
  return (await tools.codes.giveUp(it.appid, codes[0].mark)) ? 'never' : 'again';
}

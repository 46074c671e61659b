import type { AuthCode, WaitingCodes } from '../domain/auth-code.js';
import { answerToCreate } from '../wechat/answers.js';
import type { Info, ListedAuthorizer } from '../wechat/authorizer-list.js';
import { NOT_AUTHORISED } from '../wechat/authorizer-list.js';
import type { Reply } from '../wechat/client.js';
import { type AuthorizeTools, type ExchangeContext, type PendingExchange, waitForTurn } from './authorizing.js';

export type Obtained =
  | { readonly kind: 'token'; readonly refreshToken: string }
  /** Only the merchant can get a new token, by authorising the platform again. */
  | { readonly kind: 'none'; readonly problem: string; readonly said: string | undefined }
  | { readonly kind: 'refused_token' }
  /** `at`: when to try again, ms since 1970. */
  | { readonly kind: 'later'; readonly at: number; readonly said: string };

/** A code is tried again soon, because it dies; WeChat's list of accounts can be read later. */
const TRY_AGAIN_MS = 5_000;
const ASK_AGAIN_MS = 60_000;

/** How long after a code's end WeChat is still asked for the token: after that an outage of the network is over, or a person works on it. */
const ASKED_FOR_MS = 3_600_000;

export async function obtainToken(
  context: ExchangeContext,
  tools: AuthorizeTools,
  { appid, waiting, token }: PendingExchange,
): Promise<Obtained> {
  const [newest] = waiting.codes;
  const tried = await tryCodes(context, tools, appid, waiting, token);
  if (tried.kind !== 'dead') return tried;
  if (!(await waitForTurn(context, tools))) return { kind: 'later', at: 0, said: 'this worker is leaving' };
  const asked = await askForToken(context, tools, appid, token);
  if (asked.kind === 'unknown' && context.now() + ASK_AGAIN_MS <= newest.diesAt + ASKED_FOR_MS) {
    return { kind: 'later', at: context.now() + ASK_AGAIN_MS, said: asked.said };
  }
  if (asked.kind === 'token' || asked.kind === 'refused_token') return asked;
  return { kind: 'none', problem: tried.problem, said: tried.said ?? asked.said };
}

type TriedCodes =
  | Extract<Obtained, { kind: 'token' | 'refused_token' | 'later' }>
  | { readonly kind: 'dead'; readonly problem: string; readonly said: string | undefined };

/** The newest code first: its token is the valid one. */
async function tryCodes(
  context: ExchangeContext,
  tools: AuthorizeTools,
  appid: string,
  { codes, kept }: WaitingCodes,
  token: string,
): Promise<TriedCodes> {
  const dead = { kind: 'dead', problem: 'authorize:too_late', said: undefined } as const;
  // The platform's other service needs this code, while we hold a token. WeChat's list gives us the new token.
  if (kept !== undefined && codes[0].isShared) return dead;
  let tried: Extract<TriedCodes, { kind: 'dead' }> = dead;
  for (const code of codes) {
    if (kept !== undefined && code.at <= kept.at) break;
    const authCode = openCode(context, tools, appid, code);
    if (authCode === undefined) continue;
    const exchange = await tools.exchange(authCode, token);
    if (exchange.kind === 'kept') return { kind: 'token', refreshToken: exchange.refreshToken };
    if (exchange.kind === 'refused_token') return exchange;
    const at = context.now() + TRY_AGAIN_MS;
    if (exchange.kind === 'try_again' && at <= code.diesAt) return { kind: 'later', at, said: exchange.said };
    const problem = exchange.kind === 'too_late' ? 'authorize:61010' : tried.problem;
    tried = { kind: 'dead', problem, said: tried.said ?? exchange.said };
  }
  return tried;
}

/** Undefined where another secret key has sealed it, and no process that has that key can help any more. */
function openCode(
  context: ExchangeContext,
  tools: AuthorizeTools,
  appid: string,
  { authCode, diesAt }: AuthCode,
): string | undefined {
  try {
    return tools.openAuthCode(authCode, appid);
  } catch (error) {
    if (context.now() <= diesAt) throw error;
    return undefined;
  }
}

type AskedForToken =
  | Extract<Obtained, { kind: 'token' | 'refused_token' }>
  /** WeChat answered that it has no token. */
  | { readonly kind: 'none'; readonly said: string | undefined }
  | { readonly kind: 'unknown'; readonly said: string };

async function askForToken(
  context: ExchangeContext,
  tools: AuthorizeTools,
  appid: string,
  token: string,
): Promise<AskedForToken> {
  const answer = await tools.infoOf(appid, token);
  if (answer.kind === 'refused') return whyRefused(answer.reply);
  if (answer.info.refreshToken !== undefined) return { kind: 'token', refreshToken: answer.info.refreshToken };
  return askTheList(context, tools, appid, token);
}

async function askTheList(
  context: ExchangeContext,
  tools: AuthorizeTools,
  appid: string,
  token: string,
): Promise<AskedForToken> {
  for (let offset = 0; ; ) {
    if (!(await waitForTurn(context, tools))) return { kind: 'unknown', said: 'this worker is leaving' };
    const listing = await tools.list(offset, token);
    if (listing.kind === 'refused') return whyRefused(listing.reply);
    const listed = listing.authorizers.find((it: ListedAuthorizer) => it.appid === appid);
    if (listed?.refreshToken !== undefined) return { kind: 'token', refreshToken: listed.refreshToken };
    offset += listing.authorizers.length;
    if (listed !== undefined || listing.authorizers.length === 0 || offset >= listing.total) {
      return { kind: 'none', said: undefined };
    }
  }
}

/** What WeChat's refusal to speak of an account says. */
export function whyRefused(
  reply: Extract<Info, { kind: 'refused' }>['reply'],
): Exclude<AskedForToken, { kind: 'token' }> {
  if (reply.kind !== 'answer') return { kind: 'unknown', said: reply.why };
  if (answerToCreate(reply.errcode).gateway === 'token') return { kind: 'refused_token' };
  const said = saidBy(reply);
  return reply.errcode === NOT_AUTHORISED ? { kind: 'none', said } : { kind: 'unknown', said };
}

function saidBy({ errcode, said }: Extract<Reply, { kind: 'answer' }>): string {
  return `${errcode} ${said}`;
}

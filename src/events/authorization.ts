/**
 * What merchants do to the authorisation of their Mini Programs. `authorized` and `updateauthorized` bring a fresh code, and
 * `unauthorized` ends it. The first `authorized` of a new Mini Program comes before the push that names its merchant, and now
 * and then that push never comes: so its code waits for a while, and then WeChat is asked (worker/owner).
 */
import type { Logger } from 'pino';
import type { Offered, PushedCode, Withdrawal } from '../domain/auth-code.js';
import { AUTH_CODE_LIVES_MS } from '../domain/limits.js';
import type { AuthorizationChange } from '../domain/notice.js';
import type { PushOutcome, StoredPush } from '../domain/push.js';
import type { Ledger } from '../redis/ledger/ledger.js';
import type { AuthCodes } from '../redis/pushes/auth-codes.js';
import { pushStatus } from '../wechat/answers.js';
import type { AuthorizationPush, RegistrationPush } from '../wechat/push.js';

export interface AuthorizationTools {
  readonly codes: Pick<AuthCodes, 'offer' | 'withdraw'>;
  readonly ledger: Pick<Ledger, 'record' | 'ofAppid'>;
  /** The code as it is kept, from the pushed one. */
  readonly sealAuthCode: (code: string, appid: string) => string;
  /** Another service of the platform gets these pushes from us, and exchanges their codes. */
  readonly isShared: boolean;
  /** How long after `authorized` the result may take. */
  readonly resultWaitMs: number;
  /** Absent without FASTREGISTER_CREATED_WEBHOOK. */
  readonly notifyAuthorization?: ((change: AuthorizationChange) => Promise<void>) | undefined;
  readonly log: Logger;
}

export async function recordAuthorization(
  tools: AuthorizationTools,
  push: AuthorizationPush,
  stored: StoredPush,
): Promise<PushOutcome> {
  const { authorizerAppid: appid, authorizationCode: code } = push;
  if (appid === undefined) return 'not_ours';
  if (push.event === 'unauthorized') return recordWithdrawal(tools, appid, push, stored);
  return code === undefined ? 'not_ours' : recordCode(tools, { appid, code }, push, stored);
}

/** What recording it for one of our Mini Programs would do now. */
export async function previewAuthorization(
  tools: Pick<AuthorizationTools, 'sealAuthCode' | 'isShared'> & {
    readonly codes: Pick<AuthCodes, 'previewOffer' | 'previewWithdrawal'>;
  },
  push: AuthorizationPush,
  stored: StoredPush,
): Promise<Offered | Withdrawal> {
  const { authorizerAppid: appid, authorizationCode: code } = push;
  if (appid === undefined) return 'nobody';
  if (push.event === 'unauthorized') return tools.codes.previewWithdrawal(appid, push.createdAt ?? stored.receivedAt);
  return code === undefined
    ? 'nobody'
    : tools.codes.previewOffer(appid, pushedCode(tools, { appid, code }, push, stored));
}

async function recordWithdrawal(
  { codes, ledger, notifyAuthorization, log }: AuthorizationTools,
  appid: string,
  { createdAt }: AuthorizationPush,
  { id: push, receivedAt }: StoredPush,
): Promise<PushOutcome> {
  const pushedAt = createdAt ?? receivedAt;
  const effect = await codes.withdraw(appid, pushedAt);
  if (effect !== 'withdrawn') return effect === 'nobody' ? 'not_ours' : 'changed_nothing';
  const registration = await ledger.ofAppid(appid);
  // The token was kept while its merchant was unknown.
  if (registration === undefined) return 'recorded';
  await notifyAuthorization?.({
    registration,
    appid,
    at: receivedAt,
    authorization: 'withdrawn',
    id: String(pushedAt),
  });
  const problem = 'authorize:withdrawn';
  await ledger.record(registration, { kind: 'authorizer_withdrawn', at: receivedAt, pushedAt, appid, problem });
  log.info({ registration, push, fact: 'authorizer_withdrawn' }, 'fact');
  return 'recorded';
}

async function recordCode(
  tools: AuthorizationTools,
  { appid, code }: { readonly appid: string; readonly code: string },
  authorization: AuthorizationPush,
  stored: StoredPush,
): Promise<PushOutcome> {
  const { codes, ledger, resultWaitMs, log } = tools;
  const { event, createdAt } = authorization;
  const { id: push, receivedAt: at } = stored;
  const pushed = pushedCode(tools, { appid, code }, authorization, stored);
  // Only the first authorisation can concern a Mini Program that was created a moment ago.
  const waits = event === 'authorized' ? { until: at + resultWaitMs, push } : undefined;
  const effect = await codes.offer(appid, pushed, waits);
  switch (effect) {
    case 'exchange': {
      const registration = await ledger.ofAppid(appid);
      if (registration === undefined) return 'recorded';
      const fields = { appid, ...(createdAt !== undefined && { pushedAt: createdAt }) };
      await ledger.record(registration, { kind: 'authorization_pushed', at, ...fields });
      log.info({ registration, push, fact: 'authorization_pushed' }, 'fact');
      return 'recorded';
    }
    case 'waits':
      log.info({ push, infoType: event }, 'a Mini Program authorised the platform; its result is waited for');
      return 'recorded';
    case 'nobody':
      return 'not_ours';
    default:
      return 'changed_nothing';
  }
}

function pushedCode(
  { sealAuthCode, isShared }: Pick<AuthorizationTools, 'sealAuthCode' | 'isShared'>,
  { appid, code }: { readonly appid: string; readonly code: string },
  { createdAt, codeExpiresAt }: AuthorizationPush,
  { receivedAt: at }: StoredPush,
): PushedCode {
  const lives = codeExpiresAt !== undefined && createdAt !== undefined ? codeExpiresAt - createdAt : AUTH_CODE_LIVES_MS;
  const authCode = sealAuthCode(code, appid);
  const diesAt = at + Math.max(lives, 0);
  return { authCode, at, diesAt, pushedAt: createdAt ?? at, from: 'authorized', isShared };
}

/**
 * A success that names only its task, and the id of that task was in an answer that got lost: its code is exchanged at once, and WeChat is asked
 * for the name of the Mini Program's principal. A success that names a merchant of no sheet belongs to another service.
 */
export async function offerCodeOfResult(
  { codes, sealAuthCode, isShared }: AuthorizationTools,
  { status, appid, authCode: code, createdAt }: RegistrationPush,
  namesItsMerchant: boolean,
  { receivedAt: at }: StoredPush,
): Promise<void> {
  if (namesItsMerchant || appid === undefined || code === undefined) return;
  if (pushStatus(status).fact !== 'mini_program_created') return;
  const authCode = sealAuthCode(code, appid);
  const diesAt = at + AUTH_CODE_LIVES_MS;
  const pushed = { authCode, at, diesAt, pushedAt: createdAt ?? at, from: 'created', isShared } as const;
  await codes.offer(appid, pushed, { until: at, push: '' });
}

/** The exchange of a push's auth_code for the new Mini Program's refresh token. */
import { answerToCreate } from './answers.js';
import type { Client } from './client.js';

export type Exchange =
  | { readonly kind: 'kept'; readonly appid: string; readonly refreshToken: string }
  /** The code is used up or older than its ten minutes (61010): only the merchant can authorise again. */
  | { readonly kind: 'too_late'; readonly said: string }
  | { readonly kind: 'refused_token' }
  /** Anything else is tried again while the code lives. */
  | { readonly kind: 'try_again'; readonly said: string };

export async function exchangeAuthCode(
  client: Client,
  componentAppid: string,
  authCode: string,
  token: string,
): Promise<Exchange> {
  const reply = await client.post({
    path: '/cgi-bin/component/api_query_auth',
    query: { component_access_token: token },
    body: { component_appid: componentAppid, authorization_code: authCode },
    carries: 'authorization_info',
  });
  if (reply.kind !== 'answer') return { kind: 'try_again', said: reply.why };
  // A token is refused in the same words whatever is called.
  if (answerToCreate(reply.errcode).gateway === 'token') return { kind: 'refused_token' };
  if (reply.errcode === 61010) return { kind: 'too_late', said: reply.said };
  const info = reply.body.authorization_info as Record<string, unknown> | undefined;
  const { authorizer_appid: appid, authorizer_refresh_token: refreshToken } = info ?? {};
  if (reply.errcode !== 0 || typeof appid !== 'string' || typeof refreshToken !== 'string' || refreshToken === '') {
    return { kind: 'try_again', said: `${reply.errcode} ${reply.said}` };
  }
  return { kind: 'kept', appid, refreshToken };
}

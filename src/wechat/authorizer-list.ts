/** The Mini Programs that have authorised the platform, as WeChat lists them: where a lost push can still be found. */
import { type Client, type Reply, wholeNumber } from './client.js';

export interface AuthorizerInfo {
  readonly appid: string;
  /** The subject as it is registered, e.g. the enterprise's name. */
  readonly principalName: string;
  /** 6: created by the registration API. */
  readonly registerType: number | undefined;
  readonly refreshToken: string | undefined;
}

export interface ListedAuthorizer {
  readonly appid: string;
  readonly refreshToken: string | undefined;
  /** When it was authorised last, ms since 1970, in whole seconds; NaN, which is after nothing, where WeChat does not say. */
  readonly authorizedAt: number;
}

export type Listing =
  | { readonly kind: 'listed'; readonly authorizers: readonly ListedAuthorizer[]; readonly total: number }
  | { readonly kind: 'refused'; readonly reply: Reply };

export type Info =
  | { readonly kind: 'info'; readonly info: AuthorizerInfo }
  | { readonly kind: 'refused'; readonly reply: Reply };

/** WeChat lists at most so many at once. */
const LISTED_AT_ONCE = 500;

export const CREATED_BY_REGISTRATION = 6;

/** 61003: the account has not authorised this platform, or does not any more. */
export const NOT_AUTHORISED = 61003;

export async function listAuthorizers(
  client: Client,
  componentAppid: string,
  token: string,
  offset: number,
): Promise<Listing> {
  const reply = await client.post({
    path: '/cgi-bin/component/api_get_authorizer_list',
    query: { component_access_token: token },
    body: { component_appid: componentAppid, offset, count: LISTED_AT_ONCE },
    carries: 'list',
  });
  if (reply.kind !== 'answer' || reply.errcode !== 0) return { kind: 'refused', reply };
  const list = Array.isArray(reply.body.list) ? (reply.body.list as Record<string, unknown>[]) : [];
  const authorizers = list.flatMap(({ authorizer_appid: appid, refresh_token: refreshToken, auth_time: seconds }) =>
    typeof appid === 'string'
      ? [
          {
            appid,
            refreshToken: typeof refreshToken === 'string' && refreshToken !== '' ? refreshToken : undefined,
            authorizedAt: Number(seconds) * 1000,
          },
        ]
      : [],
  );
  return { kind: 'listed', authorizers, total: Number(reply.body.total_count ?? authorizers.length) };
}

export async function authorizerInfo(
  client: Client,
  componentAppid: string,
  token: string,
  appid: string,
): Promise<Info> {
  const reply = await client.post({
    path: '/cgi-bin/component/api_get_authorizer_info',
    query: { component_access_token: token },
    body: { component_appid: componentAppid, authorizer_appid: appid },
    carries: 'authorizer_info',
  });
  if (reply.kind !== 'answer' || reply.errcode !== 0) return { kind: 'refused', reply };
  const info = (reply.body.authorizer_info ?? {}) as Record<string, unknown>;
  const { authorizer_refresh_token: refreshToken } = (reply.body.authorization_info ?? {}) as Record<string, unknown>;
  return {
    kind: 'info',
    info: {
      appid,
      principalName: typeof info.principal_name === 'string' ? info.principal_name : '',
      registerType: wholeNumber(info.register_type),
      refreshToken: typeof refreshToken === 'string' && refreshToken !== '' ? refreshToken : undefined,
    },
  };
}

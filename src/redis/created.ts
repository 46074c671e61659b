/** The notice of a new Mini Program to the platform's own service. It goes without its refresh token, which is added when it is posted. */
import type { Redis } from 'ioredis';
import { queueNotice } from './notices.js';

export interface Created {
  readonly registration: string;
  readonly appid: string;
  /** When the Mini Program was created, ms since 1970. */
  readonly at: number;
  /** `kept`: its refresh token is here. `lost`: its auth_code died. `none`: WeChat pushed none. */
  readonly authorization: 'kept' | 'lost' | 'none';
}

/** In order within a registration; sent twice after a crash, under the same id. */
export function notifyCreated(redis: Redis, { registration, appid, at, authorization }: Created): Promise<void> {
  return queueNotice(redis, 'created', registration, {
    id: `created-${registration}-${appid}`,
    type: 'mini_program.created',
    at,
    data: { appid, registration_id: registration, authorization },
  });
}

/** What became of the authorisation of a Mini Program that was announced before. */
export interface AuthorizationChange {
  readonly registration: string;
  readonly appid: string;
  /** When WeChat pushed it, ms since 1970. */
  readonly at: number;
  /** `kept`: there is a new refresh token. `withdrawn`: the merchant withdrew the authorisation. */
  readonly authorization: 'kept' | 'withdrawn';
  /** Distinguishes this change from the others. */
  readonly id: string;
}

export function notifyAuthorization(redis: Redis, change: AuthorizationChange): Promise<void> {
  const { registration, appid, at, authorization, id } = change;
  return queueNotice(redis, 'created', registration, {
    id: `authorization-${registration}-${appid}-${id}`,
    type: 'mini_program.authorization',
    at,
    data: { appid, registration_id: registration, authorization },
  });
}

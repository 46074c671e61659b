/** The notice of a new Mini Program to the platform's own service. It is queued without the refresh token, which is added when it is posted. */
import type { Redis } from 'ioredis';
import type { AuthorizationChange, Created } from '../domain/notice.js';
import { queueNotice } from './notices.js';

/** In order within a registration; sent twice after a crash, under the same id. */
export function notifyCreated(redis: Redis, { registration, appid, at, authorization }: Created): Promise<void> {
  return queueNotice(redis, 'created', registration, {
    id: `created-${registration}-${appid}`,
    type: 'mini_program.created',
    at,
    data: { appid, registration_id: registration, authorization },
  });
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

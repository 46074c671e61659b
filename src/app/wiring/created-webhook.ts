/** New Mini Programs, reported to the platform's own service. */
import type { Redis } from 'ioredis';
import type { AuthorizationChange, Created } from '../../domain/notice.js';
import type { Webhook } from '../../notices/webhook.js';
import { notifyAuthorization, notifyCreated } from '../../redis/created.js';
import type { Authorizers } from '../../redis/pushes/authorizers.js';
import type { Settings } from '../../settings.js';

/** Undefined if no program listens for new Mini Programs. */
export function createdNotifier(settings: Settings, redis: Redis): ((created: Created) => Promise<void>) | undefined {
  return settings.createdWebhook === undefined ? undefined : (created) => notifyCreated(redis, created);
}

export function authorizationNotifier(
  settings: Settings,
  redis: Redis,
): ((change: AuthorizationChange) => Promise<void>) | undefined {
  return settings.createdWebhook === undefined ? undefined : (change) => notifyAuthorization(redis, change);
}

/** The refresh token is sent only over a connection that cannot be read on the way. */
export function createdWebhook(
  { createdWebhook: url }: Pick<Settings, 'createdWebhook'>,
  authorizers: Pick<Authorizers, 'find'>,
): Webhook | undefined {
  if (url === undefined) return undefined;
  const { protocol, hostname } = new URL(url);
  const isPrivate = protocol === 'https:' || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
  return {
    url,
    complete: async (data) => {
      const kept = isPrivate ? await authorizers.find(String(data.appid)) : undefined;
      return { ...data, refresh_token: kept?.refreshToken ?? null };
    },
  };
}

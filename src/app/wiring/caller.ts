/** Calls to WeChat and the access token that they need. */

import { openComponentStore, ticketReceivedAt } from '../../redis/component-store.js';
import type { Settings } from '../../settings.js';
import { type Client, openClient } from '../../wechat/client.js';
import { fixedToken, openCredentials, ticketExchange, tokenService } from '../../wechat/credentials.js';
import { registrationApi } from './registration-api.js';
import type { Store } from './store.js';
import { vaultLater } from './vault.js';

export type Caller = ReturnType<typeof openCaller>;

/** What asks WeChat a question outside the line: the same token as the workers', a connection of its own. */
export function openCaller({ settings, redis }: Pick<Store, 'settings' | 'redis'>) {
  const client = openClient({
    baseUrl: settings.wechatApiBaseUrl,
    requestTimeoutMs: settings.patience.requestTimeoutMs,
    connections: 1,
  });
  const store = openComponentStore(redis, vaultLater(settings));
  return {
    client,
    api: registrationApi(settings, client),
    ticketReceivedAt: () => ticketReceivedAt(redis),
    credentials: openCredentials(store, tokenSource(settings, client, store), Date.now),
    close: () => client.close(),
  };
}

export function tokenSource(settings: Settings, client: Client, store: ReturnType<typeof openComponentStore>) {
  const { wechatComponentAccessToken, wechatComponentAccessTokenUrl, patience } = settings;
  if (wechatComponentAccessToken !== undefined) return fixedToken(wechatComponentAccessToken);
  if (wechatComponentAccessTokenUrl !== undefined) {
    return tokenService(wechatComponentAccessTokenUrl, patience.requestTimeoutMs, fetch);
  }
  const component = { appid: settings.wechatComponentAppid ?? '', appsecret: settings.wechatComponentAppsecret ?? '' };
  return ticketExchange(client, component, store, Date.now, patience.tokenRetryMs);
}

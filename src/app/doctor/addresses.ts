import type { Settings } from '../../settings.js';
import type { Finding } from './finding.js';

/** What goes there is worth every Mini Program of the platform. */
export function checkAddresses(settings: Settings): Finding[] {
  const addresses = {
    WECHAT_API_BASE_URL: settings.wechatApiBaseUrl,
    WECHAT_COMPONENT_ACCESS_TOKEN_URL: settings.wechatComponentAccessTokenUrl,
    FASTREGISTER_FORWARD_URL: settings.forwardUrl,
    FASTREGISTER_CREATED_WEBHOOK: settings.createdWebhook,
    FASTREGISTER_NOTIFY_URL: settings.notifyUrl?.find(isReadableOnTheWay),
  };
  return Object.entries(addresses)
    .filter(([, address]) => address !== undefined && isReadableOnTheWay(address))
    .map(([name]) => ({
      check: 'addresses',
      verdict: 'warning',
      says: `${name} begins with http:// and leads to another machine: whoever is on the way can read and change what goes there`,
      todo: 'Use https://.',
    }));
}

function isReadableOnTheWay(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

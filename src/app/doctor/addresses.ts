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
    .map(
      ([name]): Finding => ({
        check: 'addresses',
        verdict: 'warning',
        says: {
          en: `${name} begins with http:// and leads to another machine: what goes there can be read and changed on the way`,
          zh: `${name} 以 http:// 开头且指向其他机器：传输内容可能被读取或篡改`,
        },
        todo: { en: 'Use https://.', zh: '请使用 https://。' },
      }),
    );
}

function isReadableOnTheWay(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

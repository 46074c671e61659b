/** What the address of WeChat's API says: WeChat itself, or a rehearsal. */

const WECHAT = 'api.weixin.qq.com';

/** One name for each API. A rehearsal's port is another one each time, and WeChat's hosts are one API. */
export function apiAddress(baseUrl: string): string {
  const { protocol, hostname, host, pathname } = new URL(baseUrl);
  if (/(^|\.)api2?\.weixin\.qq\.com\.?$/.test(hostname)) return WECHAT;
  if (/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)) return 'this machine';
  return `${protocol}//${host}${pathname.replace(/\/+$/, '')}`;
}

/** Whatever is written around WeChat's host: a port, capitals. A text that is no address is not WeChat's. */
export function isWechat(baseUrl: string): boolean {
  return URL.canParse(baseUrl) && apiAddress(baseUrl) === WECHAT;
}

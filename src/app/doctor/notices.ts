import { openNotices } from '../../redis/notices.js';
import { addressesOf, named, undelivered } from '../../reporter/undelivered.js';
import type { Store } from '../wiring/store.js';
import type { Finding } from './finding.js';

/** Where notices are sent, and which address does not accept them; a finding only if an address is set. */
export async function checkNotices({ settings, redis }: Store): Promise<Finding[]> {
  const check = 'notices';
  const addresses = addressesOf(settings);
  if (addresses.length === 0) return [];
  const failing = await undelivered(settings, openNotices(redis));
  if (failing.length === 0) {
    const names = addresses.map(({ address }) => named(address));
    const says = {
      en: `go to ${names.map(({ en }) => en).join(', ')}`,
      zh: `发送到${names.map(({ zh }) => zh).join('、')}`,
    };
    return [{ check, verdict: 'ok', says }];
  }
  return failing.map(({ setting, address, why, tries, since }) => ({
    check,
    verdict: 'warning',
    says: {
      en: `${address.en} does not take them: ${why}; tried ${tries} times since ${since}`,
      zh: `${address.zh} 没有接收：${why}；自 ${since} 起已尝试 ${tries} 次`,
    },
    todo: {
      en: `Check ${setting}. \`fastregister notify test\` says what each address answers.`,
      zh: `请检查 ${setting}。运行 \`fastregister notify test\` 可查看每个地址的答复。`,
    },
  }));
}

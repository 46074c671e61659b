import { openNotices } from '../../redis/notices.js';
import { addressesOf, named, undelivered } from '../../reporter/undelivered.js';
import type { Store } from '../wiring/store.js';
import type { Finding } from './finding.js';

/** Who is told, and who does not take it; a finding only where somebody is told. */
export async function checkNotices({ settings, redis }: Store): Promise<Finding[]> {
  const check = 'notices';
  const addresses = addressesOf(settings);
  if (addresses.length === 0) return [];
  const failing = await undelivered(settings, openNotices(redis));
  if (failing.length === 0) {
    return [{ check, verdict: 'ok', says: `go to ${addresses.map(({ address }) => named(address)).join(', ')}` }];
  }
  return failing.map(({ setting, address, why, tries, since }) => ({
    check,
    verdict: 'warning',
    says: `${address} does not take them: ${why}; tried ${tries} times since ${since}`,
    todo: `Check ${setting}. \`fastregister notify test\` says what each address answers.`,
  }));
}

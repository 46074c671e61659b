import { type Need, SettingsError } from '../../config.js';
import type { Settings } from '../../settings.js';
import type { Finding } from './finding.js';

const NEEDS: readonly Need[] = ['wechat', 'sending', 'push', 'encryption'];

/** Without settings that can be read there is nothing else to check; with some that are missing there is. */
export function checkSettings(read: (needs: readonly Need[]) => Settings): {
  settings?: Settings;
  findings: Finding[];
} {
  try {
    return {
      settings: read(NEEDS),
      findings: [{ check: 'settings', verdict: 'ok', says: { en: 'complete and well-formed', zh: '完整，格式正确' } }],
    };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const findings = error.faults.map(
      ({ name, problem, remedy }): Finding => ({
        check: 'settings',
        verdict: 'fault',
        says: { en: `${name} ${problem.en}`, zh: `${name} ${problem.zh}` },
        todo: remedy,
      }),
    );
    try {
      return { settings: read([]), findings };
    } catch {
      return { findings };
    }
  }
}

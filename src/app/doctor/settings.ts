import { missingFor, type Need, SettingsError } from '../../config.js';
import type { SettingFault } from '../../config-rules.js';
import type { Settings } from '../../settings.js';
import type { Finding } from './finding.js';

const NEEDS: readonly Need[] = ['wechat', 'sending', 'push', 'encryption'];

const COMPLETE: Finding = {
  check: 'settings',
  verdict: 'ok',
  says: { en: 'complete and well-formed', zh: '完整，格式正确' },
};

/** Without settings that can be read there is nothing else to check; with some that are missing there is. */
export function checkSettings(read: (needs: readonly Need[]) => Settings): {
  settings?: Settings;
  findings: Finding[];
} {
  try {
    return { settings: read(NEEDS), findings: [COMPLETE] };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const findings = error.faults.map(findingOf);
    try {
      return { settings: read([]), findings };
    } catch {
      return { findings };
    }
  }
}

/** Of a process that runs: its settings are well-formed, and some may be missing that other parts need. */
export function checkSettingsInUse(settings: Settings): Finding[] {
  const faults = missingFor(settings, NEEDS);
  return faults.length === 0 ? [COMPLETE] : faults.map(findingOf);
}

function findingOf({ name, problem, remedy }: SettingFault): Finding {
  return {
    check: 'settings',
    verdict: 'fault',
    says: { en: `${name} ${problem.en}`, zh: `${name} ${problem.zh}` },
    todo: remedy,
  };
}

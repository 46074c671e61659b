/** What a running process may miss of settings that other processes have. */
import { missingFor, type Need, SettingsError } from '../config.js';
import type { Store } from './wiring/store.js';

/** @throws SettingsError that names each setting that is missing */
export function refuseWithout({ settings }: Pick<Store, 'settings'>, needs: readonly Need[]): void {
  const faults = missingFor(settings, needs);
  if (faults.length > 0) throw new SettingsError(faults);
}

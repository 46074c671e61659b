import { join } from 'node:path';
import type { Settings } from '../../settings.js';

/** Of the ledger: two platforms on one machine share FASTREGISTER_HOME, and each may take its own pushes only. */
export function spoolFolder({ home, ledger }: Pick<Settings, 'home' | 'ledger'>): string {
  return join(home, 'spool', ledger);
}

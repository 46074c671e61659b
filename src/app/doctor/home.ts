/** Whether journal and spool can be written: the disk may be full or read-only, or a folder be another user's. */
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { same } from '../../domain/words.js';
import { homeUnwritable, LET_HOME_BE_WRITTEN, tryToWriteIn } from '../../redis/ledger/journal.js';
import type { Settings } from '../../settings.js';
import { spoolFolder } from '../wiring/spool-folder.js';
import type { Finding } from './finding.js';

export function checkHome(settings: Pick<Settings, 'home' | 'ledger'>): Finding {
  const { home } = settings;
  const check = 'home';
  try {
    for (const folder of [home, join(home, 'journal'), spoolFolder(settings)]) tryFolder(folder);
    return { check, verdict: 'ok', says: same(home) };
  } catch (cause) {
    return { check, verdict: 'fault', says: homeUnwritable(home, cause), todo: LET_HOME_BE_WRITTEN };
  }
}

/** A folder that is not there yet is made in the nearest one above it. */
function tryFolder(folder: string): void {
  if (existsSync(folder)) {
    tryToWriteIn(folder);
    return;
  }
  let above = dirname(folder);
  while (!existsSync(above)) above = dirname(above);
  accessSync(above, constants.W_OK);
}

/** FASTREGISTER_HOME: whether it can be written, and whether others may look into it. */
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { same } from '../../domain/words.js';
import { homeUnwritable, LET_HOME_BE_WRITTEN, tryToWriteIn } from '../../redis/ledger/journal.js';
import type { Settings } from '../../settings.js';
import { isOpenToOthers } from '../wiring/private-home.js';
import { spoolFolder } from '../wiring/spool-folder.js';
import type { Finding } from './finding.js';

/** Journal and spool: the disk may be full or read-only, or a folder be another user's. */
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

/** Every command closes it, where it can. */
export function checkModeOfHome({ home }: Pick<Settings, 'home'>): Finding[] {
  if (!isOpenToOthers(home)) return [];
  return [
    {
      check: 'home',
      verdict: 'warning',
      says: { en: `other users of this machine may look into ${home}`, zh: `本机其他用户可以查看 ${home}` },
      todo: {
        en: `Have its owner run \`chmod 700 ${home}\`, or set FASTREGISTER_HOME to a folder of your own on a disk that keeps modes.`,
        zh: `请由其所有者运行 \`chmod 700 ${home}\`，或将 FASTREGISTER_HOME 设为自己的文件夹（所在磁盘须支持权限）。`,
      },
    },
  ];
}

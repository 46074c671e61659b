/** The person who acts, for the history: the user of this machine. */
import { userInfo } from 'node:os';
import { spoken } from './language.js';

export function whoAsks(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user need not have a name.
    const uid = process.getuid?.();
    return spoken({ en: `user ${uid ?? 'unknown'}`, zh: `用户 ${uid ?? '（未知）'}` });
  }
}

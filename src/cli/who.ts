/** Who acts, for the history: the user of this machine. */
import { userInfo } from 'node:os';

export function whoAsks(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user need not have a name.
    return `user ${process.getuid?.() ?? 'unknown'}`;
  }
}

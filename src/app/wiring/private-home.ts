/** FASTREGISTER_HOME has keys and what pushes say of merchants: its owner alone may look into it. */
import { chmodSync, statSync } from 'node:fs';

/** Of group or others. */
const OTHERS = 0o077;

export function isOpenToOthers(home: string): boolean {
  try {
    return (statSync(home).mode & OTHERS) !== 0;
  } catch {
    // Not there yet, or not to be looked at.
    return false;
  }
}

/**
 * A folder that was there before has the mode with which it was made. One of another user is that user's to close.
 * @returns whether it was open to others
 */
export function closeToOthers(home: string): boolean {
  if (!isOpenToOthers(home)) return false;
  try {
    if (statSync(home).uid === process.getuid?.()) chmodSync(home, 0o700);
  } catch {
    // Some file systems keep no modes, or may only be read: isOpenToOthers says it.
  }
  return true;
}

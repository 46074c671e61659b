/** How a caller recognises why the ledger could not be read or written: what is over with a pause, and what is a fault. */

/** There is no such registration: Redis has forgotten it since it was read, and a sheet that is loaded again brings it back. */
export class RegistrationUnknown extends Error {
  override readonly name = 'RegistrationUnknown';

  constructor(id: string) {
    super(`There is no registration ${id}`);
  }
}

/** This process ends, and does not wait for others to report any more. Nothing is wrong with what it was about to record. */
export class GuardClosed extends Error {
  override readonly name = 'GuardClosed';
  constructor() {
    super('This process ends before every other one has said what Redis had forgotten');
  }
}

/** Whether a command failed because Redis went away under it, as its client says it. */
export function isRedisGone(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    error.name === 'MaxRetriesPerRequestError' ||
    /Connection is closed|Stream isn't writeable|Command timed out/.test(error.message)
  );
}

/**
 * Whether a command failed for what Redis is at the moment, and not for what the command is: it is short of memory or cannot
 * write its file, is busy with a script, reads its data, has become a replica, or lacks replicas.
 */
export function isRedisUnable(error: unknown): boolean {
  return (
    isRedisGone(error) ||
    (error instanceof Error &&
      /\b(OOM|MISCONF|BUSY|LOADING|READONLY|NOREPLICAS|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|UNKILLABLE)\b/.test(
        error.message,
      ))
  );
}

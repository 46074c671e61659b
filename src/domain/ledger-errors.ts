/** Why the ledger could not be read or written: by this a caller knows what ends with a pause, and what is a fault. */

/** There is no such registration: Redis has forgotten it since it was read. Loading its sheet again restores it. */
export class RegistrationUnknown extends Error {
  override readonly name = 'RegistrationUnknown';

  constructor(id: string) {
    super(`There is no registration ${id}`);
  }
}

/** Another row has taken the place of the row that a correction was made of: what was not corrected would become as it was before. */
export class CorrectionOvertaken extends Error {
  override readonly name = 'CorrectionOvertaken';

  constructor(id: string) {
    super(`The details of ${id} have changed since its correction was made`);
  }
}

/** This process ends, and no longer waits for the reports of others. The fact that it was about to record is not at fault. */
export class GuardClosed extends Error {
  override readonly name = 'GuardClosed';
  constructor() {
    super('This process ends before every other process has reported what Redis had forgotten');
  }
}

/** Whether a command failed because the connection to Redis was lost, by the error of ioredis. */
export function isRedisGone(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    error.name === 'MaxRetriesPerRequestError' ||
    /Connection is closed|Stream isn't writeable|Command timed out/.test(error.message)
  );
}

/** Whether it was reached, and did not answer in time. */
export function isRedisSlow(error: unknown): boolean {
  return error instanceof Error && /Command timed out/.test(error.message);
}

/**
 * Whether a command failed because of the present state of Redis, not because of the command: Redis is short of memory or cannot
 * write its file, is busy with a script, reads its data, has become a replica, lacks replicas, or denies
 * its user the command.
 */
export function isRedisUnable(error: unknown): boolean {
  return isRedisGone(error) || stateOfRedis(error) !== undefined;
}

const STATES = /\b(OOM|MISCONF|BUSY|LOADING|READONLY|NOREPLICAS|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|UNKILLABLE|NOPERM)\b/;

/** The state that an error of Redis names, and its words; undefined where the command itself is at fault. */
export function stateOfRedis(error: unknown): { readonly state: string; readonly said: string } | undefined {
  if (!(error instanceof Error)) return undefined;
  const [state] = STATES.exec(error.message) ?? [];
  if (state !== undefined) return { state, said: error.message };
  // A transaction fails with EXECABORT, and what each of its commands met is beside it.
  const { previousErrors = [] } = error as { readonly previousErrors?: readonly unknown[] };
  return previousErrors.map(stateOfRedis).find((known) => known !== undefined);
}

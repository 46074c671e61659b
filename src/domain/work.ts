/** Work that waits for a worker. */

/** A piece of work that waits in BullMQ: its queue, and its job id there. */
export interface Job {
  readonly kind: WorkKind;
  readonly name: string;
}

/** Work of the kind `authorize` is about a Mini Program, and has its appid where the other kinds have a registration's id. */
export const WORK_KINDS = ['submit', 'follow-up', 'authorize'] as const;

export type WorkKind = (typeof WORK_KINDS)[number];

/** A job's name begins with what it is about. */
export function registrationOf(job: string): string {
  return job.slice(0, job.indexOf('-'));
}

/** Longest pause between two looks of the relay for work that is due: a lost wakeup costs no more than this. */
export const RELAY_LOOKS_EVERY_MS = 15_000;

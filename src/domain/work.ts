/** Work that waits for a worker. */
import { type State, statesMovedBy } from './registration.js';

/** A piece of work that waits in BullMQ: its queue, and its job id there. */
export interface Job {
  readonly kind: WorkKind;
  readonly name: string;
}

/** Work of the kind `authorize` is about a Mini Program, and has its appid where the other kinds have a registration's id. */
export const WORK_KINDS = ['submit', 'follow-up', 'authorize'] as const;

export type WorkKind = (typeof WORK_KINDS)[number];

/**
 * States of registrations in which there is work of a kind: those in which a worker's first fact changes something. None for
 * `authorize`: its jobs are Mini Programs, named by their appid.
 */
export const STATES_WITH_WORK: Readonly<Record<WorkKind, readonly State[]>> = {
  submit: statesMovedBy('create_sent'),
  'follow-up': statesMovedBy('search_sent'),
  authorize: [],
};

/** A job's name begins with what it is about. */
export function registrationOf(job: string): string {
  return job.slice(0, job.indexOf('-'));
}

/**
 * When a job was handed out, in ms since 1970: work that was due then is due now, whatever the worker's clock says. If Redis and
 * the worker each decided by their own clocks, a registration would go back and forth between them until the clocks agree.
 */
export function handedAt(job: string): number {
  return Number(/-(\d+)\.\d+-\d+$/.exec(job)?.[1] ?? 0);
}

/** Longest pause between two looks of the relay for work that is due: a lost wakeup costs no more than this. */
export const RELAY_LOOKS_EVERY_MS = 15_000;

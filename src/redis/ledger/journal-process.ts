/** The processes that keep journals, by names that say where each runs. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { startOf } from '../server/process.js';

export interface JournalProcess {
  /** The id of its journal: a process that reads the same journal can report for it. */
  readonly folder: string;
  readonly host: string;
  readonly pid: number;
  /** When the process started: process ids are reused. */
  readonly start: string;
  /** Distinguishes two guards of one process. */
  readonly part: string;
}

export async function thisProcess(folder: string): Promise<JournalProcess> {
  const { pid } = process;
  return { folder, host: hostname(), pid, start: (await startOf(pid)) ?? '-', part: randomUUID().slice(0, 8) };
}

export function nameOf({ folder, host, pid, start, part }: JournalProcess): string {
  return [folder, pid, start, part, host].join(' ');
}

export function processFrom(name: string): JournalProcess {
  const [folder = '', pid, start = '', part = '', ...host] = name.split(' ');
  return { folder, pid: Number(pid), start, part, host: host.join(' ') };
}

/** False for a process of another machine or container: it is not known. */
export async function hasEnded({ host, pid, start }: JournalProcess): Promise<boolean> {
  return host === hostname() && (await startOf(pid)) !== start;
}

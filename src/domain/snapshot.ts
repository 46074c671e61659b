/** A registration as it was read, and what a fact made of it. */
import type { Fact, Move, Registration } from './registration.js';
import type { Row } from './row.js';

/** Registrations that have the same of these differ in nothing but their id and their row. */
export type Alike = object;

/** A registration as it was read, with what is needed to decide and to record. */
export interface Snapshot {
  readonly registration: Registration;
  /** Write id of the last fact when it was read, '' before the first. While it is still the same, no fact was recorded since. */
  readonly version: string;
  /** Redis' clock, ms since 1970. */
  readonly now: number;
  /** The row with the details that are sent; undefined once it has been purged. */
  readonly row: Row | undefined;
  /** Absent where it is like no other one, as far as is known. */
  readonly alike?: Alike | undefined;
}

/** An entry of the history: the fact, the state that it led to (absent: it changed nothing), and the id of the write. */
export interface HistoryEntry extends Omit<Fact, 'authCode'> {
  readonly to?: Registration['state'];
  /** Of a row: what became of it, and `batch/index` of the row that was sent until then, or waited to be. */
  readonly rows?: Move['rows'];
  readonly rowBefore?: string;
  readonly writeId?: string;
}

export interface Recorded {
  readonly before: Registration;
  readonly after: Registration;
  readonly move: Move | undefined;
}

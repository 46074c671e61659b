/** What is posted to other programs. */

/** `created`: the platform's own service hears of new Mini Programs. `notify`: people hear how a batch or the line is. */
export type Destination = 'created' | 'notify';

export interface Notice {
  /** The same for every repetition of a notice, so that its receiver can recognise it. */
  readonly id: string;
  /** e.g. `mini_program.created` */
  readonly type: string;
  /** When it happened, ms since 1970. */
  readonly at: number;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface TakenNotice {
  readonly lane: string;
  readonly notice: Notice;
  /** How often it was posted in vain. */
  readonly tries: number;
  /** For how long it is being posted in vain. */
  readonly triedForMs: number;
  /** As it is kept: by this it is settled. */
  readonly kept: string;
}

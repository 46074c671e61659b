/** The comparison of the ledger with WeChat's list of authorised accounts. */

/** How a comparison ended. Times are ms since 1970. */
export interface Comparison {
  readonly at: number;
  /** Silent registrations that were looked for, and what was found: Mini Programs, refresh tokens, names that fit several. */
  readonly silent: number;
  readonly recorded: number;
  readonly tokens: number;
  readonly ambiguous: number;
  /** What WeChat answered where it did not let us read on, '' where it did. */
  readonly refused: string;
}

export interface Finding {
  readonly check: string;
  readonly verdict: 'ok' | 'warning' | 'fault';
  readonly says: string;
  /** What to do; absent where all is well. */
  readonly todo?: string;
}

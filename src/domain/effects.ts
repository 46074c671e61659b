/** What an answer or a push does beside moving its registration: to the budgets, to the line, to the job. */
import type { LineVerdict } from './line.js';
import type { StopRule } from './line-faults.js';
import type { Fact } from './registration.js';
import type { Job } from './work.js';

export interface RepeatedError extends StopRule {
  readonly call: 'create' | 'search';
  readonly code: string;
  /** What came, in words that name no merchant. */
  readonly met: string;
}

export interface DayProbe {
  readonly day: string;
  /** `again`: WeChat did not process the call. `unknown`: it may have. */
  readonly verdict: 'open' | 'again' | 'unknown';
  /** Absent: the call was not made, so it has no answer. */
  readonly said?: string;
}

export interface GiveBack {
  readonly day: string;
  /** '' of a search, which uses no try. */
  readonly person: string;
  /** Absent: WeChat has counted the call. */
  readonly call?: 'create' | 'search';
}

/** What a fact does beside the registration's own move. */
export interface Effects {
  /** The job that this fact completes. */
  readonly job?: Job;
  /** Quota day that WeChat calls used up (45009). */
  readonly closeDay?: string;
  /** WeChat's words to it, and the times of the checks that follow (limits.ts, quotaRechecksMs). */
  readonly closing?: { readonly said: string; readonly recheck: readonly number[] };
  /** What the answer to the probe of a closed day says of the day. */
  readonly probe?: DayProbe;
  /** How long to pause after WeChat's rate limit (45011), in ms. */
  readonly pauseMs?: number;
  /** The quota day of a create that Redis had forgotten: it counts there again, where it changes anything. */
  readonly charge?: string;
  /** The Weixin ID's try of the day was none; `call`: neither was this call, because it surely did not reach WeChat. */
  readonly giveBack?: GiveBack;
  /** WeChat says that the Weixin ID's tries of the day are used up (91030), whatever we counted. */
  readonly spent?: { readonly day: string; readonly person: string };
  /** Whether a create got the answer of an API that is offline; `most` merchants and nothing else on a day stop the line. */
  readonly offline?: {
    readonly day: string;
    readonly met: boolean;
    readonly most: number;
    readonly because: string;
    readonly problem: string;
  };
  /** What the fact says of the first rows of a batch and of the line's probe, in place of what the new state would; `none`: nothing. */
  readonly rowVerdict?: 'withdrawn' | 'none';
  /** What the answer to a create says of the creates that wait for it. */
  readonly verdict?: LineVerdict;
  /** What a search says of the way to WeChat, where it tries a stopped line. */
  readonly searchVerdict?: Exclude<LineVerdict, 'accepted' | 'refused'>;
  /** A fault of WeChat or of the network that this call met; with the code '' an ordinary answer, after which the count begins anew. */
  readonly repeatedError?: RepeatedError | { readonly call: RepeatedError['call']; readonly code: '' };
  /** Recorded, too, should that fault stop the line: the try that it has cost is given back. */
  readonly ifStopped?: Fact;
}

/** Faults that strike every caller, until they are cleared or have struck often enough. */

import { type Answering, readFate } from './fates.js';
import { durationMs } from './timeline.js';

/** `ip` strikes every call, `token` every call that carries one; the others the call of that name. */
export const FAULT_SCOPES = [
  'ip',
  'token',
  'create',
  'search',
  'query',
  'start_push_ticket',
  'component_token',
  'query_auth',
  'authorizer_list',
  'authorizer_info',
  'quota',
  'clear_quota',
] as const;

export type FaultScope = (typeof FAULT_SCOPES)[number];

export interface Faults {
  /** Takes `{"create": 89254, "times": 3}` or `"for": "1h"` (simulated); null clears a scope. The answer says what was wrong, if anything. */
  set(wanted: Readonly<Record<string, unknown>>): string | undefined;
  clear(): void;
  /** The fault that strikes this call, and one use of it. */
  take(scope: FaultScope): Answering | undefined;
  list(): Record<string, { answers: string; left: number | null; until?: string }>;
}

interface Fault {
  readonly answering: Answering;
  /** Calls that it still strikes. */
  left: number;
  /** Simulated ms since 1970. */
  readonly until: number;
}

const DEAD_TOKEN = 42001;

/** `now`: simulated ms since 1970. */
export function startFaults(now: () => number): Faults {
  const faults = new Map<FaultScope, Fault>();

  function present(scope: FaultScope): Fault | undefined {
    const fault = faults.get(scope);
    if (fault === undefined || (fault.left > 0 && now() < fault.until)) return fault;
    faults.delete(scope);
    return undefined;
  }

  return {
    set({ times, for: lasting, ...scopes }) {
      if (times !== undefined && !(Number(times) >= 1)) return '"times" must be 1 or more.';
      const lastsMs = lasting === undefined ? Number.POSITIVE_INFINITY : lengthOf(lasting);
      if (lastsMs === undefined) return '"for" must be a duration such as "1h".';
      const wanted = Object.entries(scopes).map(([scope, what]) => ({ scope, what, answering: answeringFor(what) }));
      for (const { scope, what, answering } of wanted) {
        if (!isScope(scope)) return `There is no fault scope "${scope}"; there are ${FAULT_SCOPES.join(', ')}.`;
        if (what !== null && !answering) {
          return `"${scope}" takes an errcode, a word about an answer such as "cut" or "h502after", or null.`;
        }
      }
      for (const { scope, answering } of wanted) {
        if (!isScope(scope)) continue;
        const left = times === undefined ? answering?.times : Number(times);
        if (answering) faults.set(scope, { answering, left: left ?? answering.times, until: now() + lastsMs });
        else faults.delete(scope);
      }
      return undefined;
    },
    clear: () => faults.clear(),
    take(scope) {
      const fault = present(scope);
      if (!fault) return undefined;
      fault.left -= 1;
      return fault.answering;
    },
    list: () =>
      Object.fromEntries(
        FAULT_SCOPES.flatMap((scope) => {
          const fault = present(scope);
          if (!fault) return [];
          const { answering, left, until } = fault;
          const ends = Number.isFinite(until) ? { until: new Date(until).toISOString() } : {};
          return [[scope, { answers: answering.word, left: Number.isFinite(left) ? left : null, ...ends }]];
        }),
      ),
  };
}

function lengthOf(lasting: unknown): number | undefined {
  try {
    return typeof lasting === 'string' || typeof lasting === 'number' ? durationMs(lasting) : undefined;
  } catch {
    return undefined;
  }
}

function isScope(scope: string): scope is FaultScope {
  return (FAULT_SCOPES as readonly string[]).includes(scope);
}

/** An errcode, `dead` for a token, or the word of a fate about an answer. */
function answeringFor(what: unknown): Answering | undefined {
  const errcode = what === 'dead' ? DEAD_TOKEN : what;
  if (typeof errcode === 'number' && Number.isInteger(errcode)) {
    const kind = 'errcode';
    return { word: String(errcode), kind, number: errcode, accepts: false, times: Number.POSITIVE_INFINITY };
  }
  return typeof errcode === 'string' ? readFate(errcode)?.answering : undefined;
}

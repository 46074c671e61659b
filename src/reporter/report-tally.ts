/** Rows of a report, counted by what they have come to and why. */
import { LINE_FAULTS } from '../domain/line-faults.js';
import { OUTCOME_NAMES } from '../domain/outcomes.js';
import { problemReason } from '../domain/problems.js';
import type { Outcome } from '../domain/registration.js';
import type { Language } from '../domain/words.js';
import type { ReportRow } from './report.js';
import { troubleOf } from './sentences.js';

export interface ReasonCount {
  readonly problem: string;
  readonly rows: number;
  /** What the code means. */
  readonly reason: string;
}

export interface ReportTally {
  add(row: Pick<ReportRow, 'outcome' | 'problem'>): void;
  rows(): number;
  outcomes(): Partial<Record<Outcome, number>>;
  /** The most frequent first. */
  reasons(language: Language): ReasonCount[];
}

export function openReportTally(): ReportTally {
  const outcomes = new Map<Outcome, number>();
  const problems = new Map<string, number>();
  let rows = 0;
  return {
    add({ outcome, problem }) {
      rows += 1;
      const known = outcome as Outcome;
      outcomes.set(known, (outcomes.get(known) ?? 0) + 1);
      // A duplicate has the fate of the row that it repeats.
      if (problem !== '' && known !== 'duplicate') problems.set(problem, (problems.get(problem) ?? 0) + 1);
    },
    rows: () => rows,
    outcomes: () =>
      Object.fromEntries(OUTCOME_NAMES.flatMap((name) => (outcomes.has(name) ? [[name, outcomes.get(name)]] : []))),
    reasons: (language) =>
      [...problems]
        .sort(([, one], [, other]) => other - one)
        .map(([problem, count]) => ({
          problem,
          rows: count,
          reason: (troubleOf(problem) ?? LINE_FAULTS[problem] ?? problemReason({ code: problem }))[language],
        })),
  };
}

/**
 * Of the rows that have a result of WeChat, the share whose merchant has a Mini Program, from this sheet or from an earlier one;
 * undefined where there is none. Rows that were never sent for a reason of the sheet's are no failure of a merchant.
 */
export function successRate(outcomes: Partial<Record<Outcome, number>>): number | undefined {
  const { created = 0, already_created = 0, rejected = 0, expired = 0, needs_review = 0 } = outcomes;
  const registered = created + already_created;
  const over = registered + rejected + expired + needs_review;
  return over === 0 ? undefined : registered / over;
}

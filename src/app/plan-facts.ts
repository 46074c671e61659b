/** The plan of a sheet, line by line: `check` and the console print the same lines. */
import { dayInWords } from '../domain/calendar.js';
import type { Words } from '../domain/words.js';
import type { Plan } from '../producer/plan.js';
import type { Forecast } from './check.js';
import { PLAN_WORDS } from './check-words.js';

export interface PlanFact {
  readonly what: Words;
  readonly value: number | Words;
}

/** In the order of PLAN_WORDS, without the lines that do not apply. */
export function planFacts(plan: Plan, { before, days, sentBy }: Forecast, now: number): PlanFact[] {
  const values: Readonly<Record<keyof typeof PLAN_WORDS, number | Words | undefined>> = {
    rows: plan.rows,
    ready: plan.ready,
    invalid: plan.invalid,
    duplicate: plan.duplicate,
    alreadyCreated: plan.already_created,
    inProgress: plan.in_progress,
    waits: plan.waits || undefined,
    replaces: plan.replaces || undefined,
    warned: plan.warned,
    calls: plan.ready,
    before: before || undefined,
    days,
    sentBy: sentBy === undefined ? undefined : dayInWords(sentBy, now),
  };
  return Object.entries(PLAN_WORDS).flatMap(([name, what]) => {
    const value = values[name as keyof typeof PLAN_WORDS];
    return value === undefined ? [] : [{ what, value }];
  });
}

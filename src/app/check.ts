/** What loading a sheet would do, found out without sending or storing anything. */

import type { Batch } from '../domain/batch.js';
import { CODE_TYPE_REFUSED } from '../domain/check-code.js';
import type { Limits } from '../domain/limits.js';
import { type IdentifyInLedger, identifyWith } from '../domain/merchant.js';
import type { Rules } from '../producer/checked-page.js';
import { batchIdOf } from '../producer/load.js';
import { openTally, type Past, type Plan, type PlannedRow, plannedRows } from '../producer/plan.js';
import type { Sheet } from '../producer/sheets/sheet.js';
import { type Outlook, outlook } from '../reporter/outlook.js';
import { forCreates, sendingStatus } from '../reporter/sending-status.js';
import type { Settings } from '../settings.js';
import { limitsOf } from './wiring/limits.js';
import type { Store } from './wiring/store.js';

export interface Forecast extends Outlook {
  /** Registrations of earlier batches that are sent before these. */
  readonly before: number;
}

type Sendable = Pick<Plan, 'ready' | 'replaces'>;

/** What is known beside the sheet: earlier registrations, and how many are sent before this sheet. */
export interface CheckContext {
  readonly identify: IdentifyInLedger;
  readonly past: Past;
  forecast(plan: Sendable): Forecast;
  batch(id: string): Promise<Batch | undefined>;
}

/** Checking needs no ledger. */
export function withoutLedger(settings: Settings): CheckContext {
  const limits = limitsOf(settings);
  return {
    // Only compared with each other.
    identify: identifyWith(''),
    past: async () => [],
    forecast: (plan) => forecast(plan, 0, limits.perDay, limits),
    batch: async () => undefined,
  };
}

export async function checkContextOf({
  batches,
  calls,
  identify,
  workload,
  settings,
}: Pick<Store, 'batches' | 'calls' | 'identify' | 'workload' | 'settings'>): Promise<CheckContext> {
  const limits = limitsOf(settings);
  const ahead = forCreates(await sendingStatus(calls, limits, Date.now()), limits);
  const before = await workload.toSend();
  return {
    identify,
    past: batches.existingMatches,
    forecast: (plan) => forecast(plan, before, ahead.left, ahead.limits),
    batch: batches.find,
  };
}

export interface SheetCheck {
  /** To be read once, to its end; a million rows may have more problems than fit into memory. */
  readonly rows: AsyncIterable<readonly PlannedRow[]>;
  /** When the rows were read. */
  result(): Promise<CheckResult>;
}

export interface CheckResult {
  readonly plan: Plan;
  readonly forecast: Forecast;
  /** The batch that this sheet is already. */
  readonly batch: Batch | undefined;
}

export function checkSheet(sheet: Sheet, rules: Rules, context: CheckContext): SheetCheck {
  const tally = openTally();
  async function* rows(): AsyncGenerator<readonly PlannedRow[]> {
    for await (const page of plannedRows(sheet, rules, context.past)) {
      const said = page.map(withoutRefusal);
      for (const row of said) tally.add(row);
      yield said;
    }
  }
  return {
    rows: rows(),
    async result() {
      const plan = tally.plan();
      return { plan, forecast: context.forecast(plan), batch: await context.batch(batchIdOf(sheet, rules)) };
    },
  };
}

/** A row that has the outcome of another one is not sent, so no other code is asked for, as its report says. */
function withoutRefusal(planned: PlannedRow): PlannedRow {
  const { row, status } = planned;
  if (row.merchant !== undefined || status === 'invalid') return planned;
  return { ...planned, row: { ...row, problems: row.problems.filter(({ code }) => code !== CODE_TYPE_REFUSED) } };
}

/** `toSend`: registrations of earlier batches; of those that are replaced, the ready row is sent instead. */
function forecast({ ready, replaces }: Sendable, toSend: number, left: number, limits: Limits): Forecast {
  const ahead = ready === 0 ? 0 : Math.max(toSend - replaces, 0);
  return { ...outlook(ready + ahead, left, limits, Date.now()), before: ahead };
}

/** A call that got no permit: what comes before the worker asks for another one. */
import type { Permit } from '../redis/call-permits.js';
import { holdFor, type WorkerContext } from './context.js';
import { askForDay } from './quota.js';

export interface Unpermitted {
  readonly permit: Exclude<Permit, { readonly kind: 'go' | 'held' }>;
  readonly id: string;
  readonly token: string;
  /** The quota day of the call. */
  readonly day: string;
}

/** Resolves when the registration can be read again, and another permit be asked for; false: this worker is leaving. */
export async function untilAnotherPermit(
  context: WorkerContext,
  { permit, id, token, day }: Unpermitted,
): Promise<boolean> {
  switch (permit.kind) {
    case 'conflict':
      return true;
    case 'forgotten':
      await context.memory.restore(id);
      return true;
    case 'check':
      await askForDay(context, token, day, permit.check);
      return true;
    case 'wait':
      if (permit.why !== 'question') return holdFor(context, permit);
      await askFirst(context, token);
      return true;
  }
}

/** A create probes the line only after WeChat has answered a call that costs no merchant anything. */
async function askFirst({ calls, readQuota }: WorkerContext, token: string): Promise<void> {
  const reading = await readQuota(token);
  const isAnswered = reading.kind !== 'lost' && reading.kind !== 'page';
  await calls.answeredFirst(isAnswered, isAnswered ? '' : reading.why);
}

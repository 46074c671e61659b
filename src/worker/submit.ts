/** One registration, one `create`: is it due → may we call → call → what does the answer say → one fact. */
import { CODE_TYPE_REFUSED } from '../domain/check-code.js';
import { createDueAt, firstFollowUpAt, isDue } from '../domain/due.js';
import type { Merchant } from '../domain/merchant.js';
import { type Fact, isUnsent } from '../domain/registration.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { Job } from '../domain/work.js';
import type { RegistrationApi } from '../wechat/registration-api.js';
import type { CallResult, Sent } from './call-result.js';
import {
  budgetsFor,
  personFor,
  type ReadNow,
  readNow,
  recordCall,
  recordFact,
  recordInJournal,
  type WorkerContext,
} from './context.js';
import { factOfCreate, factOfExpiredPermit, factOfNoJournal, factOfUnconfirmed } from './facts.js';
import { untilAnotherPermit } from './no-permit.js';
import { tokenWithinQuota } from './quota.js';
import type { WithPermit } from './semaphore.js';
import { sharedSent } from './shared-facts.js';

/**
 * Work begins when fewer calls than the limit are in flight, and ends when the answer is recorded: an answer that stops the line
 * has to be recorded before the next call. What was read before the wait may be out of date; acquiring the permit finds that out.
 */
export async function submit(context: WorkerContext, withPermit: WithPermit, job: Job, id: string): Promise<void> {
  const read = await readNow(context, id);
  await withPermit(() => send(context, job, id, read));
}

async function send(context: WorkerContext, job: Job, id: string, known: ReadNow): Promise<void> {
  const sent = await take(context, job, id, known);
  if (sent === undefined) return;
  const { snapshot, sentFact, day } = sent;
  // A replica that is late may have `create_sent` alone.
  const giveUp = (decision: Pick<CallResult, 'fact' | 'effects'>) => recordInJournal(context, id, decision, snapshot);
  if (!(await context.confirm())) return giveUp(factOfUnconfirmed(context, sent));
  if (sent.age.isExpired()) return giveUp(factOfExpiredPermit(context, sent));
  if (!(await context.memory.write({ registration: id, writeId: snapshot.version, fact: sentFact, day }))) {
    const { fact, effects } = factOfNoJournal(context, sent);
    return void (await recordFact(context, id, fact, effects, snapshot));
  }
  // The process may have been frozen while it was written.
  if (sent.age.isExpired()) return giveUp(factOfExpiredPermit(context, sent));
  const reply = await context.api.create(sent.merchant, sent.token);
  await recordCall(context, id, factOfCreate(context, sent, reply), reply, sent.token, sent.snapshot);
}

async function take(context: WorkerContext, job: Job, id: string, known: ReadNow): Promise<Sent | undefined> {
  for (let read = known; ; read = await readNow(context, id)) {
    if (!context.memory.canWrite() || !context.clock.isRight()) return giveBack(context, job, id, 0);
    const { snapshot, redisNow } = read;
    const merchant = snapshot?.row?.merchant;
    if (snapshot === undefined || merchant === undefined) return giveBack(context, job, id, undefined);
    const dueAt = createDueAt(snapshot.registration);
    if (!isDue(dueAt, snapshot.now, job)) return giveBack(context, job, id, dueAt);
    const unfit = unfitFor(context.api.needs, merchant);
    if (unfit !== undefined) {
      if (await refuseRow(context, id, snapshot, unfit)) continue;
      return giveBack(context, job, id, undefined);
    }
    const token = await tokenWithinQuota(context);
    if (token === undefined || !context.clock.isRight()) return giveBack(context, job, id, 0);

    const [sentAt, now] = [context.now(), redisNow()];
    const budgets = budgetsFor(snapshot.registration, context, now);
    const { day } = budgets;
    const person = personFor(merchant, context);
    const sentFact = createSent(context, sentAt);
    const age = context.permits.ask();
    const permit = await context.calls.acquire(snapshot, sentFact, job, budgets, person);
    if (permit.kind === 'go') {
      context.log.info({ registration: id, fact: sentFact.kind }, 'fact');
      const isProbe = permit.isDayProbe === true;
      return { snapshot: { ...permit.snapshot, now }, merchant, token, age, sentFact, sentAt, day, isProbe, person };
    }
    if (permit.kind === 'held') {
      const held: Fact = { kind: 'create_held', at: sentAt, until: permit.until, wait: permit.why };
      await recordFact(context, id, held, { job });
      return undefined;
    }
    if (!(await untilAnotherPermit(context, { permit, id, token, day }))) return giveBack(context, job, id, 0);
  }
}

function createSent(context: WorkerContext, sentAt: number): Fact {
  const clockAheadMs = context.clockAheadMs();
  return sharedSent(context, sentAt, clockAheadMs, () => ({
    kind: 'create_sent',
    at: sentAt,
    // Should its answer be lost, or this worker die before it comes; an accepted one waits longer.
    until: firstFollowUpAt(context.patience, sentAt, context.api.canSearch(undefined)),
    ...(context.api.invites === 'link' && { byLink: true }),
    ...(clockAheadMs !== 0 && { clockAheadMs }),
  }));
}

/** The snapshot may be old: another row, which is fit, may be the one to send since. True: the registration is still to be sent. */
async function refuseRow(context: WorkerContext, id: string, snapshot: Snapshot, problem: string): Promise<boolean> {
  const aboutRow = snapshot.registration.row;
  const refused: Fact = { kind: 'row_refused', at: context.now(), problem, aboutRow };
  const { state } = await recordFact(context, id, refused, {}, snapshot);
  return isUnsent(state);
}

/** Nothing is sent now; see `Workload.giveBack`. */
async function giveBack(
  { workload }: WorkerContext,
  job: Job,
  id: string,
  dueAt: number | undefined,
): Promise<undefined> {
  await workload.giveBack(job, id, dueAt);
}

/** Rows are checked when they are loaded; the API may have been changed since. */
function unfitFor(needs: RegistrationApi['needs'], merchant: Merchant): string | undefined {
  if (!needs.codeTypes.includes(merchant.codeType)) return CODE_TYPE_REFUSED;
  if (needs.phone && merchant.componentPhone === '') return 'sheet:phone_missing';
  if (needs.legalPerson && merchant.legalPersonaWechat === '') return 'sheet:wechat_missing';
  if (needs.legalPerson && merchant.legalPersonaName === '') return 'sheet:persona_missing';
  return undefined;
}

/** One registration, one `create`: is it due → may we call → call → what does the answer say → one fact. */
import { createDueAt, firstFollowUpAt, isDue } from '../domain/due.js';
import type { Merchant } from '../domain/merchant.js';
import { type Fact, isUnsent } from '../domain/registration.js';
import type { Job } from '../domain/work.js';
import type { RegistrationApi } from '../wechat/registration-api.js';
import type { CallResult, Sent } from './call-result.js';
import {
  budgetsFor,
  holdFor,
  personFor,
  type ReadNow,
  readNow,
  recordCall,
  recordFact,
  type WorkerContext,
} from './context.js';
import { factOfCreate, factOfExpiredPermit, factOfNoJournal, factOfUnconfirmed } from './facts.js';
import { askForDay, tokenWithinQuota } from './quota.js';
import type { WithPermit } from './semaphore.js';

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
  const giveUp = ({ fact, effects }: Pick<CallResult, 'fact' | 'effects'>) =>
    recordFact(context, id, fact, effects, snapshot);
  if (!(await context.confirm())) return void (await giveUp(factOfUnconfirmed(context, sent)));
  if (sent.age.isExpired()) return void (await giveUp(factOfExpiredPermit(context, sent)));
  if (!(await context.memory.write({ registration: id, writeId: snapshot.version, fact: sentFact, day }))) {
    return void (await giveUp(factOfNoJournal(context, sent)));
  }
  // The process may have been frozen while it was written.
  if (sent.age.isExpired()) return void (await giveUp(factOfExpiredPermit(context, sent)));
  const reply = await context.api.create(sent.merchant, sent.token);
  await recordCall(context, id, factOfCreate(context, sent, reply), reply, sent.token, sent.snapshot);
}

async function take(context: WorkerContext, job: Job, id: string, known: ReadNow): Promise<Sent | undefined> {
  for (let read = known; ; read = await readNow(context, id)) {
    const { snapshot, redisNow } = read;
    const merchant = snapshot?.row?.merchant;
    if (snapshot === undefined || merchant === undefined) return giveBack(context, job, id, undefined);
    const dueAt = createDueAt(snapshot.registration);
    if (!isDue(dueAt, snapshot.now, job)) return giveBack(context, job, id, dueAt);
    const unfit = unfitFor(context.api.needs, merchant);
    if (unfit !== undefined) {
      // It may have been read long ago: another row, which is fit, may be the one to send since.
      const aboutRow = snapshot.registration.row;
      const fact: Fact = { kind: 'row_refused', at: context.now(), problem: unfit, aboutRow };
      const { state } = await recordFact(context, id, fact, {}, snapshot);
      if (isUnsent(state)) continue;
      return giveBack(context, job, id, undefined);
    }
    const token = await tokenWithinQuota(context);
    if (token === undefined) return giveBack(context, job, id, 0);

    const [sentAt, now] = [context.now(), redisNow()];
    const budgets = budgetsFor(snapshot.registration, context, now);
    const person = personFor(merchant, context);
    const clockAheadMs = context.clockAheadMs();
    const fact: Fact = {
      kind: 'create_sent',
      at: sentAt,
      // Should its answer be lost, or this worker die before it comes; an accepted one waits longer.
      until: firstFollowUpAt(context.patience, sentAt, context.api.canSearch(undefined)),
      ...(context.api.invites === 'link' && { byLink: true }),
      ...(clockAheadMs !== 0 && { clockAheadMs }),
    };
    const age = context.permits.ask();
    const permit = await context.calls.acquire(snapshot, fact, job, budgets, person);
    switch (permit.kind) {
      case 'go':
        context.log.info({ registration: id, fact: fact.kind }, 'fact');
        return {
          snapshot: { ...permit.snapshot, now },
          merchant,
          token,
          age,
          sentFact: fact,
          sentAt,
          day: budgets.day,
          isProbe: permit.isDayProbe === true,
          person,
        };
      case 'check':
        await askForDay(context, token, budgets.day, permit.check);
        break;
      case 'held':
        await recordFact(
          context,
          id,
          { kind: 'create_held', at: sentAt, until: permit.until, wait: permit.why },
          { job },
        );
        return undefined;
      case 'wait':
        if (permit.why === 'question') await askFirst(context, token);
        else if (!(await holdFor(context, permit))) return giveBack(context, job, id, 0);
        break;
      case 'forgotten':
        await context.memory.restore(id);
        break;
      case 'conflict':
        break;
    }
  }
}

/** A create probes the line only after WeChat has answered a call that costs no merchant anything. */
async function askFirst({ calls, readQuota }: WorkerContext, token: string): Promise<void> {
  const reading = await readQuota(token);
  const isAnswered = reading.kind !== 'lost' && reading.kind !== 'page';
  await calls.answeredFirst(isAnswered, isAnswered ? '' : reading.why);
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
  if (!needs.codeTypes.includes(merchant.codeType)) return 'sheet:code_type_refused';
  if (needs.phone && merchant.componentPhone === '') return 'sheet:phone_missing';
  if (needs.legalPerson && merchant.legalPersonaWechat === '') return 'sheet:wechat_missing';
  if (needs.legalPerson && merchant.legalPersonaName === '') return 'sheet:persona_missing';
  return undefined;
}

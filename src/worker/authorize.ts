/** One Mini Program with a waiting authorization code: find its merchant → exchange the code → keep its refresh token → one fact. */
import type { Fact } from '../domain/registration.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { Job } from '../domain/work.js';
import {
  type AuthorizeTools,
  type Due,
  type ExchangeContext,
  type PendingExchange,
  waitForTurn,
} from './authorizing.js';
import { recordFact, refuseToken, tokenFor } from './context.js';
import { findOwner } from './owner.js';
import { obtainToken } from './refresh-token.js';

const SOMEBODY_IS_AT_IT_MS = 1_000;

/** @param appid of the job */
export async function authorize(
  context: ExchangeContext,
  tools: AuthorizeTools,
  job: Job,
  appid: string,
): Promise<void> {
  for (;;) {
    if ((await tools.codes.waiting(appid)) === undefined) return context.workload.giveBack(job, appid, undefined);
    // Before the lease: the wait for a component access token may last as long as an operator takes.
    const token = await tokenFor(context);
    if (token === undefined || !(await waitForTurn(context, tools))) return context.workload.giveBack(job, appid, 0);

    const due = await tools.codes.underLease(appid, () => goOn(context, tools, appid, token));
    if (due === 'again') continue;
    if (due === 'never') return context.workload.giveBack(job, appid, undefined);
    return context.workload.giveBack(job, appid, due?.at ?? context.now() + SOMEBODY_IS_AT_IT_MS);
  }
}

async function goOn(context: ExchangeContext, tools: AuthorizeTools, appid: string, token: string): Promise<Due> {
  const waiting = await tools.codes.waiting(appid);
  if (waiting === undefined) return 'never';
  const { registration } = waiting;
  if (registration === undefined) {
    const due = await findOwner(context, tools, { appid, waiting, token });
    // If a push has named its merchant while WeChat was asked, there is no wait.
    return typeof due === 'object' && (await context.ledger.ofAppid(appid)) !== undefined ? 'again' : due;
  }
  return exchange(context, tools, { registration, appid, waiting, token });
}

interface Owned extends PendingExchange {
  readonly registration: string;
}

async function exchange(context: ExchangeContext, tools: AuthorizeTools, owned: Owned): Promise<Due> {
  const { registration, appid, waiting, token } = owned;
  const { kept } = waiting;
  const [newest] = waiting.codes;
  // A worker died after it had kept the token and before it had recorded it, or the token was kept before its merchant was known.
  if (kept?.mark === newest.mark) return conclude(context, tools, owned, { kind: 'authorizer_kept' });
  // This code was pushed for the authorisation that the kept token belongs to.
  if (kept !== undefined && kept.at >= newest.at) {
    const known = (await context.ledger.read(registration))?.registration;
    const isRecorded = known?.appid !== appid || known.authorizer === 'kept';
    return isRecorded ? settled(tools, owned) : conclude(context, tools, owned, { kind: 'authorizer_kept' });
  }

  const obtained = await obtainToken(context, tools, owned);
  switch (obtained.kind) {
    case 'token': {
      const { refreshToken } = obtained;
      const isKnown = kept !== undefined && (await holds(tools, appid, refreshToken));
      const isKept = await tools.authorizers.keep({ appid, refreshToken, registration, keptAt: context.now() }, newest);
      await context.credentials.accepted(token);
      return conclude(context, tools, owned, isKept ? { kind: 'authorizer_kept' } : WITHDRAWN, isKnown);
    }
    case 'none': {
      const { problem, said } = obtained;
      const words = { problem, ...(said !== undefined && { said }) };
      if (kept === undefined) return conclude(context, tools, owned, { kind: 'authorizer_lost', ...words });
      context.log.warn({ registration, problem }, 'a further auth_code was dead; the refresh token from before stays');
      return settled(tools, owned);
    }
    case 'refused_token':
      await refuseToken(context, token);
      return { at: 0 };
    case 'later':
      context.log.warn({ registration, said: obtained.said }, 'the auth_code could not be exchanged yet');
      return { at: obtained.at };
  }
}

async function holds({ authorizers }: AuthorizeTools, appid: string, refreshToken: string): Promise<boolean> {
  // A token that another secret key has sealed counts as a different token.
  const held = await authorizers.find(appid).catch(() => undefined);
  return held?.refreshToken === refreshToken;
}

async function settled({ codes }: AuthorizeTools, { appid, waiting }: Owned): Promise<Due> {
  await codes.settle(appid, waiting.codes[0].mark);
  return 'never';
}

type Conclusion = Pick<Fact, 'problem' | 'said'> & {
  readonly kind: 'authorizer_kept' | 'authorizer_lost' | 'authorizer_withdrawn';
};

/** The authorisation was withdrawn while the code was exchanged, or before the merchant of the Mini Program was known. */
const WITHDRAWN: Conclusion = { kind: 'authorizer_withdrawn', problem: 'authorize:withdrawn' };

/** The notice first, the codes last: a worker that dies in between does it again, and the notice has the same id. */
async function conclude(
  context: ExchangeContext,
  tools: AuthorizeTools,
  owned: Owned,
  conclusion: Conclusion,
  isKnown = false,
): Promise<Due> {
  const { registration, appid } = owned;
  const snapshot = await context.ledger.read(registration);
  if (snapshot !== undefined) {
    await notify(tools, owned, snapshot, conclusion.kind === 'authorizer_kept' ? 'kept' : 'lost', isKnown);
    await recordFact(context, registration, { ...conclusion, at: context.now(), appid }, {}, snapshot);
  }
  return settled(tools, owned);
}

/** Sends a notice of a new Mini Program, once the exchange of its first code is over, and of each token that it gets later. */
async function notify(
  tools: AuthorizeTools,
  { registration, appid, waiting }: Owned,
  { registration: { appid: shown, authorizer } }: Snapshot,
  authorization: 'kept' | 'lost',
  isKnown: boolean,
): Promise<void> {
  const [newest] = waiting.codes;
  const first = waiting.codes.find(({ from }) => from === 'created');
  if (first !== undefined || (appid === shown && authorizer === 'due')) {
    await tools.notifyCreated?.({ registration, appid, at: (first ?? newest).at, authorization });
  } else if (authorization === 'kept' && !isKnown) {
    await tools.notifyAuthorization?.({ registration, appid, at: newest.at, authorization, id: newest.mark });
  }
}

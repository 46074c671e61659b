/** One created Mini Program, one auth_code: exchange it at once, before everything else; it lives ten minutes. */
import { exchangesPerSecond } from '../domain/limits.js';
import type { Fact } from '../domain/registration.js';
import type { Authorizers } from '../redis/authorizers.js';
import type { Created } from '../redis/created.js';
import type { Job } from '../redis/ledger.js';
import type { Exchange } from '../wechat/authorization.js';
import { type Crew, holdFor, refuseToken, report, tokenFor } from './crew.js';

export interface AuthorizeTools {
  readonly authorizers: Authorizers;
  /** The code as it was pushed, from the sealed one of the ledger. */
  readonly openAuthCode: (sealed: string, registration: string) => string;
  readonly exchange: (authCode: string, token: string) => Promise<Exchange>;
  /** Absent where nobody wants to hear of new Mini Programs. */
  readonly tellCreated?: ((created: Created) => Promise<void>) | undefined;
}

const CODE_LIVES_MS = 10 * 60_000;
const TRY_AGAIN_MS = 5_000;

export async function authorize(crew: Crew, tools: AuthorizeTools, job: Job, id: string): Promise<void> {
  const view = await crew.ledger.read(id);
  const { state, authCode, authorizer, appid = '', codeAt = 0 } = view?.registration ?? {};
  if (state !== 'created' || authCode === undefined || authorizer !== undefined)
    return crew.workload.giveBack(job, id, undefined);

  /** Told first: a worker that dies in between tells it again, under the same id. */
  const conclude = async (fact: Omit<Fact, 'at'>): Promise<void> => {
    const authorization = fact.kind === 'authorizer_kept' ? 'kept' : 'lost';
    await tools.tellCreated?.({ registration: id, appid, at: codeAt, authorization });
    await report(crew, id, { ...fact, at: crew.now() }, { job });
  };

  // A worker died between keeping the token and saying so: the code is spent, and nothing is lost.
  if (await tools.authorizers.has(appid)) return conclude({ kind: 'authorizer_kept' });

  // Before all that can fail: what fails each time, such as a code that another secret key has sealed, has an end too.
  const diesAt = codeAt + CODE_LIVES_MS;
  const tooLate = { kind: 'authorizer_lost', problem: 'authorize:too_late' } as const;
  if (crew.now() > diesAt) return conclude(tooLate);

  const token = await tokenFor(crew);
  if (token === undefined || !(await waitForTurn(crew, tools))) return crew.workload.giveBack(job, id, 0);

  const exchange = await tools.exchange(tools.openAuthCode(authCode, id), token);
  switch (exchange.kind) {
    case 'kept':
      await tools.authorizers.keep({
        appid: exchange.appid,
        refreshToken: exchange.refreshToken,
        registration: id,
        keptAt: crew.now(),
      });
      await conclude({ kind: 'authorizer_kept' });
      await crew.credentials.accepted(token);
      return;
    case 'too_late':
      return conclude({ kind: 'authorizer_lost', problem: 'authorize:61010', said: exchange.said });
    case 'refused_token':
      await refuseToken(crew, token);
      return crew.workload.giveBack(job, id, 0);
    case 'try_again': {
      const nextTryAt = crew.now() + TRY_AGAIN_MS;
      if (nextTryAt > diesAt) return conclude({ ...tooLate, said: exchange.said });
      crew.log.warn({ registration: id, said: exchange.said }, 'the auth_code could not be exchanged yet');
      return crew.workload.giveBack(job, id, nextTryAt);
    }
  }
}

/** Exchanges have a share of the budgets of their own. False: this worker is leaving. */
async function waitForTurn(crew: Crew, { authorizers }: AuthorizeTools): Promise<boolean> {
  for (;;) {
    const ms = await authorizers.mayExchange(exchangesPerSecond(crew.limits));
    if (ms === 0) return true;
    if (!(await holdFor(crew, { ms, why: 'pace' }))) return false;
  }
}

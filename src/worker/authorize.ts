/** One created Mini Program, one auth_code: exchange it at once, before everything else; it lives ten minutes. */
import type { Authorizers } from '../redis/authorizers.js';
import type { Job } from '../redis/ledger.js';
import type { Exchange } from '../wechat/authorization.js';
import { type Crew, notDue, renewToken, report, tokenFor } from './crew.js';

export interface AuthorizeTools {
  readonly authorizers: Authorizers;
  /** The code as it was pushed, from the sealed one of the ledger. */
  readonly openAuthCode: (sealed: string, registration: string) => string;
  readonly exchange: (authCode: string, token: string) => Promise<Exchange>;
}

const CODE_LIVES_MS = 10 * 60_000;
const TRY_AGAIN_MS = 5_000;

export async function authorize(crew: Crew, tools: AuthorizeTools, job: Job, id: string): Promise<void> {
  const view = await crew.ledger.read(id);
  const { state, authCode, authorizer, appid = '', finishedAt = 0 } = view?.registration ?? {};
  if (state !== 'created' || authCode === undefined || authorizer !== undefined)
    return notDue(crew, job, id, undefined);

  // A worker died between keeping the token and saying so: the code is spent, and nothing is lost.
  if (await tools.authorizers.has(appid)) {
    await report(crew, id, { kind: 'authorizer_kept', at: crew.now() }, { job });
    return;
  }
  const token = await tokenFor(crew);
  if (token === undefined) return notDue(crew, job, id, 0);

  const exchange = await tools.exchange(tools.openAuthCode(authCode, id), token);
  switch (exchange.kind) {
    case 'kept':
      await tools.authorizers.keep({
        appid: exchange.appid,
        refreshToken: exchange.refreshToken,
        registration: id,
        keptAt: crew.now(),
      });
      await report(crew, id, { kind: 'authorizer_kept', at: crew.now() }, { job });
      await crew.credentials.accepted(token);
      return;
    case 'too_late':
      await report(
        crew,
        id,
        { kind: 'authorizer_lost', at: crew.now(), problem: 'authorize:61010', said: exchange.said },
        { job },
      );
      return;
    case 'refused_token':
      await renewToken(crew, token);
      return notDue(crew, job, id, 0);
    case 'try_again':
      if (crew.now() - finishedAt > CODE_LIVES_MS) {
        const problem = 'authorize:too_late';
        await report(crew, id, { kind: 'authorizer_lost', at: crew.now(), problem, said: exchange.said }, { job });
        return;
      }
      crew.log.warn({ registration: id, said: exchange.said }, 'the auth_code could not be exchanged yet');
      return notDue(crew, job, id, crew.now() + TRY_AGAIN_MS);
  }
}

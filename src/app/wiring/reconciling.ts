/** The comparison with WeChat's list of accounts: what it works with, and its nightly run. */
import { exchangesPerSecond } from '../../domain/limits.js';
import { compareAndRecord } from '../../operator/reconcile.js';
import { startReconciling } from '../../operator/reconciling.js';
import { openCalls } from '../../redis/calls.js';
import { openHeartbeats } from '../../redis/heartbeat.js';
import { ownersOf } from '../../redis/ledger/appids.js';
import { openAuthorizers } from '../../redis/pushes/authorizers.js';
import { openReconciliations } from '../../redis/reconciliations.js';
import { sendingStatus } from '../../reporter/sending-status.js';
import { sleep } from '../../sleep.js';
import { answerToCreate } from '../../wechat/answers.js';
import { authorizerInfo, listAuthorizers } from '../../wechat/authorizer-list.js';
import type { Reply } from '../../wechat/client.js';
import type { Credentials } from '../../wechat/credentials.js';
import { type Caller, openCaller } from './caller.js';
import { authorizationNotifier, createdNotifier } from './created-webhook.js';
import { limitsOf } from './limits.js';
import type { Part } from './part.js';
import type { Store } from './store.js';
import { vaultOf } from './vault.js';

/** What `reconcile` works with. */
export function reconcileTools(store: Store, { client, credentials }: Caller) {
  const appid = store.settings.wechatComponentAppid ?? '';
  return {
    batches: store.batches,
    ledger: store.ledger,
    authorizers: openAuthorizers(store.redis, vaultOf(store.settings)),
    ownersOf: (appids: readonly string[]) => ownersOf(store.redis, appids),
    notifyCreated: createdNotifier(store.settings, store.redis),
    notifyAuthorization: authorizationNotifier(store.settings, store.redis),
    now: Date.now,
    patience: store.settings.patience,
    list: (offset: number) => withToken(credentials, (token) => listAuthorizers(client, appid, token, offset)),
    infoOf: (authorizer: string) => withToken(credentials, (token) => authorizerInfo(client, appid, token, authorizer)),
  };
}

/** Another service of the platform may have fetched a token, which ends ours before its time: WeChat is asked once more, with a new one. */
async function withToken<Answer extends { readonly kind: string }>(
  { current, refuse, accepted }: Credentials,
  ask: (token: string) => Promise<Answer | Refused>,
): Promise<Answer | Refused> {
  for (let isSecond = false; ; isSecond = true) {
    const credential = await current();
    if (credential.kind !== 'token') return WITHOUT_TOKEN;
    const answer = await ask(credential.token);
    if (!isRefused(answer)) {
      await accepted(credential.token);
      return answer;
    }
    const { reply } = answer;
    if (isSecond || reply.kind !== 'answer' || answerToCreate(reply.errcode).gateway !== 'token') return answer;
    await refuse(credential.token);
  }
}

interface Refused {
  readonly kind: 'refused';
  readonly reply: Reply;
}

function isRefused(answer: { readonly kind: string }): answer is Refused {
  return answer.kind === 'refused';
}

/** `reconcile --apply`, once a night and after an outage of the receivers, by one process of all. */
export async function startReconcilingOf(store: Store): Promise<Part> {
  const { settings, log } = store;
  const redis = await store.connect('background');
  const calls = openCalls(redis);
  const limits = limitsOf(settings);
  const heartbeats = openHeartbeats(redis);
  const caller = openCaller({ ...store, redis });
  // Reading a list is in no hurry.
  const pauseMs = 1_000 / exchangesPerSecond(limits);

  const reconciling = startReconciling({
    runs: openReconciliations(redis),
    heartbeats,
    async mayCall() {
      const { stopped, blockedReason } = await sendingStatus(calls, limits, Date.now());
      return !stopped && blockedReason?.problem !== 'quota:day';
    },
    async compare(mayGoOn, missed) {
      const credential = await caller.credentials.current();
      if (credential.kind !== 'token') return undefined;
      const tools = reconcileTools({ ...store, redis }, caller);
      const inTurn = async <Answer>(ask: () => Promise<Answer>): Promise<Answer | typeof INTERRUPTED> => {
        await sleep(pauseMs);
        return (await mayGoOn()) ? ask() : INTERRUPTED;
      };
      return compareAndRecord({
        ...tools,
        missed,
        list: (offset) => inTurn(() => tools.list(offset)),
        infoOf: (appid) => inTurn(() => tools.infoOf(appid)),
      });
    },
    timezone: settings.quotaTimezone,
    now: Date.now,
    log,
  });
  return {
    async close() {
      await reconciling.close();
      await caller.close();
    },
  };
}

const WITHOUT_TOKEN: Refused = { kind: 'refused', reply: { kind: 'not_sent', why: 'no component access token' } };
const INTERRUPTED = { kind: 'refused', reply: { kind: 'not_sent', why: 'it was interrupted' } } as const;

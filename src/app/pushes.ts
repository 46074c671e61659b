/**
 * Received pushes: what they say and what they call for now; and a second try for pushes that match no registration.
 */
import { isIdentity } from '../domain/merchant.js';
import type { Parking, StoredPush } from '../domain/push.js';
import { type Fact, next } from '../domain/registration.js';
import type { Words } from '../domain/words.js';
import { openPushes } from '../redis/pushes/pushes.js';
import type { Push, Unreadable } from '../wechat/push.js';
import { unreadableInWords } from '../wechat/unreadable.js';
import { type PushStore, pushTools, resultIn } from './push-plan.js';
import { noRegistration, registrationNamed } from './registration-named.js';
import { RequestError } from './request-error.js';
import type { Store } from './wiring/store.js';

export interface ListedPush {
  readonly id: string;
  /** ms since 1970 */
  readonly receivedAt: number;
  readonly infoType: string;
  /** Why it fits no registration. */
  readonly parked: Parking | undefined;
}

/** The newest, the latest first; or those that fit no registration, the latest last: all, or so many of the newest. */
export async function listPushes(
  { redis }: Pick<Store, 'redis'>,
  which: { readonly parked: true; readonly most?: number | undefined } | { readonly most: number },
): Promise<ListedPush[]> {
  const pushes = openPushes(redis);
  if ('parked' in which) return (await pushes.listParked(which.most)).map((push) => listed(push, push.why));
  const newest = await pushes.list(which.most);
  const parked = await pushes.parkedAmong(newest.map(({ id }) => id));
  return newest.map((push) => listed(push, parked.find(({ id }) => id === push.id)?.why));
}

function listed({ id, receivedAt, infoType }: StoredPush, parked: Parking | undefined): ListedPush {
  return { id, receivedAt, infoType, parked };
}

/** How many fit no registration. */
export function countParked({ redis }: Pick<Store, 'redis'>): Promise<number> {
  return openPushes(redis).parked();
}

/** One as it came. @throws RequestError where there is none */
export function findPush(store: PushStore, id: string): Promise<StoredPush> {
  return pushTools(store).find(id);
}

/** What it says, without tickets and codes, and what it calls for now. `detail`: why it cannot be read. */
export async function explainPush(
  store: PushStore,
  stored: StoredPush,
): Promise<{
  readonly says: Readonly<Record<string, unknown>>;
  readonly callsFor: Words;
  readonly detail: Words | undefined;
}> {
  const { push, words } = await pushTools(store).plan(stored);
  const detail = push.kind === 'unreadable' ? unreadableInWords(push.detail) : undefined;
  return { says: withoutSecrets(push), callsFor: words, detail };
}

export interface ReplayedPush {
  readonly id: string;
  /** ms since 1970 */
  readonly receivedAt: number;
  readonly infoType: string;
  readonly callsFor: Words;
}

export interface Replay {
  readonly pushes: readonly ReplayedPush[];
  /** How many of them change something, or would. */
  readonly changing: number;
}

export interface ReplayRequest {
  /** Without any, and without `since`: all that fit no registration. */
  readonly ids: readonly string[];
  /** ms since 1970 */
  readonly since: number | undefined;
  /** The person, for the history; undefined: nothing is changed. */
  readonly because: string | undefined;
}

/** Looks at stored pushes again, with the settings and the program of now. @throws RequestError */
export async function replayPushes(store: PushStore, { ids, since, because }: ReplayRequest): Promise<Replay> {
  const tools = pushTools(store);
  const pushes: ReplayedPush[] = [];
  let changing = 0;
  for await (const stored of tools.chosen(ids, since)) {
    const plan = await tools.plan(stored);
    if (plan.change !== undefined) changing += 1;
    if (because !== undefined) {
      if (plan.change !== undefined) await tools.settle(plan.change, stored, because);
      else if (plan.fits) await tools.unpark(stored.id);
    }
    const { id, receivedAt, infoType } = stored;
    pushes.push({ id, receivedAt, infoType, callsFor: plan.words });
  }
  return { pushes, changing };
}

/**
 * Records for a registration that a person names what a push says that fits none. `changed` false: the push is kept.
 * `because`: the person, for the history; undefined: nothing is recorded, and `changed` says whether something would.
 */
export async function matchPush(
  store: PushStore,
  id: string,
  registration: string,
  because: string | undefined,
): Promise<{ readonly words: Words; readonly changed: boolean }> {
  const tools = pushTools(store);
  const stored = await tools.find(id);
  if (!('why' in stored)) {
    throw new RequestError('refused', {
      en: `${id} is not among the pushes that fit no registration: fastregister pushes list --parked`,
      zh: `${id} 不在未匹配的推送之中：fastregister pushes list --parked`,
    });
  }
  if (!isIdentity(registration)) throw noRegistration(registration);
  const snapshot = await registrationNamed(store, registration);
  const push = resultIn(tools.read(stored));
  if (push.kind !== 'registration') {
    const detail = push.kind === 'unreadable' ? unreadableInWords(push.detail) : undefined;
    throw new RequestError('refused', {
      en: `${id} does not report the end of a registration${detail === undefined ? '' : `: ${detail.en}`}.`,
      zh: `${id} 未告知注册的结果${detail === undefined ? '' : `：${detail.zh}`}。`,
    });
  }
  const change = { kind: 'fact', snapshot, push } as const;
  await refuseOtherOwner(store, registration, push.appid);
  const fact = await tools.factOn(change, stored);
  if (await isRecorded(store, registration, fact)) {
    if (because === undefined) return { words: TO_BE_UNPARKED(registration), changed: true };
    await tools.unpark(id);
    return { words: UNPARKED(registration), changed: true };
  }
  const words = tools.words(snapshot.registration, fact);
  const changed =
    because === undefined
      ? next(snapshot.registration, fact) !== undefined
      : await tools.settle(change, stored, because);
  return { words, changed };
}

/** Redis was away after the push was recorded, before it was no longer among those that fit no registration. */
async function isRecorded({ ledger }: PushStore, registration: string, fact: Fact): Promise<boolean> {
  const history = await ledger.history(registration);
  return history.some(
    ({ kind, at, pushedAt, appid, to }) =>
      to !== undefined && kind === fact.kind && at === fact.at && pushedAt === fact.pushedAt && appid === fact.appid,
  );
}

const TO_BE_UNPARKED = (registration: string): Words => ({
  en: `${registration} has this push already: matching only takes it off the pushes that fit no registration`,
  zh: `${registration} 已有该推送的记录，匹配后仅将其移出未匹配的推送`,
});

const UNPARKED = (registration: string): Words => ({
  en: `${registration} has this push already; it is no longer among the pushes that fit no registration`,
  zh: `${registration} 已有该推送的记录，现已将其移出未匹配的推送`,
});

/** Two people may match a push at once, each with another registration. */
async function refuseOtherOwner({ ledger }: PushStore, registration: string, appid = ''): Promise<void> {
  const owner = appid === '' ? undefined : await ledger.ofAppid(appid);
  if (owner === undefined || owner === registration || (await ledger.read(owner)) === undefined) return;
  throw new RequestError('refused', {
    en: `${appid} is the Mini Program of another registration: ${owner}.`,
    zh: `${appid} 已是另一商户的小程序：${owner}。`,
  });
}

export const NOT_SHOWN: Words = { en: '(not shown)', zh: '（不显示）' };

/** What is worth a Mini Program, or all of them, is not shown. */
function withoutSecrets(push: Push | Unreadable): Record<string, unknown> {
  const { kind: _, ...fields } = push;
  const hidden = new Set(['ticket', 'authCode', 'authorizationCode']);
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      hidden.has(name) && value !== undefined ? NOT_SHOWN.en : value,
    ]),
  );
}

/** What recording a stored push would do now, and doing it. */
import { STATE_WORDS } from '../domain/outcome-words.js';
import type { ParkedPush, Parking, StoredPush } from '../domain/push.js';
import { type Fact, next, type Registration } from '../domain/registration.js';
import type { Words } from '../domain/words.js';
import { previewAuthorization, recordAuthorization } from '../events/authorization.js';
import { factAbout, type MatchContext, type MatchResult, match, openStored, settle } from '../events/record.js';
import { ownersOf } from '../redis/ledger/appids.js';
import { madeOn } from '../redis/ledger/ledger.js';
import { openPushes, type Pushes } from '../redis/pushes/pushes.js';
import type { AuthorizationPush, Push, RegistrationPush, Unreadable } from '../wechat/push.js';
import { unreadableInWords } from '../wechat/unreadable.js';
import { RequestError } from './request-error.js';
import { matchContextOf, settlingOf } from './wiring/matching.js';
import type { Store } from './wiring/store.js';

export type PushStore = Pick<Store, 'redis' | 'settings' | 'identify' | 'ledger' | 'batches' | 'log'>;

/** Why a push is parked: it … */
export const PARKED_BECAUSE: Readonly<Record<Parking, Words>> = {
  unknown_merchant: {
    en: 'names a merchant that no sheet has named; it is matched by itself when one does',
    zh: '所指商户不在任何表格中；导入该商户后自动匹配',
  },
  no_info: { en: 'does not say which merchant it is about', zh: '未说明是哪个商户' },
  unreadable: {
    en: 'cannot be read with the token and key that are set, or is no push that we know',
    zh: '无法用当前的令牌和密钥解读，或不是已知的推送',
  },
  unknown_authorizer: {
    en: 'says that a Mini Program authorised the platform, whose subject is not exactly one merchant that waits for its result; match it by hand',
    zh: '小程序已授权平台，但无法对应到唯一一个等待结果的商户；请人工匹配',
  },
  fault: { en: 'met a fault of our program', zh: '处理时程序出错' },
  old: {
    en: 'was more than three days old when it came; it may have been captured and sent again',
    zh: '收到时已超过三天，可能是被截获后重新发送的',
  },
};

/** What recording a push would do now. */
export interface PushPlan {
  readonly push: Push | Unreadable;
  readonly words: Words;
  /** There is a registration for it. */
  readonly fits: boolean;
  /** Absent where nothing would change. */
  readonly change?: PushChange;
}

type PushChange = Extract<MatchResult, { readonly kind: 'fact' | 'authorization' }>;

type FactChange = Extract<PushChange, { readonly kind: 'fact' }>;

const NO_CODE = (appid: string): Words => ({
  en: `changes nothing, it brings no code of its Mini Program ${appid}`,
  zh: `无更改，未带来其小程序 ${appid} 的授权码`,
});

/** What replaying an authorisation of one of our Mini Programs does. */
const AUTHORIZATION_WORDS: Readonly<
  Record<'recorded' | Awaited<ReturnType<typeof previewAuthorization>>, (appid: string) => Words>
> = {
  recorded: (appid) => ({
    en: `the authorisation of its Mini Program ${appid}, which was recorded when it came`,
    zh: `其小程序 ${appid} 的授权，收到时已记录`,
  }),
  exchange: (appid) => ({
    en: `the authorisation of its Mini Program ${appid} is recorded, and its code is exchanged if it still lives`,
    zh: `记录其小程序 ${appid} 的授权；授权码未过期时换取刷新令牌`,
  }),
  withdrawn: (appid) => ({
    en: `the merchant withdrew the authorisation of its Mini Program ${appid}: that is recorded, and its refresh token is deleted`,
    zh: `商户已取消其小程序 ${appid} 的授权：记录此事，并删除其刷新令牌`,
  }),
  old: (appid) => ({
    en: `changes nothing, a later change of the authorisation of its Mini Program ${appid} is recorded`,
    zh: `无更改，其小程序 ${appid} 的授权此后已有变化`,
  }),
  repeated: (appid) => ({
    en: `changes nothing, the code of its Mini Program ${appid} is known`,
    zh: `无更改，其小程序 ${appid} 的该授权码已记录`,
  }),
  waits: NO_CODE,
  nobody: NO_CODE,
};

export function pushTools(store: PushStore) {
  const pushes: Pushes = openPushes(store.redis);
  const context: MatchContext = matchContextOf(store, store.redis);
  const settling = settlingOf(store, store.redis);
  const { ledger } = settling;
  /** `because`: for the history, beside each fact. */
  const settlingBecause = (because: string): typeof settling => ({
    ...settling,
    ledger: {
      ...ledger,
      record: (id, fact, ...more) =>
        ledger.record(id, async (snapshot) => ({ ...(await madeOn(snapshot, fact)), because }), ...more),
    },
  });
  const read = (stored: StoredPush): Push | Unreadable => openStored(context, stored);

  async function find(id: string): Promise<StoredPush | ParkedPush> {
    const found = ID.test(id) ? await pushes.find(id) : undefined;
    if (found === undefined) {
      throw new RequestError('not_found', {
        en: `There is no push ${id}: fastregister pushes list shows them.`,
        zh: `没有推送 ${id}：请用 fastregister pushes list 查看。`,
      });
    }
    return found;
  }

  async function* chosen(ids: readonly string[], since: number | undefined): AsyncGenerator<StoredPush> {
    for (const id of ids) yield await find(id);
    if (since !== undefined) {
      const parked = new Map((await pushes.listParked()).map((push) => [push.id, push]));
      let from = `${since - 1}-0`;
      for (let page = await pushes.after(from, 500); page.length > 0; page = await pushes.after(from, 500)) {
        for (const push of page) yield parked.get(push.id) ?? push;
        from = page.at(-1)?.entry ?? from;
      }
    } else if (ids.length === 0) {
      yield* await pushes.listParked();
    }
  }

  const factOn = ({ snapshot, push }: FactChange, { receivedAt }: StoredPush): Promise<Fact> =>
    factAbout({ ledger: store.ledger, rowAt: store.batches.rowAt }, snapshot, push, receivedAt, () => '');

  function words(registration: Registration, fact: Fact): Words {
    const move = next(registration, fact);
    const about = `${registration.id}: ${fact.kind}${fact.problem === undefined ? '' : ` (${fact.problem})`}`;
    return move === undefined
      ? {
          en: `${about} changes nothing, it stays ${registration.state}`,
          zh: `${about}：无更改，仍为${STATE_WORDS[registration.state].zh}`,
        }
      : {
          en: `${about}, ${registration.state} → ${move.to}`,
          zh: `${about}，${STATE_WORDS[registration.state].zh} → ${STATE_WORDS[move.to].zh}`,
        };
  }

  async function plan(stored: StoredPush): Promise<PushPlan> {
    const push = read(stored);
    const result = await match(context, push);
    if (result.kind === 'not_ours')
      return {
        push,
        fits: false,
        words: { en: 'nothing: it is not about a registration', zh: '无需处理：与注册无关' },
      };
    if (result.kind === 'authorization') return planOfAuthorization(result.push, stored);
    if (result.kind === 'park') {
      const detail = push.kind === 'unreadable' ? unreadableInWords(push.detail) : undefined;
      return {
        push,
        fits: false,
        words: {
          en: `a person: it ${PARKED_BECAUSE[result.why].en}${detail === undefined ? '' : `: ${detail.en}`}`,
          zh: `需人工处理：${PARKED_BECAUSE[result.why].zh}${detail === undefined ? '' : `（${detail.zh}）`}`,
        },
      };
    }
    const { registration } = result.snapshot;
    const fact = await factOn(result, stored);
    const isChange = next(registration, fact) !== undefined;
    return {
      push,
      fits: true,
      words: words(registration, fact),
      ...(isChange && { change: result }),
    };
  }

  /** A push that is not parked was recorded when it came. */
  async function planOfAuthorization(push: AuthorizationPush, stored: StoredPush): Promise<PushPlan> {
    const { authorizerAppid: appid = '' } = push;
    const [owner] = await ownersOf(store.redis, [appid]);
    if (owner === undefined) {
      return {
        push,
        fits: false,
        words: {
          en: `nothing: ${appid} is no Mini Program of a registration`,
          zh: `无需处理：${appid} 不是注册所得的小程序`,
        },
      };
    }
    const effect = 'why' in stored ? await previewAuthorization(settling, push, stored) : 'recorded';
    const { en, zh } = AUTHORIZATION_WORDS[effect](appid);
    const isChange = effect === 'exchange' || effect === 'withdrawn';
    return {
      push,
      fits: true,
      words: { en: `${owner}: ${en}`, zh: `${owner}：${zh}` },
      ...(isChange && { change: { kind: 'authorization', push } }),
    };
  }

  /** Answers whether it changed anything; if so, it fits. */
  async function settleNow(change: PushChange, stored: StoredPush, because: string): Promise<boolean> {
    const tools = settlingBecause(because);
    const changed =
      change.kind === 'fact'
        ? await settle(tools, change.snapshot, change.push, stored)
        : (await recordAuthorization(tools, change.push, stored)) === 'recorded';
    if (changed) await pushes.unpark(stored.id);
    return changed;
  }

  return { read, find, chosen, factOn, words, plan, settle: settleNow, unpark: pushes.unpark };
}

/** As the stream numbers them: milliseconds and a counter. */
const ID = /^\d{10,15}-\d{1,6}$/;

/** Given to a registration by a person, an `authorized` says which Mini Program it has, as the push that never came would have. */
export function resultIn(push: Push | Unreadable): Push | Unreadable {
  if (push.kind !== 'authorization' || push.event === 'unauthorized' || push.authorizerAppid === undefined) return push;
  return successOf(push, push.authorizerAppid);
}

function successOf(push: AuthorizationPush, appid: string): RegistrationPush {
  const { infoType, componentAppid, createdAt, authorizationCode: authCode } = push;
  const info = {
    name: undefined,
    code: undefined,
    codeType: undefined,
    legalPersonaWechat: undefined,
    legalPersonaName: undefined,
    componentPhone: undefined,
    taskId: undefined,
  };
  return {
    kind: 'registration',
    infoType,
    componentAppid,
    createdAt,
    status: '0',
    msg: undefined,
    appid,
    authCode,
    info,
  };
}

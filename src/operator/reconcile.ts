/**
 * Pushes that never came: which silent registrations have a Mini Program after all, in WeChat's list of accounts. And the
 * refresh tokens that it has of Mini Programs of ours for which none is kept.
 */
import { isRunning, mayHaveMiniProgram, putOffsIn, type Span } from '../domain/claims.js';
import { LONGEST_TASK_MS } from '../domain/limits.js';
import { nameKey } from '../domain/merchant.js';
import type { AuthorizationChange, Created } from '../domain/notice.js';
import type { Patience } from '../domain/patience.js';
import type { Outage } from '../domain/presence.js';
import type { Comparison } from '../domain/reconciliation.js';
import { type Fact, next, type Registration } from '../domain/registration.js';
import type { RowWithOutcome } from '../domain/row.js';
import type { Batches } from '../redis/ledger/batches.js';
import type { Ledger } from '../redis/ledger/ledger.js';
import type { Authorizers } from '../redis/pushes/authorizers.js';
import type { AuthorizerInfo, Info, ListedAuthorizer, Listing } from '../wechat/authorizer-list.js';
import { CREATED_BY_REGISTRATION } from '../wechat/authorizer-list.js';

export interface ReconcileTools {
  readonly batches: Batches;
  readonly ledger: Ledger;
  readonly authorizers: Authorizers;
  /** The registration that each of these Mini Programs belongs to, or did. */
  readonly ownersOf: (appids: readonly string[]) => Promise<readonly (string | undefined)[]>;
  readonly now: () => number;
  readonly patience: Pick<Patience, 'pushWaitMs'>;
  readonly list: (offset: number) => Promise<Listing>;
  readonly infoOf: (appid: string) => Promise<Info>;
  /** A time in which pushes may have been missed: also of tasks that may still run it is asked whether they ended then. */
  readonly missed?: Outage | undefined;
}

export interface Match {
  readonly registration: string;
  readonly name: string;
  readonly appid: string;
  readonly refreshToken: string | undefined;
}

/** A Mini Program of ours with a refresh token that WeChat lists and we do not have. */
export interface FoundToken {
  readonly registration: string;
  readonly appid: string;
  readonly refreshToken: string;
  /** When the merchant authorised the platform last, ms since 1970. */
  readonly authorizedAt: number;
}

export interface Reconciliation {
  /** Registrations without a push, whose end is unknown. */
  readonly silent: number;
  /** Registrations whose task may still run: not looked for, because their pushes may still come. */
  readonly running: number;
  readonly matches: readonly Match[];
  readonly tokens: readonly FoundToken[];
  /** One name, several registrations or several Mini Programs: nothing is guessed. */
  readonly ambiguous: readonly string[];
  /** What WeChat answered, where it did not let us read on. */
  readonly refused: string | undefined;
}

export async function reconcile(tools: ReconcileTools): Promise<Reconciliation> {
  const claimants = await claimantsIn(tools);
  const all = [...claimants.values()].flat();
  const silent = all.filter(({ isSilent }) => isSilent).length;
  const running = all.filter(({ mayRun }) => mayRun).length;
  if (silent === 0 && !(await tools.authorizers.someLack())) {
    return { silent, running, matches: [], tokens: [], ambiguous: [], refused: undefined };
  }
  const { created, tokens, refused } = await readList(tools, claimants);

  const matches: Match[] = [];
  const ambiguous: string[] = [];
  for (const [name, rivals] of claimants) {
    if (!rivals.some(({ isSilent }) => isSilent)) continue;
    const found = created.filter(({ principalName }) => nameKey(principalName) === name);
    const [one] = rivals;
    const [only] = found;
    if (only === undefined || one === undefined) continue;
    if (one.isMissed && !isOfTheTime(only, tools.missed)) continue;
    if (found.length > 1 || rivals.length > 1) ambiguous.push(one.name);
    else matches.push({ registration: one.id, name: one.name, appid: only.appid, refreshToken: only.refreshToken });
  }
  return { silent, running, matches, tokens, ambiguous, refused };
}

/** Clocks differ, and WeChat tries again for some minutes. */
const SLACK_MS = 10 * 60_000;

function isOfTheTime({ authorizedAt }: ListedAuthorizer, missed: Outage | undefined): boolean {
  return missed !== undefined && authorizedAt >= missed.from - SLACK_MS && authorizedAt <= missed.to + SLACK_MS;
}

export interface RecordTools {
  readonly ledger: Ledger;
  readonly authorizers: Authorizers;
  /** Absent if no program listens for new Mini Programs. */
  readonly notifyCreated?: ((created: Created) => Promise<void>) | undefined;
  readonly notifyAuthorization?: ((change: AuthorizationChange) => Promise<void>) | undefined;
  readonly now: () => number;
}

/** What the push would have said. A registration that was settled meanwhile stays as it is. */
export async function record(tools: RecordTools, match: Match): Promise<boolean> {
  const { ledger, authorizers, notifyCreated, now } = tools;
  const { registration, appid, refreshToken } = match;
  const at = now();
  const because = "found in WeChat's list of accounts";
  const fact: Fact = { kind: 'mini_program_created', at, appid, because };
  const snapshot = await ledger.read(registration);
  if (snapshot === undefined || next(snapshot.registration, fact) === undefined) return false;

  // Recorded last: what died in between is still silent then, and found again by the next run.
  if (refreshToken !== undefined) await authorizers.keep({ appid, refreshToken, registration, keptAt: at });
  await notifyCreated?.({ registration, appid, at, authorization: refreshToken === undefined ? 'none' : 'kept' });
  const { move } = await ledger.record(registration, fact, {}, snapshot);
  if (move === undefined) return false;
  await ledger.record(
    registration,
    refreshToken === undefined
      ? { kind: 'authorizer_lost', at, problem: 'push:no_auth_code' }
      : { kind: 'authorizer_kept', at },
  );
  return true;
}

/** As if the merchant had authorised the platform again. False where that was withdrawn since. */
export async function recordToken(tools: RecordTools, found: FoundToken): Promise<boolean> {
  const { ledger, authorizers, notifyAuthorization, now } = tools;
  const { registration, appid, refreshToken, authorizedAt } = found;
  const at = now();
  const origin = { mark: '', at: authorizedAt, pushedAt: authorizedAt };
  if (await authorizers.isWithdrawnSince(appid, authorizedAt)) return false;
  await notifyAuthorization?.({ registration, appid, at, authorization: 'kept', id: String(authorizedAt) });
  const because = "found in WeChat's list of accounts";
  await ledger.record(registration, { kind: 'authorizer_kept', at, appid, because });
  // Kept last: what died in between is still without a token then, and found again by the next run.
  return authorizers.keep({ appid, refreshToken, registration, keptAt: at }, origin);
}

/** Without a person: what is found is recorded, unless the list was not read to its end, where one name may still fit several. */
export async function compareAndRecord(tools: ReconcileTools & RecordTools): Promise<Comparison> {
  const { silent, matches, tokens, ambiguous, refused = '' } = await reconcile(tools);
  let [recorded, kept] = [0, 0];
  if (refused === '') {
    for (const match of matches) if (await record(tools, match)) recorded += 1;
    for (const token of tokens) if (await recordToken(tools, token)) kept += 1;
  }
  return { at: tools.now(), silent, recorded, tokens: kept, ambiguous: ambiguous.length, refused };
}

/** A registration that may have a Mini Program with an unknown appid. */
interface Claimant {
  readonly id: string;
  readonly name: string;
  /** When a Mini Program may have come of it, by WeChat's clock, as the list has it. */
  readonly times: readonly Span[];
  /** Nothing will be heard of it any more, its push may have been missed, or WeChat put it off: then no push is waited for. */
  readonly isSilent: boolean;
  /** Only the latter. */
  readonly isMissed: boolean;
  /** Its task is not over, and no push of it was missed. */
  readonly mayRun: boolean;
}

/**
 * By the name that WeChat lists. Registrations that still run may claim the same Mini Program, and are not looked for
 * themselves.
 */
async function claimantsIn({
  batches,
  ledger,
  now,
  patience,
  missed,
}: ReconcileTools): Promise<Map<string, Claimant[]>> {
  const claimants = new Map<string, Claimant[]>();
  const seen = new Set<string>();

  async function look({ relation, registration: shown, row }: RowWithOutcome): Promise<void> {
    if (relation.kind !== 'registered' && relation.kind !== 'waits') return;
    if (shown === undefined || seen.has(relation.id)) return;
    if (!mayHaveMiniProgram(shown) && !hasEarlierAttempts(shown)) return;
    // A row may show how an earlier attempt ended; asked is how it is now.
    const snapshot = await ledger.read(relation.id);
    // A row that waits behind purged details has the name of the same enterprise.
    const merchant = snapshot?.row?.merchant ?? row.merchant;
    if (snapshot === undefined || merchant === undefined || seen.has(relation.id)) return;
    // A row that our checks refused has none of these details, and another row of its registration may.
    seen.add(relation.id);
    const { registration } = snapshot;
    const mayHave = mayHaveMiniProgram(registration);
    const isOver = mayHave && isSilent(registration, patience, now());
    const runs = mayHave && !isOver && isRunning(registration);
    const putOffs = runs ? [] : await putOffsOf(registration);
    if (!mayHave && putOffs.length === 0) return;
    const { name } = merchant;
    const { id, clockAheadMs } = registration;
    const open = { from: openSince(registration) ?? now(), to: Number.POSITIVE_INFINITY };
    const ours = isOver || putOffs.length === 0 ? [open, ...putOffs] : putOffs;
    const times = ours.map(({ from, to }) => ({ from: from - clockAheadMs, to: to - clockAheadMs }));
    const isMissed = runs && missed !== undefined && open.from - clockAheadMs < missed.to;
    const isHeardOfNoMore = isOver || isMissed || putOffs.length > 0;
    const claimant = { id, name, times, isSilent: isHeardOfNoMore, isMissed, mayRun: runs && !isMissed };
    claimants.set(nameKey(name), [...(claimants.get(nameKey(name)) ?? []), claimant]);
  }

  async function putOffsOf({ id, state }: Registration): Promise<readonly Span[]> {
    return state === 'created' ? [] : putOffsIn(await ledger.history(id));
  }

  for (const id of await batches.list()) {
    const batch = await batches.find(id);
    if (batch === undefined) continue;
    for await (const rows of batches.pages(batch)) await Promise.all(rows.map(look));
  }
  return claimants;
}

/** What a row shows does not say what became of them. */
function hasEarlierAttempts({ state, attempt }: Registration): boolean {
  // A row that was sent to its end has one attempt more than its earlier ones; one that waits, or was withdrawn, has not.
  return state !== 'created' && attempt > (state === 'rejected' || state === 'expired' ? 1 : 0);
}

/** When the earliest attempt was sent whose end is not known. */
function openSince({ earlierTask, earlierSentAt, sentAt }: Registration): number | undefined {
  return earlierTask === 'open' ? (earlierSentAt ?? sentAt) : sentAt;
}

/**
 * Its task is over, and no result has come; also registrations that are no longer asked about. A rehearsal's tasks are
 * over sooner.
 */
function isSilent(
  { state, problem, task, earlierTask, sentAt = 0 }: Registration,
  { pushWaitMs }: Pick<Patience, 'pushWaitMs'>,
  now: number,
): boolean {
  if (state === 'created') return true;
  if (now - sentAt < Math.min(LONGEST_TASK_MS, pushWaitMs)) return false;
  if (state !== 'needs_review' || earlierTask === 'open') return true;
  // Without a problem: sending it again was taken back.
  return problem === undefined ? task === 'open' : /^(push|call|search):/.test(problem);
}

type Unclaimed = AuthorizerInfo & ListedAuthorizer;

interface Read {
  /**
   * A Mini Program that no registration has, and that was authorised when a task of that name could have created it.
   */
  readonly created: Unclaimed[];
  readonly tokens: FoundToken[];
  readonly refused: string | undefined;
}

async function readList(
  { list, infoOf, ownersOf, authorizers }: ReconcileTools,
  claimants: ReadonlyMap<string, readonly Claimant[]>,
): Promise<Read> {
  const all = [...claimants.values()].flat();
  const ids = new Set(all.map(({ id }) => id));
  const created: Unclaimed[] = [];
  const tokens: FoundToken[] = [];
  for (let offset = 0; ; ) {
    const listing = await list(offset);
    if (listing.kind === 'refused') return { created, tokens, refused: saidBy(listing.reply) };
    const appids = listing.authorizers.map(({ appid }) => appid);
    const [owners, lacking] = await Promise.all([ownersOf(appids), authorizers.lacking(appids)]);
    for (const [at, listed] of listing.authorizers.entries()) {
      const { appid, refreshToken, authorizedAt } = listed;
      const owner = owners[at];
      if (owner !== undefined && refreshToken !== undefined && lacking.has(appid)) {
        tokens.push({ registration: owner, appid, refreshToken, authorizedAt });
      }
      if (owner !== undefined || !couldBeOf(all, listed)) continue;
      // The token was stored and the program died before it was recorded; or it was stored before its registration was
      // known.
      const keptFor = await authorizers.keptFor(appid);
      if (keptFor !== undefined && keptFor !== '' && !ids.has(keptFor)) continue;
      const answer = await infoOf(appid);
      if (answer.kind === 'refused') return { created, tokens, refused: saidBy(answer.reply) };
      if (answer.info.registerType !== CREATED_BY_REGISTRATION) continue;
      if (couldBeOf(claimants.get(nameKey(answer.info.principalName)) ?? [], listed))
        created.push({ ...listed, ...answer.info, refreshToken: refreshToken ?? answer.info.refreshToken });
    }
    offset += listing.authorizers.length;
    if (listing.authorizers.length === 0 || offset >= listing.total) return { created, tokens, refused: undefined };
  }
}

/** The list has whole seconds. */
function couldBeOf(claimants: readonly Claimant[], { authorizedAt }: ListedAuthorizer): boolean {
  const isWithin = ({ from, to }: Span): boolean =>
    authorizedAt >= Math.floor(from / 1000) * 1000 && authorizedAt <= to;
  return claimants.some(({ times }) => times.some(isWithin));
}

function saidBy(reply: Extract<Listing, { kind: 'refused' }>['reply']): string {
  return reply.kind === 'answer' ? `${reply.errcode} ${reply.said}` : reply.why;
}

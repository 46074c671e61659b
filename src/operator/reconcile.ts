/** Pushes that never came: which silent registrations have a Mini Program after all, in WeChat's list of accounts. */
import { LONGEST_TASK_MS } from '../domain/limits.js';
import { nameKey } from '../domain/merchant.js';
import { type Fact, next, type Registration } from '../domain/registration.js';
import type { Authorizers } from '../redis/authorizers.js';
import type { Batches, RowWithFate } from '../redis/batches.js';
import type { Created } from '../redis/created.js';
import type { Ledger } from '../redis/ledger.js';
import type { AuthorizerInfo, Info, ListedAuthorizer, Listing } from '../wechat/authorizer-list.js';
import { CREATED_BY_REGISTRATION } from '../wechat/authorizer-list.js';

export interface ReconcileTools {
  readonly batches: Batches;
  readonly ledger: Ledger;
  readonly authorizers: Authorizers;
  /** The registration that each of these Mini Programs belongs to, or did. */
  readonly ownersOf: (appids: readonly string[]) => Promise<readonly (string | undefined)[]>;
  readonly now: () => number;
  readonly list: (offset: number) => Promise<Listing>;
  readonly infoOf: (appid: string) => Promise<Info>;
}

export interface Match {
  readonly registration: string;
  readonly name: string;
  readonly appid: string;
  readonly refreshToken: string | undefined;
}

export interface Reconciliation {
  /** Silent registrations, of which nobody knows how they ended. */
  readonly silent: number;
  readonly matches: readonly Match[];
  /** One name, several registrations or several Mini Programs: nothing is guessed. */
  readonly ambiguous: readonly string[];
  /** What WeChat answered, where it did not let us read on. */
  readonly refused: string | undefined;
}

export async function reconcile(tools: ReconcileTools): Promise<Reconciliation> {
  const claimants = await claimantsIn(tools);
  const silent = [...claimants.values()].flat().filter(({ isSilent }) => isSilent);
  if (silent.length === 0) return { silent: 0, matches: [], ambiguous: [], refused: undefined };
  const { created, refused } = await unclaimed(tools, claimants);

  const matches: Match[] = [];
  const ambiguous: string[] = [];
  for (const [name, rivals] of claimants) {
    if (!rivals.some(({ isSilent }) => isSilent)) continue;
    const found = created.filter(({ principalName }) => nameKey(principalName) === name);
    const [one] = rivals;
    const [only] = found;
    if (only === undefined || one === undefined) continue;
    if (found.length > 1 || rivals.length > 1) ambiguous.push(one.name);
    else matches.push({ registration: one.id, name: one.name, appid: only.appid, refreshToken: only.refreshToken });
  }
  return { silent: silent.length, matches, ambiguous, refused };
}

export interface RecordTools {
  readonly ledger: Ledger;
  readonly authorizers: Authorizers;
  /** Absent where nobody wants to hear of new Mini Programs. */
  readonly tellCreated?: ((created: Created) => Promise<void>) | undefined;
  readonly now: () => number;
}

/** What the push would have said. A registration that was settled meanwhile stays as it is. */
export async function record(tools: RecordTools, match: Match): Promise<boolean> {
  const { ledger, authorizers, tellCreated, now } = tools;
  const { registration, appid, refreshToken } = match;
  const at = now();
  const because = "found in WeChat's list of accounts";
  const fact: Fact = { kind: 'mini_program_created', at, appid, because };
  const view = await ledger.read(registration);
  if (view === undefined || next(view.registration, fact) === undefined) return false;

  // Recorded last: what died in between is still silent then, and found again by the next run.
  if (refreshToken !== undefined) await authorizers.keep({ appid, refreshToken, registration, keptAt: at });
  await tellCreated?.({ registration, appid, at, authorization: refreshToken === undefined ? 'none' : 'kept' });
  const { move } = await ledger.record(registration, fact, {}, view);
  if (move === undefined) return false;
  await ledger.record(
    registration,
    refreshToken === undefined
      ? { kind: 'authorizer_lost', at, problem: 'push:no_auth_code' }
      : { kind: 'authorizer_kept', at },
  );
  return true;
}

/** A registration that may have a Mini Program of which we do not know the appid. */
interface Claimant {
  readonly id: string;
  readonly name: string;
  readonly sentAt: number;
  /** Nothing will be heard of it any more. */
  readonly isSilent: boolean;
}

/** By the name that WeChat lists. Those that still run are rivals of the silent ones, and are not looked for themselves. */
async function claimantsIn({ batches, ledger, now }: ReconcileTools): Promise<Map<string, Claimant[]>> {
  const claimants = new Map<string, Claimant[]>();
  const seen = new Set<string>();

  async function look({ relation, registration: shown }: RowWithFate): Promise<void> {
    if (relation.kind !== 'registered' || shown === undefined || !mayHaveOne(shown) || seen.has(relation.id)) return;
    seen.add(relation.id);
    // A row may show how an earlier attempt ended; asked is how it is now.
    const view = await ledger.read(relation.id);
    if (view?.row?.merchant === undefined || !mayHaveOne(view.registration)) return;
    const { name } = view.row.merchant;
    const { id, sentAt = now() } = view.registration;
    const claimant = { id, name, sentAt, isSilent: isSilent(view.registration, now()) };
    claimants.set(nameKey(name), [...(claimants.get(nameKey(name)) ?? []), claimant]);
  }

  for (const id of await batches.list()) {
    const batch = await batches.find(id);
    if (batch === undefined) continue;
    for await (const rows of batches.pages(batch)) await Promise.all(rows.map(look));
  }
  return claimants;
}

function mayHaveOne({ state, problem, appid }: Registration): boolean {
  // A query told that it exists, and its push, which says which one it is, never came.
  if (state === 'created') return appid === undefined && problem?.startsWith('query:') === true;
  return state === 'submitting' || state === 'awaiting_legal_person' || state === 'needs_review';
}

/** Its task is over, and was never heard of; also those that we gave up. */
function isSilent({ state, problem, sentAt = 0 }: Registration, now: number): boolean {
  if (state === 'created') return true;
  if (now - sentAt < LONGEST_TASK_MS) return false;
  return state !== 'needs_review' || (problem !== undefined && /^(push|call|search):/.test(problem));
}

type Unclaimed = AuthorizerInfo & ListedAuthorizer;

/** What the list has that is nobody's, and was authorised when a task of that name could have created it. */
async function unclaimed(
  { list, infoOf, ownersOf, authorizers }: ReconcileTools,
  claimants: ReadonlyMap<string, readonly Claimant[]>,
): Promise<{ created: Unclaimed[]; refused: string | undefined }> {
  const all = [...claimants.values()].flat();
  const ids = new Set(all.map(({ id }) => id));
  const created: Unclaimed[] = [];
  for (let offset = 0; ; ) {
    const listing = await list(offset);
    if (listing.kind === 'refused') return { created, refused: saidBy(listing.reply) };
    const owners = await ownersOf(listing.authorizers.map(({ appid }) => appid));
    for (const [at, listed] of listing.authorizers.entries()) {
      if (owners[at] !== undefined || !couldBeOf(all, listed)) continue;
      // Kept for one of them, and the program died before it was recorded; or kept before anybody knew for whom.
      const keptFor = await authorizers.keptFor(listed.appid);
      if (keptFor !== undefined && keptFor !== '' && !ids.has(keptFor)) continue;
      const answer = await infoOf(listed.appid);
      if (answer.kind === 'refused') return { created, refused: saidBy(answer.reply) };
      if (answer.info.registerType !== CREATED_BY_REGISTRATION) continue;
      if (couldBeOf(claimants.get(nameKey(answer.info.principalName)) ?? [], listed))
        created.push({ ...listed, ...answer.info, refreshToken: listed.refreshToken ?? answer.info.refreshToken });
    }
    offset += listing.authorizers.length;
    if (listing.authorizers.length === 0 || offset >= listing.total) return { created, refused: undefined };
  }
}

/** The list has whole seconds. */
function couldBeOf(claimants: readonly Claimant[], { authorizedAt }: ListedAuthorizer): boolean {
  return claimants.some(({ sentAt }) => authorizedAt >= Math.floor(sentAt / 1000) * 1000);
}

function saidBy(reply: Extract<Listing, { kind: 'refused' }>['reply']): string {
  return reply.kind === 'answer' ? `${reply.errcode} ${reply.said}` : reply.why;
}

/** Pushes that never came: which silent registrations have a Mini Program after all, in WeChat's list of accounts. */
import { nameKey } from '../domain/merchant.js';
import type { Registration } from '../domain/registration.js';
import type { Authorizers } from '../redis/authorizers.js';
import type { Batches } from '../redis/batches.js';
import type { Ledger } from '../redis/ledger.js';
import type { AuthorizerInfo, Info, ListedAuthorizer, Listing } from '../wechat/authorizer-list.js';
import { CREATED_BY_REGISTRATION } from '../wechat/authorizer-list.js';

export interface ReconcileTools {
  readonly batches: Batches;
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

export async function reconcile({ batches, list, infoOf }: ReconcileTools): Promise<Reconciliation> {
  const { silent, known } = await silentRegistrations(batches);
  if (silent.size === 0) return { silent: 0, matches: [], ambiguous: [], refused: undefined };
  const { created, refused } = await unknownMiniPrograms(list, infoOf, known);

  const matches: Match[] = [];
  const ambiguous: string[] = [];
  for (const [key, registrations] of silent) {
    const found = created.filter(({ principalName }) => nameKey(principalName) === key);
    const [one] = registrations;
    const [only] = found;
    if (only === undefined || one === undefined) continue;
    if (found.length > 1 || registrations.length > 1) ambiguous.push(one.name);
    else matches.push({ registration: one.id, name: one.name, appid: only.appid, refreshToken: only.refreshToken });
  }
  const count = [...silent.values()].reduce((sum, registrations) => sum + registrations.length, 0);
  return { silent: count, matches, ambiguous, refused };
}

export interface RecordTools {
  readonly ledger: Ledger;
  readonly authorizers: Authorizers;
  readonly now: () => number;
}

/** What the push would have said. A registration that was settled meanwhile stays as it is. */
export async function record({ ledger, authorizers, now }: RecordTools, match: Match): Promise<boolean> {
  const { registration, appid, refreshToken } = match;
  const because = "found in WeChat's list of accounts";
  const { move } = await ledger.record(registration, { kind: 'mini_program_created', at: now(), appid, because });
  if (move === undefined) return false;
  if (refreshToken === undefined) {
    await ledger.record(registration, { kind: 'authorizer_lost', at: now(), problem: 'push:no_auth_code' });
  } else {
    await authorizers.keep({ appid, refreshToken, registration, keptAt: now() });
    await ledger.record(registration, { kind: 'authorizer_kept', at: now() });
  }
  return true;
}

interface Silent {
  readonly id: string;
  readonly name: string;
}

async function silentRegistrations(batches: Batches): Promise<{ silent: Map<string, Silent[]>; known: Set<string> }> {
  const silent = new Map<string, Silent[]>();
  const known = new Set<string>();
  const seen = new Set<string>();
  for (const id of await batches.list()) {
    const batch = await batches.find(id);
    if (batch === undefined) continue;
    for await (const rows of batches.pages(batch)) {
      for (const { relation, row, registration } of rows) {
        if (registration?.appid !== undefined) known.add(registration.appid);
        if (relation.kind !== 'registered' || registration === undefined || row.merchant === undefined) continue;
        if (!isSilent(registration) || seen.has(relation.id)) continue;
        seen.add(relation.id);
        const key = nameKey(row.merchant.name);
        silent.set(key, [...(silent.get(key) ?? []), { id: relation.id, name: row.merchant.name }]);
      }
    }
  }
  return { silent, known };
}

/** Sent, and never heard of: also those that we gave up. */
function isSilent({ state, problem, appid }: Registration): boolean {
  // A query told that it exists, and its push, which says which one it is, never came.
  if (state === 'created') return appid === undefined && problem?.startsWith('query:') === true;
  if (state === 'submitting' || state === 'awaiting_legal_person') return true;
  return state === 'needs_review' && problem !== undefined && /^(push|call|search):/.test(problem);
}

type Created = AuthorizerInfo & ListedAuthorizer;

async function unknownMiniPrograms(
  list: ReconcileTools['list'],
  infoOf: ReconcileTools['infoOf'],
  known: ReadonlySet<string>,
): Promise<{ created: Created[]; refused: string | undefined }> {
  const created: Created[] = [];
  for (let offset = 0; ; ) {
    const listing = await list(offset);
    if (listing.kind === 'refused') return { created, refused: saidBy(listing.reply) };
    for (const listed of listing.authorizers) {
      if (known.has(listed.appid)) continue;
      const answer = await infoOf(listed.appid);
      if (answer.kind === 'refused') return { created, refused: saidBy(answer.reply) };
      if (answer.info.registerType === CREATED_BY_REGISTRATION) created.push({ ...listed, ...answer.info });
    }
    offset += listing.authorizers.length;
    if (listing.authorizers.length === 0 || offset >= listing.total) return { created, refused: undefined };
  }
}

function saidBy(reply: Extract<Listing, { kind: 'refused' }>['reply']): string {
  return reply.kind === 'answer' ? `${reply.errcode} ${reply.said}` : reply.why;
}

import { Command } from 'commander';
import { judgeOf, settlingOf } from '../app/wiring/judging.js';
import type { Store } from '../app/wiring/store.js';
import { isoWithOffset } from '../domain/calendar.js';
import { isIdentity } from '../domain/merchant.js';
import type { ParkedPush, Parking, StoredPush } from '../domain/push.js';
import { type Fact, next, type Registration } from '../domain/registration.js';
import type { Snapshot } from '../domain/snapshot.js';
import { factAbout, type Judge, match, openStored, settle } from '../events/record.js';
import { ownersOf } from '../redis/ledger/appids.js';
import { openPushes, type Pushes } from '../redis/pushes/pushes.js';
import type { AuthorizationPush, Push, RegistrationPush, Unreadable } from '../wechat/push.js';
import { command, EXIT, perform, UsageError } from './command.js';
import { countFrom, sinceFrom } from './flags.js';
import { print, printJson, say, table } from './terminal.js';

export function pushesCommand(): Command {
  return new Command('pushes')
    .description(
      'The pushes that were received: what they say, which of them fit no registration, and another try for them.',
    )
    .addCommand(listCommand().exitOverride())
    .addCommand(showCommand().exitOverride())
    .addCommand(replayCommand().exitOverride())
    .addCommand(matchCommand().exitOverride());
}

/** As the stream numbers them: milliseconds and a counter. */
const ID = /^\d{10,15}-\d{1,6}$/;

const MOST = 50;

const WHY: Readonly<Record<Parking, string>> = {
  unknown_merchant: 'names a merchant that no sheet has named; it is matched by itself when one does',
  no_info: 'does not say which merchant it is about',
  unreadable: 'cannot be read with the token and key that are set, or is no push that we know',
  unknown_authorizer:
    'says that a Mini Program authorised the platform, whose subject is not exactly one merchant that waits for its result; match it by hand',
  fault: 'met a fault of our program',
  old: 'was more than three days old when it came; it may have been captured and sent again',
};

function listCommand(): Command {
  return command(
    'list',
    'The newest pushes, the latest first; or those that fit no registration.',
    'fastregister pushes list --parked',
  )
    .option('--parked', 'only those that fit no registration, and why')
    .option('--most <NUMBER>', 'how many', String(MOST))
    .option('--json', 'print as JSON')
    .action(async (options: { parked?: true; most: string; json?: true }, made: Command) =>
      perform(made, {}, async ({ open }) => {
        const store = await open('interactive');
        const pushes = openPushes(store.redis);
        const parked = await pushes.listParked();
        const found = options.parked ? parked : await pushes.list(countFrom('--most', options.most));
        const rows = found.map((push) => ({
          id: push.id,
          receivedAt: isoWithOffset(push.receivedAt, store.settings.quotaTimezone),
          infoType: push.infoType,
          parked: parked.find(({ id }) => id === push.id)?.why,
        }));
        if (options.json) await printJson(rows);
        else if (rows.length === 0) say('None.');
        else {
          const lines = rows.map((row) => [row.id, row.receivedAt, row.infoType, row.parked ? WHY[row.parked] : '']);
          await print(`${table(lines)}\n`);
        }
        return EXIT.done;
      }),
    );
}

function showCommand(): Command {
  return command(
    'show <ID>',
    'What one push says, and what it calls for now. Tickets and codes are left out.',
    'fastregister pushes show 1795229255642-0',
  )
    .option('--raw', 'its query and its body, as they came')
    .option('--json', 'print as JSON')
    .action(async (id: string, options: { raw?: true; json?: true }, made: Command) =>
      perform(made, { needs: ['push'] }, async ({ open }) => {
        const tools = pushTools(await open('interactive'));
        const stored = await tools.find(id);
        if (options.raw) {
          await print(`${stored.query}\n${stored.body.toString('utf8')}\n`);
          return EXIT.done;
        }
        const plan = await tools.plan(stored);
        const facts = {
          id: stored.id,
          receivedAt: tools.time(stored.receivedAt),
          infoType: stored.infoType,
          says: withoutSecrets(plan.push),
          calls_for: plan.words,
        };
        if (options.json) await printJson(facts);
        else {
          const { says, ...rest } = facts;
          await print(`${table([...Object.entries(rest), ...fieldsOf(says)])}\n`);
        }
        return EXIT.done;
      }),
    );
}

function replayCommand(): Command {
  return command(
    'replay [ID...]',
    'Looks at stored pushes again, with the settings and the program of today: all that fit no registration, or those named.',
    'fastregister pushes replay --yes',
  )
    .option('--since <TIME>', 'all that came since: 2026-11-20, "2026-11-20 22:00", or 24h for a day ago')
    .option('--yes', 'record what they say; without it nothing is changed')
    .option('--json', 'print as JSON')
    .action(async (ids: string[], options: { since?: string; yes?: true; json?: true }, made: Command) =>
      perform(made, { needs: ['push', 'encryption'] }, async ({ open, settings }) => {
        const since = sinceFrom(options.since, settings.quotaTimezone);
        const tools = pushTools(await open('interactive'));
        const told: { id: string; infoType: string; calls_for: string }[] = [];
        let changing = 0;
        for await (const stored of tools.chosen(ids, since)) {
          const plan = await tools.plan(stored);
          if (plan.change !== undefined) changing += 1;
          if (options.yes && plan.change !== undefined) await tools.settle(plan.change, stored);
          else if (options.yes && plan.fits) await tools.unpark(stored.id);
          told.push({ id: stored.id, infoType: stored.infoType, calls_for: plan.words });
        }
        if (options.json) await printJson(told);
        else if (told.length > 0) await print(`${table(told.map((it) => Object.values(it)))}\n`);
        const dry = changing > 0 && !options.yes;
        say(
          `${told.length} pushes, ${changing} of them ${dry ? 'would change' : options.yes ? 'changed' : 'change'} something.${dry ? ' Nothing was done; pass --yes.' : ''}`,
        );
        return EXIT.done;
      }),
    );
}

function matchCommand(): Command {
  return command(
    'match <ID> <REGISTRATION>',
    'Gives a push that fits no registration to the one that you name, and records what it says.',
    'fastregister pushes match 1795229255642-0 mfrggzdfmztwq2lk',
  ).action(async (id: string, registration: string, _options: object, made: Command) =>
    perform(made, { needs: ['push', 'encryption'] }, async ({ open }) => {
      const store = await open('interactive');
      const tools = pushTools(store);
      const stored = await tools.find(id);
      if (!('why' in stored)) {
        throw new UsageError(
          `${id} is not among the pushes that fit no registration: fastregister pushes list --parked`,
        );
      }
      const view = isIdentity(registration) ? await store.ledger.read(registration) : undefined;
      if (view === undefined) {
        throw new UsageError(`There is no registration ${registration}. The report names it as registration_id.`);
      }
      const push = resultIn(tools.read(stored));
      if (push.kind !== 'registration') {
        throw new UsageError(
          `${id} does not tell the end of a registration${push.kind === 'unreadable' ? `: ${push.detail}` : ''}.`,
        );
      }
      const words = tools.words(view.registration, await tools.factOn({ view, push }, stored));
      if (await tools.settle({ view, push }, stored)) say(words);
      else say(`${words}; the push is kept.`);
      return EXIT.done;
    }),
  );
}

/** Given to a registration by a person, an `authorized` says which Mini Program it has, as the push that never came would have. */
function resultIn(push: Push | Unreadable): Push | Unreadable {
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

interface Plan {
  readonly push: Push | Unreadable;
  readonly words: string;
  /** There is a registration for it. */
  readonly fits: boolean;
  /** Absent where nothing would change. */
  readonly change?: Change;
}

interface Change {
  readonly view: Snapshot;
  readonly push: RegistrationPush;
}

function pushTools(store: Store) {
  const pushes: Pushes = openPushes(store.redis);
  const judging: Judge = judgeOf(store, store.redis);
  const time = (at: number): string => isoWithOffset(at, store.settings.quotaTimezone);
  const read = (stored: StoredPush): Push | Unreadable => openStored(judging, stored);

  async function find(id: string): Promise<StoredPush | ParkedPush> {
    const found = ID.test(id) ? await pushes.find(id) : undefined;
    if (found === undefined) throw new UsageError(`There is no push ${id}: fastregister pushes list shows them.`);
    return found;
  }

  async function* chosen(ids: readonly string[], since: number | undefined): AsyncGenerator<StoredPush> {
    for (const id of ids) yield await find(id);
    if (since !== undefined) {
      let from = `${since - 1}-0`;
      for (let page = await pushes.after(from, 500); page.length > 0; page = await pushes.after(from, 500)) {
        yield* page;
        from = page.at(-1)?.entry ?? from;
      }
    } else if (ids.length === 0) {
      yield* await pushes.listParked();
    }
  }

  const factOn = ({ view, push }: Change, { receivedAt }: StoredPush): Promise<Fact> =>
    factAbout({ ledger: store.ledger, rowAt: store.batches.rowAt }, view, push, receivedAt, () => '');

  function words(registration: Registration, fact: Fact): string {
    const move = next(registration, fact);
    const about = `${registration.id}: ${fact.kind}${fact.problem === undefined ? '' : ` (${fact.problem})`}`;
    return move === undefined
      ? `${about} changes nothing, it stays ${registration.state}`
      : `${about}, ${registration.state} → ${move.to}`;
  }

  async function plan(stored: StoredPush): Promise<Plan> {
    const push = read(stored);
    const judgement = await match(judging, push);
    if (judgement.kind === 'not_ours') return { push, fits: false, words: 'nothing: it is not about a registration' };
    if (judgement.kind === 'authorization') return planOfAuthorization(judgement.push);
    if (judgement.kind === 'park') {
      const detail = push.kind === 'unreadable' ? `: ${push.detail}` : '';
      return { push, fits: false, words: `a person: it ${WHY[judgement.why]}${detail}` };
    }
    const { registration } = judgement.view;
    const fact = await factOn(judgement, stored);
    const isChange = next(registration, fact) !== undefined;
    return {
      push,
      fits: true,
      words: words(registration, fact),
      ...(isChange && { change: { view: judgement.view, push: judgement.push } }),
    };
  }

  /** Replaying one changes nothing: its code is exchanged when it comes, or dead. */
  async function planOfAuthorization(push: AuthorizationPush): Promise<Plan> {
    const { authorizerAppid: appid = '' } = push;
    const [owner] = await ownersOf(store.redis, [appid]);
    return owner === undefined
      ? { push, fits: false, words: `nothing: ${appid} is no Mini Program of a registration` }
      : {
          push,
          fits: true,
          words: `${owner}: the authorisation of its Mini Program ${appid}, which was recorded when it came`,
        };
  }

  /** Answers whether it changed anything; if so, it fits. */
  async function settleNow({ view, push }: Change, stored: StoredPush): Promise<boolean> {
    const changed = await settle(settlingOf(store, store.redis), view, push, stored);
    if (changed) await pushes.unpark(stored.id);
    return changed;
  }

  return { time, read, find, chosen, factOn, words, plan, settle: settleNow, unpark: pushes.unpark };
}

/** What is worth a Mini Program, or all of them, is not shown. */
function withoutSecrets(push: Push | Unreadable): Record<string, unknown> {
  const { kind: _, ...fields } = push;
  const hidden = new Set(['ticket', 'authCode', 'authorizationCode']);
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      hidden.has(name) && value !== undefined ? '(not shown)' : value,
    ]),
  );
}

function fieldsOf(says: Readonly<Record<string, unknown>>, prefix = ''): [string, string][] {
  return Object.entries(says).flatMap(([name, value]): [string, string][] => {
    if (value === undefined) return [];
    if (typeof value === 'object' && value !== null) return fieldsOf(value as Record<string, unknown>, `${name}.`);
    return [[`${prefix}${name}`, String(value)]];
  });
}

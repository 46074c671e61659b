import { PARKED_BECAUSE } from '../app/push-plan.js';
import { MATCHED_BY, matchedInWords, pushFields, REPLAYED_BY, replayedInWords } from '../app/push-words.js';
import { explainPush, findPush, listPushes, matchPush, replayPushes } from '../app/pushes.js';
import { clockTime, isoWithOffset } from '../domain/calendar.js';
import { same } from '../domain/words.js';
import { type CommandContext, EXIT } from './command.js';
import { countFrom, sinceFrom } from './flags.js';
import { spoken, spokenLanguage } from './language.js';
import { print, printData, printJson, say, table } from './terminal.js';
import { whoAsks } from './who.js';

export async function listPushesAction(
  { open }: CommandContext,
  newest: number,
  options: { parked?: true; most?: string; json?: true },
): Promise<number> {
  const store = await open('interactive');
  const most = options.most === undefined ? undefined : countFrom('--most', options.most);
  const rows = await listPushes(store, options.parked ? { parked: true, most } : { most: most ?? newest });
  const timezone = store.settings.quotaTimezone;
  if (options.json) {
    await printJson(rows.map((row) => ({ ...row, receivedAt: isoWithOffset(row.receivedAt, timezone) })));
  } else if (rows.length === 0) say({ en: 'None.', zh: '没有推送。' });
  else {
    const lines = rows.map((row) => [
      row.id,
      clockTime(row.receivedAt, timezone, spokenLanguage()),
      row.infoType,
      row.parked ? spoken(PARKED_BECAUSE[row.parked]) : '',
    ]);
    await print(`${table(lines)}\n`);
  }
  return EXIT.done;
}

export async function showPushAction(
  { open }: CommandContext,
  id: string,
  options: { raw?: true; json?: true },
): Promise<number> {
  const store = await open('interactive');
  const stored = await findPush(store, id);
  if (options.raw) {
    await printData(`${stored.query}\n${stored.body.toString('utf8')}\n`);
    return EXIT.done;
  }
  const { says, callsFor, detail } = await explainPush(store, stored);
  const { infoType } = stored;
  const timezone = store.settings.quotaTimezone;
  const facts = { id: stored.id, receivedAt: isoWithOffset(stored.receivedAt, timezone), infoType };
  if (options.json) await printJson({ ...facts, says: withTimes(says, timezone), calls_for: callsFor.en });
  else {
    const shown = {
      ...facts,
      calls_for: spoken(callsFor),
      ...says,
      ...(detail !== undefined && { detail: spoken(detail) }),
    };
    const time = (at: number): string => clockTime(at, timezone, spokenLanguage());
    const lines = pushFields({ ...shown, receivedAt: stored.receivedAt }, (at) => same(time(at)));
    await print(`${table(lines.map((line) => line.map(spoken)))}\n`);
  }
  return EXIT.done;
}

/** What a push says has its times in ms since 1970. */
function withTimes(says: Readonly<Record<string, unknown>>, timezone: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(says).map(([name, value]) => [
      name,
      typeof value === 'number' && name.endsWith('At') ? isoWithOffset(value, timezone) : value,
    ]),
  );
}

export async function replayPushesAction(
  { open, settings }: CommandContext,
  ids: string[],
  options: { since?: string; yes?: true; json?: true },
): Promise<number> {
  const since = sinceFrom(options.since, settings.quotaTimezone);
  const { pushes, changing } = await replayPushes(await open('interactive'), {
    ids,
    since,
    because: options.yes ? spoken(REPLAYED_BY(whoAsks())) : undefined,
  });
  if (options.json) {
    const time = (at: number): string => isoWithOffset(at, settings.quotaTimezone);
    await printJson(
      pushes.map(({ callsFor, receivedAt, ...facts }) => ({
        ...facts,
        receivedAt: time(receivedAt),
        calls_for: callsFor.en,
      })),
    );
  } else if (pushes.length > 0)
    await print(`${table(pushes.map((it) => [it.id, it.infoType, spoken(it.callsFor)]))}\n`);
  const dry = changing > 0 && !options.yes;
  const { en, zh } = replayedInWords({ pushes, changing }, options.yes === true);
  say({
    en: `${en}${dry ? ' Nothing was done; pass --yes.' : ''}`,
    zh: `${zh}${dry ? '未执行任何操作；请加 --yes 执行。' : ''}`,
  });
  return EXIT.done;
}

export async function matchPushAction({ open }: CommandContext, id: string, registration: string): Promise<number> {
  const { words, changed } = await matchPush(
    await open('interactive'),
    id,
    registration,
    spoken(MATCHED_BY(whoAsks())),
  );
  say(matchedInWords(words, changed));
  return EXIT.done;
}

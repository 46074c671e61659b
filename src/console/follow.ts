/** The parts of a page that follow the ledger, sent as they change, as long as the user may see the page. */
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import type { Store } from '../app/wiring/store.js';
import { mayAct } from '../domain/console-user.js';
import { giveWay } from '../give-way.js';
import type { Access } from './access.js';
import type { Accounts } from './accounts.js';
import type { ConsoleContext } from './bindings.js';
import { htmlOf, liveId } from './layout.js';
import type { LiveFeeds } from './live.js';
import { type PageRoute, type View, type ViewOptions, viewOf } from './visit.js';

export interface FollowOptions {
  readonly store: Store;
  readonly access: Access;
  readonly accounts: Accounts;
  readonly feeds: LiveFeeds;
  /** How often a page that follows asks whether its session still lives. */
  readonly lookAgainMs: number;
  readonly leadsTo: ViewOptions['leadsTo'];
}

const STILL_THERE_MS = 15_000;

export async function follow(options: FollowOptions, c: ConsoleContext, route: PageRoute): Promise<Response> {
  const { store, access, feeds, leadsTo } = options;
  const visit = await access.visitOf(c);
  const { live } = route;
  if (visit === undefined || live === undefined || !visit.may(route.needs)) return c.text('', 403);
  const { language, role, params, query, path } = visit;
  const view = viewOf({ store, language, role, params, query, leadsTo });
  const name = JSON.stringify([path, query.toString(), language, role]);
  c.header('x-accel-buffering', 'no');
  return streamSSE(c, async (stream) => {
    const send = (event: string, data: unknown): Promise<void> =>
      stream.writeSSE({ event, data: JSON.stringify(data) }).catch(() => {});
    const leave = new AbortController();
    stream.onAbort(() => leave.abort());
    const unwatch = feeds.watch(
      name,
      () => partsOf(live, view),
      (event) => {
        void send(event.kind, event.kind === 'changed' ? event.parts : {});
      },
    );
    const still = setInterval(() => void stream.write(': still there\n\n').catch(() => {}), STILL_THERE_MS);
    const looking = whileAllowed(options, visit.token, route, () => {
      void send('ended', {}).then(() => leave.abort());
    });
    await untilLeft(stream, leave.signal);
    clearInterval(still);
    clearInterval(looking);
    unwatch();
  });
}

async function partsOf(live: NonNullable<PageRoute['live']>, view: View): Promise<Record<string, string>> {
  const parts: Record<string, string> = {};
  for (const [part, element] of Object.entries(await live(view))) {
    parts[liveId(part)] = await htmlOf(element);
    // A push to this process waits for one part, not for all of them.
    await giveWay();
  }
  return parts;
}

/** Calls `ended` once the session is over, or its user may no longer see the page. */
function whileAllowed(
  { accounts, lookAgainMs }: FollowOptions,
  token: string,
  { needs }: PageRoute,
  ended: () => void,
): NodeJS.Timeout {
  return setInterval(() => {
    accounts.find(token).then(
      (found) => {
        if (found === undefined || !mayAct(found.role, needs)) ended();
      },
      () => {
        // Redis is unavailable: the watchers know it already.
      },
    );
  }, lookAgainMs);
}

function untilLeft(stream: SSEStreamingApi, left: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    left.addEventListener('abort', () => resolve(), { once: true });
    if (stream.aborted) resolve();
  });
}

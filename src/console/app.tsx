/** The console as one application: log-in, refusals, and every route of the table. */
import { Hono, type MiddlewareHandler } from 'hono';
import type { Store } from '../app/wiring/store.js';
import { type ConsoleRole, mayAct } from '../domain/console-user.js';
import { isRedisSlow, isRedisUnable, stateOfRedis } from '../domain/ledger-errors.js';
import { joined } from '../domain/words.js';
import { openConsoleAudit } from '../redis/console-audit.js';
import { type Access, openAccess } from './access.js';
import { type Accounts, openAccounts } from './accounts.js';
import { act } from './act.js';
import { type Answers, notYours, openAnswers, stalePage } from './answers.js';
import type { Bindings, ConsoleContext } from './bindings.js';
import { clientOf } from './client.js';
import { follow } from './follow.js';
import { formOf } from './form.js';
import { isOwnOrigin, ownPath, SECURITY_HEADERS } from './guard.js';
import { type LiveFeeds, liveAddress } from './live.js';
import { ROUTES } from './routes.js';
import { staticFile } from './static-files.js';
import type { ConsolePage, PageRoute, Route } from './visit.js';
import { WORDS } from './words.js';

export interface AppOptions {
  /** On a connection that answers at once while Redis is away. */
  readonly store: Store;
  readonly feeds: LiveFeeds;
  /** How often a page that follows asks whether its session still lives. */
  readonly lookAgainMs?: number;
}

/** What an answer may set in its own way: files are kept by browsers, and /queues has another base. */
const OF_A_PAGE = new Set(['cache-control', 'content-security-policy']);

/** A session that was ended elsewhere ends its live parts within this. */
const LOOK_AGAIN_MS = 10_000;

type App = Hono<{ Bindings: Bindings }>;

/** What every request needs. */
interface ConsoleParts {
  readonly store: Store;
  readonly accounts: Accounts;
  readonly access: Access;
  readonly answers: Answers;
}

export function consoleApp({ store, feeds, lookAgainMs = LOOK_AGAIN_MS }: AppOptions): App {
  const accounts = openAccounts(store);
  const audit = openConsoleAudit(store.redis);
  const access = openAccess({ store, accounts, audit, leadsTo });
  const answers = openAnswers(store, access);
  const parts = { store, accounts, access, answers };
  const following = { store, access, accounts, feeds, lookAgainMs, leadsTo };
  const acting = { access, answers, audit };

  const app: App = new Hono();
  app.use(securityHeaders(store));
  app.get('/static/:name', (c) => fileNamed(c, c.req.param('name')));
  app.use(closedOrForeign(parts));
  access.mount(app, { message: answers.message, formOf, stale: stalePage });
  for (const route of ROUTES) {
    if (route.method === 'POST') {
      app.post(route.path, (c) => act(acting, c, route));
      if (!isPage(route.path)) app.get(route.path, pageOfForm);
    } else {
      app.get(route.path, (c) => show(parts, c, route));
      if (route.live !== undefined) app.get(liveAddress(route.path), (c) => follow(following, c, route));
    }
  }
  app.notFound((c) => noSuchPage(parts, c as ConsoleContext));
  app.onError((error, c) => failed(parts, c as ConsoleContext, error));
  return app;
}

function isPage(path: string): boolean {
  return ROUTES.some((it) => it.method === 'GET' && it.path === path);
}

/** The answer to a form stands at the address of its action: asked for again, it is the page of the form, one step up. */
function pageOfForm(c: ConsoleContext): Response {
  return c.redirect(ownPath(c.req.path.replace(/\/[^/]+$/, '')), 303);
}

function securityHeaders({ settings }: Store): MiddlewareHandler<{ Bindings: Bindings }> {
  return async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      if (!OF_A_PAGE.has(name) || !c.res.headers.has(name)) c.res.headers.set(name, value);
    }
    if (clientOf(c.env?.incoming, settings.consoleTrustProxy).isSecure) {
      c.res.headers.set('strict-transport-security', 'max-age=31536000');
    }
  };
}

function fileNamed(c: ConsoleContext, name: string): Response {
  const file = staticFile(name);
  if (file === undefined) return c.text('not here', 404);
  const headers = { 'content-type': file.type, 'cache-control': 'public, max-age=31536000, immutable' };
  return c.body(file.body, 200, headers);
}

/** Refuses requests to a closed console and forms of other origins, before anything of a request is believed. */
function closedOrForeign({
  store,
  accounts,
  access,
  answers,
}: ConsoleParts): MiddlewareHandler<{ Bindings: Bindings }> {
  const { settings } = store;
  return async (c, next) => {
    if (!(await accounts.isOpen())) {
      const body = <p>{WORDS.howToOpen[access.languageOf(c)]}</p>;
      return answers.message(c, { title: WORDS.closed, body, status: 403 });
    }
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD' && !isOwnOrigin(c.req.raw.headers, settings.publicUrl)) {
      return answers.message(c, stalePage(access.languageOf(c)));
    }
    return next();
  };
}

async function show({ access, answers }: ConsoleParts, c: ConsoleContext, route: PageRoute): Promise<Response> {
  const visit = await access.visitOf(c);
  if (visit === undefined) return access.toLogin(c);
  if (!visit.may(route.needs)) return answers.shown(c, visit, notYours(visit));
  return answers.answered(c, visit, () => route.show(visit), route);
}

async function noSuchPage({ access, answers }: ConsoleParts, c: ConsoleContext): Promise<Response> {
  const visit = await access.visitOf(c);
  const body = <p>{WORDS.noSuchPage[access.languageOf(c)]}</p>;
  const page: ConsolePage = { title: WORDS.notFound, body, status: 404 };
  return visit === undefined ? answers.message(c, page) : answers.shown(c, visit, page);
}

function failed({ store, access, answers }: ConsoleParts, c: ConsoleContext, error: Error): Promise<Response> {
  const language = access.languageOf(c);
  if (isRedisUnable(error)) {
    // The browser asks again; not for a form, which would be sent twice.
    if (c.req.method === 'GET') c.header('refresh', '5');
    const refuses = stateOfRedis(error) !== undefined;
    const title = refuses ? WORDS.redisRefuses : isRedisSlow(error) ? WORDS.redisSlow : WORDS.redisAway;
    const words = refuses ? joined([WORDS.askDoctor, WORDS.tryLater]) : WORDS.tryLater;
    return answers.message(c, { title, body: <p>{words[language]}</p>, status: 503 });
  }
  store.log.error({ err: error }, 'the console failed');
  return answers.message(c, { title: WORDS.failed, body: <p>{WORDS.seeLog[language]}</p>, status: 503 });
}

/** Links lead only to pages that exist and that this user may see. */
function leadsTo(role: ConsoleRole, method: Route['method'], path: string): boolean {
  const route = ROUTES.find((it) => it.method === method && it.path === path);
  return route !== undefined && mayAct(role, route.needs);
}

/** The console as one application: log-in, refusals, and every route of the table. */
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { RequestError } from '../app/request-error.js';
import type { Store } from '../app/wiring/store.js';
import { type ConsoleRole, mayAct } from '../domain/console-user.js';
import { isRedisGone } from '../domain/ledger-errors.js';
import { type Language, UserError } from '../domain/words.js';
import { giveWay } from '../give-way.js';
import { openConsoleAudit } from '../redis/console-audit.js';
import { openAccess } from './access.js';
import { openAccounts } from './accounts.js';
import type { Bindings, ConsoleContext } from './bindings.js';
import { clientOf } from './client.js';
import { isCsrfToken, isOwnOrigin, ownPath, SECURITY_HEADERS, StaleForm } from './guard.js';
import { streamed } from './later.js';
import { Document, documentOf, Frame, htmlOf, liveId } from './layout.js';
import type { LiveFeeds } from './live.js';
import { ROUTES } from './routes.js';
import { staticFile } from './static-files.js';
import {
  type ActionRoute,
  type ConsoleAnswer,
  type ConsolePage,
  type PageRoute,
  type Route,
  type Visit,
  viewOf,
} from './visit.js';
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

/** A form: no sheet, no file. */
const LONGEST_FORM = 256 * 1024;

/** A session that was ended elsewhere ends its live parts within this. */
const LOOK_AGAIN_MS = 10_000;
const STILL_THERE_MS = 15_000;

export function consoleApp({ store, feeds, lookAgainMs = LOOK_AGAIN_MS }: AppOptions): Hono<{ Bindings: Bindings }> {
  const { settings, log } = store;
  const accounts = openAccounts(store);
  const audit = openConsoleAudit(store.redis);
  const access = openAccess({ store, accounts, audit, leadsTo });
  const app = new Hono<{ Bindings: Bindings }>();

  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      if (!OF_A_PAGE.has(name) || !c.res.headers.has(name)) c.res.headers.set(name, value);
    }
    if (clientOf(c.env?.incoming, settings.consoleTrustProxy).isSecure) {
      c.res.headers.set('strict-transport-security', 'max-age=31536000');
    }
  });
  app.get('/static/:name', (c) => {
    const file = staticFile(c.req.param('name'));
    if (file === undefined) return c.text('not here', 404);
    const headers = { 'content-type': file.type, 'cache-control': 'public, max-age=31536000, immutable' };
    return c.body(file.body, 200, headers);
  });
  // Before anything of a request is believed.
  app.use(async (c, next) => {
    if (!(await accounts.isOpen())) {
      return message(c, { title: WORDS.closed, body: <p>{WORDS.howToOpen[access.languageOf(c)]}</p>, status: 403 });
    }
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD' && !isOwnOrigin(c.req.raw.headers, settings.publicUrl)) {
      return message(c, stalePage(access.languageOf(c)));
    }
    return next();
  });
  access.mount(app, { message: (c, page) => message(c, page), formOf, stale: stalePage });
  for (const route of ROUTES) {
    if (route.method === 'POST') app.post(route.path, (c) => act(c, route));
    else {
      app.get(route.path, (c) => show(c, route));
      if (route.live !== undefined) app.get(liveAddress(route.path), (c) => follow(c, route));
    }
  }
  app.notFound(async (c) => {
    const visit = await access.visitOf(c as ConsoleContext);
    const page: ConsolePage = {
      title: WORDS.notFound,
      body: <p>{WORDS.noSuchPage[access.languageOf(c)]}</p>,
      status: 404,
    };
    return visit === undefined ? message(c as ConsoleContext, page) : shown(c as ConsoleContext, visit, page);
  });
  app.onError((error, c) => {
    const language = access.languageOf(c as ConsoleContext);
    if (isRedisGone(error)) {
      // The browser asks again; not for a form, which would be sent twice.
      if (c.req.method === 'GET') c.header('refresh', '5');
      return message(c as ConsoleContext, {
        title: WORDS.redisAway,
        body: <p>{WORDS.tryLater[language]}</p>,
        status: 503,
      });
    }
    log.error({ err: error }, 'the console failed');
    return message(c as ConsoleContext, { title: WORDS.failed, body: <p>{WORDS.seeLog[language]}</p>, status: 503 });
  });
  return app;

  // --- pages --------------------------------------------------------------------------------------------------------

  async function show(c: ConsoleContext, route: PageRoute): Promise<Response> {
    const visit = await access.visitOf(c);
    if (visit === undefined) return access.toLogin(c);
    if (!visit.may(route.needs)) return shown(c, visit, notYours(visit));
    return answered(c, visit, () => route.show(visit), route);
  }

  async function act(c: ConsoleContext, route: ActionRoute): Promise<Response> {
    const visit = await access.visitOf(c);
    if (visit === undefined) return access.toLogin(c);
    const form = route.body === 'own' ? new FormData() : await formOf(c);
    if (form === undefined)
      return shown(c, visit, { title: WORDS.refused, body: visit.say(WORDS.tooLarge), status: 400 });
    const isGenuine = (csrf: string): boolean => isCsrfToken(csrf, visit.token);
    if (route.body !== 'own' && !isGenuine(String(form.get('csrf') ?? ''))) {
      return shown(c, visit, stalePage(visit.language));
    }
    if (!visit.may(route.needs)) return shown(c, visit, notYours(visit));
    let about: { subject: string; detail: string } = { subject: '', detail: '' };
    const written = async (result: 'done' | 'refused' | 'failed'): Promise<void> => {
      if (route.action === undefined) return;
      await audit.add({ at: Date.now(), user: visit.user, action: route.action, result, ...about });
    };
    const doing = async (): Promise<ConsoleAnswer> => {
      try {
        const answer = await route.act({
          ...visit,
          form: Object.fromEntries([...form.keys()].map((name) => [name, textOf(form.get(name))])),
          all: (field) => form.getAll(field).map(textOf),
          note: (subject, detail = '') => {
            about = { subject, detail };
          },
          isGenuine,
        });
        await written('done');
        return answer;
      } catch (error) {
        if (error instanceof StaleForm) return stalePage(visit.language);
        await written(error instanceof UserError ? 'refused' : 'failed');
        throw error;
      }
    };
    return answered(c, visit, doing);
  }

  async function answered(
    c: ConsoleContext,
    visit: Visit,
    ask: () => Promise<ConsoleAnswer>,
    route?: PageRoute,
  ): Promise<Response> {
    try {
      const answer = await ask();
      if (answer instanceof Response) return answer;
      if (!('to' in answer)) return shown(c, visit, answer, route);
      if (answer.said !== undefined) access.sayNext(c, visit.say(answer.said));
      return c.redirect(ownPath(answer.to), 303);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const isMissing = error instanceof RequestError && error.fault === 'not_found';
      const page = {
        title: isMissing ? WORDS.notFound : WORDS.refused,
        body: <p class="fault">{visit.say(error.words)}</p>,
      };
      return shown(c, visit, { ...page, status: isMissing ? 404 : 409 });
    }
  }

  async function shown(c: ConsoleContext, visit: Visit, page: ConsolePage, route?: PageRoute): Promise<Response> {
    const { title, body, status = 200, plain, isStill } = page;
    const { search } = new URL(c.req.url);
    const liveAt = route?.live === undefined || isStill === true ? undefined : `${liveAddress(visit.path)}${search}`;
    const said = access.saidLast(c);
    const isTitled = plain !== true && status !== 200;
    const html = await documentOf(
      <Document language={visit.language} title={title} isRehearsal={settings.isRehearsal} liveAt={liveAt}>
        {plain ? (
          <main id="main" class="plain">
            {body}
          </main>
        ) : (
          <Frame visit={visit} said={said}>
            {isTitled && <h1>{visit.say(title)}</h1>}
            {body}
          </Frame>
        )}
      </Document>,
    );
    if (page.later === undefined) return c.html(html, status);
    const pieces = streamed(html, page.later, (error) => {
      log.warn({ err: error }, 'a page of the console was cut short');
      return <CutShort visit={visit} />;
    });
    return c.body(pieces, status, { 'content-type': 'text/html; charset=utf-8' });
  }

  /** Without a user. */
  async function message(c: ConsoleContext, { title, body, status = 200 }: ConsolePage): Promise<Response> {
    const language = access.languageOf(c);
    const html = await documentOf(
      <Document language={language} title={title} isRehearsal={settings.isRehearsal}>
        <main id="main" class="alone">
          <p class="brand">fastregister</p>
          <h1>{title[language]}</h1>
          {body}
        </main>
      </Document>,
    );
    return c.html(html, status);
  }

  // --- live ---------------------------------------------------------------------------------------------------------

  async function follow(c: ConsoleContext, route: PageRoute): Promise<Response> {
    const visit = await access.visitOf(c);
    const { live } = route;
    if (visit === undefined || live === undefined || !visit.may(route.needs)) return c.text('', 403);
    const { language, role, params, query, path } = visit;
    const view = viewOf({ store, language, role, params, query, leadsTo });
    const name = JSON.stringify([path, query.toString(), language, role]);
    const render = async (): Promise<Record<string, string>> => {
      const parts: Record<string, string> = {};
      for (const [part, element] of Object.entries(await live(view))) {
        parts[liveId(part)] = await htmlOf(element);
        // A push to this process waits for one part, not for all of them.
        await giveWay();
      }
      return parts;
    };
    c.header('x-accel-buffering', 'no');
    return streamSSE(c, async (stream) => {
      const send = (event: string, data: unknown): Promise<void> =>
        stream.writeSSE({ event, data: JSON.stringify(data) }).catch(() => {});
      const leave = new AbortController();
      stream.onAbort(() => leave.abort());
      const unwatch = feeds.watch(name, render, (event) => {
        void send(event.kind, event.kind === 'changed' ? event.parts : {});
      });
      const still = setInterval(() => void stream.write(': still there\n\n').catch(() => {}), STILL_THERE_MS);
      const looking = setInterval(() => {
        accounts.find(visit.token).then(
          (found) => {
            if (found !== undefined && mayAct(found.role, route.needs)) return;
            void send('ended', {}).then(() => leave.abort());
          },
          () => {
            // Redis is unavailable: the watchers know it already.
          },
        );
      }, lookAgainMs);
      await new Promise<void>((resolve) => {
        leave.signal.addEventListener('abort', () => resolve(), { once: true });
        if (stream.aborted) resolve();
      });
      clearInterval(still);
      clearInterval(looking);
      unwatch();
    });
  }
}

/** Links lead only to pages that exist and that this user may see. */
function leadsTo(role: ConsoleRole, method: Route['method'], path: string): boolean {
  const route = ROUTES.find((it) => it.method === method && it.path === path);
  return route !== undefined && mayAct(role, route.needs);
}

export function liveAddress(path: string): string {
  return path === '/' ? '/live' : `/live${path}`;
}

/** The last row of a table whose further rows cannot be read. */
function CutShort({ visit }: { visit: Visit }) {
  return (
    <tr>
      <td class="summary fault" colspan={9}>
        {visit.say(WORDS.cutShort)}
      </td>
    </tr>
  );
}

function stalePage(language: Language): ConsolePage {
  return { title: WORDS.refused, body: <p class="fault">{WORDS.stale[language]}</p>, status: 403 };
}

function notYours(visit: Visit): ConsolePage {
  return { title: WORDS.forbidden, body: <p class="fault">{visit.say(WORDS.notYours)}</p>, status: 403 };
}

/** Undefined where it is too large, or no form. */
async function formOf(c: ConsoleContext): Promise<FormData | undefined> {
  const type = c.req.header('content-type') ?? '';
  if (!/^(application\/x-www-form-urlencoded|multipart\/form-data)/i.test(type)) return new FormData();
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of (c.req.raw.body ?? []) as AsyncIterable<Uint8Array>) {
    length += piece.length;
    if (length > LONGEST_FORM) return undefined;
    pieces.push(piece);
  }
  try {
    return await new Response(Buffer.concat(pieces), { headers: { 'content-type': type } }).formData();
  } catch {
    return new FormData();
  }
}

function textOf(value: File | string | null): string {
  return typeof value === 'string' ? value : '';
}

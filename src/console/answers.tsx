/** What the console answers: a page for a user, a message without one, or where to go next. */
import { RequestError } from '../app/request-error.js';
import type { Store } from '../app/wiring/store.js';
import { type Language, UserError } from '../domain/words.js';
import type { Access } from './access.js';
import type { ConsoleContext } from './bindings.js';
import { ownPath } from './guard.js';
import { streamed } from './later.js';
import { Document, documentOf, Frame } from './layout.js';
import { liveAddress } from './live.js';
import type { ConsoleAnswer, ConsolePage, PageRoute, Visit } from './visit.js';
import { WORDS } from './words.js';

export interface Answers {
  /** The answer of a page or an action; a refusal becomes a page. */
  answered(c: ConsoleContext, visit: Visit, ask: () => Promise<ConsoleAnswer>, route?: PageRoute): Promise<Response>;
  shown(c: ConsoleContext, visit: Visit, page: ConsolePage, route?: PageRoute): Promise<Response>;
  /** Without a user. */
  message(c: ConsoleContext, page: ConsolePage): Promise<Response>;
}

export function openAnswers({ settings, log }: Pick<Store, 'settings' | 'log'>, access: Access): Answers {
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

  return { answered, shown, message };
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

export function stalePage(language: Language): ConsolePage {
  return { title: WORDS.refused, body: <p class="fault">{WORDS.stale[language]}</p>, status: 403 };
}

export function notYours(visit: Visit): ConsolePage {
  return { title: WORDS.forbidden, body: <p class="fault">{visit.say(WORDS.notYours)}</p>, status: 403 };
}

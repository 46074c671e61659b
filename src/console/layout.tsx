/** What is around every page: navigation, search, language, user, and the band of a rehearsal. */
import { raw } from 'hono/html';
import type { Child } from 'hono/jsx';
import { CONSOLE_ROLES } from '../domain/console-user.js';
import { printable } from '../domain/printable.js';
import type { Language, Words } from '../domain/words.js';
import { VERSION } from '../package.js';
import { staticAddress } from './static-files.js';
import type { Visit } from './visit.js';
import { NAVIGATION, WORDS } from './words.js';

/** A document as it is sent. Whatever turns the direction of reading or moves a cursor is shown as `\u202e`, on every page. */
export async function documentOf(element: Child): Promise<string> {
  return `<!doctype html>\n${await htmlOf(element)}`;
}

export async function htmlOf(element: Child): Promise<string> {
  return printable(String(await (element as { toString(): string | Promise<string> }).toString()));
}

interface DocumentProps {
  readonly language: Language;
  readonly title: Words;
  readonly isRehearsal: boolean;
  /** Where the page's live parts come from. */
  readonly liveAt?: string | undefined;
  readonly children?: Child;
}

/** The document of every page, also of those without a user. */
export function Document({ language, title, isRehearsal, liveAt, children }: DocumentProps) {
  return (
    <html lang={language === 'zh' ? 'zh-CN' : 'en'}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <meta
          name="htmx-config"
          content='{"includeIndicatorStyles":false,"allowEval":false,"selfRequestsOnly":true,"historyCacheSize":0}'
        />
        <title>{`${title[language]} · fastregister`}</title>
        <link rel="icon" href={staticAddress('icon.svg')} type="image/svg+xml" />
        <link rel="stylesheet" href={staticAddress('console.css')} />
        <script src={staticAddress('htmx.js')} defer />
        <script src={staticAddress('console.js')} defer />
      </head>
      <body data-live={liveAt}>
        <a class="skip" href="#main">
          {WORDS.skip[language]}
        </a>
        {isRehearsal && (
          <p class="band" role="note">
            {WORDS.rehearsal[language]}
          </p>
        )}
        <p class="interruption" id="interrupted" role="status" data-unsent={WORDS.unsent[language]} hidden>
          {WORDS.interrupted[language]}
        </p>
        <p class="interruption" id="disconnected" role="status" data-unsent={WORDS.unsent[language]} hidden>
          {WORDS.disconnected[language]}
        </p>
        {children}
      </body>
    </html>
  );
}

/** Navigation and search beside the content of a page. */
export function Frame({ visit, said, children }: { visit: Visit; said: string | undefined; children?: Child }) {
  return (
    <div class="frame">
      <header class="side">
        <a class="brand" href="/">
          fastregister
        </a>
        <details class="menu">
          <summary>{visit.say(WORDS.menu)}</summary>
          <Sidebar visit={visit} />
        </details>
        <div class="sidebar">
          <Sidebar visit={visit} />
        </div>
      </header>
      <main id="main" tabindex={-1}>
        {said !== undefined && (
          <p class="said" role="status">
            {said}
          </p>
        )}
        {children}
      </main>
    </div>
  );
}

function Sidebar({ visit }: { visit: Visit }) {
  return (
    <>
      {visit.leadsTo('POST', '/merchants') && <Search visit={visit} />}
      <nav>
        {NAVIGATION.map((group) => {
          const seen = group.filter(({ path }) => visit.leadsTo('GET', path));
          return seen.length > 0 ? (
            <ul>
              {seen.map(({ path, words }) => (
                <li>
                  <a href={path} aria-current={isAt(visit.path, path) ? 'page' : undefined}>
                    {visit.say(words)}
                  </a>
                </li>
              ))}
            </ul>
          ) : null;
        })}
      </nav>
      <div class="who">
        <p>
          <strong>{visit.user}</strong> {visit.say(CONSOLE_ROLES[visit.role])}
        </p>
        <div class="who-actions">
          {/* What answers a form has no address, and what was typed there would be lost. */}
          {visit.request.method === 'GET' && (
            <LanguageSwitch language={visit.language} csrf={visit.csrf} to={addressOf(visit)} />
          )}
          <form method="post" action="/logout">
            <Csrf of={visit} />
            <button type="submit" class="quiet">
              {visit.say(WORDS.logOut)}
            </button>
          </form>
        </div>
        <p class="version">{VERSION}</p>
      </div>
    </>
  );
}

function addressOf({ path, query }: Visit): string {
  return query.size === 0 ? path : `${path}?${query}`;
}

function Search({ visit }: { visit: Visit }) {
  return (
    <search>
      <form class="search" method="post" action="/merchants">
        <Csrf of={visit} />
        <input
          type="search"
          name="q"
          class="finder"
          maxlength={200}
          required
          autocomplete="off"
          aria-label={visit.say(WORDS.search)}
          placeholder={`${visit.say(WORDS.search)} /`}
          title={visit.say(WORDS.searchHint)}
        />
      </form>
    </search>
  );
}

export function LanguageSwitch({ language, csrf, to }: { language: Language; csrf: string; to: string }) {
  const other: Language = language === 'zh' ? 'en' : 'zh';
  return (
    <form method="post" action="/language">
      <input type="hidden" name="csrf" value={csrf} />
      <input type="hidden" name="to" value={to} />
      <button type="submit" class="quiet" name="language" value={other} lang={other === 'zh' ? 'zh-CN' : 'en'}>
        {other === 'zh' ? '中文' : 'English'}
      </button>
    </form>
  );
}

/** The hidden field that every form has. */
export function Csrf({ of }: { of: Pick<Visit, 'csrf'> }) {
  return <input type="hidden" name="csrf" value={of.csrf} />;
}

/** A part that follows live: the same name as in the fragments of the page's route. */
export function Live({ name, children }: { name: string; children?: Child }) {
  return <div id={liveId(name)}>{children}</div>;
}

/** Where what a page finds later is put; text of merchants cannot have this comment in it, it is escaped. */
export function Later() {
  return raw(LATER);
}

export const LATER = '<!--later-->';

export function liveId(name: string): string {
  return `live-${name}`;
}

function isAt(path: string, item: string): boolean {
  return item === '/' ? path === '/' : path === item || path.startsWith(`${item}/`);
}

/** One request of a page: its user, language, path and parameters. */
import type { Child } from 'hono/jsx';
import type { Store } from '../app/wiring/store.js';
import { localTime, withMomentsInWords } from '../domain/calendar.js';
import { type ConsoleRole, mayAct } from '../domain/console-user.js';
import type { Language, Words } from '../domain/words.js';
import type { ActionName } from './actions.js';

/** What the parts of a page that follow live may know: it is the same for all users of one role and language. */
export interface View {
  readonly store: Store;
  readonly language: Language;
  readonly role: ConsoleRole;
  /** Of the route's path: `/batches/:id` has `id`. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** In the language of the page, with times as a clock shows them. */
  say(words: Words): string;
  /** `1,000,000` */
  number(count: number): string;
  /** ms since 1970 */
  time(at: number): string;
  may(needed: ConsoleRole): boolean;
  /** Whether there is such a route (`/merchants/:id`), and this user may use it. */
  leadsTo(method: Route['method'], path: string): boolean;
}

export interface Visit extends View {
  readonly user: string;
  readonly path: string;
  /** For the hidden field `csrf` of every form: `<Csrf of={visit} />`. */
  readonly csrf: string;
  readonly request: Request;
}

export interface ActionVisit extends Visit {
  /** The first value of each field. Empty where the route reads the body itself (`body: 'own'`). */
  readonly form: Readonly<Record<string, string>>;
  /** Every value of a field: boxes that are ticked. */
  all(field: string): readonly string[];
  /** What the audit entry says beside the action: an id and a count, never a merchant's data. */
  note(subject: string, detail?: string): void;
  /** Of a route that reads the body itself: to be asked before anything is done with it. */
  isGenuine(csrf: string): boolean;
}

export interface ConsolePage {
  readonly title: Words;
  readonly body: Child;
  /** Default: 200. */
  readonly status?: 200 | 400 | 403 | 404 | 409 | 429 | 503;
  /** Nothing of it follows live any more, though its route has live parts. */
  readonly isStill?: boolean;
  /** Without navigation, as a page for print. */
  readonly plain?: boolean;
  /** What comes into the place of `<Later />`, and is sent as soon as it is there. */
  readonly later?: AsyncIterable<Child>;
}

/** After an action: shows another page, and says there what was done. */
export interface Redirect {
  readonly to: string;
  readonly said?: Words;
}

/** A `Response` of its own is a download. */
export type ConsoleAnswer = ConsolePage | Redirect | Response;

/** Parts of a page by name, as `<Live>` shows them. */
export type Fragments = Readonly<Record<string, Child>>;

export interface PageRoute {
  readonly method: 'GET';
  readonly path: string;
  readonly needs: ConsoleRole;
  show(visit: Visit): Promise<ConsoleAnswer>;
  /** Rendered again every second while the page is watched. A form has no place in it. */
  live?(view: View): Promise<Fragments>;
}

export interface ActionRoute {
  readonly method: 'POST';
  readonly path: string;
  readonly needs: ConsoleRole;
  /** As the audit calls it; undefined where it changes nothing: a search, a preview. */
  readonly action: ActionName | undefined;
  /** `own`: an upload, whose handler reads the request itself and asks `isGenuine`. */
  readonly body?: 'own';
  act(visit: ActionVisit): Promise<ConsoleAnswer>;
}

export type Route = PageRoute | ActionRoute;

export type ViewOptions = Pick<View, 'store' | 'language' | 'role' | 'params' | 'query'> & {
  readonly leadsTo: (role: ConsoleRole, method: Route['method'], path: string) => boolean;
};

/** To make one takes as long as a small page. */
const NUMBERS = {
  en: new Intl.NumberFormat('en-GB'),
  zh: new Intl.NumberFormat('zh-CN'),
} as const satisfies Record<Language, Intl.NumberFormat>;

export function viewOf(options: ViewOptions): View {
  const { store, language, role } = options;
  return {
    ...options,
    say: (words) => withMomentsInWords(words[language], language, Date.now()),
    number: (count) => NUMBERS[language].format(count),
    time: (at) => localTime(at, store.settings.quotaTimezone, Date.now())[language],
    may: (needed) => mayAct(role, needed),
    leadsTo: (method, path) => options.leadsTo(role, method, path),
  };
}

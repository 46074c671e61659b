import type { View } from '../visit.js';
import { NAVIGATION } from '../words.js';

/**
 * A sentence of ours, with the `commands` in it in the letters of code, and beside them the page that does the same where there is
 * one. Never for a merchant's text, which may have such marks itself.
 */
export function Prose({ view, text }: { view: View; text: string }) {
  const parts = text.split('`');
  // A mark without its other half is a mark.
  if (parts.length % 2 === 0) return <>{text}</>;
  return (
    <>
      {parts.map((part, at) =>
        at % 2 === 0 ? (
          part
        ) : (
          <>
            <code>{part}</code>
            <SamePage view={view} command={part} />
          </>
        ),
      )}
    </>
  );
}

/** Where a command has its page. Commands of an installation, such as `serve`, have none. */
const PAGES: Readonly<Record<string, (typeof NAVIGATION)[number][number]['path']>> = {
  check: '/sheets/new',
  load: '/sheets/new',
  run: '/sheets/new',
  status: '/',
  batches: '/batches',
  report: '/batches',
  links: '/batches',
  todo: '/todo',
  find: '/merchants',
  explain: '/merchants',
  retry: '/merchants',
  cancel: '/merchants',
  correct: '/merchants',
  note: '/merchants',
  pause: '/line',
  resume: '/line',
  doctor: '/line',
  schedule: '/nights',
  pushes: '/pushes',
  notify: '/settings',
  users: '/users',
};

function SamePage({ view, command }: { view: View; command: string }) {
  const [, name = ''] = /^fastregister ([a-z]+)/.exec(command) ?? [];
  const path = Object.hasOwn(PAGES, name) ? PAGES[name] : undefined;
  const page = NAVIGATION.flat().find((it) => it.path === path);
  if (page === undefined || !view.leadsTo('GET', page.path)) return null;
  const [open, close] = view.language === 'zh' ? ['（', '）'] : [' (', ')'];
  return (
    <>
      {open}
      <a href={page.path}>{view.say(page.words)}</a>
      {close}
    </>
  );
}

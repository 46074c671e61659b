import type { Words } from '../../domain/words.js';
import type { View } from '../visit.js';
import { BUTTONS, NAVIGATION } from '../words.js';

/**
 * A sentence of ours, with the button that does the same in the place of a `command`, and the page that has it. A command without
 * a button is in the letters of code, with the page beside it where there is one. Never for a merchant's text, which may have such
 * marks itself.
 */
export function Prose({ view, text }: { view: View; text: string }) {
  const parts = text.replace(BESIDE_A_BUTTON, '').split('`');
  // A mark without its other half is a mark.
  if (parts.length % 2 === 0) return <>{text}</>;
  return (
    <>
      {parts.map((part, at) => {
        if (at % 2 === 0) return buttonOf(parts[at + 1] ?? '') === undefined ? part : pressing(part);
        const button = buttonOf(part);
        return (
          <>
            {button === undefined ? <code>{part}</code> : quoted(button)[view.language]}
            <SamePage view={view} command={part} />
          </>
        );
      })}
    </>
  );
}

/** The sentence has named the button already. */
const BESIDE_A_BUTTON = / \(command: `[^`]*`\)|（命令：`[^`]*`）/g;

function buttonOf(command: string): Words | undefined {
  const name = nameOf(command);
  return Object.hasOwn(BUTTONS, name) ? BUTTONS[name as keyof typeof BUTTONS] : undefined;
}

function nameOf(command: string): string {
  return /^fastregister ([a-z]+)/.exec(command)?.[1] ?? '';
}

/** A command is run, a button is pressed. */
function pressing(before: string): string {
  return before.replace(/\brun $/, 'press ').replace(/运行 $/, '点');
}

function quoted({ en, zh }: Words): Words {
  return { en: `“${en}”`, zh: `“${zh}”` };
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
  const name = nameOf(command);
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

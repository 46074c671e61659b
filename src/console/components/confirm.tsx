import type { Child } from 'hono/jsx';
import { Csrf } from '../layout.js';
import type { Visit } from '../visit.js';
import { WORDS } from '../words.js';

interface Props {
  readonly visit: Visit;
  /** Unique on the page. */
  readonly id: string;
  /** On the button that opens it. */
  readonly label: string;
  readonly title: string;
  /** Where it is posted to when it is confirmed. */
  readonly action: string;
  /** On the button that does it: a verb. */
  readonly does: string;
  readonly isDangerous?: boolean;
  /** What the page is for. */
  readonly isMain?: boolean;
  /** What will happen, and further fields. */
  readonly children?: Child;
}

/** A button that asks before it acts. Without a script what it asks unfolds in its place. */
export function Confirm({
  visit,
  id,
  label,
  title,
  action,
  does,
  isDangerous = false,
  isMain = false,
  children,
}: Props) {
  return (
    <details class="confirm" data-dialog={id}>
      <summary class={isDangerous ? 'button danger' : isMain ? 'button main' : 'button'}>{label}</summary>
      <form method="post" action={action} class="sheet" aria-labelledby={`${id}-title`}>
        <Csrf of={visit} />
        <h3 id={`${id}-title`}>{title}</h3>
        {children}
        <p class="buttons">
          <button type="submit" class={isDangerous ? 'danger' : 'main'}>
            {does}
          </button>
          <button type="button" class="closer" hidden>
            {visit.say(WORDS.cancel)}
          </button>
        </p>
      </form>
    </details>
  );
}

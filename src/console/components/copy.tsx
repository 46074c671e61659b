import type { Words } from '../../domain/words.js';
import type { View } from '../visit.js';

const COPY: Words = { en: 'Copy', zh: '复制' };

/** Copies the text of the element with that id. Without a script there is none: the text can be selected. */
export function CopyButton({ view, of, what }: { view: View; of: string; what: string }) {
  return (
    <button type="button" class="copier" data-copy={of} aria-label={`${view.say(COPY)}: ${what}`}>
      {view.say(COPY)}
    </button>
  );
}

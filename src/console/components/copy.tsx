import type { Words } from '../../domain/words.js';
import type { View } from '../visit.js';

const COPY: Words = { en: 'Copy', zh: '复制' };
const COPIED: Words = { en: 'Copied', zh: '已复制' };
const NOT_COPIED: Words = {
  en: 'Not copied: the text is selected, press Ctrl+C',
  zh: '未能复制：文本已选中，请按 Ctrl+C',
};

/** Copies the text of the element with that id. Without a script there is none: the text can be selected. */
export function CopyButton({ view, of, what }: { view: View; of: string; what: string }) {
  return (
    <span class="copying">
      <button
        type="button"
        class="copier"
        data-copy={of}
        data-copied={view.say(COPIED)}
        data-failed={view.say(NOT_COPIED)}
        aria-label={`${view.say(COPY)}: ${what}`}
      >
        {view.say(COPY)}
      </button>
      <output />
    </span>
  );
}

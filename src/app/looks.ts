/**
 * Looks at something that takes time to read, for pages that many people open at once: one look at a time serves all who wait, and
 * slow ones are rare.
 */

/** What took longer is done at most a tenth of the time. */
const QUICK_MS = 50;
/** A page waits so long for a look, and then shows what is known. */
export const WAITED_MS = 60;
/** Where looks are quick: what a person has just done is in the list, on a busy machine, too. */
const WAITED_IF_QUICK_MS = 1_000;

/** Answers whether it was the first, which may take long. */
export type Look = () => Promise<'first' | 'further'>;

export interface Looks {
  /**
   * Resolves with the end of a look that began after this was called; at once where the last one was slow and the pause after it is
   * not over.
   */
  begin(look: Look): Promise<void>;
  /** For how many ms a page waits for it. */
  patience(): number;
}

export function openLooks(): Looks {
  let present: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  let nextAt = 0;
  let begun = 0;

  async function run(look: Look): Promise<void> {
    begun = Date.now();
    try {
      const kind = await look();
      const took = Date.now() - begun;
      nextAt = took < QUICK_MS || kind === 'first' ? 0 : Date.now() + 10 * took;
    } finally {
      present = undefined;
    }
  }

  return {
    begin(look) {
      if (present === undefined) {
        if (Date.now() < nextAt) return Promise.resolve();
        present = run(look);
        return present;
      }
      next ??= present
        .catch(() => {})
        .then(() => {
          next = undefined;
          return this.begin(look);
        });
      return next;
    },
    // Each page that comes while a first look takes minutes is shown soon.
    patience: () => (nextAt > 0 ? WAITED_MS : Math.max(begun + WAITED_IF_QUICK_MS - Date.now(), WAITED_MS)),
  };
}

/**
 * Parts of pages that follow the ledger. A part that many watch is rendered once for all of them, and sent to each only
 * where it has changed. While Redis is unavailable the watchers are informed, and get the present state when it is
 * back.
 */
import type { Logger } from 'pino';
import { giveWay } from '../give-way.js';
import { sleep } from '../sleep.js';

export type LiveEvent =
  | { readonly kind: 'changed'; readonly parts: Readonly<Record<string, string>> }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'resumed' };

type Watcher = (event: LiveEvent) => void;

export interface LiveFeeds {
  /**
   * @param name whatever has the same name shows the same
   * @param render its parts as HTML
   * @returns ends it
   */
  watch(name: string, render: () => Promise<Readonly<Record<string, string>>>, watcher: Watcher): () => void;
  close(): void;
}

interface Feed {
  readonly watchers: Set<Watcher>;
  readonly ending: AbortController;
  parts: Readonly<Record<string, string>>;
  isInterrupted: boolean;
}

/** A page is at most this and the time of its rendering behind the ledger. */
const EVERY_MS = 1_000;

/** A rendering that hangs, as while Redis is away, delays the others by this at most. */
const TURN_MS = 100;

const LONGEST_PAUSE_MS = 50;

const noResult = (): void => {};

export function openLiveFeeds(log: Logger, everyMs = EVERY_MS): LiveFeeds {
  const feeds = new Map<string, Feed>();
  let lastTurn = Promise.resolve();

  /**
   * What many renderings read would come at the same moment, and a push to this process would wait for all of them. A push takes
   * several turns of the loop, and would wait for a rendering in each of them; so there is a pause between two renderings, and all
   * pauses together are half of the time between two looks.
   */
  function inTurn<Result>(render: () => Promise<Result>): Promise<Result> {
    const begun = lastTurn.then(giveWay);
    const rendered = begun.then(render);
    const isOver = rendered.then(noResult, noResult);
    lastTurn = begun
      .then(() => Promise.race([isOver, sleep(TURN_MS)]))
      .then(() => sleep(Math.min(everyMs / 2 / feeds.size, LONGEST_PAUSE_MS)));
    return rendered;
  }

  function tell({ watchers }: Feed, event: LiveEvent): void {
    for (const watcher of watchers) watcher(event);
  }

  async function follow(feed: Feed, render: () => Promise<Readonly<Record<string, string>>>): Promise<void> {
    const { signal } = feed.ending;
    while (!signal.aborted) {
      try {
        const parts = await inTurn(render);
        if (feed.isInterrupted) {
          feed.isInterrupted = false;
          tell(feed, { kind: 'resumed' });
        }
        const changed = Object.entries(parts).filter(([name, html]) => feed.parts[name] !== html);
        feed.parts = parts;
        if (changed.length > 0) tell(feed, { kind: 'changed', parts: Object.fromEntries(changed) });
      } catch (error) {
        if (!feed.isInterrupted) {
          feed.isInterrupted = true;
          log.warn({ err: error }, 'live pages are interrupted');
          tell(feed, { kind: 'interrupted' });
        }
      }
      await sleep(everyMs, signal);
    }
  }

  return {
    watch(name, render, watcher) {
      let feed = feeds.get(name);
      if (feed === undefined) {
        feed = { watchers: new Set(), ending: new AbortController(), parts: {}, isInterrupted: false };
        feeds.set(name, feed);
        feed.watchers.add(watcher);
        void follow(feed, render);
      } else {
        feed.watchers.add(watcher);
        if (Object.keys(feed.parts).length > 0) watcher({ kind: 'changed', parts: feed.parts });
        if (feed.isInterrupted) watcher({ kind: 'interrupted' });
      }
      const mine = feed;
      return () => {
        mine.watchers.delete(watcher);
        if (mine.watchers.size > 0) return;
        mine.ending.abort();
        if (feeds.get(name) === mine) feeds.delete(name);
      };
    },
    close() {
      for (const { ending } of feeds.values()) ending.abort();
      feeds.clear();
    },
  };
}

export function liveAddress(path: string): string {
  return path === '/' ? '/live' : `/live${path}`;
}

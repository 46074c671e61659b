/** Sending again and withdrawing for a face whose question and answer are two requests: the preview is kept between them. */

import { isRedisUnable } from '../domain/ledger-errors.js';
import { readReason } from '../domain/note.js';
import type { Ask } from '../domain/operator.js';
import type { Outcome } from '../domain/registration.js';
import type { Language, Words } from '../domain/words.js';
import { sleep } from '../sleep.js';
import { batchNamed } from './batches.js';
import { type Done, doOnce, newOnceId, type Repeated } from './once.js';
import { registrationNamed } from './registration-named.js';
import { RequestError } from './request-error.js';
import { type ActionSummary, applyPreviewed, type PreviewedAction, preview } from './retry-cancel.js';
import { ASK_WORDS, becauseOf } from './retry-cancel-words.js';
import type { Store } from './wiring/store.js';

export interface AskedFor {
  readonly ask: Ask;
  /** A batch, or a registration. */
  readonly kind: 'batches' | 'merchants';
  readonly id: string;
  /** Only rows of this outcome; absent: those for which the ask makes sense. */
  readonly only?: Outcome | undefined;
}

export interface Asked {
  readonly once: string;
  readonly summary: ActionSummary;
  /** The batch's file, or the merchant; '' where its details were purged. */
  readonly name: string;
}

interface Kept extends AskedFor {
  readonly redis: Store['redis'];
  readonly previewed: PreviewedAction;
  readonly at: number;
}

/** A million rows take a quarter of a megabyte; a preview that is not answered is forgotten. */
const MOST_KEPT = 40;
const KEPT_MS = 30 * 60_000;
const kept = new Map<string, Kept>();

/** What it would do; nothing is changed. @throws RequestError where there is no such batch or registration */
export async function ask(store: Store, asked: AskedFor): Promise<Asked> {
  const { kind, id, only } = asked;
  const name = await nameOf(store, kind, id);
  const previewed = await preview(store, asked.ask, [id], only && new Set([only]));
  forgetOld();
  const once = newOnceId();
  kept.set(once, { ...asked, redis: store.redis, previewed, at: Date.now() });
  return { once, summary: previewed.summary, name };
}

async function nameOf(store: Store, kind: AskedFor['kind'], id: string): Promise<string> {
  if (kind === 'batches') return (await batchNamed(store, id)).file;
  return (await registrationNamed(store, id)).row?.merchant?.name ?? '';
}

function forgetOld(): void {
  const old = [...kept].filter(([, { at }], index) => index <= kept.size - MOST_KEPT || Date.now() - at > KEPT_MS);
  for (const [once] of old) kept.delete(once);
}

export interface ConfirmedAction extends AskedFor {
  readonly once: string;
  readonly because: string;
  readonly who: string;
  readonly language: Language;
}

/** Longer than this a person does not look at a page that loads; the batch shows how far it is. */
const WAITED_MS = 5_000;

/** Exactly the rows that the preview found, each of them decided anew. @throws RequestError */
export async function answerAsked(
  store: Store,
  { once, because, who, language, ...asked }: ConfirmedAction,
  waitedMs = WAITED_MS,
): Promise<Done & Repeated & { readonly moved?: number }> {
  const reason = readReason(because);
  if (reason.kind === 'fault') throw new RequestError('refused', reason.words);
  const done = await doOnce(store, once, async () => {
    const found = kept.get(once);
    if (found === undefined || found.redis !== store.redis || !isSame(found, asked)) {
      throw new RequestError('refused', PREVIEW_IS_OLD);
    }
    const apply = () => applyPreviewed(store, asked.ask, found.previewed, becauseOf(reason.text, who)[language]);
    const doing = apply();
    const moved = await Promise.race([doing, sleep(waitedMs).then(() => undefined)]);
    if (moved === undefined) {
      goOn(store, asked, doing, apply).catch((error) =>
        store.log.error({ err: error, batch: asked.id }, `${asked.ask} was cut short`),
      );
    }
    const { can } = found.previewed.summary;
    const said = moved === undefined ? GOES_ON : ASK_WORDS[asked.ask].done(moved, can);
    return { said, to: `/${asked.kind}/${encodeURIComponent(asked.id)}`, ...(moved !== undefined && { moved }) };
  });
  // Until it is done, the same form goes on where Redis interrupted it.
  kept.delete(once);
  return done;
}

const TRIED_AGAIN_AFTER_MS = 1_000;

/** The person has been answered that it is being done: where Redis interrupts it, the rows that are left are tried again. */
async function goOn(
  { log }: Pick<Store, 'log'>,
  { ask, id }: AskedFor,
  begun: Promise<number>,
  again: () => Promise<number>,
): Promise<void> {
  const until = Date.now() + KEPT_MS;
  for (let doing = begun; ; doing = again()) {
    try {
      await doing;
      return;
    } catch (error) {
      if (!isRedisUnable(error) || Date.now() > until) throw error;
      log.warn({ err: error, batch: id }, `${ask} was interrupted by Redis; trying again`);
    }
    await sleep(TRIED_AGAIN_AFTER_MS);
  }
}

function isSame(found: AskedFor, asked: AskedFor): boolean {
  return found.ask === asked.ask && found.kind === asked.kind && found.id === asked.id && found.only === asked.only;
}

const PREVIEW_IS_OLD: Words = {
  en: 'The numbers that you saw are no longer kept: the page is older than half an hour, or the console was started again. Nothing was done now; open the page again to see what can be done.',
  zh: '您看到的数量已不再保留：页面已超过半小时，或控制台已重新启动。这次未执行任何操作，请重新打开页面查看可处理的行。',
};

const GOES_ON: Words = {
  en: 'It is being done, and takes a while: the counts show how far it is.',
  zh: '正在执行，需要一些时间，可从各结果的数量查看进度。',
};

/**
 * Watches the links of legal persons: a notice is sent once when a link is there, and once three hours before it ends.
 */
import type { Logger } from 'pino';
import { isoWithOffset } from '../domain/calendar.js';
import { type Link, linkOf, REMIND_BEFORE_MS } from '../domain/link.js';
import type { Notice } from '../domain/notice.js';
import { batchOf } from '../domain/row.js';
import type { Snapshot } from '../domain/snapshot.js';
import { lookEvery } from '../polling.js';
import type { Ledger } from '../redis/ledger/ledger.js';
import type { Links } from '../redis/ledger/links.js';

export interface LinkWatchOptions {
  readonly links: Links;
  readonly ledger: Pick<Ledger, 'read'>;
  /** Queues a notice under the ordering key of its registration; absent if no program listens for links. */
  readonly queueNotice?: ((orderingKey: string, notice: Notice) => Promise<void>) | undefined;
  readonly timezone: string;
  readonly now: () => number;
  readonly log: Logger;
}

export interface LinkWatch {
  close(): Promise<void>;
}

const LOOK_EVERY_MS = 5_000;
const AT_ONCE = 100;

export function startLinkWatch(options: LinkWatchOptions): LinkWatch {
  return lookEvery({
    everyMs: LOOK_EVERY_MS,
    look: () => lookAfterLinks(options),
    log: options.log,
    failure: 'links cannot be watched now; trying again',
  });
}

/**
 * The notice is queued before its link leaves the list: a process that dies in between sends it twice, with the same
 * id.
 */
export async function lookAfterLinks(options: LinkWatchOptions): Promise<void> {
  const { links, now, log, timezone } = options;
  if (options.queueNotice !== undefined) {
    await each(
      options,
      () => links.toAnnounce(AT_ONCE),
      'link.ready',
      async (id) => {
        await links.announced(id);
      },
    );
  }
  const soon = now() + REMIND_BEFORE_MS;
  await each(
    options,
    () => links.toRemind(soon, AT_ONCE),
    'link.ending',
    async (id, link) => {
      if (!(await links.reminded(id)) || link === undefined) return;
      const endsAt = isoWithOffset(link.endsAt, timezone);
      log.warn({ registration: id, endsAt }, 'a link ends in less than three hours and is not confirmed yet');
    },
  );
}

async function each(
  { ledger, queueNotice, timezone, now }: LinkWatchOptions,
  next: () => Promise<string[]>,
  type: 'link.ready' | 'link.ending',
  done: (id: string, link: Link | undefined) => Promise<void>,
): Promise<void> {
  for (let ids = await next(); ids.length > 0; ids = await next()) {
    for (const id of ids) {
      const view = await ledger.read(id);
      const link = view && linkOf(view.registration);
      if (view !== undefined && link !== undefined)
        await queueNotice?.(id, noticeOf(type, view, link, timezone, now()));
      await done(id, link);
    }
  }
}

function noticeOf(
  type: Notice['type'],
  { registration, row }: Snapshot,
  link: Link,
  timezone: string,
  at: number,
): Notice {
  return {
    id: `${type.replace('.', '-')}-${registration.id}-${registration.attempt}`,
    type,
    at,
    data: {
      registration_id: registration.id,
      batch: batchOf(registration.row),
      line: row?.line ?? null,
      authorize_url: link.url,
      ends_at: isoWithOffset(link.endsAt, timezone),
    },
  };
}

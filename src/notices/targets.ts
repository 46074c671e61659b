/** Where notices go: each address of FASTREGISTER_NOTIFY_URL, as a webhook or as a chat. */
import { type Destination, notifyDestination, type Outlet } from '../domain/notice.js';
import { robotOf } from '../domain/robot.js';
import type { Language } from '../domain/words.js';
import { type DeliveryTarget, isChat } from './deliver.js';

/** The settings that say it. */
export interface NotifySettings {
  readonly notifyUrl: readonly string[] | undefined;
  readonly notifySecret: readonly string[] | undefined;
  readonly publicUrl: string | undefined;
  readonly chatLang: Language;
  readonly quotaTimezone: string;
  readonly ledger: string;
  readonly isRehearsal: boolean;
}

export function notifyTargets(settings: NotifySettings): DeliveryTarget[] {
  const { notifyUrl = [], notifySecret = [], publicUrl, chatLang, quotaTimezone, ledger, isRehearsal } = settings;
  return notifyUrl.map((url, at) => {
    const robot = robotOf(url);
    if (robot === undefined) return { url };
    const secret = notifySecret[at] || undefined;
    return { robot, url, secret, language: chatLang, timezone: quotaTimezone, publicUrl, ledger, isRehearsal };
  });
}

export function notifyDestinations(settings: NotifySettings): Partial<Record<Destination, DeliveryTarget>> {
  return Object.fromEntries(notifyTargets(settings).map((target, at) => [notifyDestination(at), target]));
}

/** What happens together, such as the end of a batch and of its night, is one message in a chat. */
const GATHER_MS = 2_000;

/** Where a notice to people is queued. */
export function outletsOf(settings: NotifySettings): Outlet[] {
  return notifyTargets(settings).map((target, at) => ({
    destination: notifyDestination(at),
    ...(isChat(target) && { gatherMs: GATHER_MS }),
  }));
}

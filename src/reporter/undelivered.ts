/** Addresses that take no notices: what came back, how often, and since when. */
import { isoWithOffset } from '../domain/calendar.js';
import { type Destination, notifyDestination } from '../domain/notice.js';
import { ROBOTS, robotOf, shownAddress } from '../domain/robot.js';
import { same, type Words } from '../domain/words.js';
import type { Notices } from '../redis/notices.js';

/** The settings that name them. */
interface Addresses {
  readonly createdWebhook: string | undefined;
  readonly notifyUrl: readonly string[] | undefined;
  readonly quotaTimezone: string;
}

export interface Undelivered {
  readonly setting: string;
  /** Without its secrets. */
  readonly address: Words;
  readonly since: string;
  readonly tries: number;
  readonly why: string;
}

export async function undelivered(settings: Addresses, notices: Pick<Notices, 'failing'>): Promise<Undelivered[]> {
  const found = addressesOf(settings).map(async ({ setting, destination, address }): Promise<Undelivered[]> => {
    const failing = await notices.failing(destination);
    if (failing === undefined) return [];
    const { since, tries, why } = failing;
    return [{ setting, address: named(address), since: isoWithOffset(since, settings.quotaTimezone), tries, why }];
  });
  return (await Promise.all(found)).flat();
}

/** Every address that gets notices, as people may see it. */
export function addressesOf({ createdWebhook, notifyUrl = [] }: Omit<Addresses, 'quotaTimezone'>): {
  readonly setting: string;
  readonly destination: Destination;
  readonly address: string;
}[] {
  return [
    ...(createdWebhook === undefined
      ? []
      : [{ setting: 'FASTREGISTER_CREATED_WEBHOOK', destination: 'created' as const, address: createdWebhook }]),
    ...notifyUrl.map((address, at) => ({
      setting: 'FASTREGISTER_NOTIFY_URL',
      destination: notifyDestination(at),
      address,
    })),
  ];
}

/** `DingTalk group robot https://…`: `https://…` alone is a webhook. */
export function named(address: string): Words {
  const robot = robotOf(address);
  const shown = shownAddress(address);
  if (robot === undefined) return same(shown);
  return { en: `${ROBOTS[robot].en} ${shown}`, zh: `${ROBOTS[robot].zh} ${shown}` };
}

/** What `status` prints of them: what, and the words. */
export function undeliveredLines(undelivered: readonly Undelivered[]): [what: Words, words: Words][] {
  return undelivered.map(({ address, since, tries, why }) => [
    { en: 'notices not delivered', zh: '未送达的通知' },
    {
      en: `to ${address.en}: ${why}; tried ${tries} times since ${since}. \`fastregister notify test\` tries again`,
      zh: `${address.zh}：${why}；自 ${since} 起已尝试 ${tries} 次。重试的命令：\`fastregister notify test\``,
    },
  ]);
}

/** How it is now, in words: what `status` prints and the console shows. */

import { dayInWords } from '../domain/calendar.js';
import type { LiveProcess } from '../domain/presence.js';
import { counted, joined, same, type Words } from '../domain/words.js';
import { shutDayLines } from '../reporter/shut-day.js';
import { undeliveredLines } from '../reporter/undelivered.js';
import { type CurrentStatus, waitInWords } from './status.js';

/** What it is, and what is said of it. */
export type Line = readonly [what: Words, words: Words];

/** One line for each role that has, or had, a process. */
function processLines({ workers, receivers, schedulers, ...times }: CurrentStatus['processes']): Line[] {
  const lines = Object.entries({ workers, receivers, schedulers }).flatMap(([name, { live, lastSeenAt }]): Line[] => {
    const role = ROLES[name as keyof typeof ROLES];
    if (live.length > 0) {
      const places = live.map(placeOf);
      const [en, zh] = [places.join(', '), places.join('、')];
      return [[role, { en: `${live.length} alive: ${en}`, zh: `${live.length} 个在运行：${zh}` }]];
    }
    if (lastSeenAt === null) return name === 'schedulers' ? [] : [[role, { en: 'none yet', zh: '尚未运行过' }]];
    return [[role, { en: `none; last seen at ${lastSeenAt}`, zh: `没有运行；最后一次检测到是在 ${lastSeenAt}` }]];
  });
  const { lastCallAt, lastPushAt, waitingSince } = times;
  return [
    ...lines,
    ...ifKnown({ en: 'last call', zh: '上次请求' }, lastCallAt, same),
    ...ifKnown({ en: 'last push', zh: '上次推送' }, lastPushAt, same),
    ...ifKnown({ en: 'oldest row to send', zh: '最早的待提交行' }, waitingSince, (at) => ({
      en: `waits since ${at}`,
      zh: `自 ${at} 起等待`,
    })),
  ];
}

export function otherApiInWords(
  workers: readonly Pick<LiveProcess, 'host' | 'pid' | 'api'>[],
  settings: string,
): Words {
  const places = workers.map(({ host, pid, api }) => `${host}:${pid} (${api})`);
  return {
    en: `workers call another registration API than these settings name (${settings}): ${places.join(', ')}.`,
    zh: `有工作进程调用的注册接口与当前设置（${settings}）不同：${places.join('、')}。`,
  };
}

export const SAME_API: Words = {
  en: 'A row that was checked for one API may be refused by the other: set the same WECHAT_REGISTRATION_API everywhere, and restart the workers.',
  zh: '按一个接口校验的行，可能被另一个接口拒绝：请在各处设置相同的 WECHAT_REGISTRATION_API，并重启工作进程。',
};

const ROLES = {
  workers: { en: 'workers', zh: '工作进程' },
  receivers: { en: 'receivers', zh: '接收服务' },
  schedulers: { en: 'schedulers', zh: '夜间任务' },
} as const satisfies Record<string, Words>;

function ifKnown<T>(what: Words, fact: T | null, say: (fact: T) => Words): Line[] {
  return fact === null ? [] : [[what, say(fact)]];
}

function placeOf({ host, pid, version }: Pick<LiveProcess, 'host' | 'pid' | 'version'>): string {
  return `${host}:${pid} (${version})`;
}

function compared({ at, silent, recorded, tokens, ambiguous, refused }: NonNullable<CurrentStatus['compared']>): Words {
  const parts: Words[] = [
    { en: `${silent} silent, ${recorded} found`, zh: `无推送的 ${silent} 个，找到 ${recorded} 个` },
    ...(tokens > 0 ? [{ en: `${counted(tokens, 'refresh token')} found`, zh: `取得刷新令牌 ${tokens} 个` }] : []),
    ...(ambiguous > 0
      ? [
          {
            en: `${ambiguous} names fit several: fastregister reconcile`,
            zh: `${ambiguous} 个名称与多个商户相符，请运行 \`fastregister reconcile\``,
          },
        ]
      : []),
    ...(refused === null ? [] : [{ en: `not read to its end: ${refused}`, zh: `未能读完：${refused}` }]),
  ];
  return {
    en: `compared at ${at}: ${parts.map(({ en }) => en).join('; ')}`,
    zh: `${at} 核对：${parts.map(({ zh }) => zh).join('；')}`,
  };
}

function callsOf({ used, limit, left, kept }: CurrentStatus['calls']): Words {
  const ofThem: Words =
    kept === 0
      ? { en: '', zh: '' }
      : { en: `, ${kept} of them kept for searches that fall due today`, zh: `，其中 ${kept} 次留给今日到期的查询` };
  return {
    en: `${used} of ${limit}, ${left} left${ofThem.en}`,
    zh: `已用 ${used} / ${limit} 次，剩余 ${left} 次${ofThem.zh}`,
  };
}

function linkLines({ open, ending, nextEndsAt }: CurrentStatus['links']): Line[] {
  if (open === 0) return [];
  const soon: Words =
    ending === 0
      ? { en: '', zh: '' }
      : {
          en: `; ${ending} end in less than three hours: remind those legal persons`,
          zh: `；${ending} 个将在三小时内到期，请提醒相应的法人`,
        };
  return [
    [
      { en: 'links to open', zh: '待打开的链接' },
      {
        en: `${open}, the next one ends at ${nextEndsAt}${soon.en}`,
        zh: `${open} 个，最早于 ${nextEndsAt} 到期${soon.zh}`,
      },
    ],
  ];
}

function faultOf(missing: { reason: Words; nextStep: Words } | null): Words {
  return missing === null ? { en: 'running', zh: '正常' } : joined([missing.reason, missing.nextStep]);
}

/** What a Redis that takes no writes says, and what it means for the rest of what is shown. */
export function refusedInWords({ reason }: NonNullable<CurrentStatus['writesRefused']>): Words {
  return joined([reason, MEANWHILE]);
}

const MEANWHILE: Words = {
  en: 'Until then nothing is sent, pushes are kept on disk, and processes that run may be shown as missing.',
  zh: '在此之前不会提交，推送暂存在磁盘上，仍在运行的进程可能显示为未运行。',
};

/** Calls of the quota day. */
export function callLines(calls: CurrentStatus['calls']): Line[] {
  return [
    [{ en: 'calls today', zh: '今日额度' }, callsOf(calls)],
    ...(calls.shut === null ? [] : shutDayLines(calls.shut)),
    ...ifKnown({ en: 'counted by WeChat', zh: '微信统计' }, calls.reported, ({ used, at, counted }) => ({
      en: `${used} at ${at}, where we had counted ${counted}`,
      zh: `${at} 为 ${used} 次，当时本地统计为 ${counted} 次`,
    })),
  ];
}

/** The line, the processes, the calls and whatever else calls for a look, one thing a line. */
export function statusLines(facts: CurrentStatus, now: number): Line[] {
  const { line, calls, workerMissing, toSend, writesRefused } = facts;
  const reason = 'reason' in line ? line.reason : undefined;
  const nextStep = ('nextStep' in line ? line.nextStep : undefined) ?? { en: '', zh: '' };
  return [
    ...ifKnown({ en: 'fault', zh: '故障' }, writesRefused, refusedInWords),
    [
      { en: 'line', zh: '提交' },
      reason !== undefined
        ? joined([reason, nextStep])
        : writesRefused !== null
          ? { en: 'waits for Redis', zh: '等待 Redis 恢复' }
          : faultOf(workerMissing),
    ],
    ...(reason !== undefined && workerMissing
      ? ([[{ en: 'fault', zh: '故障' }, faultOf(workerMissing)]] as const)
      : []),
    ...processLines(facts.processes),
    ...facts.unableProcesses.map(
      ({ reason, nextStep }): Line => [{ en: 'fault', zh: '故障' }, joined([reason, nextStep])],
    ),
    ...ifKnown({ en: 'registration API', zh: '注册接口' }, facts.otherApi, ({ workers, settings }) =>
      joined([otherApiInWords(workers, settings), SAME_API]),
    ),
    ...callLines(calls),
    [{ en: 'to be sent', zh: '待提交' }, toSend === 0 ? { en: 'nothing', zh: '无' } : toSendInWords(facts, now)],
    ...Object.entries(facts.waitsUntil).map(
      ([why, until]): Line => [
        { en: 'waiting', zh: '等待中' },
        { en: `${why}: the first until ${until}`, zh: `${waitInWords(why).zh}：最早于 ${until} 继续` },
      ],
    ),
    [{ en: 'verify ticket', zh: '票据' }, facts.ticketReceivedAt === null ? NONE_YET : same(facts.ticketReceivedAt)],
    ...linkLines(facts.links),
    ...ifKnown({ en: 'after a restart of Redis', zh: 'Redis 重启后' }, facts.processesToReport || null, (count) => ({
      en: `sending waits for ${counted(count, 'process')} to report, at most a minute`,
      zh: `提交在等待 ${count} 个进程上报，最多一分钟`,
    })),
    ...ifKnown({ en: 'Redis had forgotten', zh: 'Redis 曾丢失' }, facts.forgotten, ({ facts: lost, pushes, at }) => ({
      en: `${counted(lost, 'fact')} and ${counted(pushes, 'push')} at ${at}; recorded again`,
      zh: `${at} 丢失 ${lost} 条记录和 ${pushes} 条推送，均已重新写入`,
    })),
    ...ifKnown({ en: "WeChat's list of accounts", zh: '微信授权账号列表' }, facts.compared, compared),
    ...undeliveredLines(facts.undelivered),
    ...ifKnown(
      { en: 'pushes that fit no registration', zh: '无法对应注册记录的推送' },
      facts.parkedPushes || null,
      (count) => same(String(count)),
    ),
  ];
}

/** The day is that of the rows that do not wait for a later one. */
function toSendInWords({ toSend, toSendLater, sentBy }: CurrentStatus, now: number): Words {
  const day = sentBy === undefined ? '' : dayInWords(sentBy, now).zh;
  if (toSendLater === 0) {
    return {
      en: `${toSend}, the last by ${sentBy} at this quota`,
      zh: `${toSend} 个，按此额度最迟于 ${day}全部提交`,
    };
  }
  const soon = toSend - toSendLater;
  if (soon === 0) {
    return { en: `${toSend}, on a later day (see waiting)`, zh: `${toSend} 个，在之后的日期提交（见“等待中”）` };
  }
  return {
    en: `${toSend}: ${soon} by ${sentBy} at this quota, ${toSendLater} on a later day (see waiting)`,
    zh: `${toSend} 个：${soon} 个按此额度最迟于 ${day}提交，${toSendLater} 个在之后的日期提交（见“等待中”）`,
  };
}

const NONE_YET: Words = { en: 'none yet', zh: '尚未收到' };

/** What the rows of a batch wait for. */
export function waitingInWords(waiting: Readonly<Record<string, number>>): Words {
  const counted = Object.entries(waiting);
  return {
    en: counted.map(([what, count]) => `${count} × ${what.replaceAll('_', ' ')}`).join('; '),
    zh: counted.map(([what, count]) => `${waitInWords(what).zh} × ${count}`).join('；'),
  };
}

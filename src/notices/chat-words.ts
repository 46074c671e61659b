/** What each notice says in a chat: counts, links and what to do; no name of a person or a merchant. */
import { localTime } from '../domain/calendar.js';
import type { Notice } from '../domain/notice.js';
import { OUTCOMES } from '../domain/outcomes.js';
import { ACTORS, type Actor, counted, type Words } from '../domain/words.js';

export interface SectionWords {
  readonly mark: keyof typeof MARKS;
  readonly title: Words;
  readonly lines: readonly LineWords[];
}

export interface LineWords extends Words {
  readonly link?: Words & { readonly href: string };
}

/** What it says is as good or bad as this. */
export const MARKS = { fault: '🔴 ', warning: '⚠️ ', good: '✅ ', plain: '' } as const;

export interface WordingContext {
  readonly timezone: string;
  /** When the message is sent, ms since 1970. */
  readonly now: number;
  /** How many links or batches are listed; the others are counted. */
  readonly listed: number;
}

interface Kind {
  /** Notices that wait together are one section. */
  readonly joins?: true;
  /** False: nothing that a team wants to read. */
  readonly isNews?: (notice: Notice) => boolean;
  readonly section: (notices: readonly [Notice, ...Notice[]], context: WordingContext) => SectionWords;
}

export function isNews(notice: Notice): boolean {
  const kind = KINDS[notice.type];
  return kind !== undefined && (kind.isNews?.(notice) ?? true);
}

/** By type. What is not here is no news for a chat: `link.ready` comes for every merchant. */
export const KINDS: Readonly<Record<string, Kind>> = {
  'night.ended': { isNews: hasDoneAnything, section: ([notice], { timezone }) => nightEnded(notice, timezone) },
  'batch.done': { joins: true, isNews: ({ chat }) => chat?.reported_by_night !== true, section: batchesDone },
  'line.stopped': { section: ([{ data }], { timezone }) => lineStopped(data, timezone) },
  'line.resumed': {
    section: () => ({ mark: 'good', title: { en: 'Sending goes on', zh: '提交已自动恢复' }, lines: [] }),
  },
  'quota.ended': { section: ([{ data }], { timezone }) => quotaEnded(data, timezone) },
  'workers.missing': {
    section: ([{ data }], { timezone }) => ({
      mark: 'fault',
      title: { en: 'No worker runs: nothing is sent', zh: '没有工作进程在运行，提交已中断' },
      lines: whyAndWhat(data, timezone),
    }),
  },
  'workers.back': {
    section: ([{ data }]) => ({
      mark: 'good',
      title: {
        en: `A worker runs again (${count(data.workers)})`,
        zh: `工作进程已恢复运行（${count(data.workers)} 个）`,
      },
      lines: [],
    }),
  },
  'link.ending': { joins: true, section: linksEnding },
  'ledger.restored': {
    section: ([{ data }]) => ({
      mark: 'warning',
      title: { en: 'Redis had lost data; it was restored', zh: 'Redis 曾丢失数据，已从本地日志恢复' },
      lines: [
        {
          en: `Restored: ${counted(count(data.facts), 'fact')}, ${counted(count(data.pushes), 'push')}. See docs/redis.md for how to keep Redis from losing any.`,
          zh: `已恢复：${count(data.facts)} 条记录、${count(data.pushes)} 条推送。如何避免丢失，请见 docs/redis.md。`,
        },
      ],
    }),
  },
  test: {
    section: () => ({
      mark: 'good',
      title: { en: 'Test message', zh: '测试消息' },
      lines: [
        {
          en: 'This group will hear when a night has ended, sending stopped, the quota is used up, links are about to expire, or no worker runs.',
          zh: '夜间任务结束、提交停止、额度用完、法人确认链接即将到期或没有工作进程运行时，会在本群通知。',
        },
      ],
    }),
  },
};

// --- a night, a batch -------------------------------------------------------------------------------------------------

const ENDINGS: Readonly<Record<string, Words>> = {
  done: { en: 'every row has its outcome', zh: '全部行已有结果' },
  submitted: { en: 'every row that may be sent now was sent', zh: '目前可提交的行已全部提交，部分结果尚未返回' },
  stopped: { en: 'stopped before the end', zh: '中途停止' },
  interrupted: { en: 'interrupted; the rest goes on', zh: '被中断，剩余部分会继续' },
  next_night: { en: 'still running when the next night began', zh: '下一次任务开始时仍未结束' },
  failed: { en: 'its folder cannot be read', zh: '无法读取收件文件夹' },
};

/** An empty message every night hides the important one. */
function hasDoneAnything({ data }: Notice): boolean {
  const { files, rejected_files, calls } = data;
  return count(files) + count(rejected_files) + count(record(calls).used_tonight) > 0 || !endedWell(data);
}

function endedWell({ ending }: Notice['data']): boolean {
  return ending === 'done' || ending === 'submitted';
}

function nightEnded({ data, chat = {} }: Notice, timezone: string): SectionWords {
  const { files, rejected_files, outcomes } = data;
  const ending = ENDINGS[text(data.ending)] ?? { en: text(data.ending), zh: text(data.ending) };
  const isQuiet = count(files) + count(rejected_files) === 0;
  const calls = record(data.calls);
  return {
    mark: !endedWell(data) || count(rejected_files) > 0 ? 'warning' : 'good',
    title: {
      en: `Night of ${text(data.night)}: ${isQuiet && endedWell(data) ? 'no new file' : ending.en}`,
      zh: `夜间任务 ${text(data.night)}：${isQuiet && endedWell(data) ? '没有新文件' : ending.zh}`,
    },
    lines: [
      ...(isQuiet ? [] : [outcomeLine(outcomes)]),
      ...(typeof chat.to_call === 'number' && !isQuiet ? [toCall(chat.to_call)] : []),
      ...(count(chat.awaiting) > 0
        ? [
            {
              en: `Legal persons who still have to confirm: ${count(chat.awaiting)}`,
              zh: `等待法人确认：${count(chat.awaiting)} 家`,
            },
          ]
        : []),
      ...(count(rejected_files) > 0
        ? [
            {
              en: `Files that were rejected: ${count(rejected_files)} (the folder \`rejected\` of the inbox says why)`,
              zh: `未能导入的文件：${count(rejected_files)} 个（原因见收件文件夹下的 \`rejected\`）`,
            },
          ]
        : []),
      {
        en: `Calls: ${count(calls.used_tonight)} used tonight, ${count(calls.left)} of ${count(calls.limit)} left today`,
        zh: `调用：本次已用 ${count(calls.used_tonight)} 次，今日剩余 ${count(calls.left)} / ${count(calls.limit)} 次`,
      },
      ...(chat.reason === undefined ? [] : whyAndWhat(chat, timezone)),
    ],
  };
}

function toCall(merchants: number): Words {
  return merchants === 0
    ? { en: 'No merchant has to be called.', zh: '没有需要联系的商户。' }
    : {
        en: `Merchants to call: ${merchants} (the console and \`fastregister todo\` list them)`,
        zh: `需要联系的商户：${merchants} 家（名单：控制台“待联系”，或 \`fastregister todo\`）`,
      };
}

function batchesDone(notices: readonly Notice[], { listed }: WordingContext): SectionWords {
  const [first] = notices;
  const names = notices.map(({ data }) => text(data.batch));
  const one = notices.length === 1;
  return {
    mark: 'good',
    title: {
      en: one ? `Batch ${names[0]} is done` : `${notices.length} batches are done`,
      zh: one ? `批次 ${names[0]} 已全部有结果` : `${notices.length} 个批次已全部有结果`,
    },
    lines: one
      ? [outcomeLine(first?.data.outcomes)]
      : [
          ...notices.slice(0, listed).map(({ data }) => {
            const outcomes = outcomesIn(data.outcomes);
            return { en: `${text(data.batch)}: ${outcomes.en}`, zh: `${text(data.batch)}：${outcomes.zh}` };
          }),
          ...others(notices.length - listed, '`fastregister batches`'),
        ],
  };
}

function outcomeLine(outcomes: unknown): Words {
  const { en, zh } = outcomesIn(outcomes);
  return { en: `Outcomes: ${en}`, zh: `结果：${zh}` };
}

function outcomesIn(outcomes: unknown): Words {
  const rows = record(outcomes);
  const known = Object.entries(OUTCOMES).filter(([outcome]) => count(rows[outcome]) > 0);
  if (known.length === 0) return { en: 'none', zh: '无' };
  return {
    en: known.map(([outcome, { en }]) => `${count(rows[outcome])} ${en}`).join(', '),
    zh: known.map(([outcome, { zh }]) => `${zh} ${count(rows[outcome])}`).join('，'),
  };
}

// --- the line, the quota ----------------------------------------------------------------------------------------------

function lineStopped(data: Notice['data'], timezone: string): SectionWords {
  const isPause = data.problem === 'operator:pause';
  const byItself = data.opens_by_itself === true;
  return {
    mark: isPause || byItself ? 'warning' : 'fault',
    title: isPause
      ? { en: 'Sending was paused', zh: '提交已被人工暂停' }
      : byItself
        ? { en: 'Sending is stopped; it is tried again by itself', zh: '提交已停止，系统会自动重试' }
        : { en: 'Sending is stopped until a person acts', zh: '提交已停止，需要处理' },
    lines: whyAndWhat(data, timezone),
  };
}

/** The sentences of `status`. */
function whyAndWhat(data: Readonly<Record<string, unknown>>, timezone: string): LineWords[] {
  const reason = withLocalTimes(words(data.reason), timezone);
  const nextStep = withLocalTimes(words(data.next_step), timezone);
  const actor = typeof data.who_acts === 'string' ? ACTORS[data.who_acts as Actor] : undefined;
  return [
    reason,
    { en: `What to do: ${nextStep.en}`, zh: `处理办法：${nextStep.zh}` },
    ...(actor === undefined || data.who_acts === 'us'
      ? []
      : [{ en: `Who acts: ${actor.en}`, zh: `由谁处理：${actor.zh}` }]),
  ];
}

function quotaEnded(data: Notice['data'], timezone: string): SectionWords {
  const goesOn = timeInChat(Date.parse(text(data.goes_on_at)), timezone);
  return {
    mark: 'warning',
    title: { en: "Today's calls are used up", zh: '今日调用额度已用完' },
    lines: [
      {
        en: `${count(data.used)} calls were used. Sending goes on at ${goesOn.en}.`,
        zh: `已用 ${count(data.used)} 次，${goesOn.zh} 后自动继续提交。`,
      },
    ],
  };
}

// --- links ------------------------------------------------------------------------------------------------------------

function linksEnding(notices: readonly Notice[], { timezone, now, listed }: WordingContext): SectionWords {
  const open = notices
    .map(({ data }) => ({ data, endsAt: Date.parse(text(data.ends_at)) }))
    .filter(({ endsAt }) => endsAt > now)
    .sort((one, other) => one.endsAt - other.endsAt);
  const ended = notices.length - open.length;
  return {
    mark: 'warning',
    title:
      open.length === 0
        ? { en: `Links that have expired: ${ended}`, zh: `${ended} 个法人确认链接已到期` }
        : { en: `Links about to expire: ${open.length}`, zh: `${open.length} 个法人确认链接即将到期` },
    lines: [
      ...(open.length === 0
        ? []
        : [
            {
              en: 'Remind these legal persons to open their link in WeChat and to confirm.',
              zh: '请提醒法人在微信中打开链接并完成确认。',
            },
          ]),
      ...open.slice(0, listed).map(({ data, endsAt }) => linkLine(data, timeInChat(endsAt, timezone))),
      ...others(open.length - listed, '`fastregister links`'),
      ...(ended === 0 || open.length === 0 ? [] : [{ en: `Expired: ${ended}`, zh: `另有 ${ended} 个已到期` }]),
    ],
  };
}

function linkLine({ batch, line, authorize_url }: Notice['data'], ends: Words): LineWords {
  const href = text(authorize_url);
  return {
    en: `Batch ${text(batch)}${line === null ? '' : `, line ${count(line)}`}: until ${ends.en} `,
    zh: `批次 ${text(batch)}${line === null ? '' : ` 第 ${count(line)} 行`}：${ends.zh} 到期 `,
    ...(/^https?:\/\//.test(href) && { link: { en: 'open the link', zh: '打开法人确认链接', href } }),
  };
}

function others(more: number, command: string): Words[] {
  return more <= 0
    ? []
    : [{ en: `${more} more: see the console, or ${command}`, zh: `其余 ${more} 个见控制台，或 ${command}` }];
}

// --- words ------------------------------------------------------------------------------------------------------------

/** A chat is read at once: its times have no year. */
export function timeInChat(at: number, timezone: string): Words {
  return localTime(at, timezone, at);
}

const MOMENT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g;

/** The sentences have times as data has them. */
function withLocalTimes({ en, zh }: Words, timezone: string): Words {
  const local = (time: string): Words => timeInChat(Date.parse(time), timezone);
  return { en: en.replace(MOMENT, (time) => local(time).en), zh: zh.replace(MOMENT, (time) => local(time).zh) };
}

// A notice was kept as JSON, by a process that may have been another version.

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function words(value: unknown): Words {
  const { en, zh } = record(value);
  return { en: text(en), zh: text(zh) };
}

/** A registration's whole history on one page: what it is, what happens next, and everything that happened, in order. */

import { columnName } from '../domain/columns.js';
import { changesOf } from '../domain/correction.js';
import type { Merchant } from '../domain/merchant.js';
import { STATE_WORDS } from '../domain/outcome-words.js';
import { problemReason } from '../domain/problems.js';
import { STATES } from '../domain/registration.js';
import { ACTORS, type Language, type Words } from '../domain/words.js';
import { inWords, ownWords } from '../wechat/own-words.js';
import { nextOf } from './next.js';
import { troubleWith } from './sentences.js';
import { type Story, type TimelineEntry, timelineOf } from './timeline.js';

/** The words of the page, for other faces that show the same facts. */
export const HISTORY_WORDS = {
  weChat: { en: 'WeChat', zh: '微信' },
  connection: { en: 'connection', zh: '连接' },
  authorization: { en: 'authorization', zh: '授权' },
  notExchanged: { en: 'not exchanged', zh: '未换取' },
  due: { en: 'being exchanged', zh: '换取中' },
  kept: { en: 'kept', zh: '已保存' },
  lost: { en: 'lost', zh: '未取得' },
  withdrawn: { en: 'withdrawn by the merchant', zh: '商户已取消' },
  earlierAppids: { en: 'the Mini Program before it', zh: '之前的小程序' },
  attempts: { en: 'attempts', zh: '提交次数' },
  next: { en: 'next', zh: '下一步' },
  by: { en: 'by', zh: '最迟' },
  waitEnds: { en: 'the wait ends at', zh: '等待期至' },
  whoActs: { en: 'who acts', zh: '由谁处理' },
  purged: { en: 'The details were purged.', zh: '详细信息已清除。' },
  until: { en: 'until', zh: '至' },
  before: { en: 'before', zh: '更早' },
  changedNothing: { en: 'changed nothing', zh: '无变化' },
  sentAt: { en: '; WeChat sent it at', zh: '；微信推送时间' },
} as const satisfies Record<string, Words>;

const COLON: Words = { en: ': ', zh: '：' };
const COMMA: Words = { en: ', ', zh: '，' };

/** `time` writes ms since 1970 for the reader. */
export function historyPage(story: Story, language: Language, time: (at: number) => string): string {
  const { snapshot } = story;
  const { registration, row } = snapshot;
  const trouble = troubleWith(registration);
  const next = nextOf(registration, { blockedReason: story.blockedReason, now: snapshot.now });
  const state = STATES[registration.state];
  const says = (word: keyof typeof HISTORY_WORDS): string => HISTORY_WORDS[word][language];
  const label = (word: keyof typeof HISTORY_WORDS): string => `${says(word)}${COLON[language]}`;
  const lines = [
    `${registration.id}${COLON[language]}${STATE_WORDS[registration.state][language]}`,
    ...(row?.merchant === undefined
      ? []
      : sentDetails(row.merchant).map(([what, value]) => `  ${what[language]}${COLON[language]}${value}`)),
    `  ${state[language]}`,
    ...(trouble ? [`  ${registration.problem}${COLON[language]}${trouble[language]}`] : []),
    ...(registration.said ? [`  ${label(saidBy(registration.said))}${inWords(registration.said)[language]}`] : []),
    ...(registration.appid
      ? [
          `  appid ${registration.appid}${COMMA[language]}${says('authorization')} ${says(registration.authorizer ?? 'notExchanged')}`,
        ]
      : []),
    ...(registration.earlierAppids
      ? [`  ${label('earlierAppids')}${registration.earlierAppids.join(language === 'zh' ? '、' : ', ')}`]
      : []),
    `  ${label('attempts')}${registration.attempt}`,
    '',
    `${label('next')}${next[language]}`,
    ...(next.by === undefined
      ? []
      : [`  ${says(registration.state === 'rejected' ? 'waitEnds' : 'by')} ${time(next.by)}`]),
    `  ${label('whoActs')}${ACTORS[next.acts][language]}`,
    '',
    ...timelineOf(story, language).flatMap((entry) => entryLines(entry, language, time)),
    ...(row === undefined ? [says('purged')] : row.problems.map((it) => `  ${problemReason(it)[language]}`)),
  ];
  return `${lines.join('\n')}\n`;
}

function entryLines(entry: TimelineEntry, language: Language, time: (at: number) => string): string[] {
  const { at, kind, particulars, to, until, by, sentence, pushedAt, more } = entry;
  const head = [at === undefined ? HISTORY_WORDS.before[language] : time(at), kind, ...particulars];
  if (kind !== 'noted') {
    const after = to === undefined ? HISTORY_WORDS.changedNothing[language] : `→ ${STATE_WORDS[to][language]}`;
    head.push(`${after}${until === undefined ? '' : ` ${HISTORY_WORDS.until[language]} ${time(until)}`}`);
  }
  const pushed = pushedAt === undefined ? '' : `${HISTORY_WORDS.sentAt[language]} ${time(pushedAt)}`;
  return [
    head.join('  '),
    `  ${by === undefined ? '' : `${by}${COLON[language]}`}${sentence}${pushed}`,
    ...more.map((line) => `  ${line}`),
  ];
}

/** Whose words they are: WeChat's, or ours of a call without an answer. */
export function saidBy(said: string): 'weChat' | 'connection' {
  return ownWords(said) === undefined ? 'weChat' : 'connection';
}

/** What is sent of the merchant, by the headings of a sheet. */
export function sentDetails(merchant: Merchant): (readonly [what: Words, value: string])[] {
  const [name, ...others] = changesOf(undefined, merchant)
    .filter(({ field, after }) => field !== 'code_type' && after !== '')
    .map(({ field, after }) => [columnName(field), after] as const);
  return [...(name === undefined ? [] : [name]), [columnName('code'), merchant.code], ...others];
}

/** Notices that wait for a chat → as many as fit into one message → its group robot. */
import type { Notice } from '../domain/notice.js';
import type { Language, Words } from '../domain/words.js';
import {
  isNews,
  KINDS,
  type LineWords,
  MARKS,
  type SectionWords,
  timeInChat,
  type WordingContext,
} from './chat-words.js';
import type { PostTools } from './posting.js';
import {
  type ChatLine,
  type ChatMessage,
  type ChatSection,
  postToRobot,
  type RobotAddress,
  type RobotAnswer,
  WIRES,
} from './robots.js';

export interface Chat extends RobotAddress {
  readonly language: Language;
  readonly timezone: string;
  /** FASTREGISTER_PUBLIC_URL */
  readonly publicUrl?: string | undefined;
  /** Which ledger the messages are about, if several ledgers, or a rehearsal, post in one chat. */
  readonly ledger: string;
  readonly isRehearsal: boolean;
}

/** How many notices are read to make one message. */
export const MOST_JOINED = 100;

export type ChatPosted = RobotAnswer & {
  /** How many of the notices are in the message. */
  readonly count: number;
  /** None of them says anything in a chat, so nothing was posted. */
  readonly isSilent?: true;
};

export async function postToChat(
  chat: Chat,
  notices: readonly Notice[],
  now: number,
  tools: PostTools,
): Promise<ChatPosted> {
  if (!notices.some(isNews)) {
    return { taken: true, says: '', count: notices.length, isSilent: true };
  }
  const { message, count } = fitting(chat, notices, now);
  return { ...(await postToRobot(chat, message, now, tools)), count };
}

/** How much each attempt says: first all of it, then shorter lists, then shorter sentences. */
const ATTEMPTS = [
  { listed: 10, letters: 600 },
  { listed: 3, letters: 600 },
  { listed: 0, letters: 250 },
] as const;

/** As many notices as one message of this robot can hold, at least the first. */
export function fitting(
  chat: Chat,
  notices: readonly Notice[],
  now: number,
): { readonly message: ChatMessage; readonly count: number } {
  const { size, mostBytes } = WIRES[chat.robot];
  for (let count = notices.length; ; count = Math.ceil(count / 2)) {
    for (const { listed, letters } of ATTEMPTS) {
      const message = messageOf(chat, notices.slice(0, count), { timezone: chat.timezone, now, listed }, letters);
      if (size(message) <= mostBytes || (count === 1 && listed === 0)) return { message, count };
    }
  }
}

function messageOf(chat: Chat, notices: readonly Notice[], context: WordingContext, letters: number): ChatMessage {
  const { language } = chat;
  const parts = sectionsOf(notices, context);
  const heading = ({ mark, title }: SectionWords): string => `${MARKS[mark]}${cut(title[language], letters)}`;
  const sections: ChatSection[] = parts.map((section) => ({
    // Of a single one it is the title of the message.
    ...(parts.length > 1 && { title: heading(section) }),
    lines: section.lines.map((line) => lineIn(language, line, letters)),
  }));
  const [first] = parts;
  const page: ChatSection[] =
    chat.publicUrl === undefined
      ? []
      : [{ lines: [{ text: '', link: { text: DETAILS[language], href: chat.publicUrl } }] }];
  return {
    language,
    title: `${signature(chat)}${first === undefined ? '' : parts.length === 1 ? heading(first) : SEVERAL(parts.length)[language]}`,
    sections: [...sections, ...page],
  };
}

const DETAILS: Words = { en: 'Details', zh: '查看详情' };

const SEVERAL = (sections: number): Words => ({ en: `${sections} notices`, zh: `${sections} 条通知` });

/** Begins every message: a robot that asks for a keyword finds it here. */
function signature({ language, ledger, isRehearsal }: Chat): string {
  // `simulate` names its ledger so.
  const isPlain = ledger === 'default' || (isRehearsal && ledger === 'rehearsal');
  const name = isPlain ? 'fastregister' : `fastregister ${ledger}`;
  if (language === 'en') return `${name}${isRehearsal ? ' (rehearsal)' : ''}: `;
  return `【${name}${isRehearsal ? ' 演练' : ''}】`;
}

/** In the order in which they happened; notices that are joined take the place of the first of them. */
function sectionsOf(notices: readonly Notice[], context: WordingContext): SectionWords[] {
  const groups: [Notice, ...Notice[]][] = [];
  for (const notice of notices) {
    if (!isNews(notice)) continue;
    const group = KINDS[notice.type]?.joins && groups.find(([first]) => first.type === notice.type);
    if (group) group.push(notice);
    else groups.push([notice]);
  }
  return groups.flatMap((group) => {
    const kind = KINDS[group[0].type];
    return kind === undefined ? [] : [dated(kind.section(group, context), group, context)];
  });
}

/** What arrives late says when it was. */
const LATE_MS = 15 * 60_000;

function dated(
  section: SectionWords,
  [first, ...more]: readonly Notice[],
  { now, timezone }: WordingContext,
): SectionWords {
  if (first === undefined || more.length > 0 || now - first.at < LATE_MS) return section;
  const { en, zh } = timeInChat(first.at, timezone);
  return { ...section, title: { en: `${section.title.en} (at ${en})`, zh: `${section.title.zh}（${zh}）` } };
}

function lineIn(language: Language, line: LineWords, letters: number): ChatLine {
  const { link } = line;
  return {
    text: cut(line[language], letters),
    ...(link !== undefined && { link: { text: link[language], href: link.href } }),
  };
}

function cut(text: string, letters: number): string {
  const all = [...text];
  return all.length <= letters ? text : `${all.slice(0, letters).join('')}…`;
}

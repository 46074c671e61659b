/**
 * What each chat's group robot is sent, how it is signed, and what its answers mean. They answer 200 to what they refuse:
 * only the code inside the answer counts.
 */
import { createHmac } from 'node:crypto';
import { printable } from '../domain/printable.js';
import { type RobotName, withoutSecrets } from '../domain/robot.js';
import type { Words } from '../domain/words.js';
import { type Failure, type PostTools, postJson } from './posting.js';

/** A message of our own, before it has a robot's format. */
export interface ChatMessage {
  readonly language: 'zh' | 'en';
  readonly title: string;
  readonly sections: readonly ChatSection[];
}

export interface ChatSection {
  /** Absent where it is the message's. */
  readonly title?: string;
  readonly lines: readonly ChatLine[];
}

/** Text, and at its end a link. Commands in it stand in backticks. */
export interface ChatLine {
  readonly text: string;
  readonly link?: { readonly text: string; readonly href: string };
}

export interface RobotAddress {
  readonly robot: RobotName;
  readonly url: string;
  /** Of its signature, where the robot asks for one. */
  readonly secret?: string | undefined;
}

interface Wire {
  readonly body: (message: ChatMessage) => object;
  /** The size that the robot limits, in bytes. */
  readonly size: (message: ChatMessage) => number;
  readonly mostBytes: number;
  readonly sign: (request: Request, secret: string, now: number) => Request;
  /** Where its answer has the code and the words, the first that is there. */
  readonly code: readonly string[];
  readonly says: readonly string[];
  /** Codes that ask for a pause, in ms. */
  readonly pauses: Readonly<Record<number, number>>;
  /** What a code calls for. */
  readonly hints: Readonly<Record<number, Words>>;
}

interface Request {
  readonly url: string;
  readonly body: object;
}

/** 20 messages a minute are taken by WeCom and DingTalk; a few are left for `notify test` and for others. Feishu takes more. */
export const PACE_MS = 3_500;

const MINUTE_MS = 60_000;

const WRONG_KEY: Words = {
  en: 'Copy the address of the robot again: its key is wrong, or the robot was removed.',
  zh: '请重新复制机器人的地址：其 key 有误，或机器人已被移除。',
};
const SECURITY: Words = {
  en: "Check the robot's security settings: with a signature its secret belongs into FASTREGISTER_NOTIFY_SECRET; as a keyword `fastregister` fits; an IP list has to name this machine.",
  zh: '请检查机器人的安全设置：使用加签时，密钥填在 FASTREGISTER_NOTIFY_SECRET；使用关键词时，可填 fastregister；使用 IP 白名单时，须包含本机。',
};
const TOO_MANY: Words = {
  en: 'The robot takes 20 messages a minute, from all programs together. It is tried again later.',
  zh: '机器人每分钟最多接收 20 条消息（所有程序合计），稍后会重试。',
};

export const WIRES: Readonly<Record<RobotName, Wire>> = {
  wecom: {
    body: (message) => ({ msgtype: 'markdown', markdown: { content: markdown(message, '\n') } }),
    size: (message) => Buffer.byteLength(markdown(message, '\n')),
    mostBytes: 4_096,
    sign: (request) => request,
    code: ['errcode'],
    says: ['errmsg'],
    pauses: { 45009: MINUTE_MS, 45033: MINUTE_MS },
    hints: { 93000: WRONG_KEY, 45009: TOO_MANY },
  },
  dingtalk: {
    // A single line break is a space there.
    body: (message) => ({ msgtype: 'markdown', markdown: { title: message.title, text: markdown(message, '\n\n') } }),
    size: (message) => bytesOf(WIRES.dingtalk.body(message)),
    mostBytes: 20_000,
    sign({ url, body }, secret, now) {
      const signed = new URL(url);
      signed.searchParams.set('timestamp', String(now));
      signed.searchParams.set('sign', hmac(secret, `${now}\n${secret}`));
      return { url: signed.href, body };
    },
    code: ['errcode'],
    says: ['errmsg'],
    pauses: { 130101: 10 * MINUTE_MS, 410100: 10 * MINUTE_MS },
    hints: {
      310000: SECURITY,
      300001: WRONG_KEY,
      300005: WRONG_KEY,
      400101: WRONG_KEY,
      130101: TOO_MANY,
      410100: TOO_MANY,
    },
  },
  feishu: {
    body: (message) => ({
      msg_type: 'post',
      content: { post: { [`${message.language}_${COUNTRY[message.language]}`]: richText(message) } },
    }),
    // With room for timestamp and sign.
    size: (message) => bytesOf(WIRES.feishu.body(message)) + 100,
    mostBytes: 20_000,
    sign({ url, body }, secret, now) {
      const timestamp = String(Math.floor(now / 1000));
      return { url, body: { timestamp, sign: hmac(`${timestamp}\n${secret}`, ''), ...body } };
    },
    code: ['code', 'StatusCode'],
    says: ['msg', 'StatusMessage'],
    pauses: { 11232: MINUTE_MS },
    hints: { 19001: WRONG_KEY, 19021: SECURITY, 19022: SECURITY, 19024: SECURITY, 11232: TOO_MANY },
  },
};

const COUNTRY = { zh: 'cn', en: 'us' } as const;

function hmac(key: string, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64');
}

function bytesOf(body: object): number {
  return Buffer.byteLength(JSON.stringify(body));
}

// --- formats ----------------------------------------------------------------------------------------------------------

function markdown({ title, sections }: ChatMessage, newLine: string): string {
  const blocks = sections.map((section) =>
    [...(section.title === undefined ? [] : [`**${plain(section.title)}**`]), ...section.lines.map(markdownLine)].join(
      newLine,
    ),
  );
  return [`### ${plain(title)}`, ...blocks.filter((block) => block !== '')].join(newLine === '\n' ? '\n\n' : newLine);
}

function markdownLine({ text, link }: ChatLine): string {
  return link === undefined
    ? plain(text)
    : `${plain(text)}[${plain(link.text)}](${link.href.replace(/[()<>\s]/g, escaped)})`;
}

function escaped(character: string): string {
  return `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/** These chats know no escapes, so a letter with a meaning gets its full-width form: no text makes a link or mentions anybody. */
function plain(text: string): string {
  return printable(text.replace(/\s+/g, ' ')).replace(/[<>[\]*#]/g, (it) =>
    String.fromCharCode(it.charCodeAt(0) + 0xfee0),
  );
}

function richText({ title, sections }: ChatMessage): object {
  const paragraphs = sections.flatMap((section, at) => [
    ...(at === 0 ? [] : [[{ tag: 'text', text: ' ' }]]),
    ...(section.title === undefined ? [] : [[{ tag: 'text', text: `▍${bare(section.title)}` }]]),
    ...section.lines.map(({ text, link }) => [
      ...(text === '' ? [] : [{ tag: 'text', text: bare(text) }]),
      ...(link === undefined ? [] : [{ tag: 'a', text: bare(link.text), href: link.href }]),
    ]),
  ]);
  return { title: bare(title), content: paragraphs.length === 0 ? [[{ tag: 'text', text: ' ' }]] : paragraphs };
}

/** Nothing has a meaning in it. */
function bare(text: string): string {
  return printable(text.replace(/\s+/g, ' ').replaceAll('`', ''));
}

// --- posting ----------------------------------------------------------------------------------------------------------

export type RobotAnswer =
  | { readonly taken: true; readonly says: string }
  | (Failure & { readonly hint?: Words | undefined });

export async function postToRobot(
  { robot, url, secret }: RobotAddress,
  message: ChatMessage,
  now: number,
  tools: PostTools,
): Promise<RobotAnswer> {
  const wire = WIRES[robot];
  const request = { url, body: wire.body(message) };
  const signed = secret === undefined ? request : wire.sign(request, secret, now);
  const answered = await postJson(signed.url, JSON.stringify(signed.body), tools);
  if (answered.status === undefined) return { taken: false, why: answered.why, isDown: true };
  const { status, text } = answered;
  const { code, says } = readAnswer(wire, text);
  const isOk = status >= 200 && status < 300;
  const why = [
    ...(isOk ? [] : [`HTTP ${status}`]),
    ...(code === undefined ? (isOk ? ["an answer that is not the robot's"] : []) : [`${wire.code[0]} ${code}`]),
    ...(says === '' ? [] : [shortened(withoutSecrets(says, signed.url, secret))]),
  ].join(', ');
  if (isOk && code === 0) return { taken: true, says: why };
  const pauseMs = code === undefined ? undefined : wire.pauses[code];
  return {
    taken: false,
    why,
    isDown: status >= 500 || status === 429,
    ...(pauseMs !== undefined && { pauseMs }),
    ...(code !== undefined && { hint: wire.hints[code] }),
  };
}

function readAnswer({ code, says }: Wire, text: string): { code?: number; says: string } {
  let answer: Readonly<Record<string, unknown>>;
  try {
    answer = Object(JSON.parse(text));
  } catch {
    return { says: '' };
  }
  const found = code.map((name) => answer[name]).find((value) => typeof value === 'number');
  const words = says.map((name) => answer[name]).find((value) => typeof value === 'string');
  return { ...(typeof found === 'number' && { code: found }), says: typeof words === 'string' ? words : '' };
}

const MOST_SAID = 200;

function shortened(text: string): string {
  const line = printable(text.replace(/\s+/g, ' ').trim());
  return line.length <= MOST_SAID ? line : `${line.slice(0, MOST_SAID)}…`;
}

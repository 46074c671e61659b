/** What commander itself says, in Chinese: it has no translations. A sentence that is not here is shown as it is. */

import type { HelpConfiguration } from 'commander';
import { displayWidth } from '../domain/printable.js';

/** Titles of the sections of --help. */
const TITLES: Readonly<Record<string, string>> = {
  'Usage:': '用法：',
  'Arguments:': '参数：',
  'Options:': '选项：',
  'Global Options:': '通用选项：',
  'Commands:': '命令：',
};

/** What stands for something of the reader's own, in `<FILE>`, `[BATCH]` or `<OUTCOME,...>`. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  options: '选项',
  command: '命令',
  value: '值',
  path: '路径',
  BATCH: '批次',
  CODE: '代码',
  CRON: '时间表',
  DATE: '日期',
  DAYS: '天数',
  DIR: '文件夹',
  DURATION: '时长',
  FATE: '结果',
  FILE: '文件',
  HEADING: '表头',
  HOST: '地址',
  ID: '编号',
  MERCHANT: '商户',
  N: '数',
  NAME: '名称',
  NUMBER: '数量',
  OUTCOME: '结果',
  PART: '部分',
  PORT: '端口',
  REGISTRATION: '商户编号',
  ROLE: '角色',
  SHARE: '比例',
  TEXT: '文字',
  TIME: '时间',
  WEIGHT: '权重',
  WHO: '谁',
  ZONE: '时区',
};

/** Values that are typed as they stand, such as `<yes|no>`, have no translation. */
function withChinesePlaceholders(term: string): string {
  return term.replace(/[<[][^>\]]*[>\]]/g, (placeholder) =>
    placeholder.replace(/[A-Za-z]+/g, (word) => PLACEHOLDERS[word] ?? word),
  );
}

export const CHINESE_HELP: HelpConfiguration = {
  displayWidth,
  boxWrap: wrapped,
  styleTitle: (title) => TITLES[title] ?? title,
  styleUsage: withChinesePlaceholders,
  styleOptionTerm: withChinesePlaceholders,
  styleArgumentTerm: withChinesePlaceholders,
  styleSubcommandTerm: withChinesePlaceholders,
  styleOptionDescription: (text) => text.replace(/ \(default: (.+)\)$/, '（默认：$1）'),
};

/** Commander breaks lines at spaces only, and Chinese has none: here a line may end beside any Chinese character. */
function wrapped(text: string, width: number): string {
  const lines = [''];
  for (const piece of text.match(PIECES) ?? []) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && displayWidth(line + piece.trimEnd()) > width) lines.push(piece.trimStart());
    else lines[lines.length - 1] = line + piece;
  }
  return lines.map((line) => line.trimEnd()).join('\n');
}

/** A word with the spaces before it, or one Chinese character; no line begins with the mark that follows. */
const PIECES =
  /\s*(?:[\p{Ps}“]*(?:\p{Script=Han}|[^\s\p{Script=Han}\p{Ps}\p{Pe}“”，。；：、？！]+)[\p{Pe}”，。；：、？！]*|\S)/gu;

const SENTENCES: readonly (readonly [english: RegExp, chinese: string])[] = [
  [/^error: unknown option '(.+?)'/m, '错误：没有选项 $1'],
  [/^error: unknown command '(.+?)'/m, '错误：没有命令 $1'],
  [/^error: missing required argument '(.+?)'/m, '错误：缺少参数 <$1>'],
  [/^error: option '(.+?)' argument missing/m, '错误：选项 $1 缺少内容'],
  [/^error: required option '(.+?)' not specified/m, '错误：缺少选项 $1'],
  [
    /^error: too many arguments(?: for '(.+?)')?\. Expected (\d+) arguments? but got (\d+)\.?/m,
    '错误：参数过多（最多 $2 个，实际 $3 个）',
  ],
  [/\(Did you mean one of (.+?)\?\)/, '（是否要输入 $1？）'],
  [/\(Did you mean (.+?)\?\)/, '（是否要输入 $1？）'],
];

export function inChinese(text: string): string {
  return withChinesePlaceholders(SENTENCES.reduce((said, [english, chinese]) => said.replace(english, chinese), text));
}

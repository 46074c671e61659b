/** What commander itself says, in Chinese: it has no translations. A sentence that is not here is shown as it is. */

import type { HelpConfiguration } from 'commander';

/** Titles of the sections of --help. */
const TITLES: Readonly<Record<string, string>> = {
  'Usage:': '用法：',
  'Arguments:': '参数：',
  'Options:': '选项：',
  'Global Options:': '通用选项：',
  'Commands:': '命令：',
};

export const CHINESE_HELP: HelpConfiguration = {
  styleTitle: (title) => TITLES[title] ?? title,
  styleUsage: (usage) => usage.replace('[options]', '[选项]').replace('[command]', '[命令]'),
  styleOptionDescription: (text) => text.replace(/ \(default: (.+)\)$/, '（默认：$1）'),
};

const SENTENCES: readonly (readonly [english: RegExp, chinese: string])[] = [
  [/^error: unknown option '(.+?)'/m, '错误：没有选项 $1'],
  [/^error: unknown command '(.+?)'/m, '错误：没有命令 $1'],
  [/^error: missing required argument '(.+?)'/m, '错误：缺少参数 $1'],
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
  return SENTENCES.reduce((said, [english, chinese]) => said.replace(english, chinese), text);
}

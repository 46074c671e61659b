/** docs/answers.md and docs/zh/answers.md, printed from the tables of `answers`. */
import { FACTS, MOVES, WAITS } from '../../src/domain/registration.js';
import { ACTORS, type Words } from '../../src/domain/words.js';
import { type Answer, GATEWAY_REFUSALS, SOURCES, TABLES, type Table } from '../../src/wechat/answers.js';
import { PERMISSION_SETS } from '../../src/wechat/permission-sets.js';

const INTRODUCTION: Record<Table, string> = {
  create: 'WeChat answers these as `errcode` when a merchant is sent (`action=create`).',
  search: 'WeChat answers these when a task is asked about (`action=search`, or `query`). They never prove a failure.',
  query:
    'With errcode 0, `query` of the successor names a `status`, and so does its answer to `create`. 1 to 9 are steps on the way: they are shown as they come.',
  push: 'WeChat pushes these as `status` when a task has ended (`notify_third_fasteregister`).',
};

const COLUMNS = [
  'code',
  'meaning',
  '含义',
  'who acts',
  'next step',
  '下一步',
  'what fastregister does',
  'source',
] as const;

export function answersPage(): string {
  return [
    '<!-- Printed from src/wechat/answers.ts. To change it, change the table, then: UPDATE_DOCS=1 npx vitest run test/house/printed-docs.test.ts -->',
    '',
    '# What WeChat answers',
    '',
    'Every code that we know, what it means and what it calls for. A code that is not listed is shown as it came and waits',
    'for a person. In a report, the column `problem` has the code with its table: `create:61070`, `push:100003`.',
    '',
    ...(Object.keys(TABLES) as Table[]).flatMap((table) => [
      `## ${table}`,
      '',
      INTRODUCTION[table],
      '',
      ...tableLines(table),
      '',
    ]),
    '## Permission sets',
    '',
    'The registration API is open to a third-party platform that has these, as open.weixin.qq.com names them. They are chosen there, and take',
    'effect after approval, once the platform is published network-wide (全网发布). Without them: 89254, 86033 or 61029.',
    '',
    line(['permission set', '权限集', 'required']),
    line(['---', '---', '---']),
    ...PERMISSION_SETS.map(({ en, zh, required }) => line([en, zh, required ? 'yes' : 'no, recommended'])),
    '',
    '## Sources',
    '',
    ...Object.entries(SOURCES).map(([source, words]) => `- **${source}**: ${words.en}`),
    '',
  ].join('\n');
}

const CHINESE_TITLES: Record<Table, readonly [title: string, introduction: string]> = {
  create: ['提交（create）', '提交商户时微信返回的 `errcode`。'],
  search: ['查询（search）', '查询任务时微信返回的 `errcode`；查询结果从不说明已失败。'],
  query: ['新接口的任务状态（query）', '`errcode` 为 0 时返回的 `status`。1 至 9 是办理过程中的步骤，原样显示。'],
  push: ['结果推送（push）', '任务结束后微信推送的 `status`（`notify_third_fasteregister`）。'],
};

/** For the office: no facts, no states, no sources. */
export function answersPageInChinese(): string {
  return [
    '<!-- Printed from src/wechat/answers.ts. To change it, change the table, then: UPDATE_DOCS=1 npx vitest run test/house/printed-docs.test.ts -->',
    '',
    '# 微信的返回码与推送状态',
    '',
    '报告的 `problem` 列是表名加代码，如 `create:61070`、`push:100003`。不在表中的代码会原样显示，由人工核实。',
    '',
    ...(Object.keys(TABLES) as Table[]).flatMap((name) => {
      const [title, introduction] = CHINESE_TITLES[name];
      const { codes, unknown } = TABLES[name];
      const rows = Object.entries<Answer>(codes).sort(([one], [other]) => Number(one) - Number(other));
      return [
        `## ${title}`,
        '',
        introduction,
        '',
        line(['代码', '含义', '由谁处理', '处理办法']),
        line(['---', '---', '---', '---']),
        ...rows.map(([code, answer]) => line(chineseCells(`\`${code}\``, answer))),
        line(chineseCells('其他', unknown)),
        '',
      ];
    }),
    '## 权限集',
    '',
    '第三方平台须在微信开放平台具备以下权限集，审核通过并全网发布后生效。缺少时返回 89254、86033 或 61029。',
    '',
    ...PERMISSION_SETS.map(({ zh, required }) => `- ${zh}${required ? '' : '（建议）'}`),
    '',
  ].join('\n');
}

function chineseCells(code: string, answer: Answer): string[] {
  return [code, answer.zh, ACTORS[answer.acts].zh, stepsOf(answer).zh];
}

function tableLines(table: Table): string[] {
  const { codes, unknown } = TABLES[table];
  const rows = Object.entries<Answer>(codes).sort(([one], [other]) => Number(one) - Number(other));
  return [
    line(COLUMNS),
    line(COLUMNS.map(() => '---')),
    ...rows.map(([code, answer]) => line(cells(`\`${code}\``, answer))),
    line(cells('any other', unknown)),
  ];
}

function cells(code: string, answer: Answer): string[] {
  const { en, zh, acts, source } = answer;
  const steps = stepsOf(answer);
  return [code, en, zh, ACTORS[acts].en, steps.en, steps.zh, consequence(answer), source];
}

function stepsOf({ nextStep, atTheEnd }: Answer): Words {
  if (atTheEnd === undefined) return nextStep;
  return {
    en: `${nextStep.en} Given up: ${atTheEnd.nextStep.en}`,
    zh: `${nextStep.zh}不再自动提交时：${atTheEnd.nextStep.zh}`,
  };
}

/** The fact, the states that it leads to, and what is waited for. */
function consequence({ fact, gateway, wait, workingDays }: Answer): string {
  const moves = MOVES.filter((move) => move.fact === fact);
  const states = new Set(moves.filter(({ from, to }) => from.some((state) => state !== to)).map(({ to }) => to));
  return [
    `\`${fact}\`: ${FACTS[fact].en}`,
    ...(gateway === undefined ? [] : [GATEWAY_REFUSALS[gateway].en]),
    ...(wait === undefined ? [] : [`it waits because ${WAITS[wait].en}`]),
    ...(workingDays === undefined
      ? []
      : [
          `a retry waits until ${workingDays} working days (Monday to Friday in Beijing) have passed, unless it is told not to`,
        ]),
    ...(states.size === 0 ? [] : [`→ ${[...states].join(' or ')}`]),
  ].join('; ');
}

function line(texts: readonly string[]): string {
  return `| ${texts.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
}

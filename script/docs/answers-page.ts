/** docs/answers.md, printed from the tables of `answers`. */
import { FACTS, MOVES, WAITS } from '../../src/domain/registration.js';
import { ACTORS, type Words } from '../../src/domain/words.js';
import { type Answer, DOORS, SOURCES, TABLES, type Table } from '../../src/wechat/answers.js';
import { PERMISSION_SETS } from '../../src/wechat/permission-sets.js';

const INTRODUCTION: Record<Table, string> = {
  create: 'WeChat answers these as `errcode` when a merchant is sent (`action=create`).',
  search: 'WeChat answers these when a task is asked about (`action=search`, or `query`). They never prove a failure.',
  query:
    'With errcode 0, `query` of the successor names a `status`. 1 to 9 are steps on the way: they are shown as they come.',
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
  const { en, zh, acts, nextStep, atTheEnd, source } = answer;
  const steps: Words =
    atTheEnd === undefined
      ? nextStep
      : {
          en: `${nextStep.en} Given up: ${atTheEnd.nextStep.en}`,
          zh: `${nextStep.zh}不再自动提交时：${atTheEnd.nextStep.zh}`,
        };
  return [code, en, zh, ACTORS[acts].en, steps.en, steps.zh, consequence(answer), source];
}

/** The fact, the states that it leads to, and what is waited for. */
function consequence({ fact, door, wait, workingDays }: Answer): string {
  const moves = MOVES.filter((move) => move.fact === fact);
  const states = new Set(moves.filter(({ from, to }) => from.some((state) => state !== to)).map(({ to }) => to));
  return [
    `\`${fact}\`: ${FACTS[fact].en}`,
    ...(door === undefined ? [] : [DOORS[door].en]),
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

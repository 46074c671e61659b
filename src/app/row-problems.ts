/** What is wrong with the rows of a sheet, as the people and programs that correct it read it. */
import { columnOfDetail } from '../domain/correction.js';
import { type DetailField, listOfDetails } from '../domain/merchant.js';
import { problemNextStep, problemReason } from '../domain/problems.js';
import { DIFFERING_DUPLICATE, problemOfDuplicate, REPLACED } from '../domain/row.js';
import type { Language, Words } from '../domain/words.js';
import type { PlannedRow, RowStatus } from '../producer/plan.js';

export const REPLACES: Words = {
  en: 'an earlier sheet has this enterprise with other details, and has not sent it yet; this row is sent instead',
  zh: '之前的表格以不同的信息填写了同一企业且尚未提交，将改为提交本行',
};

/** Why a row in order is not sent. */
export const NOT_SENT = {
  already_created: {
    en: 'the enterprise has a Mini Program already, by an earlier batch; the report names its appid',
    zh: '该企业此前已创建小程序，appid 见报告',
  },
  in_progress: {
    en: 'an earlier row asks for the same, and is not over yet or waits for a person; this row gets its outcome',
    zh: '之前已有相同的一行正在办理或需人工核实，本行将得到同样的结果',
  },
  waits: {
    en: 'a row of this enterprise with other details may be with WeChat; this one is sent if that one fails',
    zh: '同一企业信息不同的另一行可能正在微信办理，若其失败则自动提交本行',
  },
} as const satisfies Partial<Record<RowStatus, Words>>;

function duplicateWords(firstLine: number | undefined, differing: readonly DetailField[]): Words {
  if (differing.length === 0) return { en: `duplicate of line ${firstLine}`, zh: `与第 ${firstLine} 行重复` };
  const fields = listOfDetails(differing);
  return {
    en: `the same enterprise as in line ${firstLine}, but these differ: ${fields.en}. Only line ${firstLine} is sent; if it is wrong, correct it and delete this one.`,
    zh: `与第 ${firstLine} 行为同一企业，但${fields.zh}不同。只提交第 ${firstLine} 行；如该行有误，请更正该行并删除本行。`,
  };
}

export interface AboutRow {
  readonly code: typeof REPLACED | ReturnType<typeof problemOfDuplicate>;
  readonly severity: 'warning' | 'duplicate';
  readonly says: Words;
}

/** What is to be said of a row beside the problems of its cells. */
export function aboutRow({
  status,
  firstLine,
  differing = [],
  replaces,
}: Pick<PlannedRow, 'status' | 'firstLine' | 'differing' | 'replaces'>): AboutRow[] {
  const about: AboutRow[] = [];
  if (replaces) about.push({ code: REPLACED, severity: 'warning', says: REPLACES });
  if (status === 'duplicate') {
    const code = problemOfDuplicate(differing);
    const severity = code === DIFFERING_DUPLICATE ? 'warning' : 'duplicate';
    about.push({ code, severity, says: duplicateWords(firstLine, differing) });
  }
  return about;
}

export function problemsOf(planned: PlannedRow, lang: Language): object[] {
  const { row, firstLine, differing = [] } = planned;
  return [
    ...row.problems.map((problem) => ({
      line: row.line,
      cell: problem.cell,
      problem: problem.code,
      severity: problem.severity,
      reason: problemReason(problem)[lang],
      next_step: problemNextStep(problem, row.problems)[lang],
    })),
    ...aboutRow(planned).map(({ code, severity, says }) => ({
      line: row.line,
      cell: String(row.number),
      problem: code,
      severity,
      reason: says[lang],
      next_step: '',
      ...(code !== REPLACED && { firstLine }),
      ...(code === DIFFERING_DUPLICATE && { differing: differing.map(columnOfDetail) }),
    })),
  ];
}

/** What is wrong with the rows of a sheet, as the people and programs that correct it read it. */
import { type DetailField, listOfDetails } from '../domain/merchant.js';
import { problemNextStep, problemReason } from '../domain/problems.js';
import type { Language, Words } from '../domain/words.js';
import type { PlannedRow, RowStatus } from '../producer/plan.js';

export const REPLACED = 'row:replaced';

export const REPLACES: Words = {
  en: 'an earlier sheet has this enterprise with other details, and has not sent it yet; this row is sent instead',
  zh: '之前的表格以不同的信息填写了同一企业且尚未提交，将改为提交本行',
};

export const REPLACES_LINE: Words = {
  en: `warning: ${REPLACES.en} [${REPLACED}]`,
  zh: `警告：${REPLACES.zh} [${REPLACED}]`,
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

export function duplicateLine(firstLine: number | undefined, differing: readonly DetailField[] = []): Words {
  const words = duplicateWords(firstLine, differing);
  if (differing.length === 0) return words;
  return { en: `warning: ${words.en} [${DIFFERS}]`, zh: `警告：${words.zh} [${DIFFERS}]` };
}

export function duplicateWords(firstLine: number | undefined, differing: readonly DetailField[] = []): Words {
  if (differing.length === 0) return { en: `duplicate of line ${firstLine}`, zh: `与第 ${firstLine} 行重复` };
  const fields = listOfDetails(differing);
  return {
    en: `the same enterprise as in line ${firstLine}, but these differ: ${fields.en}. Only line ${firstLine} is sent; if it is wrong, correct it and delete this one.`,
    zh: `与第 ${firstLine} 行为同一企业，但${fields.zh}不同。只提交第 ${firstLine} 行；如该行有误，请更正该行并删除本行。`,
  };
}

export const DUPLICATE = 'sheet:duplicate';

export const DIFFERS = 'sheet:duplicate_differs';

export function problemsOf({ row, status, firstLine, differing = [] }: PlannedRow, lang: Language): object[] {
  const problems: object[] = row.problems.map((problem) => ({
    line: row.line,
    cell: problem.cell,
    problem: problem.code,
    severity: problem.severity,
    reason: problemReason(problem)[lang],
    next_step: problemNextStep(problem, row.problems)[lang],
  }));
  if (status === 'duplicate') {
    const differs = differing.length > 0;
    problems.push({
      line: row.line,
      problem: differs ? DIFFERS : DUPLICATE,
      severity: differs ? 'warning' : 'duplicate',
      firstLine,
      ...(differs && { differing, reason: duplicateWords(firstLine, differing)[lang] }),
    });
  }
  return problems;
}

/** What `check` says of a sheet, on a terminal and on the console's pages. */
import type { Batch } from '../domain/batch.js';
import type { Words } from '../domain/words.js';

export const PLAN_WORDS = {
  rows: { en: 'rows', zh: '总行数' },
  ready: { en: 'ready', zh: '可提交' },
  invalid: { en: 'to fix', zh: '需更正' },
  duplicate: { en: 'duplicates in this file', zh: '本文件内重复' },
  alreadyCreated: { en: 'already registered', zh: '此前已创建' },
  inProgress: { en: 'already in progress or in review', zh: '处理中或需人工核实' },
  waits: { en: 'wait for a row with other details', zh: '等待同一企业信息不同的另一行' },
  replaces: { en: 'of the ready ones, replace an earlier row', zh: '可提交的行中，将取代较早的行' },
  warned: { en: 'rows with warnings', zh: '有警告的行' },
  calls: { en: 'calls needed', zh: '所需提交次数' },
  before: { en: 'of earlier batches, sent before them', zh: '排在前面的较早批次' },
  days: { en: "days needed at today's quota", zh: '按今日额度所需天数' },
  sentBy: { en: 'all sent on', zh: '全部提交完成日期' },
} as const satisfies Record<string, Words>;

export const SEVERITIES = {
  error: { en: 'error', zh: '错误' },
  warning: { en: 'warning', zh: '警告' },
} as const satisfies Record<string, Words>;

export function knownAs({ id }: Batch): Words {
  return {
    en: `This file is batch ${id} already: loading it again changes nothing. Rows that have failed are sent again there.`,
    zh: `此文件已导入为批次 ${id}，再次导入不会有任何变化；失败的行请在该批次中重新提交。`,
  };
}

/** Of a sheet that was loaded. */
export function replacedRows(rows: number): Words {
  return {
    en: `${rows === 1 ? '1 row replaced an unsent row of an earlier sheet, which is' : `${rows} rows replaced unsent rows of earlier sheets, which are`} cancelled there.`,
    zh: `其中 ${rows} 行取代了之前表格中尚未提交的行，旧的一行在原批次中为“已撤回”。`,
  };
}

/** The same before it is loaded. */
export function rowsToReplace(rows: number): Words {
  return {
    en: `${rows === 1 ? '1 of these replaces an unsent row of an earlier sheet, which is' : `${rows} of these replace unsent rows of earlier sheets, which are`} cancelled there.`,
    zh: `其中 ${rows} 行将取代之前表格中尚未提交的行，旧的一行将在原批次中显示为“已撤回”。`,
  };
}

/** The message to forward asks merchants to answer it where there is no number to call. */
export function noPhone(rows: number): Words {
  return {
    en: `${rows} ${rows === 1 ? 'row has' : 'rows have'} no component_phone, and FASTREGISTER_COMPONENT_PHONE is not set: the messages to forward name no number to call, and ask to be answered.`,
    zh: `${rows} 行没有客服电话，也未设置 FASTREGISTER_COMPONENT_PHONE：“转发给商户”的内容中没有可致电的号码，只请商户直接回复。`,
  };
}

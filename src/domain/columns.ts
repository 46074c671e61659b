/** The columns of a sheet and of a report, and which column of a file is which. */
import type { Words } from './words.js';

interface Column {
  /**
   * The first is the heading of a Chinese template, and what Chinese sentences call it. None that may mean the merchant's own phone
   * (联系电话, 手机): that is a contact column, and as `component_phone` the number would be sent to WeChat as the platform's.
   */
  readonly aliases: readonly [string, ...string[]];
  /** Headings of other sheets, for something close to it as well: they count where no other heading means the field. */
  readonly lesser: readonly string[];
  /** Whether a sheet can do without it: `persona` columns are required by the API that writes to the legal person. */
  readonly required: 'always' | 'persona' | 'never';
  /** The note that the template writes behind the heading; in brackets, so that it is ignored on reading. */
  readonly note: Words;
}

// biome-ignore format: one line, one column
export const COLUMNS = {
  name: { aliases: ['企业名称', '企业名', '公司名称'], lesser: ['企业全称', '公司全称', '公司名', '单位名称', '商户名称'], required: 'always', note: { en: "required, as at the business registry; a sole trader without a trade name: 个体户 and the legal person's name", zh: '必填，与工商登记一致；无名称的个体工商户填“个体户”加法人姓名' } },
  code: { aliases: ['企业代码', '统一社会信用代码', '组织机构代码', '营业执照注册号'], lesser: ['企业统一社会信用代码', '社会统一信用代码', '社会信用代码', '统一信用代码', '营业执照号'], required: 'always', note: { en: 'required, as text', zh: '必填，文本格式' } },
  code_type: { aliases: ['代码类型', '企业代码类型'], lesser: [], required: 'never', note: { en: '1 credit code, 2 organisation code, 3 licence number; may be blank', zh: '1 统一社会信用代码，2 组织机构代码，3 营业执照注册号；可留空' } },
  legal_persona_wechat: { aliases: ['法人微信号', '法人微信'], lesser: ['法定代表人微信号', '法定代表人微信', '法人代表微信号', '法人代表微信'], required: 'persona', note: { en: "required by fastregisterweapp: the legal person's own Weixin ID, as WeChat shows it under Me; not a phone or QQ number", zh: '旧接口必填：法人本人的微信号，见微信“我”页面；不能填手机号或 QQ 号' } },
  legal_persona_name: { aliases: ['法人姓名', '法定代表人'], lesser: ['法定代表人姓名', '法人代表', '法人代表姓名'], required: 'persona', note: { en: 'required by fastregisterweapp: as at the business registry and on the bank card linked to this WeChat', zh: '旧接口必填：与工商登记及该微信绑定的银行卡姓名一致' } },
  component_phone: { aliases: ['客服电话', '第三方联系电话'], lesser: [], required: 'never', note: { en: 'your number, for the legal person to call; as text; blank: the default', zh: '贵公司的客服电话，便于法人联系；文本格式，留空则用默认电话' } },
} as const satisfies Record<string, Column>;

export type Field = keyof typeof COLUMNS;
export const FIELDS = Object.keys(COLUMNS) as readonly Field[];

/**
 * What the report adds, and how its headings read; ignored on input, so that a corrected report is the next upload. The name
 * of `registration_id` is the same in both: by it the Chinese headings are known to be ours.
 */
export const REPORT_HEADINGS = {
  line: { en: 'line', zh: '行号' },
  outcome: { en: 'outcome', zh: '结果' },
  problem: { en: 'problem', zh: '问题代码' },
  reason: { en: 'reason', zh: '原因' },
  next_step: { en: 'next_step', zh: '处理办法' },
  message: { en: 'message', zh: '转发给商户' },
  who_acts: { en: 'who_acts', zh: '由谁处理' },
  appid: { en: 'appid', zh: '小程序 appid' },
  authorize_url: { en: 'authorize_url', zh: '法人确认链接' },
  attempts: { en: 'attempts', zh: '提交次数' },
  submitted_at: { en: 'submitted_at', zh: '提交时间' },
  finished_at: { en: 'finished_at', zh: '完成时间' },
  registration_id: { en: 'registration_id', zh: 'registration_id' },
  batch: { en: 'batch', zh: '批次' },
} as const satisfies Record<string, Words>;

export type ReportColumn = keyof typeof REPORT_HEADINGS;
export const REPORT_COLUMNS = Object.keys(REPORT_HEADINGS) as readonly ReportColumn[];

/** The sheet of counts in a workbook of ours; it is no sheet of merchants. */
export const COUNTS_SHEET: Words = { en: 'counts', zh: '汇总' };

/** Where a sheet has what: plain data, so that it can be stored with the batch. */
export interface Layout {
  /** The index of each field's column, -1 where the sheet has none. */
  readonly columns: Readonly<Record<Field, number>>;
  /** How many headings there are. */
  readonly width: number;
  /** Columns that the report repeats unchanged: all except the columns that an earlier report added. */
  readonly carried: readonly number[];
  /** Of these, the user's own columns with a person or a phone to contact. */
  readonly contacts?: readonly number[];
}

/** Headings whose meaning is ambiguous: one heading for two fields, or two headings for one field. */
export interface Clash {
  readonly fields: readonly Field[];
  readonly columns: readonly number[];
}

export interface HeadingsRead {
  readonly layout: Layout;
  /** How many fields were found. */
  readonly found: number;
  readonly clashes: readonly Clash[];
}

/** Any row of cells read as headings. */
export function readHeadings(cells: readonly string[]): HeadingsRead {
  const meanings = cells.map(fieldsMeant);
  const clashes: Clash[] = meanings.flatMap((fields, column) =>
    fields.length > 1 ? [{ fields, columns: [column] }] : [],
  );
  const columns = {} as Record<Field, number>;
  for (const field of FIELDS) {
    const all = meanings.flatMap((fields, column) => (fields.length === 1 && fields[0] === field ? [column] : []));
    const sure = all.filter((column) => !LESSER.has(comparableHeading(cells[column] ?? '')));
    const at = sure.length > 0 ? sure : all;
    if (at.length > 1) clashes.push({ fields: [field], columns: at });
    columns[field] = at[0] ?? -1;
  }
  const ofReport = columnsOfReport(cells);
  const carried = cells.flatMap((_, column) => (ofReport.has(column) ? [] : [column]));
  const ours = new Set(Object.values(columns));
  const contacts = carried.filter((column) => !ours.has(column) && isContactHeading(cells[column] ?? ''));
  return {
    layout: { columns, width: cells.length, carried, ...(contacts.length > 0 && { contacts }) },
    found: FIELDS.filter((field) => columns[field] >= 0).length,
    clashes,
  };
}

/** A column of the user's own: the person to contact at the merchant, and not the salesman who won the merchant. */
export function isContactHeading(heading: string): boolean {
  const read = heading.slice(0, LONGEST_HEADING);
  return SPEAKS_OF_A_CONTACT.test(read) && !SPEAKS_OF_OUR_PEOPLE.test(read);
}

const SPEAKS_OF_A_CONTACT = /联系|电话|手机|contact|phone|mobile|\btel\b/i;
const SPEAKS_OF_OUR_PEOPLE = /业务员|业务经理|客户经理|销售|招商|\bBD|\bsales|account manager/i;

/** As sentences name a column. */
export function columnName(field: Field): Words {
  return { en: field, zh: COLUMNS[field].aliases[0] };
}

/** Whether a cell could be that field's heading. */
export function isHeadingOf(field: Field, cell: string): boolean {
  const fields = fieldsMeant(cell);
  return fields.length === 1 && fields[0] === field;
}

/** Including the notes behind the heading. A longer text is no heading, so only this much is examined. */
const LONGEST_HEADING = 1_000;

/** `企业代码/统一社会信用代码` and `企业代码 code` mean one field, `企业名/企业代码` two, and `法人姓名/备注` none. */
function fieldsMeant(heading: string): readonly Field[] {
  if (heading === '' || heading.length > LONGEST_HEADING) return [];
  const whole = MEANING.get(comparableHeading(heading));
  if (whole !== undefined) return [whole];
  const parts = heading
    .normalize('NFKC')
    .split(/[/|、,，;；或]|\s+/)
    .filter((part) => part !== '');
  const meanings = parts.flatMap((part) => MEANING.get(comparableHeading(part)) ?? []);
  return meanings.length === parts.length ? [...new Set(meanings)] : [];
}

/** Width, case, spaces, asterisks, bracketed notes and underscores make no difference. */
function comparableHeading(heading: string): string {
  return heading
    .slice(0, LONGEST_HEADING)
    .normalize('NFKC')
    .replace(/\([^()]*\)|\[[^[\]]*\]|【[^【】]*】|〔[^〔〕]*〕|\{[^{}]*\}|<[^<>]*>/gu, '')
    .replace(/[\s\u00ad\u180e\u200b-\u200f\u2060\ufeff*＊※_\-:]/gu, '')
    .toLowerCase();
}

const MEANING: ReadonlyMap<string, Field> = new Map(
  FIELDS.flatMap((field) =>
    [field, ...COLUMNS[field].aliases, ...COLUMNS[field].lesser].map(
      (name) => [comparableHeading(name), field] as const,
    ),
  ),
);

const LESSER: ReadonlySet<string> = new Set(FIELDS.flatMap((field) => COLUMNS[field].lesser.map(comparableHeading)));

interface ReportMeaning {
  /** Place among the columns of a report. */
  readonly at: number;
  /** No sheet has such a heading of its own. */
  readonly isOurs: boolean;
}

const REPORT_MEANING: ReadonlyMap<string, ReportMeaning> = new Map(
  REPORT_COLUMNS.flatMap((column, at): [string, ReportMeaning][] => [
    [comparableHeading(REPORT_HEADINGS[column].zh), { at, isOurs: false }],
    [comparableHeading(REPORT_HEADINGS[column].en), { at, isOurs: true }],
  ]),
);

const MARK = REPORT_COLUMNS.indexOf('registration_id');

/**
 * The columns that an earlier report added. A sheet may have a column 原因 or 批次 of its own: a Chinese heading is ours only
 * where `registration_id` is there too, and where the columns of a report stand in their order on either side of it.
 */
function columnsOfReport(cells: readonly string[]): ReadonlySet<number> {
  const meanings = cells.map((cell) => REPORT_MEANING.get(comparableHeading(cell)));
  const found = new Set(meanings.flatMap((meaning, column) => (meaning?.isOurs ? [column] : [])));
  const mark = meanings.findIndex((meaning) => meaning?.at === MARK);
  if (mark < 0) return found;
  for (const step of [-1, 1]) {
    let last = MARK;
    for (let column = mark + step; column >= 0 && column < cells.length; column += step) {
      const at = meanings[column]?.at;
      if (at === undefined || (at - last) * step <= 0) continue;
      last = at;
      found.add(column);
    }
  }
  return found;
}

/** `A`, `B`, … `Z`, `AA`: as spreadsheet programs name a column. */
export function columnLetters(index: number): string {
  let letters = '';
  for (let rest = index + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    letters = String.fromCharCode(65 + ((rest - 1) % 26)) + letters;
  }
  return letters;
}

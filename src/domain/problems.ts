/** What can be wrong with a row of a sheet, in words with which the person who has the sheet open can fix it. */
import { columnName, type Field } from './columns.js';
import { type Actor, same, type Words } from './words.js';

interface ProblemKind {
  /** Errors stop a row, warnings do not (`--accept-warnings=no` holds such rows back). */
  readonly severity: 'error' | 'warning';
  readonly who: Actor;
  /** `{detail}` is a count, a character, a damaged number or, in `next`, a name to be typed; never a whole code, Weixin ID or phone. */
  readonly says: Words;
  readonly next: Words;
}

const AS_TEXT: Words = { en: 'Set the column to Text and type it again.', zh: '请将该列设为“文本”格式后重新输入。' };
const AS_ON_LICENCE: Words = { en: 'Compare it with the business licence.', zh: '请与营业执照核对。' };
const AS_LEGAL_PERSON: Words = {
  en: "Write the name that is both at the business registry and on the bank card linked to the legal person's WeChat.",
  zh: '请填写工商登记的法定代表人姓名，且须与法人微信绑定银行卡的姓名一致。',
};
const NOTHING: Words = { en: 'Nothing needs to be done.', zh: '无需处理。' };
const ASK_WEIXIN_ID: Words = {
  en: 'Ask the legal person for the Weixin ID (WeChat > Me, below the name).',
  zh: '请向法人索取微信号（“微信”-“我”，昵称下方）。',
};

// biome-ignore format: one line, one problem
export const PROBLEMS = {
  // The row
  'sheet:too_many_cells': { severity: 'error', who: 'us', says: { en: 'the row has {detail} cells, more than there are headings: its values may stand in the wrong columns.', zh: '本行有 {detail} 个单元格，多于表头列数，内容可能错列。' }, next: { en: 'Look for a comma inside a value, and put that value in quotation marks.', zh: '请检查内容中是否含分隔符，如有，请用引号括起。' } },
  'sheet:rows_swallowed': { severity: 'error', who: 'us', says: { en: 'a quotation mark is opened in this cell and closed further down: lines that look like rows of their own are part of it, and are not read ({detail}).', zh: '该单元格的引号未及时闭合，后面的内容被并入本格，其中 {detail} 行疑似商户数据，未被读取。' }, next: { en: 'Close the quotation mark or take it out.', zh: '请补上或删除引号。' } },
  'sheet:row_broken': { severity: 'error', who: 'us', says: { en: 'this line and the one beside it look like one row that a line break inside a cell divides.', zh: '疑似单元格内有换行（未加引号），一行被拆成了两行：本行与相邻一行应为同一行。' }, next: { en: 'Take the line break out of the cell, or save the sheet again from Excel or WPS, which puts such a cell in quotation marks.', zh: '请删除该换行，或用 Excel、WPS 重新保存（会自动加引号）。' } },
  'sheet:cell_without_heading': { severity: 'warning', who: 'us', says: { en: 'no heading stands above this cell, so it is not carried to the report; nor are cells to its right.', zh: '该单元格上方没有表头，它和右侧的内容都不会写入报告。' }, next: { en: 'Give each of these columns a heading if the report is to have it.', zh: '如需保留，请为各列添加表头。' } },

  'sheet:held_back': { severity: 'error', who: 'us', says: { en: 'the row has a warning, and was loaded with --accept-warnings=no, which holds such rows back.', zh: '本行有警告，而导入时选择了“有警告的行暂不提交”（--accept-warnings=no），故未提交。' }, next: { en: 'Look at its warnings. Correct the row, or load the sheet again with --accept-warnings=yes to send it as it is.', zh: '请查看警告；更正后重新导入。如需按原样提交，请重新上传并取消“有警告的行暂不提交”（--accept-warnings=yes）。' } },
  'sheet:row_without_merchant': { severity: 'error', who: 'nobody', says: { en: 'nothing that a merchant has is filled in in this row.', zh: '本行未填写任何商户信息。' }, next: { en: 'Fill the row in, or delete it.', zh: '请填写或删除本行。' } },
  'sheet:headings_again': { severity: 'error', who: 'nobody', says: { en: 'this row repeats the headings.', zh: '本行与表头重复。' }, next: { en: 'Delete it.', zh: '请删除本行。' } },
  'sheet:row_is_total': { severity: 'error', who: 'nobody', says: { en: 'this row is a total, not a merchant.', zh: '本行为合计，不是商户。' }, next: { en: 'It is left out; delete it if you load the sheet again.', zh: '已略去；如再次导入，可删除本行。' } },
  'sheet:row_is_no_merchant': { severity: 'error', who: 'us', says: { en: 'this row reads like a note or a line for signatures, not like a merchant.', zh: '本行疑似填写说明或落款，不是商户。' }, next: { en: 'Delete it. If it is a merchant, correct its name and code.', zh: '请删除本行；如确为商户，请更正名称和代码。' } },
  'sheet:row_hidden': { severity: 'warning', who: 'us', says: { en: 'the workbook hides this row, e.g. by a filter; it is read all the same.', zh: '该行在工作簿中被隐藏（如被筛选），仍会读取。' }, next: { en: 'Delete the row if this merchant is not to be registered.', zh: '如不注册该商户，请删除该行。' } },

  // Where a value should come from
  'sheet:formula_failed': { severity: 'error', who: 'us', says: { en: 'the formula in this cell has failed: {detail}.', zh: '该单元格的公式出错：{detail}。' }, next: { en: 'Write the value itself into the cell.', zh: '请直接填写数值或文字。' } },
  'sheet:formula_without_result': { severity: 'error', who: 'us', says: { en: 'the formula in this cell has no result in the file.', zh: '该单元格的公式没有保存计算结果。' }, next: { en: 'Open the file in Excel or WPS, save it, and load it again.', zh: '请用 Excel 或 WPS 打开并保存后重新导入。' } },
  'sheet:cell_merged': { severity: 'error', who: 'us', says: { en: 'this cell is merged with the one above, and a file has the value of merged cells in the first of them only.', zh: '该单元格与上方单元格合并，文件中只有合并区域的首格有值。' }, next: { en: 'Unmerge the cells and fill in each of them.', zh: '请取消合并单元格，并逐行填写。' } },
  'sheet:formula_text': { severity: 'warning', who: 'us', says: { en: 'the value stood in ="…", as export programs write a text; it was taken out.', zh: '内容以 ="…" 形式导出，已取出其中的文本。' }, next: NOTHING },

  'sheet:quotation_mark': { severity: 'error', who: 'us', says: { en: 'there is a quotation mark (") in the value; in a CSV, a mark with a blank or another character beside it becomes part of the cell.', zh: '内容中含英文双引号（"），可能是 CSV 中引号旁有多余的空格或字符，引号因此成为内容的一部分。' }, next: { en: 'Take the quotation mark out; where the business licence has Chinese ones in the name, write “ ”.', zh: '请删除该引号；营业执照上的名称确有引号的，请改为中文引号“ ”。' } },
  'sheet:resident_id': { severity: 'error', who: 'merchant', says: { en: "there is a person's resident ID in this cell.", zh: '该单元格中有个人身份证号。' }, next: { en: 'Delete it from the sheet and fill in what the heading asks for.', zh: '请从表中删除，并按表头填写。' } },
  'sheet:old_resident_id': { severity: 'error', who: 'merchant', says: { en: "there is a number in this cell that reads like a person's old resident ID (15 digits with a birthday inside).", zh: '该单元格中有疑似旧版个人身份证号的数字（15 位，含出生日期）。' }, next: { en: 'Delete it from the sheet and fill in what the heading asks for.', zh: '请从表中删除，并按表头填写。' } },

  // The name
  'sheet:name_missing': { severity: 'error', who: 'merchant', says: { en: 'the name of the enterprise is missing.', zh: '缺少企业名称。' }, next: { en: 'Fill it in as the business licence has it.', zh: '请按营业执照填写。' } },
  'sheet:name_shape': { severity: 'error', who: 'merchant', says: { en: 'this is not a name: there is no letter in it.', zh: '内容中没有文字，不是名称或姓名。' }, next: { en: 'Fill it in as the business licence has it.', zh: '请按营业执照填写。' } },
  'sheet:name_sole_trader': { severity: 'error', who: 'us', says: { en: 'there is no name here, and the code is that of a sole trader (个体工商户).', zh: '缺少名称，而该代码属于个体工商户。' }, next: { en: "If the business licence has a name, fill it in. If it has none (无, *****, -), write 个体户 and the legal person's name, without a space: 个体户{detail}.", zh: '营业执照上有名称的，请按执照填写；无名称的（如“无”“*****”“-”），请填写“个体户”加法人姓名，中间不加空格：个体户{detail}。' } },
  'sheet:name_not_chinese': { severity: 'warning', who: 'merchant', says: { en: 'there is no Chinese character in the name; the business registry writes names in Chinese.', zh: '名称中没有汉字，工商登记使用中文名称。' }, next: AS_ON_LICENCE },
  'sheet:half_width_brackets': { severity: 'warning', who: 'us', says: { en: 'the name has half-width brackets; the business registry writes full-width ones （ ）.', zh: '名称含半角括号，工商登记使用全角括号（ ）。' }, next: AS_ON_LICENCE },
  'sheet:line_break': { severity: 'error', who: 'us', says: { en: 'there is a line break or a control character inside the value.', zh: '内容中含换行符或控制字符。' }, next: { en: 'Write the value on one line.', zh: '请改为一行。' } },
  'sheet:characters_lost': { severity: 'error', who: 'us', says: { en: 'a character was lost when the file was converted (�).', zh: '文件转换时有字符丢失（�）。' }, next: { en: 'Type it again and save the file as "CSV UTF-8" or XLSX.', zh: '请重新输入，并另存为“CSV UTF-8”或 XLSX。' } },
  'sheet:question_mark': { severity: 'warning', who: 'us', says: { en: 'there is a question mark in the name; programs write it for a rare character that they could not save.', zh: '名称含问号，可能是无法保存的生僻字。' }, next: AS_ON_LICENCE },
  'sheet:name_apostrophe': { severity: 'error', who: 'us', says: { en: 'the name begins with an apostrophe, a leftover of a spreadsheet program.', zh: '名称以撇号开头，是表格软件残留的符号。' }, next: { en: 'Take the apostrophe off.', zh: '请删除撇号。' } },

  'sheet:name_dot': { severity: 'warning', who: 'us', says: { en: 'there is a dot in the name that only looks like the middle dot · (U+00B7) of the business registry.', zh: '名称中的圆点不是工商登记使用的间隔号“·”。' }, next: { en: 'Compare it with the business licence, and type · where it has a middle dot.', zh: '请与营业执照核对；执照上为间隔号的，请改为“·”。' } },

  // The code
  'sheet:code_missing': { severity: 'error', who: 'merchant', says: { en: 'the enterprise code is missing.', zh: '缺少企业代码。' }, next: { en: 'Fill it in as the business licence has it.', zh: '请按营业执照填写。' } },
  'sheet:code_scientific': { severity: 'error', who: 'us', says: { en: 'Excel has turned this code into {detail}; three digits are lost.', zh: 'Excel 已将该代码变为 {detail}，丢失了三位数字。' }, next: AS_TEXT },
  'sheet:code_scientific_other': { severity: 'error', who: 'us', says: { en: 'Excel has turned this code into {detail}; digits are hidden or lost.', zh: 'Excel 已将该代码变为 {detail}，部分数字被隐藏或丢失。' }, next: AS_TEXT },
  'sheet:code_zero_filled': { severity: 'error', who: 'us', says: { en: 'Excel keeps 15 digits only and has put 000 in place of the last three.', zh: 'Excel 只保留 15 位数字，末三位已变为 000。' }, next: { en: `${AS_TEXT.en} If the code on the business licence itself ends in 000, type a hyphen before them: …-000.`, zh: `${AS_TEXT.zh}如营业执照上的代码本身以 000 结尾，请在 000 前加连字符：……-000。` } },
  'sheet:code_decimal': { severity: 'error', who: 'us', says: { en: 'a program has turned this code into a number with a decimal point.', zh: '该代码已被软件变为带小数点的数字。' }, next: AS_TEXT },
  'sheet:code_date': { severity: 'error', who: 'us', says: { en: 'this is a date, not a code: the cell is formatted as a date.', zh: '这是日期，不是企业代码：该单元格设成了日期格式。' }, next: AS_TEXT },
  'sheet:code_leading_zero': { severity: 'error', who: 'us', says: { en: 'the code has lost its leading zero: it has {detail} digits, and with zeros in front its check digit is right.', zh: '代码丢失了开头的零：现有 {detail} 位，补零后校验位正确。' }, next: AS_TEXT },
  'sheet:code_numeric_cell': { severity: 'warning', who: 'us', says: { en: 'the code is stored as a number, which loses leading zeros and all digits after the 15th.', zh: '代码以数字格式存储，会丢失开头的零和第 15 位之后的数字。' }, next: { en: 'Compare it with the business licence and set the column to Text.', zh: '请与营业执照核对，并将该列设为“文本”格式。' } },
  'sheet:code_resident_id': { severity: 'error', who: 'merchant', says: { en: "this is a person's resident ID, not an enterprise code.", zh: '这是个人身份证号，不是企业代码。' }, next: { en: 'Delete it from the sheet and fill in the code of the business licence.', zh: '请从表中删除，并填写营业执照上的代码。' } },
  'sheet:code_old_resident_id': { severity: 'error', who: 'merchant', says: { en: "this reads like a person's old resident ID (15 digits with a birthday inside), and its check digit is not that of a licence number.", zh: '该代码疑似旧版个人身份证号（15 位，含出生日期），且校验位不符合营业执照注册号。' }, next: { en: 'If it is one, delete it from the sheet. Fill in the 18-character code of the business licence.', zh: '如是身份证号，请从表中删除，并填写营业执照上的 18 位统一社会信用代码。' } },
  'sheet:code_length': { severity: 'error', who: 'merchant', says: { en: 'the code has {detail} characters; a credit code has 18, an organisation code 9, a licence number 15.', zh: '代码有 {detail} 位；统一社会信用代码 18 位，组织机构代码 9 位，营业执照注册号 15 位。' }, next: AS_ON_LICENCE },
  'sheet:code_alphabet': { severity: 'error', who: 'us', says: { en: 'the code has a character that no such code has: {detail}.', zh: '代码中有不应出现的字符：{detail}。' }, next: { en: 'Compare it with the business licence; O and 0, I and 1 are easily mistaken.', zh: '请与营业执照核对，注意 O 与 0、I 与 1。' } },
  'sheet:code_shape': { severity: 'error', who: 'us', says: { en: 'the code has a letter or a zero where codes of its type never have one.', zh: '代码中有一位不应是字母或零。' }, next: AS_ON_LICENCE },
  'sheet:code_check_digit': { severity: 'warning', who: 'merchant', says: { en: 'the check digit does not fit the rest of the code; a mistyped character is likely, though some old codes are registered so.', zh: '校验位不符，代码可能有误；少数旧代码登记时即如此。' }, next: AS_ON_LICENCE },
  'sheet:code_lower_case': { severity: 'warning', who: 'us', says: { en: 'the code has small letters; it is sent in capitals.', zh: '代码含小写字母，将以大写提交。' }, next: NOTHING },
  'sheet:code_type_unknown': { severity: 'error', who: 'us', says: { en: 'the code type is none of 1, 2 and 3.', zh: '代码类型不是 1、2 或 3。' }, next: { en: 'Leave it blank: the type follows from the code.', zh: '请留空，系统会按代码判断。' } },
  'sheet:code_type_mismatch': { severity: 'error', who: 'us', says: { en: 'the code type is {detail}, but a code of this length has another.', zh: '代码类型为 {detail}，但该长度的代码属于其他类型。' }, next: { en: 'Leave the code type blank, or compare the code with the business licence.', zh: '请将代码类型留空，或与营业执照核对代码。' } },
  'sheet:code_type_refused': { severity: 'error', who: 'merchant', says: { en: 'the registration API in use does not take this type of code.', zh: '当前注册接口不接受此类代码。' }, next: { en: 'Ask the merchant for the 18-character Unified Social Credit Code.', zh: '请向商户索取 18 位统一社会信用代码。' } },

  // The legal person
  'sheet:wechat_missing': { severity: 'error', who: 'merchant', says: { en: "the legal person's Weixin ID is missing.", zh: '缺少法人微信号。' }, next: ASK_WEIXIN_ID },
  'sheet:wechat_phone': { severity: 'error', who: 'merchant', says: { en: 'this is a phone or QQ number, not a Weixin ID.', zh: '这是手机号或 QQ 号，不是微信号。' }, next: ASK_WEIXIN_ID },
  'sheet:wechat_shape': { severity: 'error', who: 'merchant', says: { en: 'this is not a Weixin ID: it has 6 to 20 characters, begins with a letter, and goes on with letters, digits, _ and -.', zh: '这不是微信号：微信号为 6–20 位，以字母开头，其余为字母、数字、下划线或减号。' }, next: ASK_WEIXIN_ID },
  'sheet:persona_missing': { severity: 'error', who: 'merchant', says: { en: "the legal person's name is missing.", zh: '缺少法人姓名。' }, next: AS_LEGAL_PERSON },
  'sheet:persona_digits': { severity: 'warning', who: 'merchant', says: { en: "there is a digit in the legal person's name.", zh: '法人姓名中含数字。' }, next: AS_LEGAL_PERSON },
  'sheet:persona_marks': { severity: 'warning', who: 'merchant', says: { en: "there is more than one person's name here: brackets, a separator or a title.", zh: '法人姓名中含括号、分隔符或称呼，不只是一个人的姓名。' }, next: AS_LEGAL_PERSON },

  // The phone
  'sheet:phone_missing': { severity: 'error', who: 'us', says: { en: 'there is no contact phone, and no default either.', zh: '缺少客服电话，也未设默认电话。' }, next: { en: 'Fill in component_phone, or set FASTREGISTER_COMPONENT_PHONE; then load the sheet again.', zh: '请填写“客服电话”，或设置 FASTREGISTER_COMPONENT_PHONE，然后重新导入表格。' } },
  'sheet:phone_shape': { severity: 'error', who: 'us', says: { en: 'this is not a phone number.', zh: '这不是电话号码。' }, next: { en: 'Set the column to Text and write digits and hyphens only.', zh: '请将该列设为“文本”格式，只写数字和连字符。' } },
  'sheet:phone_scientific': { severity: 'error', who: 'us', says: { en: 'Excel has turned this phone number into {detail}; digits are lost.', zh: 'Excel 已将该电话变为 {detail}，部分数字已丢失。' }, next: AS_TEXT },
  'sheet:phone_decimal': { severity: 'error', who: 'us', says: { en: 'a program has turned this phone number into a number with a decimal point.', zh: '该电话已被软件变为带小数点的数字。' }, next: AS_TEXT },
  'sheet:contact_damaged': { severity: 'warning', who: 'us', says: { en: "Excel has turned the merchant's phone number into {detail}; nobody can call it. The row is sent all the same.", zh: 'Excel 已将商户的联系电话变为 {detail}，无法拨打；本行仍会提交。' }, next: AS_TEXT },
  'sheet:phone_mobile_length': { severity: 'warning', who: 'us', says: { en: 'the phone looks like a mobile number, but has {detail} digits; such numbers have 11.', zh: '该电话像手机号，但有 {detail} 位；手机号应为 11 位。' }, next: { en: 'Compare it with the number that is meant.', zh: '请核对号码。' } },
  'sheet:phone_leading_zero': { severity: 'warning', who: 'us', says: { en: 'the phone looks like a landline that has lost the zero of its area code.', zh: '该电话像座机号，但缺少区号首位的零。' }, next: AS_TEXT },

  // What the ledger knows of the merchant
  'sheet:too_early': { severity: 'warning', who: 'us', says: { en: 'WeChat refused this merchant because the business registry was not up to date (105), and asks for 5 to 15 working days before it is sent again; 15 have not passed yet.', zh: '微信曾因工商数据未更新拒绝该商户（105），要求 5 至 15 个工作日后再提交，目前未满 15 个工作日。' }, next: { en: 'Loaded now, it is sent at once and may be refused again. To wait, leave the row out and press “Send again” on the page of the merchant in the console (command: `fastregister retry`).', zh: '现在导入会立即提交，可能再次被拒；如需等待，请从表中删除该行，并在控制台的商户页面点“重新提交”（命令：`fastregister retry`）。' } },
  'sheet:refused_before': { severity: 'warning', who: 'us', says: { en: 'WeChat has refused this merchant with the same details.', zh: '微信拒绝过该商户的同样信息。' }, next: { en: 'Loaded now, it is sent again, which costs a call. Unless the merchant has corrected something since (the business registry, the bank card in WeChat), correct the row or leave it out.', zh: '现在导入会再次提交，占用一次调用。除非商户已在工商登记、微信绑卡等处更正，否则请先更正本行，或从表中删除。' } },

  // What was repaired on the way
  'sheet:full_width_repaired': { severity: 'warning', who: 'us', says: { en: 'full-width characters were read as half-width ones.', zh: '全角字符已转为半角。' }, next: NOTHING },
  'sheet:spaces_repaired': { severity: 'warning', who: 'us', says: { en: 'spaces around or inside the value were taken off.', zh: '首尾或中间的空格已去除。' }, next: NOTHING },
  'sheet:invisible_characters': { severity: 'warning', who: 'us', says: { en: 'invisible characters were taken out of the value.', zh: '不可见字符已去除。' }, next: NOTHING },
  'sheet:hyphens_repaired': { severity: 'warning', who: 'us', says: { en: 'hyphens in the code were taken out; only an organisation code has one, before its last character.', zh: '代码中多余的连字符已去除（仅组织机构代码在末位前有一个）。' }, next: NOTHING },
  'sheet:name_space_repaired': { severity: 'warning', who: 'us', says: { en: "spaces between the characters of the person's name were left out.", zh: '姓名各字之间的空格已去除。' }, next: NOTHING },
  'sheet:name_dot_repaired': { severity: 'warning', who: 'us', says: { en: "the dot in the person's name was read as the middle dot · (U+00B7), as registry, bank and WeChat write it.", zh: '姓名中的圆点已统一为间隔号“·”。' }, next: NOTHING },
  'sheet:leading_apostrophe': { severity: 'warning', who: 'us', says: { en: 'an apostrophe in front of the value, a leftover of a spreadsheet program, was taken off.', zh: '开头的撇号（表格软件残留的符号）已去除。' }, next: NOTHING },
} as const satisfies Record<`sheet:${string}`, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

export interface Problem {
  readonly code: ProblemCode;
  readonly severity: 'error' | 'warning';
  readonly column?: Field;
  /** `B17`, or `17` where the sheet has no such column. */
  readonly cell?: string;
  readonly detail?: string;
}

/** What the words of a problem are made from, also when it comes back from the ledger. */
export interface ReportedProblem {
  readonly code: string;
  readonly cell?: string | undefined;
  readonly detail?: string | undefined;
}

/** `B17: Excel has turned this code into 9.11E+17; three digits are lost.`: the report's `reason`. */
export function problemReason(problem: ReportedProblem): Words {
  const says = filled(kindOf(problem.code)?.says ?? same(problem.code), problem);
  const place = placeOf(problem.cell ?? '');
  return { en: place.en + says.en, zh: place.zh + says.zh };
}

/** The same by the column's name: where the row was written into another file, its cell stands elsewhere. */
export function reasonByColumn(problem: ReportedProblem & Pick<Problem, 'column'>): Words {
  const says = problemReason({ ...problem, cell: '' });
  const { column } = problem;
  if (column === undefined) return says;
  return { en: `${columnName(column).en}: ${says.en}`, zh: `${columnName(column).zh}：${says.zh}` };
}

/**
 * Why a row was refused: its errors; or its warnings, where these hold it back. Other warnings come behind, if they call for
 * something.
 */
export function refusalReasons(ofRow: readonly ReportedProblem[]): Words[] {
  const [errors, warnings] = [ofRow.filter((it) => !isWarning(it)), ofRow.filter(isWarning)];
  if (errors.every(({ code }) => code === HELD_BACK)) return [...errors, ...warnings].map(problemReason);
  const others = warnings.filter((it) => stepOf(it) !== NOTHING).map(problemReason);
  return [...errors.map(problemReason), ...(others.length > 0 ? [LOOK_AT] : []), ...others];
}

const HELD_BACK: ProblemCode = 'sheet:held_back';
const LOOK_AT: Words = { en: 'Look at this, too:', zh: '另请留意：' };

/** A row with it is not sent. */
export function isError(code: string): boolean {
  return kindOf(code)?.severity === 'error';
}

/** It was repaired on the way, or is of no consequence. */
export function callsForNothing(code: string): boolean {
  return stepOf({ code }) === NOTHING;
}

function isWarning({ code }: ReportedProblem): boolean {
  return kindOf(code)?.severity === 'warning';
}

/**
 * A problem that stops a row comes before problems that were only repaired: the first one is the report's `problem`.
 */
export function worstFirst<P extends ReportedProblem>(ofRow: readonly P[]): P[] {
  return [...ofRow.filter((problem) => !isWarning(problem)), ...ofRow.filter(isWarning)];
}

/** The report's `who_acts`: who can fix it. */
export function problemActor({ code }: ReportedProblem): Actor | undefined {
  return kindOf(code)?.who;
}

/**
 * What to do about it, among the other problems of its row: "nothing to do" is said only if no other problem remains.
 */
export function problemNextStep(problem: ReportedProblem, ofRow: readonly ReportedProblem[] = [problem]): Words {
  const step = stepOf(problem);
  return step !== NOTHING || ofRow.every((other) => stepOf(other) === NOTHING) ? filled(step, problem) : SILENCE;
}

function filled({ en, zh }: Words, { detail = '…' }: ReportedProblem): Words {
  return { en: en.replace('{detail}', () => detail), zh: zh.replace('{detail}', () => detail) };
}

/** The report's `next_step`: what is to do about a row, each step once. */
export function nextStepsOf(ofRow: readonly ReportedProblem[]): Words[] {
  const steps = ofRow.map((problem) => problemNextStep(problem, ofRow)).filter((step) => step !== SILENCE);
  return [...new Map(steps.map((step) => [step.en, step])).values()];
}

/** Reason and next step together, as `check` prints them. */
export function problemWords(problem: ReportedProblem, ofRow: readonly ReportedProblem[] = [problem]): Words {
  const reason = problemReason(problem);
  const next = problemNextStep(problem, ofRow);
  return { en: `${reason.en} ${next.en}`.trimEnd(), zh: `${reason.zh}${next.zh}` };
}

const SILENCE: Words = { en: '', zh: '' };

function stepOf({ code }: ReportedProblem): Words {
  return kindOf(code)?.next ?? NOTHING;
}

/** A ledger may hold codes of another version of this table: those are shown as they are. */
function kindOf(code: string): ProblemKind | undefined {
  return Object.hasOwn(PROBLEMS, code) ? PROBLEMS[code as ProblemCode] : undefined;
}

function placeOf(cell: string): Words {
  if (cell === '') return { en: '', zh: '' };
  if (/^\d/.test(cell)) return { en: `Row ${cell}: `, zh: `第 ${cell} 行：` };
  return { en: `${cell}: `, zh: `${cell}：` };
}

/** What is said of a search, in every face. */
import type { Words } from '../domain/words.js';

export const NONE_FOUND = (text: string): Words => ({
  en: `No sheet names ${text}. Look for a shorter part of the name, or for the code.`,
  zh: `所有表格中都没有“${text}”。请改用名称中较短的一部分，或用统一社会信用代码查找。`,
});

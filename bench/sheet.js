/** A sheet of many invented merchants. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { creditCodeCheck } from '../dist/src/domain/enterprise-code.js';

/**
 * Every seventh row needs a repair.
 * @param from the number of the first one: other numbers are other merchants
 * @param everyTenthIsWrong its code lacks the check digit
 */
export async function writeSheet(path, rows, { from = 0, everyTenthIsWrong = false } = {}) {
  const out = createWriteStream(path);
  out.write('name,code,legal_persona_wechat,legal_persona_name\n');
  for (let n = from; n < from + rows; n += 1) {
    const body = `91999900MA${String(n).padStart(7, '0')}`;
    const code = everyTenthIsWrong && n % 10 === 0 ? body : body + creditCodeCheck(body);
    const line = `例${n},${code},b_${String(n).padStart(6, '0')},${n % 7 === 0 ? ' ' : ''}张示\n`;
    if (!out.write(line)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
  return path;
}

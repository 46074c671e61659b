/** `explain` of a merchant: the whole history, or which merchants fit the text. */
import { meantBy } from '../app/explain.js';
import { findToolsOf } from '../app/find.js';
import { storyOf } from '../app/history.js';
import { noRegistration } from '../app/registration-named.js';
import { reportOptionsOf } from '../app/report-options.js';
import { clockTime } from '../domain/calendar.js';
import { detailsOf } from '../domain/correction.js';
import { isIdentity } from '../domain/merchant.js';
import type { Language, Words } from '../domain/words.js';
import type { Found } from '../reporter/find.js';
import { historyPage } from '../reporter/history.js';
import { nextOf } from '../reporter/next.js';
import { type CommandContext, EXIT, UsageError } from './command.js';
import { asJson, asText } from './find.js';
import { print, printJson, say } from './terminal.js';

export async function explainMerchant(
  { open, settings }: CommandContext,
  wanted: string,
  language: Language,
  json: boolean,
): Promise<number> {
  const store = await open('interactive');
  const meant = await meantBy(findToolsOf(store), wanted, await reportOptionsOf(store, language));
  switch (meant.kind) {
    case 'none':
      throw isIdentity(wanted) ? noRegistration(wanted) : new UsageError(NOBODY(wanted));
    case 'several':
      await printSeveral(meant.rows, json);
      say(SEVERAL(wanted, meant.rows.length, meant.isCut)[language]);
      return EXIT.badUsage;
    case 'refused_row':
      if (json) await printJson(asJson(meant.row));
      else await print(`${asText(meant.row)}\n`);
      return EXIT.done;
    case 'one':
      break;
  }
  const snapshot = await store.ledger.read(meant.id);
  if (snapshot === undefined) throw new UsageError(NOBODY(wanted));
  const story = await storyOf(store, snapshot);
  const time = (at: number): string => clockTime(at, settings.quotaTimezone, language);
  if (json) {
    const { history, blockedReason } = story;
    const next = nextOf(snapshot.registration, { blockedReason, now: snapshot.now });
    const merchant = snapshot.row?.merchant;
    const details = merchant === undefined ? null : detailsOf(merchant);
    await printJson({
      registration: snapshot.registration,
      merchant: details,
      line: snapshot.row?.line,
      next,
      history,
    });
  } else await print(historyPage(story, language, time));
  return EXIT.done;
}

async function printSeveral(rows: readonly Found[], json: boolean): Promise<void> {
  if (json) return printJson(rows.map(asJson));
  for (const [at, row] of rows.entries()) await print(`${at === 0 ? '' : '\n'}${asText(row)}\n`);
}

const NOBODY = (wanted: string): Words => ({
  en: `${wanted} is neither a merchant of any sheet nor a code that we know. Look for a shorter part of the name, or for the enterprise's code. A code of WeChat is written as in the report's problem, e.g. create:61070.`,
  zh: `${wanted} 不在任何表格中，也不是已知的代码。请缩短名称再试，或使用企业代码。微信的代码写法与报告的 problem 列相同，例如 create:61070。`,
});

const SEVERAL = (wanted: string, count: number, isCut: boolean): Words => ({
  en: `${isCut ? 'More than ' : ''}${count} merchants fit ${wanted}. Choose one by its registration: fastregister explain REGISTRATION`,
  zh: `有${isCut ? '超过' : ''} ${count} 个商户符合“${wanted}”。请按商户编号选择一个：\`fastregister explain 商户编号\``,
});

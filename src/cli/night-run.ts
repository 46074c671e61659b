/** Runs one night in this process, for cron and for people who do not want to wait. */
import { runNightNow } from '../app/run-night.js';
import type { Store } from '../app/wiring/store.js';
import { byOutcome } from '../domain/batch.js';
import type { Night } from '../domain/night.js';
import { OUTCOMES } from '../domain/outcomes.js';
import { nameOnOneLine } from '../domain/printable.js';
import type { Outcome } from '../domain/registration.js';
import { same, type Words } from '../domain/words.js';
import type { NightPlan } from '../nights/night.js';
import { EXIT } from './command.js';
import { spoken } from './language.js';
import { sendEvents } from './shown.js';
import { onInterruption, say, table } from './terminal.js';

export async function runNightHere(store: Store, plan: NightPlan, run = runNightNow): Promise<number> {
  const interruption = onInterruption();
  const result = await run(store, plan, interruption.signal, () => sendEvents(plan.language)).finally(() =>
    interruption.end(),
  );
  if (result === undefined) {
    say({
      en: `Another night works on ${plan.inbox} at the moment. Nothing was done.`,
      zh: `另一个夜间任务正在处理 ${plan.inbox}，未执行任何操作。`,
    });
    return EXIT.done;
  }
  const { night, counts, needing } = result;
  const { notReady = [], noFiles = [], stopped } = night;
  if (night.ending === 'failed') {
    say(same(`${nameOnOneLine(plan.inbox)}: ${stopped ?? ''}`));
    return EXIT.badUsage;
  }
  for (const name of noFiles.map(nameOnOneLine))
    say({
      en: `${name}: not read, because it is a folder, a link or a pipe; put the sheet itself into the inbox, as a file.`,
      zh: `${name}：是文件夹、链接或管道，未读取；请将表格文件本身放入收件文件夹。`,
    });
  for (const name of notReady.map(nameOnOneLine))
    say({
      en: `${name}: not ready, because it was changed less than a minute ago; put ${name}.ready beside it, or run again.`,
      zh: `${name}：一分钟内有改动，暂未处理；请在旁边放一个 ${name}.ready，或稍后重新执行。`,
    });
  if (night.files.length + night.rejected.length + notReady.length + noFiles.length === 0)
    say({ en: `No sheet lies in ${plan.inbox}.`, zh: `${plan.inbox} 中没有表格。` });
  for (const file of night.files) {
    const [name, report] = [nameOnOneLine(file.name), nameOnOneLine(file.report)];
    say({ en: `${name}: ${report}`, zh: `${name}：${report}` });
    for (const note of file.notes ?? []) say({ en: `${name}: ${note}`, zh: `${name}：${note}` });
  }
  for (const { name: given, why } of night.rejected) {
    const name = nameOnOneLine(given);
    say({ en: `${name}: rejected: ${why}`, zh: `${name}：未导入：${why}` });
  }
  const outcomes = Object.entries(byOutcome(counts)).map(([outcome, count]) => [
    `  ${spoken({ en: outcome, zh: OUTCOMES[outcome as Outcome].zh })}`,
    String(count),
  ]);
  if (outcomes.length > 0) say(table(outcomes));
  return statusOf(night, needing, interruption.status());
}

const INTERRUPTED: Words = {
  en: 'Interrupted. The next run goes on where this one stopped.',
  zh: '已中断。下次执行将从中断处继续。',
};

/** No signal came: the lease of the inbox ended before it was renewed. */
const LOST: Words = {
  en: 'Stopped: this process stood still, or was too slow, for more than a minute, and another night may have taken the inbox since. `fastregister schedule list` and `fastregister status` show what goes on; the next run goes on where this one stopped.',
  zh: '已停止：本进程停顿或过慢超过一分钟，收件文件夹可能已由另一个夜间任务接管。可用 `fastregister schedule list` 和 `fastregister status` 查看进展；下次执行将从中断处继续。',
};

function statusOf({ ending, stopped, rejected }: Night, needing: number, interrupted: number): number {
  if (ending === 'interrupted') {
    say(interrupted === 0 ? LOST : INTERRUPTED);
    return interrupted || EXIT.ourFault;
  }
  if (ending === 'stopped') {
    say({ en: `Stopped. ${stopped ?? ''}`, zh: `已停止。${stopped ?? ''}` });
    return EXIT.stopped;
  }
  if (rejected.length > 0) return EXIT.badUsage;
  return needing > 0 ? EXIT.someNeedAPerson : EXIT.done;
}

/** Loading and sending, as a terminal shows them. */
import { noPhone, replacedRows } from '../app/check-words.js';
import { type LoadRequest, loadFiles } from '../app/load.js';
import type { SendEvents } from '../app/send-and-listen.js';
import type { SheetFile } from '../app/sheets.js';
import type { Store } from '../app/wiring/store.js';
import { type Batch, byOutcome, type Counts } from '../domain/batch.js';
import { countedInWords } from '../domain/outcome-words.js';
import { nameOnOneLine } from '../domain/printable.js';
import { counted, type Language, type Words } from '../domain/words.js';
import type { Loaded } from '../producer/load.js';
import { spoken } from './language.js';
import { openPace, progressLine } from './progress.js';
import { openProgress, say } from './terminal.js';

/** @throws SheetError */
export async function loadShown(store: Store, files: readonly string[], request: LoadRequest): Promise<Loaded[]> {
  const examples = new Map<string, boolean>();
  let withoutPhone = 0;
  let progress = openProgress();
  try {
    const done = await loadFiles(store, files, request, {
      onOpened(opened) {
        sayNotes(opened);
        examples.set(opened.file, opened.sheet.hasExample === true);
      },
      onProgress(file, rows) {
        const name = nameOnOneLine(file);
        progress.show(spoken({ en: `${name}: ${counted(rows, 'row')}`, zh: `${name}：${rows} 行` }));
      },
      onLoaded(file, loaded) {
        progress.end();
        say(describe(nameOnOneLine(file), loaded, request));
        if (loaded.batch.rows === 0) say(noMerchants(file, examples.get(file) === true));
        withoutPhone += loaded.withoutPhone ?? 0;
        progress = openProgress();
      },
    });
    if (withoutPhone > 0) say(noPhone(withoutPhone));
    return done;
  } finally {
    progress.end();
  }
}

export function sayNotes({ file, sheet }: SheetFile): void {
  const name = nameOnOneLine(file);
  for (const { en, zh } of sheet.notes) say({ en: `${name}: ${en}`, zh: `${name}：${zh}` });
}

/** For a sheet without a row, such as an empty template. */
export function noMerchants(file: string, hasExample: boolean): Words {
  const name = nameOnOneLine(file);
  const what: Words = hasExample
    ? { en: 'there is no merchant in it, only the example row of the template', zh: '表中没有商户，只有模板的示例行' }
    : { en: 'there is no merchant in it', zh: '表中没有商户' };
  const where: Words = hasExample
    ? { en: 'below the example, which is not read', zh: '请在示例行（不会读取）下方' }
    : { en: 'below the headings', zh: '请在表头下方' };
  return {
    en: `${name}: ${what.en}. Write one merchant a row ${where.en}, save the file, and give the same command again.`,
    zh: `${name}：${what.zh}。${where.zh}逐行填写商户，保存后再次运行同一命令。`,
  };
}

/** What a run shows while it sends. */
export function sendEvents(language: Language): SendEvents {
  const progress = openProgress();
  const paceOf = openPace();
  const options = { language, withBar: process.stderr.isTTY === true };
  return {
    onProgress({ counts, now }) {
      const { blockedReason } = now;
      const note = blockedReason && { about: blockedReason.problem, text: blockedReason.reason[language] };
      const pace = paceOf(counts, Date.now());
      // While nothing is sent, no estimate is possible.
      progress.show(progressLine(counts, now, note === undefined ? pace : undefined, options), note);
    },
    onSettled: () => progress.end(),
    onOtherReceiver: (address) =>
      say({
        en: `Pushes are taken by the fastregister receiver that already listens on ${address}.`,
        zh: `推送由已在 ${address} 监听的 fastregister 接收服务接收。`,
      }),
  };
}

function describe(name: string, { batch, known, counts }: Loaded, { acceptWarnings }: LoadRequest): Words {
  const { id, rows } = batch;
  if (batch.purgedAt !== undefined) {
    return {
      en: `${name}: was batch ${id}, whose merchants were purged; nothing was changed. To load it anew, change the file.`,
      zh: `${name}：曾为批次 ${id}，其商户信息已清除，本次没有任何变化。如需重新导入，请先修改文件。`,
    };
  }
  if (known) {
    const again = aboutFailed(batch, counts);
    return {
      en: `${name}: known already as batch ${id} (${counted(rows, 'row')}); nothing was changed.${again.en}`,
      zh: `${name}：此前已导入为批次 ${id}（${rows} 行），本次没有任何变化。${again.zh}`,
    };
  }
  const outcomes = Object.entries(counts);
  const [en, zh] = [
    outcomes.map(([name, count]) => `${count} ${name}`).join(', '),
    outcomes.map(([name, count]) => `${countedInWords(name).zh} ${count}`).join('，'),
  ];
  const warnings = aboutWarnings(batch, acceptWarnings);
  const replaced = aboutReplaced(batch);
  return {
    en: `${name}: batch ${id}, ${counted(rows, 'row')}${en === '' ? '' : `: ${en}`}.${warnings.en}${replaced.en}`,
    zh: `${name}：批次 ${id}，共 ${rows} 行${zh === '' ? '' : `：${zh}`}。${warnings.zh}${replaced.zh}`,
  };
}

/** The same file is often loaded for these. */
function aboutFailed({ id }: Batch, counts: Counts): Words {
  const { rejected = 0, expired = 0 } = byOutcome(counts);
  if (rejected + expired === 0) return { en: '', zh: '' };
  return {
    en: ` Rows that have failed are sent again by \`fastregister retry ${id}\`.`,
    zh: `失败的行可用 \`fastregister retry ${id}\` 重新提交。`,
  };
}

function aboutReplaced({ replaces = 0 }: Batch): Words {
  if (replaces === 0) return { en: '', zh: '' };
  const { en, zh } = replacedRows(replaces);
  return { en: ` ${en}`, zh };
}

function aboutWarnings({ warned = 0 }: Batch, accepted: boolean): Words {
  if (warned === 0) return { en: '', zh: '' };
  const what: Words = accepted
    ? { en: 'accepted all the same', zh: '仍会提交' }
    : { en: 'held back by --accept-warnings=no', zh: '按 --accept-warnings=no 暂不提交' };
  return {
    en: ` ${warned} ${warned === 1 ? 'row has' : 'rows have'} warnings and ${warned === 1 ? 'was' : 'were'} ${what.en}.`,
    zh: `其中 ${warned} 行有警告，${what.zh}。`,
  };
}

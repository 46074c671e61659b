import { applyPurge, previewPurge, rowsOf } from '../app/purge.js';
import type { Batch } from '../domain/batch.js';
import { isoWithOffset } from '../domain/calendar.js';
import { parseDuration } from '../domain/patience.js';
import { counted } from '../domain/words.js';
import { type CommandContext, EXIT, UsageError } from './command.js';
import { agreed } from './question.js';
import { printJson, say } from './terminal.js';

export interface PurgeFlags {
  readonly olderThan: string;
  readonly yes?: true;
  readonly json?: true;
}

export async function purgeAction({ open, settings }: CommandContext, options: PurgeFlags): Promise<number> {
  const now = Date.now();
  const time = now - ageFrom(options.olderThan);
  const store = await open('background');
  const wanted = await previewPurge(store, time);
  const { batches, rows } = wanted;
  if (options.json && !options.yes) {
    await printJson({ batches: idsOf(batches), rows });
    return EXIT.done;
  }
  if (wanted.isEmpty && !options.yes) {
    say({ en: 'Nothing is that old.', zh: '没有这么早的信息，无需清除。' });
    return EXIT.done;
  }
  const before = isoWithOffset(time, settings.quotaTimezone);
  const question = {
    en: `Forget ${counted(batches.length, 'batch')} with ${counted(rows, 'row')}, and every push that came before ${new Date(time).toISOString()}? This cannot be undone.`,
    zh: `将清除 ${batches.length} 个批次（共 ${rows} 行），以及 ${before} 之前收到的全部推送。清除后无法恢复。`,
  };
  if (!options.yes && !(await agreed(question))) {
    say({ en: 'Nothing was forgotten.', zh: '未清除任何信息。' });
    return EXIT.done;
  }
  const purged = await applyPurge(store, wanted, now);
  if (options.json) {
    await printJson({
      ...purged,
      batches: idsOf(purged.batches),
      rows: rowsOf(purged.batches),
      kept: idsOf(purged.kept),
    });
    return EXIT.done;
  }
  say({
    en: `Forgotten: ${counted(purged.batches.length, 'batch')}, ${counted(purged.registrations, 'registration')}, ${counted(purged.pushes, 'push')}.${LEFT[purged.rewrite].en}`,
    zh: `已清除：批次 ${purged.batches.length} 个，注册 ${purged.registrations} 个，推送 ${purged.pushes} 条。${LEFT[purged.rewrite].zh}`,
  });
  if (purged.kept.length > 0) {
    say({
      en: `Kept: ${idsOf(purged.kept).join(', ')}. A row was sent again meanwhile; what was purged before that was seen is forgotten. Purge again when it is over.`,
      zh: `已保留：${idsOf(purged.kept).join('、')}。其中的行在此期间已重新提交，发现之前已清除的行不再恢复；请待其结束后再次清除。`,
    });
  }
  return EXIT.done;
}

function idsOf(batches: readonly Batch[]): string[] {
  return batches.map(({ id }) => id);
}

const LEFT = {
  done: { en: '', zh: '' },
  nothing: { en: '', zh: '' },
  forbidden: {
    en: ' This Redis rewrites its append-only file on its own schedule: until then they are on its disk.',
    zh: '该 Redis 按自己的计划重写 AOF 文件，在此之前磁盘上仍有这些信息。',
  },
};

/** A number alone is one of days. */
function ageFrom(text: string): number {
  try {
    return parseDuration(/^\d+$/.test(text.trim()) ? `${text.trim()}d` : text);
  } catch (cause) {
    throw new UsageError(
      {
        en: `--older-than "${text}": write a number of days from 1, such as 90 or 90d.`,
        zh: `--older-than "${text}"：请填写不小于 1 的天数，如 90 或 90d。`,
      },
      { cause },
    );
  }
}

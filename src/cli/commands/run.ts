import type { Command } from 'commander';
import { command, perform } from '../command.js';
import { spoken } from '../language.js';
import type { RunFlags } from '../run.js';
import { CANARY, withSheetOptions } from '../sheets.js';

export function runCommand(): Command {
  return withSheetOptions(
    command(
      'run [FILE...]',
      {
        en: 'Loads, sends, listens and reports in one process, until every row has its outcome. Interrupted, the same command goes on where it stopped.',
        zh: '在一个进程中完成导入、提交、接收推送和报告，直到每一行都有结果。中断后再次运行同一命令即可继续。',
      },
      'fastregister run merchants.csv -o outcomes.csv',
    ),
  )
    .option(
      '--inbox <DIR>',
      spoken({
        en: 'instead of files: one night over this folder, for cron; see docs/nights.md',
        zh: '不写文件，而是对此文件夹执行一次夜间任务，供 cron 调用；见 docs/nights.md',
      }),
    )
    .option('--until <submitted>', spoken({ en: 'return when every row has been sent', zh: '全部行提交后即结束' }))
    .option(
      '-o, --output <FILE>',
      spoken({
        en: 'write the report to this file (NAME.xlsx is a workbook; of several sheets: into this folder); else to stdout',
        zh: '报告写入此文件（文件名以 .xlsx 结尾时为 Excel 工作簿；有多个表格时写入此文件夹）；不写则打印到屏幕',
      }),
    )
    .option('--force', spoken({ en: 'overwrite the report', zh: '覆盖已有的报告' }))
    .option('--canary <N>', spoken(CANARY))
    .action(async (files: string[], options: RunFlags, made: Command) =>
      perform(made, { needs: ['wechat', 'sending', 'push', 'encryption'] }, async (context) =>
        (await import('../run.js')).runAction(context, files, options),
      ),
    );
}

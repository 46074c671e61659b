import type { Command } from 'commander';
import { AS_JSON, command, perform } from '../command.js';
import { spoken } from '../language.js';
import type { ReconcileFlags } from '../reconcile.js';

export function reconcileCommand(): Command {
  return command(
    'reconcile',
    {
      en: "Looks for silent registrations in WeChat's list of accounts, for pushes that never came; shows what it finds.",
      zh: '推送未到时，在微信的授权账号列表中查找没有结果的注册，并显示查到的内容。',
    },
    'fastregister reconcile --apply',
  )
    .option(
      '--apply',
      spoken({
        en: 'record what was found: the registrations become created',
        zh: '记录查到的内容：相应注册变为已创建',
      }),
    )
    .option('--json', spoken(AS_JSON))
    .action(async (options: ReconcileFlags, made: Command) =>
      perform(made, { needs: ['wechat', 'encryption'] }, async (context) =>
        (await import('../reconcile.js')).reconcileAction(context, options),
      ),
    );
}

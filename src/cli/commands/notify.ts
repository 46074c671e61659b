import { Command } from 'commander';
import { AS_JSON, command, perform } from '../command.js';
import { spoken } from '../language.js';

export function notifyCommand(): Command {
  return new Command('notify')
    .description(
      spoken({
        en: 'Messages to the team and to programs, at the addresses of FASTREGISTER_NOTIFY_URL.',
        zh: '向团队和程序发送通知，地址见 FASTREGISTER_NOTIFY_URL。',
      }),
    )
    .addCommand(testCommand().exitOverride());
}

function testCommand(): Command {
  return command(
    'test',
    {
      en: 'Sends a test notice to each address of FASTREGISTER_NOTIFY_URL, and says what each of them answered. Ends with 1 where one did not take it.',
      zh: '向 FASTREGISTER_NOTIFY_URL 的每个地址发送测试通知，并显示各自的应答。有地址未接收时以 1 退出。',
    },
    'fastregister notify test --lang zh',
  )
    .option('--json', spoken(AS_JSON))
    .action(async (options: { json?: true }, made: Command) =>
      perform(made, {}, async ({ settings }) =>
        (await import('../notify.js')).testNotifyAction(settings, options.json === true),
      ),
    );
}

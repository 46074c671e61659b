import { Command } from 'commander';
import { command, DO_NOT_ASK, perform } from '../command.js';
import { spoken } from '../language.js';

export function ledgerCommand(): Command {
  return new Command('ledger')
    .description(
      spoken({
        en: 'What this ledger was made for: platform, address of WeChat, secret key.',
        zh: '登记簿所属的平台、微信地址和密钥。',
      }),
    )
    .addCommand(adoptCommand().exitOverride());
}

function adoptCommand(): Command {
  return command(
    'adopt',
    {
      en: 'Accepts a changed platform, address of WeChat or secret key on purpose; otherwise every command refuses the ledger.',
      zh: '确认采用已更改的平台、微信地址或密钥；否则所有命令都会拒绝使用该登记簿。',
    },
    'fastregister ledger adopt',
  )
    .option('--yes', spoken(DO_NOT_ASK))
    .option('--json', spoken({ en: 'print the differences as JSON', zh: '以 JSON 输出差异' }))
    .action(async (options: { yes?: true; json?: true }, made: Command) =>
      perform(made, {}, async (context) => (await import('../ledger.js')).adoptLedgerAction(context, options)),
    );
}

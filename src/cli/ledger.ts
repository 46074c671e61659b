import { Command } from 'commander';
import { adopt, ledgerDifferences } from '../app/ledger.js';
import { command, DO_NOT_ASK, EXIT, perform } from './command.js';
import { spoken } from './language.js';
import { agreed } from './question.js';
import { print, printJson, say, table } from './terminal.js';

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
      perform(made, {}, async ({ open }) => {
        const store = await open('interactive', undefined, 'any');
        const differences = await ledgerDifferences(store);
        if (options.json)
          await printJson(differences.map((difference) => ({ ...difference, says: difference.says.en })));
        else if (differences.length > 0) {
          const rows = differences.map(({ says, ledger, here }) => [`  ${spoken(says)}`, ledger, '→', here]);
          await print(`${table(rows)}\n`);
        }
        if (differences.length === 0) {
          say({
            en: 'The ledger has what the settings give; nothing was changed.',
            zh: '登记簿与配置一致，未作更改。',
          });
          return EXIT.done;
        }
        if (differences.some(({ field }) => field === 'secretKey')) {
          say({
            en: 'Refresh tokens that the old key has sealed cannot be opened with the new one.',
            zh: '旧密钥加密的刷新令牌无法用新密钥解密。',
          });
        }
        if (
          !options.yes &&
          !(await agreed({
            en: 'Is this the same platform, so that its merchants stay registered?',
            zh: '请确认仍是同一平台，已注册的商户继续有效。',
          }))
        ) {
          say({ en: 'Nothing was changed.', zh: '未作更改。' });
          return EXIT.done;
        }
        await adopt(store);
        say({ en: 'The ledger has taken over what the settings give.', zh: '登记簿已采用当前配置。' });
        return EXIT.done;
      }),
    );
}

import { adopt, ledgerDifferences } from '../app/ledger.js';
import { type CommandContext, EXIT } from './command.js';
import { spoken } from './language.js';
import { agreed } from './question.js';
import { print, printJson, say, table } from './terminal.js';

export async function adoptLedgerAction(
  { open }: CommandContext,
  options: { yes?: true; json?: true },
): Promise<number> {
  const store = await open('interactive', undefined, 'any');
  const differences = await ledgerDifferences(store);
  if (options.json) await printJson(differences.map((difference) => ({ ...difference, says: difference.says.en })));
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
}

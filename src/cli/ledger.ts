import { Command } from 'commander';
import { adopt, ledgerDifferences } from '../app/ledger.js';
import { command, EXIT, perform } from './command.js';
import { agreed } from './question.js';
import { print, printJson, say, table } from './terminal.js';

export function ledgerCommand(): Command {
  return new Command('ledger')
    .description('What this ledger was made for: platform, address of WeChat, secret key.')
    .addCommand(adoptCommand().exitOverride());
}

function adoptCommand(): Command {
  return command(
    'adopt',
    'Accepts a changed platform, address of WeChat or secret key on purpose; otherwise every command refuses the ledger.',
    'fastregister ledger adopt',
  )
    .option('--yes', 'do not ask')
    .option('--json', 'print the differences as JSON')
    .action(async (options: { yes?: true; json?: true }, made: Command) =>
      perform(made, {}, async ({ open }) => {
        const store = await open('interactive', undefined, false);
        const differences = await ledgerDifferences(store);
        if (options.json)
          await printJson(differences.map((difference) => ({ ...difference, says: difference.says.en })));
        else if (differences.length > 0) {
          const rows = differences.map(({ says, ledger, here }) => [`  ${says.en}`, ledger, '→', here]);
          await print(`${table(rows)}\n`);
        }
        if (differences.length === 0) {
          say('The ledger has what the settings give; nothing was changed.');
          return EXIT.done;
        }
        if (differences.some(({ field }) => field === 'secretKey')) {
          say('Refresh tokens that the old key has sealed cannot be opened with the new one.');
        }
        if (!options.yes && !(await agreed('Is this the same platform, so that its merchants stay registered?'))) {
          say('Nothing was changed.');
          return EXIT.done;
        }
        await adopt(store);
        say('The ledger has taken over what the settings give.');
        return EXIT.done;
      }),
    );
}

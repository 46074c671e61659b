import type { Command } from 'commander';
import { examine } from '../app/doctor/doctor.js';
import type { Finding } from '../app/doctor/finding.js';
import { checkSettings } from '../app/doctor/settings.js';
import { readDotenv, readSettings } from '../config.js';
import { command, EXIT, perform } from './command.js';
import { print, printJson, table } from './terminal.js';

export function doctorCommand(): Command {
  return command(
    'doctor',
    "Checks settings, Redis, WeChat's clock, ticket, token, registration API and quota. Sends nothing about any merchant.",
    'fastregister doctor',
  )
    .addHelpText(
      'after',
      '\nEnds with 0 when there is no fault, 2 for settings, 5 for Redis, and 4 for anything else that keeps it from sending.',
    )
    .option('--json', 'print as JSON')
    .action(async (options: { json?: true }, made: Command) => {
      const tell = async (findings: readonly Finding[]): Promise<void> =>
        options.json ? printJson(findings) : print(`${describe(findings)}\n`);
      const { settings, findings: ofSettings } = checkSettings((needs) =>
        readSettings({ env: process.env, dotenv: readDotenv(process.cwd()), flags: made.opts(), needs }),
      );
      if (settings === undefined) {
        await tell(ofSettings);
        process.exitCode = EXIT.badUsage;
        return;
      }
      await perform(made, {}, async ({ open }) => {
        const findings = [...ofSettings, ...(await examine((claim) => open('interactive', undefined, claim)))];
        await tell(findings);
        return statusOf(findings);
      });
    });
}

function statusOf(findings: readonly Finding[]): number {
  const faults = findings.filter(({ verdict }) => verdict === 'fault').map(({ check }) => check);
  if (faults.length === 0) return EXIT.done;
  if (faults.includes('settings') || faults.includes('ledger')) return EXIT.badUsage;
  return faults.includes('Redis') || faults.includes('persistence') ? EXIT.redisUnreachable : EXIT.stopped;
}

function describe(findings: readonly Finding[]): string {
  const rows = findings.flatMap(({ check, verdict, says, todo }) => [
    [verdict, check, says],
    ...(todo === undefined ? [] : [['', '', `→ ${todo}`]]),
  ]);
  return table(rows);
}

import type { Command } from 'commander';
import { examine } from '../app/doctor/doctor.js';
import { CHECKS, type Finding, VERDICTS } from '../app/doctor/finding.js';
import { checkHome } from '../app/doctor/home.js';
import { checkSettings } from '../app/doctor/settings.js';
import { readDotenv, readSettings } from '../config.js';
import { EXIT, perform } from './command.js';
import { spoken } from './language.js';
import { print, printJson, table } from './terminal.js';

/** It says what is wrong with settings with which no other command runs. */
export async function doctorAction(made: Command, options: { json?: true }): Promise<void> {
  const printFindings = async (findings: readonly Finding[]): Promise<void> =>
    options.json ? printJson(findings.map(inOneLanguage)) : print(`${describe(findings)}\n`);
  const { settings, findings: ofSettings } = checkSettings((needs) =>
    readSettings({ env: process.env, dotenv: readDotenv(process.cwd()), flags: made.opts(), needs }),
  );
  if (settings === undefined) {
    await printFindings(ofSettings);
    process.exitCode = EXIT.badUsage;
    return;
  }
  // Before a private Redis is started there.
  const home = checkHome(settings);
  await perform(made, {}, async ({ open }) => {
    const found = await examine((use) => open('interactive', undefined, use));
    const findings = [...ofSettings, home, ...found];
    await printFindings(findings);
    return statusOf(findings);
  });
}

function statusOf(findings: readonly Finding[]): number {
  const faults = findings.filter(({ verdict }) => verdict === 'fault').map(({ check }) => check);
  if (faults.length === 0) return EXIT.done;
  if (faults.includes('settings') || faults.includes('ledger')) return EXIT.badUsage;
  const ofRedis = ['Redis', 'writes', 'persistence'] as const;
  return ofRedis.some((check) => faults.includes(check)) ? EXIT.redisUnreachable : EXIT.stopped;
}

function inOneLanguage({ check, verdict, says, todo }: Finding): object {
  return { check, verdict, says: spoken(says), ...(todo && { todo: spoken(todo) }) };
}

function describe(findings: readonly Finding[]): string {
  const rows = findings.flatMap(({ check, verdict, says, todo }) => [
    [spoken(VERDICTS[verdict]), spoken(CHECKS[check]), spoken(says)],
    ...(todo === undefined ? [] : [['', '', `→ ${spoken(todo)}`]]),
  ]);
  return table(rows);
}

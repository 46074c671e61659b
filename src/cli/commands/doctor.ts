import type { Command } from 'commander';
import { AS_JSON, command } from '../command.js';
import { spoken } from '../language.js';

export function doctorCommand(): Command {
  return command(
    'doctor',
    {
      en: "Checks settings, Redis, WeChat's clock, ticket, token, registration API and quota. Sends nothing about any merchant.",
      zh: '检查配置、Redis、时钟、票据、令牌、注册接口和额度，并说明怎么修。不提交任何商户。',
    },
    'fastregister doctor',
  )
    .addHelpText(
      'after',
      `\n${spoken({
        en: 'Ends with 0 when there is no fault, 2 for settings, 5 for Redis, and 4 for anything else that keeps it from sending.',
        zh: '退出状态：0 没有故障，2 配置有误，5 Redis 有误，4 其他原因导致无法提交。',
      })}`,
    )
    .option('--json', spoken(AS_JSON))
    .action(async (options: { json?: true }, made: Command) =>
      (await import('../doctor.js')).doctorAction(made, options),
    );
}

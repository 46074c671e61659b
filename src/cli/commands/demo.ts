import type { Command } from 'commander';
import { command, perform, UsageError } from '../command.js';
import { DEMO_SHEETS, type DemoApi } from '../demo-sheets.js';
import { spoken } from '../language.js';

interface DemoFlags {
  readonly lang?: string;
  readonly api: string;
  readonly console?: true;
}

export function demoCommand(): Command {
  return command(
    'demo',
    {
      en: 'Runs samples/merchants.csv, merchants of every fate, to a finished report against the simulator, on a private Redis.',
      zh: '用模拟器和私有 Redis 处理 samples/merchants.csv（包含各种结果的商户），直至生成报告。',
    },
    'fastregister demo',
  )
    .option(
      '--api <NAME>',
      spoken({
        en: `which registration API: ${Object.keys(DEMO_SHEETS).join(' or ')}`,
        zh: `注册接口：${Object.keys(DEMO_SHEETS).join(' 或 ')}`,
      }),
      'fastregisterweapp',
    )
    .option(
      '--console',
      spoken({
        en: 'with the console on it, whose address and password are printed; stays open until Ctrl-C',
        zh: '同时打开控制台并显示其地址和密码，直到按 Ctrl-C',
      }),
    )
    .action(async ({ api, lang, console }: DemoFlags, made: Command) =>
      perform(made, {}, async (context) =>
        (await import('../demo.js')).demoAction(context, { api: apiFrom(api), lang, console }),
      ),
    );
}

function apiFrom(name: string): DemoApi {
  if (Object.hasOwn(DEMO_SHEETS, name)) return name as DemoApi;
  throw new UsageError({
    en: `--api ${name}: write ${Object.keys(DEMO_SHEETS).join(' or ')}.`,
    zh: `--api ${name}：请填写 ${Object.keys(DEMO_SHEETS).join(' 或 ')}。`,
  });
}

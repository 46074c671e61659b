import type { Command } from 'commander';
import type { Words } from '../../domain/words.js';
import { command, perform } from '../command.js';
import { spoken } from '../language.js';
import type { SimulateFlags } from '../simulate.js';

export function simulateCommand(): Command {
  return command(
    'simulate',
    {
      en: 'The WeChat simulator as a server of its own, to rehearse a batch on. Its README lists the fates of rows.',
      zh: '独立运行的微信模拟器，用于演练批次。各行可指定的结果见其 README。',
    },
    spoken(SIMULATE_EXAMPLE),
  )
    .option('--host <HOST>', spoken({ en: 'address to listen on', zh: '监听地址' }), '127.0.0.1')
    .option('--port <PORT>', spoken({ en: 'port to listen on', zh: '监听端口' }), '8490')
    .option('--speed <N>', spoken({ en: 'simulated seconds per second', zh: '每秒模拟的秒数' }), '1')
    .option('--seed <N>', spoken({ en: 'of the mix', zh: '随机分配结果的种子' }), '1')
    .option(
      '--mix <FATE=WEIGHT,...>',
      spoken({
        en: 'fates of rows that name none, e.g. ok=80,p100003=15,p103=5',
        zh: '未指定结果的行按此比例分配，如 ok=80,p100003=15,p103=5',
      }),
    )
    .option(
      '--simulated-daily-calls <N>',
      spoken({ en: "the simulator's own daily quota", zh: '模拟器自身的每日额度' }),
    )
    .option(
      '--simulated-day-begins <DURATION>',
      spoken({
        en: 'how long after midnight in Beijing its day begins, e.g. 2s',
        zh: '模拟器的一天在北京时间零点之后多久开始，如 2s',
      }),
    )
    .option(
      '--retired',
      spoken({
        en: 'the first registration API answers -1, as since 2026-04-30',
        zh: '第一个注册接口返回 -1，与 2026-04-30 起的情况一致',
      }),
    )
    .option('--fates', spoken({ en: 'list the fates and end', zh: '列出可指定的结果后退出' }))
    .action(async (options: SimulateFlags, made: Command) =>
      perform(made, { homeless: true, defaults: defaultsFor(options) }, async (context) =>
        (await import('../simulate.js')).simulateAction(context, options),
      ),
    );
}

/** Against WeChat's own address there is no default: a rehearsal is of what can be called there, unless it is of its end. */
function defaultsFor({ retired }: SimulateFlags): Readonly<Record<string, string>> {
  return { WECHAT_REGISTRATION_API: retired ? 'fastregisterweapp' : 'fastregisterenterpriseweapp' };
}

const SIMULATE_EXAMPLE: Words = {
  en: 'fastregister simulate --speed 1440   # a day a minute; then put what it prints into .env',
  zh: 'fastregister simulate --speed 1440   # 一分钟模拟一天；然后把它打印的配置写入 .env',
};

import type { Command } from 'commander';
import type { Need } from '../../config.js';
import { command, perform, UsageError } from '../command.js';
import { spoken } from '../language.js';
import type { ServePart } from '../serve.js';

const NEEDS: Readonly<Record<ServePart, readonly Need[]>> = {
  work: ['wechat', 'sending', 'encryption'],
  listen: ['push', 'encryption'],
  nights: [],
  console: [],
};

const PARTS = Object.keys(NEEDS) as readonly ServePart[];

export function serveCommand(): Command {
  return command(
    'serve',
    {
      en: 'Everything in one process: worker, receiver, nightly runs, and the console with /livez, /readyz and /metrics.',
      zh: '在一个进程中运行全部服务：工作进程、接收服务、夜间任务，以及控制台（/livez、/readyz 和 /metrics）。',
    },
    'fastregister serve',
  )
    .option(
      '--only <PART,...>',
      spoken({
        en: `only these parts: ${PARTS.join(', ')}`,
        zh: `只运行这些部分：${PARTS.join('、')}`,
      }),
    )
    .action(async (options: { only?: string }, made: Command) => {
      const parts = partsFrom(options.only);
      const needs = parts.flatMap((part) => NEEDS[part]);
      await perform(made, { needs, service: true }, async (context) =>
        (await import('../serve.js')).serveAction(context, parts),
      );
    });
}

function partsFrom(only: string | undefined): readonly ServePart[] {
  if (only === undefined) return PARTS;
  return only.split(',').map((text) => {
    const name = text.trim();
    const part = PARTS.find((it) => it === name);
    if (part === undefined) {
      throw new UsageError({
        en: `--only ${name}: the parts are ${PARTS.join(', ')}.`,
        zh: `--only ${name}：可选的部分有 ${PARTS.join('、')}。`,
      });
    }
    return part;
  });
}

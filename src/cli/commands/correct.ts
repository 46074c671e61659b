import { type Command, Option } from 'commander';
import { BECAUSE, command, DO_NOT_ASK, PREVIEW_AS_JSON, perform } from '../command.js';
import type { CorrectFlags } from '../correct.js';
import { spoken } from '../language.js';

export function correctCommand(): Command {
  const made = command(
    'correct <REGISTRATION>',
    {
      en: "Corrects one merchant's details and sends them, checked like a row of a sheet; shows what changes and asks first.",
      zh: '更正一个商户的信息并提交：与表格一样校验，先列出改动并询问。',
    },
    'fastregister correct abcdefgh234567ab --legal-persona-wechat zhang-san-88',
  )
    .option('--name <TEXT>', spoken({ en: 'the name of the enterprise', zh: '企业名称' }))
    .option('--legal-persona-wechat <ID>', spoken({ en: "the legal person's Weixin ID", zh: '法人微信号' }))
    .option('--legal-persona-name <TEXT>', spoken({ en: "the legal person's name", zh: '法人姓名' }))
    .option(
      '--code-type <1|2|3>',
      spoken({ en: "the code's type; '' lets it follow from the code", zh: "代码类型；写 '' 则按代码判断" }),
    )
    .addOption(new Option('--code <CODE>').hideHelp())
    .option(
      '--by <NAME>',
      spoken({
        en: 'who corrects it, for the history; default: the user of this machine',
        zh: '更正人；默认为本机用户',
      }),
    )
    .option('--because <TEXT>', spoken(BECAUSE))
    .option('--yes', spoken(DO_NOT_ASK))
    .option('--json', spoken(PREVIEW_AS_JSON));
  // The same flag is the setting's; here it is the phone of the row.
  const phone = made.options.find(({ long }) => long === '--component-phone');
  if (phone !== undefined)
    Object.assign(phone, {
      hidden: false,
      description: spoken({ en: "the row's contact phone", zh: '该行的客服电话' }),
    });
  return made.action(async (id: string, options: CorrectFlags) =>
    perform(made, { ownFlag: 'componentPhone' }, async (context) =>
      (await import('../correct.js')).correctAction(context, id, options),
    ),
  );
}

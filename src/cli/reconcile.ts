import { type Compared, compareWithWeChat } from '../app/reconcile.js';
import { counted, type Words } from '../domain/words.js';
import { type CommandContext, EXIT } from './command.js';
import { spoken } from './language.js';
import { print, printJson, say, table } from './terminal.js';

export interface ReconcileFlags {
  readonly apply?: true;
  readonly json?: true;
}

export async function reconcileAction({ open }: CommandContext, options: ReconcileFlags): Promise<number> {
  const compared = await compareWithWeChat(await open('interactive'), options.apply === true);
  await printCompared(compared, options);
  return compared.found.refused === undefined ? EXIT.done : EXIT.stopped;
}

async function printCompared({ found, applied, kept }: Compared, options: ReconcileFlags): Promise<void> {
  const matches = found.matches.map(({ refreshToken: _, ...shown }) => ({
    ...shown,
    applied: applied.some(({ registration }) => registration === shown.registration),
  }));
  const tokens = found.tokens.map(({ registration, appid }) => ({
    registration,
    appid,
    applied: kept.some((token) => token.appid === appid),
  }));
  if (options.json) return printJson({ ...found, matches, tokens });
  if (matches.length > 0) {
    await print(
      `${table(matches.map((match) => [match.registration, match.appid, match.name, spoken(match.applied ? RECORDED : FOUND)]))}\n`,
    );
  }
  say({
    en: `${found.silent} silent registrations, ${matches.length} of them found, ${applied.length} recorded.`,
    zh: `没有结果的注册 ${found.silent} 个，其中查到 ${matches.length} 个，已记录 ${applied.length} 个。`,
  });
  if (found.running > 0)
    say({
      en: `${found.running} more may still run at WeChat; they are not looked for yet.`,
      zh: `另有 ${found.running} 个可能仍在微信处理中，暂不查找。`,
    });
  if (tokens.length > 0) {
    await print(
      `${table(tokens.map((it) => [it.registration, it.appid, spoken(it.applied ? TOKEN_KEPT : TOKEN_FOUND)]))}\n`,
    );
    say({
      en: `${counted(tokens.length, 'Mini Program')} without a refresh token of which WeChat lists one, ${kept.length} kept.`,
      zh: `缺少刷新令牌而在微信查到令牌的小程序 ${tokens.length} 个，已保存 ${kept.length} 个。`,
    });
  }
  if (found.ambiguous.length > 0) {
    say({
      en: `Not recorded, because one name fits several: ${found.ambiguous.join(', ')}. Compare them by hand (fastregister explain).`,
      zh: `同一名称对应多个，未记录：${found.ambiguous.join('、')}。请人工核对（\`fastregister explain\`）。`,
    });
  }
  if (found.refused !== undefined)
    say({ en: `WeChat did not let us read on: ${found.refused}`, zh: `微信未允许继续读取：${found.refused}` });
  if (!options.apply && matches.length + tokens.length > 0)
    say({ en: 'Nothing was changed; --apply records it.', zh: '未作更改；加 --apply 即可记录。' });
}

const FOUND: Words = { en: 'found', zh: '已查到' };

const RECORDED: Words = { en: 'recorded', zh: '已记录' };

const TOKEN_FOUND: Words = { en: 'token found', zh: '已查到令牌' };

const TOKEN_KEPT: Words = { en: 'token kept', zh: '已保存令牌' };

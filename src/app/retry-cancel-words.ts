/** What is asked and answered when rows are to be sent again or withdrawn: the same words for every face. */
import { type Ask, CANNOT, MIND } from '../domain/operator.js';
import type { Words } from '../domain/words.js';
import type { Group } from '../operator/action.js';
import type { ActionSummary } from './retry-cancel.js';

interface AskWords {
  readonly none: Words;
  readonly question: (count: number) => Words;
  /** `can`: how many the preview found. */
  readonly done: (count: number, can: number) => Words;
}

export const ASK_WORDS: Readonly<Record<Ask, AskWords>> = {
  retry: {
    none: { en: 'Nothing can be sent again.', zh: '没有可重新提交的行。' },
    question: (count) => ({ en: `Send ${count} again?`, zh: `将重新提交 ${count} 个。` }),
    done: (count, can) =>
      withOvertaken({ en: `${count} will be sent again.`, zh: `将重新提交 ${count} 个。` }, can - count),
  },
  cancel: {
    none: { en: 'Nothing can be withdrawn.', zh: '没有可撤回的行。' },
    question: (count) => ({ en: `Withdraw ${count}?`, zh: `将撤回 ${count} 个。` }),
    done: (count, can) => withOvertaken({ en: `${count} withdrawn.`, zh: `已撤回 ${count} 个。` }, can - count),
  },
};

/** Workers, pushes, sheets and other people go on while a person reads a preview. */
function withOvertaken({ en, zh }: Words, overtaken: number): Words {
  if (overtaken <= 0) return { en, zh };
  return {
    en: `${en} ${overtaken} could not be done any more: sent, withdrawn or changed in the meantime.`,
    zh: `${zh}另有 ${overtaken} 个未处理：其间已提交、撤回或更改。`,
  };
}

export const NOTHING_DONE: Words = { en: 'Nothing was done.', zh: '未执行任何操作。' };

/** For the history of each registration: the reason and the person. */
export function becauseOf(reason: string, who: string): Words {
  const given = reason === '' ? NO_REASON : { en: reason, zh: reason };
  return { en: `${given.en} (${who})`, zh: `${given.zh} (${who})` };
}

const NO_REASON: Words = { en: 'no reason given', zh: '未填写原因' };

/** How many can be done, what to consider first, and why the others cannot; those of a group are indented. */
export function previewLines({ can, mind, cannot }: ActionSummary): Words[] {
  const groups = (of: ReadonlyMap<string, Group>, sentences: Readonly<Record<string, Words>>): Words[] =>
    [...of].map(([name, { count, lines }]) => {
      const where = lineWords(count, lines);
      return {
        en: `  ${count}: ${sentences[name]?.en} (${where.en})`,
        zh: `  ${count} 个：${sentences[name]?.zh}（${where.zh}）`,
      };
    });
  const cannotCount = [...cannot.values()].reduce((sum, { count }) => sum + count, 0);
  return [
    { en: `${can} can be done.`, zh: `可处理 ${can} 个。` },
    ...(mind.size > 0 ? [{ en: 'Of these', zh: '其中：' }, ...groups(mind, MIND)] : []),
    ...(cannotCount > 0
      ? [{ en: `${cannotCount} cannot`, zh: `不能处理 ${cannotCount} 个：` }, ...groups(cannot, CANNOT)]
      : []),
  ];
}

function lineWords(count: number, lines: readonly number[]): Words {
  const more = count > lines.length ? ' …' : '';
  return {
    en: `line${count === 1 ? '' : 's'} ${lines.join(', ')}${more}`,
    zh: `第 ${lines.join('、')} 行${more}`,
  };
}

/** How an upload is loaded, and the button that loads it: the options of `load`. */
import { rowsToReplace } from '../../app/check-words.js';
import type { FileCheck, Way } from '../../app/uploads/checking.js';
import type { Upload } from '../../app/uploads/folder.js';
import { counted, type Words } from '../../domain/words.js';
import type { View, Visit } from '../visit.js';
import { Confirm } from './confirm.js';
import { FormField } from './field.js';
import { notSentOf } from './sheet-plan.js';

const WORDS = {
  options: { en: 'Options', zh: '选项' },
  hold: { en: 'Hold rows with warnings back', zh: '有警告的行暂不提交' },
  again: { en: 'One more Mini Program for merchants that have one', zh: '已有小程序的商户再注册一个' },
  apply: { en: 'Show the plan', zh: '更新计划' },
  start: { en: 'Start', zh: '启动' },
  title: { en: 'Start these sheets?', zh: '开始提交这些表格？' },
  startsOne: (rows: string, ready: string): Words => ({
    en: `This makes one batch. Rows: ${rows}, of which ${ready} are sent to WeChat.`,
    zh: `将生成一个批次，共 ${rows} 行，其中 ${ready} 行会提交到微信。`,
  }),
  startsMany: (batches: number, rows: string, ready: string): Words => ({
    en: `This makes ${batches} batches, one for each file. Rows in all: ${rows}, of which ${ready} are sent to WeChat.`,
    zh: `每个文件生成一个批次，共 ${batches} 个批次、${rows} 行，其中 ${ready} 行会提交到微信。`,
  }),
  rest: (correct: string, not: string): Words => ({
    en: `Not sent: ${correct} to correct, ${not} for other reasons. The report of the batch says why.`,
    zh: `另有 ${correct} 行需更正、${not} 行因其他原因不提交，批次报告中会说明原因。`,
  }),
  leftOut: (files: number): Words => ({
    en: `${counted(files, 'file')} without a merchant that can be read: left out.`,
    zh: `${files} 个文件无法读取或没有商户，不包括在内。`,
  }),
  held: { en: 'Rows with warnings are held back.', zh: '有警告的行暂不提交。' },
  againFault: {
    en: 'Merchants that have a Mini Program get one more.',
    zh: '已有小程序的商户会再注册一个。',
  },
  canary: { en: 'Canary', zh: '先提交的行数' },
  canaryHint: {
    en: 'Send so many rows of each file first, and the rest when so many were accepted. Empty: all at once.',
    zh: '每个文件先提交这么多行，微信受理满这个数量后再提交其余行；留空则一次全部提交。',
  },
  most: { en: 'Refuse above this share of rows to correct, %', zh: '需更正的行超过此比例（%）时不导入' },
  mostHint: { en: 'Empty: any share is accepted.', zh: '留空则不限制。' },
  remove: { en: 'Remove', zh: '删除' },
  removeTitle: { en: 'Remove this upload?', zh: '删除此上传？' },
  removes: {
    en: 'The uploaded files are deleted here. Nothing of them is in the ledger.',
    zh: '此处的上传文件将被删除；其中的商户尚未导入，不受影响。',
  },
} as const;

export function LoadOptionsForm({ view, path, way }: { view: View; path: string; way: Way }) {
  const file = view.query.get('file');
  return (
    <form class="filters options" method="get" action={path} data-submits>
      {file !== null && <input type="hidden" name="file" value={file} />}
      <label class="tick">
        <input type="checkbox" name="warnings" value="no" checked={!way.acceptWarnings} /> {view.say(WORDS.hold)}
      </label>
      <label class="tick">
        <input type="checkbox" name="again" value="yes" checked={way.again} /> {view.say(WORDS.again)}
      </label>
      <button type="submit">{view.say(WORDS.apply)}</button>
    </form>
  );
}

interface Props {
  readonly visit: Visit;
  readonly upload: Upload;
  /** Of the files that may be started. */
  readonly checks: readonly FileCheck[];
  /** How many others are batches already. */
  readonly known: number;
  readonly way: Way;
}

export function StartButtons({ visit, upload, checks, known, way }: Props) {
  const files = checks.flatMap((check) => (check.kind === 'checked' && check.plan.rows > 0 ? [check] : []));
  // The same sheet twice makes one batch.
  const plans = [...new Map(files.map(({ batch, plan }) => [batch, plan])).values()];
  const sum = (of: (plan: (typeof plans)[number]) => number): number => plans.reduce((all, plan) => all + of(plan), 0);
  const [rows, ready] = [visit.number(sum((it) => it.rows)), visit.number(sum((it) => it.ready))];
  const [invalid, notSent, replaces] = [sum((it) => it.invalid), sum(notSentOf), sum((it) => it.replaces)];
  const leftOut = upload.files.length - known - files.length;
  return (
    <div class="buttons">
      {plans.length > 0 && (
        <Confirm
          visit={visit}
          id="start"
          label={visit.say(WORDS.start)}
          title={visit.say(WORDS.title)}
          action={`/sheets/${upload.id}/start`}
          does={visit.say(WORDS.start)}
          isMain
        >
          {!way.acceptWarnings && <input type="hidden" name="warnings" value="no" />}
          {way.again && <input type="hidden" name="again" value="yes" />}
          <p>
            {visit.say(plans.length === 1 ? WORDS.startsOne(rows, ready) : WORDS.startsMany(plans.length, rows, ready))}
          </p>
          {replaces > 0 && <p>{visit.say(rowsToReplace(replaces))}</p>}
          {invalid + notSent > 0 && <p>{visit.say(WORDS.rest(visit.number(invalid), visit.number(notSent)))}</p>}
          {leftOut > 0 && <p class="fault">{visit.say(WORDS.leftOut(leftOut))}</p>}
          {!way.acceptWarnings && <p>{visit.say(WORDS.held)}</p>}
          {way.again && <p class="fault">{visit.say(WORDS.againFault)}</p>}
          <FormField
            label={visit.say(WORDS.canary)}
            name="canary"
            inputmode="numeric"
            maxlength={6}
            hint={visit.say(WORDS.canaryHint)}
          />
          <FormField
            label={visit.say(WORDS.most)}
            name="most_invalid"
            inputmode="decimal"
            maxlength={8}
            hint={visit.say(WORDS.mostHint)}
          />
        </Confirm>
      )}
      <Confirm
        visit={visit}
        id="remove"
        label={visit.say(WORDS.remove)}
        title={visit.say(WORDS.removeTitle)}
        action={`/sheets/${upload.id}/remove`}
        does={visit.say(WORDS.remove)}
        isDangerous
      >
        <p>{visit.say(WORDS.removes)}</p>
      </Confirm>
    </div>
  );
}

/** Corrected details of one merchant: a form with the checks of the sheet, then what would change, then it is sent. */
import {
  applyCorrection,
  type CorrectableDetails,
  type Correction,
  type CorrectionPreview,
  type Corrections,
  correctableDetails,
  previewCorrection,
} from '../../app/correct.js';
import {
  becomesInWords,
  CREATED,
  DONE,
  INVALID,
  OVERTAKEN,
  type SendAgain,
  SUFFIX,
  UNCHANGED,
} from '../../app/correct-words.js';
import { doOnce, newOnceId, REPEATED } from '../../app/once.js';
import { RequestError } from '../../app/request-error.js';
import { rulesOf } from '../../app/wiring/registration-api.js';
import { columnName } from '../../domain/columns.js';
import { type CorrectableField, detailsOf } from '../../domain/correction.js';
import { readReason } from '../../domain/note.js';
import { printable } from '../../domain/printable.js';
import { type Problem, problemReason, problemWords, reasonByColumn, worstFirst } from '../../domain/problems.js';
import { joined, same, type Words } from '../../domain/words.js';
import { openTypedForms, type Typed } from '../../redis/console-typed.js';
import { Choice, FormField } from '../components/field.js';
import { DataTable } from '../components/table.js';
import { Csrf } from '../layout.js';
import type { ActionVisit, ConsolePage, Route, Visit } from '../visit.js';
import { BUTTONS, WORDS as COMMON } from '../words.js';

const WORDS = {
  title: BUTTONS.correct,
  from: (file: string, line: number): Words => ({ en: `line ${line} of ${file}`, zh: `${file} 第 ${line} 行` }),
  check: { en: 'Check', zh: '校验' },
  change: { en: 'Change it', zh: '修改' },
  because: { en: 'Why, for the history', zh: '原因（记入商户的经过）' },
  otherCode: {
    en: 'Another code is another enterprise: load a sheet with a row for it.',
    zh: '代码不同就是另一家企业，请在表格中另写一行并导入。',
  },
  send: { en: 'Send the corrected details', zh: '提交更正后的信息' },
  detail: { en: 'Detail', zh: '项目' },
  before: { en: 'Before', zh: '原为' },
  after: { en: 'After', zh: '改为' },
  byCode: { en: 'by the shape of the code', zh: '按代码判断' },
  back: { en: 'Back to the merchant', zh: '返回商户' },
} as const;

/** The problems stand beside the fields. */
const REFUSED: Words = { en: INVALID.en.replace(/:$/, '.'), zh: INVALID.zh.replace(/：$/, '。') };

/** Whether workers run is said on `/`; a clerk starts none. */
const DONE_HERE = {
  sent: {
    en: 'The corrected details are queued, and sent by themselves. Batch:',
    zh: '更正后的信息已排队，将自动提交。批次：',
  },
  waits: {
    en: 'The corrected details wait for the end of the task that may be running, and are sent by themselves if it fails. Batch:',
    zh: '更正后的信息正在等待可能在执行的任务结束，任务失败后自动提交。批次：',
  },
} as const satisfies Partial<typeof DONE>;

const retryButton: SendAgain = () => ({ en: '"Send again" on the page of the merchant', zh: '商户页面上的“重新提交”' });

const CODE_TYPES: readonly Words[] = [
  { en: '1 credit code', zh: '1 统一社会信用代码' },
  { en: '2 organisation code', zh: '2 组织机构代码' },
  { en: '3 licence number', zh: '3 营业执照注册号' },
];

export const correctRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/merchants/:id/correct',
    needs: 'operator',
    async show(visit) {
      const { id = '' } = visit.params;
      const preview = await previewCorrection(toolsOf(visit), id, {});
      if (preview.kind === 'created') return notSent(visit, CREATED(preview.appid));
      const details = await detailsNow(visit);
      const typed = await openTypedForms(visit.store.redis).find(visit.csrf, visit.query.get('typed') ?? '');
      if (typed === undefined) return form(visit, details, {});
      const asked = await previewCorrection(toolsOf(visit), id, correctionsIn(typed, details));
      // Unchanged: of the person who has sent the correction, and goes back.
      const isOld = typed.row !== details.pointer && asked.kind !== 'unchanged';
      if (isOld) return form(visit, details, {}, { said: OVERTAKEN });
      return typed.change === 'yes' ? form(visit, details, typed) : checked(visit, details, typed, asked);
    },
  },
  {
    method: 'POST',
    path: '/merchants/:id/correct/check',
    needs: 'operator',
    action: undefined,
    async act({ store, params, csrf, form: { csrf: _, ...typed } }) {
      const kept = await openTypedForms(store.redis).keep(csrf, typed);
      return { to: `/merchants/${params.id ?? ''}/correct?typed=${kept}` };
    },
  },
  {
    method: 'POST',
    path: '/merchants/:id/correct',
    needs: 'operator',
    action: 'merchants.correct',
    act: correct,
  },
];

async function correct(visit: ActionVisit) {
  const { store, params, form, user, language, note } = visit;
  const { id = '' } = params;
  note(id);
  const reason = readReason(form.because ?? '');
  if (reason.kind === 'fault') throw new RequestError('refused', reason.words);
  const done = await doOnce(store, form.once ?? '', async () => {
    const tools = toolsOf(visit);
    const details = await detailsNow(visit);
    const preview = await previewCorrection(tools, id, correctionsIn(form, details));
    // Since the question WeChat may have settled it, or a person corrected it: fields that were not touched would undo that.
    if (preview.kind !== 'ready') throw new RequestError('refused', refusal(id, preview));
    if (form.row !== details.pointer) throw new RequestError('refused', OVERTAKEN);
    const by = { who: user, because: reason.text, suffix: SUFFIX[language], now: Date.now };
    const applied = await applyCorrection(tools, preview.correction, by);
    if (applied.kind === 'overtaken') throw new RequestError('refused', OVERTAKEN);
    note(id, applied.batch.id);
    return {
      to: `/merchants/${id}`,
      said: joined([{ ...DONE, ...DONE_HERE }[applied.became], same(applied.batch.id)]),
    };
  });
  if (done.isRepeated) note(id, REPEATED);
  return { to: done.to, said: done.said };
}

function refusal(id: string, preview: Exclude<CorrectionPreview, { kind: 'ready' }>): Words {
  if (preview.kind === 'created') return CREATED(preview.appid);
  if (preview.kind === 'unchanged') return UNCHANGED(id, preview.batch, preview.state, retryButton);
  return joined([INVALID, ...worstFirst<Problem>(preview.row.problems).map(problemReason)]);
}

function toolsOf({ store }: Visit) {
  const { ledger, batches, settings, identify } = store;
  return { ledger, batches, rules: rulesOf(settings, true, identify) };
}

function detailsNow(visit: Visit): Promise<CorrectableDetails> {
  return correctableDetails(toolsOf(visit), visit.params.id ?? '');
}

/**
 * A field that was not touched is not corrected: a phone that is blank in the sheet stays so, and a character that every page
 * writes out stays what it was.
 */
function correctionsIn(form: Typed, { merchant, fields }: CorrectableDetails): Corrections {
  const touched = fields.flatMap((field) => {
    const given = form[field];
    const shown = printable(detailsOf(merchant)[field]);
    return given === undefined || given === shown ? [] : [[field, given] as const];
  });
  return Object.fromEntries(touched);
}

// --- pages ------------------------------------------------------------------------------------------------------------

function notSent(visit: Visit, words: Words): ConsolePage {
  return {
    title: WORDS.title,
    body: (
      <>
        <h1>{visit.say(WORDS.title)}</h1>
        <p>{visit.say(words)}</p>
        <p>
          <a class="button" href={`/merchants/${visit.params.id ?? ''}`}>
            {visit.say(WORDS.back)}
          </a>
        </p>
      </>
    ),
  };
}

function form(
  visit: Visit,
  details: CorrectableDetails,
  given: Typed,
  more: Pick<FormProps, 'said' | 'problems'> = {},
): ConsolePage {
  return { title: WORDS.title, body: <CorrectForm visit={visit} details={details} given={given} {...more} /> };
}

function checked(visit: Visit, details: CorrectableDetails, given: Typed, preview: CorrectionPreview): ConsolePage {
  const { id = '' } = visit.params;
  switch (preview.kind) {
    case 'created':
      return notSent(visit, CREATED(preview.appid));
    case 'ready':
      return { title: WORDS.title, body: <Question {...{ visit, details, given }} correction={preview.correction} /> };
    case 'unchanged':
      return form(visit, details, given, { said: UNCHANGED(id, preview.batch, preview.state, retryButton) });
    case 'invalid':
      return { ...form(visit, details, given, { said: REFUSED, problems: preview.row.problems }), status: 400 };
  }
}

interface FormProps {
  readonly visit: Visit;
  readonly details: CorrectableDetails;
  /** What was typed, by field. */
  readonly given: Typed;
  readonly said?: Words;
  readonly problems?: readonly Problem[];
}

function CorrectForm({ visit, details, given, said, problems = [] }: FormProps) {
  const { merchant, fields, file, line } = details;
  const id = visit.params.id ?? '';
  const faults = (field: CorrectableField | 'code' | undefined): string | undefined => {
    const its = worstFirst(problems.filter(({ column }) => column === field));
    return its.length === 0 ? undefined : visit.say(joined(its.map((it) => problemWords({ ...it, cell: '' }, its))));
  };
  const ofRow = faults(undefined);
  const ofCode = faults('code');
  return (
    <>
      {/* A page with a fault has its title already. */}
      {said !== REFUSED && <h1>{visit.say(WORDS.title)}</h1>}
      <p class="under">
        <bdi>{merchant.name}</bdi> · <bdi>{visit.say(WORDS.from(file, line))}</bdi>
      </p>
      {said !== undefined && (
        <p class="fault" role="alert">
          {visit.say(said)}
        </p>
      )}
      {ofRow !== undefined && <p class="fault">{ofRow}</p>}
      <form method="post" action={`/merchants/${id}/correct/check`} class="details-form">
        <Csrf of={visit} />
        <input type="hidden" name="row" value={details.pointer} />
        <label class="field">
          <span>{visit.say(columnName('code'))}</span>
          <input value={merchant.code} readonly />
          {ofCode !== undefined && <em class="fault">{ofCode}</em>}
          <small>{visit.say(WORDS.otherCode)}</small>
        </label>
        {fields.map((field) => {
          const value = given[field] ?? detailsOf(merchant)[field];
          const label = visit.say(columnName(field));
          if (field !== 'code_type') {
            return (
              <FormField
                label={label}
                name={field}
                value={value}
                maxlength={200}
                autocomplete="off"
                fault={faults(field)}
              />
            );
          }
          const types = CODE_TYPES.map((words, at) => ({ value: String(at + 1), words: visit.say(words) }));
          const choices = [...types, { value: '', words: visit.say(WORDS.byCode) }];
          return <Choice label={label} name={field} value={value} choices={choices} fault={faults(field)} />;
        })}
        <FormField
          label={visit.say(WORDS.because)}
          name="because"
          value={given.because ?? ''}
          maxlength={500}
          autocomplete="off"
        />
        <p class="buttons">
          <button type="submit" class="main">
            {visit.say(WORDS.check)}
          </button>
          <a class="button" href={`/merchants/${id}`}>
            {visit.say(COMMON.cancel)}
          </a>
        </p>
      </form>
    </>
  );
}

function Question({ visit, correction, details, given }: FormProps & { correction: Correction }) {
  const id = visit.params.id ?? '';
  const { changes, row } = correction;
  const warnings = worstFirst<Problem>(row.problems);
  // What was typed is sent as the checks have cleaned it.
  const cleaned = new Map<string, string>(changes.map(({ field, after }) => [field, after]));
  const hidden = ['row', ...details.fields, 'because'].map((name) => (
    <input type="hidden" name={name} value={cleaned.get(name) ?? given[name] ?? ''} />
  ));
  return (
    <>
      <h1>{visit.say(WORDS.title)}</h1>
      <p class="under">
        <bdi>{details.merchant.name}</bdi> · <bdi>{visit.say(WORDS.from(details.file, details.line))}</bdi>
      </p>
      <DataTable
        caption={visit.say(WORDS.title)}
        rows={changes}
        empty=""
        columns={[
          { heading: visit.say(WORDS.detail), cell: ({ field }) => visit.say(columnName(field)) },
          { heading: visit.say(WORDS.before), look: 'wide', cell: ({ before }) => <bdi>{before || '–'}</bdi> },
          {
            heading: visit.say(WORDS.after),
            look: 'wide',
            cell: ({ after }) => (
              <strong>
                <bdi>{after || '–'}</bdi>
              </strong>
            ),
          },
        ]}
      />
      {warnings.map((it) => (
        <p class="warning">{visit.say(reasonByColumn(it))}</p>
      ))}
      <p>{visit.say(becomesInWords(correction, retryButton))}</p>
      <div class="buttons">
        <form method="post" action={`/merchants/${id}/correct`}>
          <Csrf of={visit} />
          <input type="hidden" name="once" value={newOnceId()} />
          {hidden}
          <button type="submit" class="main">
            {visit.say(WORDS.send)}
          </button>
        </form>
        <form method="post" action={`/merchants/${id}/correct/check`}>
          <Csrf of={visit} />
          {hidden}
          <button type="submit" name="change" value="yes">
            {visit.say(WORDS.change)}
          </button>
        </form>
        <a class="button" href={`/merchants/${id}`}>
          {visit.say(COMMON.cancel)}
        </a>
      </div>
    </>
  );
}

/** What is known of an upload that is read: its files, the plan of one of them, and the start of all. */
import { checkContextOf } from '../../app/check.js';
import { knownAs, noPhone } from '../../app/check-words.js';
import { type CheckedFile, type FileCheck, findingsPath, type Way } from '../../app/uploads/checking.js';
import { readFindings } from '../../app/uploads/findings.js';
import { KEPT_MS, type Upload } from '../../app/uploads/folder.js';
import type { Batch } from '../../domain/batch.js';
import type { Words } from '../../domain/words.js';
import type { View, Visit } from '../visit.js';
import { addressWith } from './pager.js';
import { countedRows, Groups, groupsOf, PlanFacts, PlanFigures } from './sheet-plan.js';
import { SheetRows } from './sheet-rows.js';
import { LoadOptionsForm, StartButtons } from './sheet-start.js';
import { DataTable } from './table.js';

const WORDS = {
  uploaded: { en: 'uploaded by', zh: '上传者' },
  kept: { en: 'removed unless started by', zh: '不启动则自动删除：' },
  checked: { en: 'compared with the ledger at', zh: '与已有记录核对的时间：' },
  files: { en: 'Files', zh: '文件' },
  file: { en: 'File', zh: '文件' },
  plan: { en: 'Plan', zh: '提交计划' },
  refused: { en: 'This file cannot be loaded', zh: '此文件无法导入' },
  leftOut: { en: 'It is left out when the others are started.', zh: '启动其他文件时不包括此文件。' },
  annotated: { en: 'Sheet with the problems beside its rows:', zh: '带问题标注的表格：' },
  empty: {
    en: 'There is no merchant in it. Write one merchant a row below the headings, save the file, and upload it again.',
    zh: '表中没有商户。请在表头下方逐行填写商户，保存后重新上传。',
  },
  onlyExample: {
    en: 'There is no merchant in it, only the example row of the template. Write one merchant a row below the example, save the file, and upload it again.',
    zh: '表中没有商户，只有模板的示例行。请在示例行下方逐行填写商户，保存后重新上传。',
  },
  correct: {
    en: 'Correct the cells in the sheet, and upload it again; or start it, and correct those rows later.',
    zh: '请在表格中更正后重新上传；也可先启动，之后再更正这些行。',
  },
  another: { en: 'Upload another sheet', zh: '上传其他表格' },
} as const satisfies Record<string, Words>;

const MOST_ROWS = 50;

interface Props {
  readonly visit: Visit;
  readonly upload: Upload;
  readonly checks: readonly FileCheck[];
  /** The file that is shown. */
  readonly at: number;
  readonly way: Way;
}

export async function SheetReview({ visit, upload, checks, at, way }: Props) {
  const check = checks[at];
  const name = upload.files[at]?.name ?? '';
  const known = await knownAmong(visit, checks);
  const batch = check && known.get(check);
  return (
    <>
      <div class="heading">
        <h1>
          <bdi>{name}</bdi>
        </h1>
        <StartButtons
          visit={visit}
          upload={upload}
          checks={checks.filter((it) => !known.has(it))}
          known={known.size}
          way={way}
        />
      </div>
      <p class="under">
        {visit.say(WORDS.uploaded)} {upload.user} · {visit.time(upload.at)} · {visit.say(WORDS.kept)}{' '}
        {visit.time(upload.at + KEPT_MS)}
        {check?.kind === 'checked' && ` · ${visit.say(WORDS.checked)} ${visit.time(check.at)}`} ·{' '}
        <a href="/sheets/new">{visit.say(WORDS.another)}</a>
      </p>
      {upload.files.length > 1 && <Files view={visit} upload={upload} checks={checks} at={at} />}
      {check?.kind === 'refused' && <Refused view={visit} words={check.words} isAlone={upload.files.length === 1} />}
      {batch !== undefined && <Known view={visit} batch={batch} />}
      {check?.kind === 'checked' && check.notes.map((words) => <p class="under">{visit.say(words)}</p>)}
      {check?.kind === 'checked' &&
        (batch !== undefined ? (
          <LoadOptionsForm view={visit} path={`/sheets/${upload.id}`} way={way} />
        ) : (
          <Checked visit={visit} upload={upload} check={check} at={at} way={way} />
        ))}
    </>
  );
}

/** Checks of files that are batches already, with these options: to start them changes nothing. */
async function knownAmong({ store }: Visit, checks: readonly FileCheck[]): Promise<ReadonlyMap<FileCheck, Batch>> {
  const known = new Map<FileCheck, Batch>();
  for (const check of checks) {
    const batch = check.kind === 'checked' ? await store.batches.find(check.batch) : undefined;
    if (batch?.complete) known.set(check, batch);
  }
  return known;
}

function Refused({ view, words, isAlone }: { view: View; words: Words; isAlone: boolean }) {
  return (
    <section class="line bad">
      <h2>{view.say(WORDS.refused)}</h2>
      <p>{view.say(words)}</p>
      {!isAlone && <p class="under">{view.say(WORDS.leftOut)}</p>}
    </section>
  );
}

function Files({ view, upload, checks, at }: { view: View; upload: Upload; checks: readonly FileCheck[]; at: number }) {
  const query = new URLSearchParams(view.query);
  for (const name of ['show', 'from']) query.delete(name);
  return (
    <section>
      <h2>{view.say(WORDS.files)}</h2>
      <DataTable
        caption={view.say(WORDS.files)}
        rows={upload.files.map((file, place) => ({ file, place, check: checks[place] }))}
        empty=""
        columns={[
          {
            heading: view.say(WORDS.file),
            look: 'wide',
            cell: ({ file, place }) => (
              <a
                href={addressWith(`/sheets/${upload.id}`, query, 'file', String(place + 1))}
                aria-current={place === at ? 'true' : undefined}
              >
                <bdi>{file.name}</bdi>
              </a>
            ),
          },
          {
            heading: view.say(WORDS.plan),
            look: 'wide',
            cell: ({ check }) =>
              check?.kind === 'checked' ? (
                countedRows(view, check.plan)
              ) : (
                <>
                  <span class="fault">{view.say(WORDS.refused)}</span>
                  {check?.kind === 'refused' && <div class="under">{view.say(check.words)}</div>}
                </>
              ),
          },
        ]}
      />
    </section>
  );
}

interface CheckedProps extends Omit<Props, 'checks'> {
  readonly check: CheckedFile;
}

function Known({ view, batch }: { view: View; batch: Batch }) {
  return (
    <section class="line fair">
      <p>
        {view.say(knownAs(batch))} <a href={`/batches/${batch.id}`}>{batch.id}</a>
      </p>
    </section>
  );
}

async function Checked({ visit, upload, check, at, way }: CheckedProps) {
  const { plan, hasExample, index } = check;
  const context = await checkContextOf(visit.store);
  const forecast = context.forecast(plan);
  const path = `/sheets/${upload.id}`;
  const groups = groupsOf(plan);
  const page = await readFindings(findingsPath(upload, at, way), index, {
    show: visit.query.get('show') || undefined,
    from: visit.query.get('from') ?? undefined,
    most: MOST_ROWS,
  });
  return (
    <>
      {plan.rows === 0 ? (
        <p class="empty">{visit.say(hasExample ? WORDS.onlyExample : WORDS.empty)}</p>
      ) : (
        <>
          <PlanFigures view={visit} plan={plan} forecast={forecast} />
          {plan.invalid > 0 && <p>{visit.say(WORDS.correct)}</p>}
          {plan.without_phone > 0 && <p class="under">{visit.say(noPhone(plan.without_phone))}</p>}
          <LoadOptionsForm view={visit} path={path} way={way} />
          <PlanFacts view={visit} plan={plan} forecast={forecast} />
          <Groups view={visit} groups={groups} path={path} />
          {groups.length > 0 && (
            <>
              <Annotated view={visit} path={path} />
              <SheetRows view={visit} path={path} groups={groups} page={page} />
            </>
          )}
        </>
      )}
    </>
  );
}

function Annotated({ view, path }: { view: View; path: string }) {
  const query = new URLSearchParams(view.query);
  for (const name of ['show', 'from']) query.delete(name);
  return (
    <p class="inline">
      {view.say(WORDS.annotated)}
      <a class="button" href={addressWith(`${path}/annotated`, query, 'as', 'xlsx')} download>
        Excel
      </a>
      <a class="button" href={addressWith(`${path}/annotated`, query, 'as', 'csv')} download>
        CSV
      </a>
    </p>
  );
}

/** One upload: what was found in its sheets, what would be sent, and its start. */

import { isDeepStrictEqual } from 'node:util';
import { RequestError } from '../../app/request-error.js';
import { annotatedUpload } from '../../app/uploads/annotated.js';
import { checksOf, type FileCheck, type Way } from '../../app/uploads/checking.js';
import { findUpload, removeUpload, type Upload } from '../../app/uploads/folder.js';
import { continueLoading, loadingOf, type Started, startedUpload, startUpload } from '../../app/uploads/starting.js';
import { shareFromText } from '../../domain/share.js';
import { same, type Words } from '../../domain/words.js';
import { countedRows } from '../components/sheet-plan.js';
import { SheetReview } from '../components/sheet-review.js';
import { download } from '../download.js';
import { Live } from '../layout.js';
import { staticAddress } from '../static-files.js';
import type { ConsolePage, Fragments, Redirect, Route, View, Visit } from '../visit.js';

const WORDS = {
  reading: { en: 'Reading', zh: '正在读取' },
  inTurn: { en: 'waits for its turn, or is being opened', zh: '等待读取或正在打开' },
  readingHint: {
    en: 'A large sheet takes a minute or two. This page goes on by itself; you may leave it and come back.',
    zh: '大表格需要一两分钟。本页会自动继续，您也可以离开后再回来。',
  },
  loading: { en: 'Loading', zh: '正在导入' },
  loadingHint: {
    en: 'The rows are stored in the ledger, and sent in the meantime. This page leads to the batch when they are all there.',
    zh: '正在导入各行，同时开始提交。全部导入后自动转到批次页面。',
  },
  readSoFar: (rows: string): Words => ({ en: `${rows} rows so far`, zh: `已处理 ${rows} 行` }),
  failed: {
    en: 'This failed because of an error of fastregister, which is in the log of this process. It is tried again by itself.',
    zh: 'fastregister 出错，详情见本进程的日志，稍后会自动重试。',
  },
  loaded: { en: 'Loaded', zh: '已导入' },
  loadedAs: { en: 'This upload is loaded. Its batches:', zh: '此上传已导入，批次如下：' },
  started: { en: 'Started.', zh: '已启动。' },
  startedBefore: (user: string): Words => ({
    en: `${user} had started it already: the options of that start count, and yours do not.`,
    zh: `${user} 已先启动：以该次启动的选项为准，您的选项未生效。`,
  }),
  removed: { en: 'The upload is removed.', zh: '已删除该上传。' },
  isStarted: {
    en: 'This upload is started already, and cannot be removed. Cancel its rows on the page of the batch.',
    zh: '此上传已启动，无法删除；可在批次页面撤回。',
  },
  canary: { en: 'Canary: write how many rows are sent first, e.g. 5.', zh: '先提交的行数：请写一个数，如 5。' },
  mostInvalid: {
    en: 'The largest share of rows to correct: write a percentage from 0 to 100, e.g. 5.',
    zh: '需更正行的最大比例：请写 0 到 100 的百分数，如 5。',
  },
} as const;

/** A form that is answered later than this looks broken. */
const START_WAIT_MS = 1_500;

export const sheetRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/sheets/:id',
    needs: 'operator',
    live: async (view) => {
      const { upload, started, checks } = await stateOf(view);
      return isUnderWay(started, checks) ? progress(view, upload, started, checks) : onward(view, upload, started);
    },
    show,
  },
  {
    method: 'GET',
    path: '/sheets/:id/annotated',
    needs: 'operator',
    async show({ store, params, query, language }) {
      const upload = await findUpload(store.settings, params.id ?? '', Date.now());
      const type = query.get('as');
      const { name, pieces, ...made } = await annotatedUpload(store, upload, {
        at: fileIn(query, upload),
        way: wayIn(query),
        language,
        type: type === 'csv' || type === 'xlsx' ? type : undefined,
      });
      return download(name, made.type, pieces);
    },
  },
  {
    method: 'POST',
    path: '/sheets/:id/start',
    needs: 'operator',
    action: 'sheets.start',
    async act({ store, params, form, user, note }) {
      const { id = '' } = params;
      note(id);
      const request = {
        ...wayIn(new URLSearchParams(form)),
        canaries: canariesIn(form),
        mostInvalid: mostInvalidIn(form),
      };
      const { start, isDone } = await startUpload(store, id, { user, request, waitMs: START_WAIT_MS });
      note(id, start.files.map(({ batch }) => batch).join(' '));
      const said = isDeepStrictEqual(start.request, request) ? undefined : WORDS.startedBefore(start.user);
      return { ...(isDone ? batchesOf(start) : { to: `/sheets/${id}` }), ...(said && { said }) };
    },
  },
  {
    method: 'POST',
    path: '/sheets/:id/remove',
    needs: 'operator',
    action: 'sheets.remove',
    async act({ store, params, note }) {
      const upload = await findUpload(store.settings, params.id ?? '', Date.now());
      note(upload.id, String(upload.files.length));
      if ((await startedUpload(upload)) !== undefined) throw new RequestError('refused', WORDS.isStarted);
      await removeUpload(upload);
      return { to: '/sheets/new', said: WORDS.removed };
    },
  },
];

// --- what is asked for -----------------------------------------------------------------------------------------------

function wayIn(query: URLSearchParams): Way {
  return { acceptWarnings: query.get('warnings') !== 'no', again: query.get('again') === 'yes' };
}

function fileIn(query: URLSearchParams, { files }: Upload): number {
  const at = Number(query.get('file') ?? '1') - 1;
  return Number.isInteger(at) && at >= 0 && at < files.length ? at : 0;
}

function canariesIn({ canary = '' }: Readonly<Record<string, string>>): number {
  const count = canary.normalize('NFKC').trim();
  if (!/^\d{0,6}$/.test(count)) throw new RequestError('refused', WORDS.canary);
  return Number(count);
}

function mostInvalidIn({ most_invalid: share = '' }: Readonly<Record<string, string>>): number {
  const text = share.normalize('NFKC').trim().replace(/%$/, '');
  if (text === '') return 1;
  const part = shareFromText(`${text}%`);
  if (part === undefined) throw new RequestError('refused', WORDS.mostInvalid);
  return part;
}

// --- where it is -----------------------------------------------------------------------------------------------------

interface SheetState {
  readonly upload: Upload;
  readonly started: Started | undefined;
  /** None once it is started. */
  readonly checks: readonly FileCheck[];
}

async function stateOf({ store, params, query }: View): Promise<SheetState> {
  const upload = await findUpload(store.settings, params.id ?? '', Date.now());
  const started = await startedUpload(upload);
  if (started !== undefined && !started.isDone) void continueLoading(store, upload);
  return { upload, started, checks: started === undefined ? await checksOf(store, upload, wayIn(query)) : [] };
}

function isUnderWay(started: Started | undefined, checks: readonly FileCheck[]): boolean {
  if (started !== undefined) return !started.isDone;
  return checks.some(({ kind }) => kind === 'reading' || kind === 'failed');
}

async function show(visit: Visit): Promise<ConsolePage | Redirect> {
  const { upload, started, checks } = await stateOf(visit);
  const title = same(upload.files.map(({ name }) => name).join(', '));
  if (isUnderWay(started, checks)) {
    const fragments = await progress(visit, upload, started, checks);
    return {
      title,
      body: (
        <>
          <h1>{visit.say(started === undefined ? WORDS.reading : WORDS.loading)}</h1>
          <p class="under">{visit.say(started === undefined ? WORDS.readingHint : WORDS.loadingHint)}</p>
          <noscript>
            <meta http-equiv="refresh" content="2" />
          </noscript>
          <script src={staticAddress('upload.js')} defer />
          {Object.entries(fragments).map(([name, part]) => (
            <Live name={name}>{part}</Live>
          ))}
        </>
      ),
    };
  }
  if (started !== undefined) return batchesOf(started.start);
  const at = fileIn(visit.query, upload);
  return {
    title,
    isStill: true,
    body: await SheetReview({ visit, upload, checks, at, way: wayIn(visit.query) }),
  };
}

/** One batch has its page; several are the newest of the list. */
function batchesOf({ files }: Started['start']): Redirect {
  const ids = [...new Set(files.map(({ batch }) => batch))];
  const to = ids.length === 1 ? `/batches/${ids[0]}` : '/batches';
  return { to, said: WORDS.started };
}

/** What is shown while it is read, or loaded. */
async function progress(
  view: View,
  upload: Upload,
  started: Started | undefined,
  checks: readonly FileCheck[],
): Promise<Fragments> {
  if (started === undefined) return { progress: <Reading view={view} upload={upload} checks={checks} /> };
  const loading = loadingOf(upload);
  const { batches } = view.store;
  const loaded = await Promise.all(
    started.start.files.map(async ({ at, batch }) => ({ at, rows: (await batches.find(batch))?.rows ?? 0 })),
  );
  return {
    progress: (
      <>
        {loaded.map(({ at, rows }) => (
          <div class="figure reading">
            <h2>
              <bdi>{upload.files[at]?.name}</bdi>
            </h2>
            <p class="value">{view.say(WORDS.readSoFar(view.number(rows)))}</p>
          </div>
        ))}
        {loading?.failure !== undefined && <p class="fault">{view.say(loading.failure.words ?? WORDS.failed)}</p>}
      </>
    ),
  };
}

function Reading({ view, upload, checks }: { view: View; upload: Upload; checks: readonly FileCheck[] }) {
  return (
    <>
      {upload.files.map(({ name }, at) => {
        const check = checks[at];
        return (
          <div class="figure reading">
            <h2>
              <bdi>{name}</bdi>
            </h2>
            {check?.kind === 'reading' && check.plan !== undefined && (
              <>
                <p class="value">{view.say(WORDS.readSoFar(view.number(check.plan.rows)))}</p>
                <p>{countedRows(view, check.plan)}</p>
              </>
            )}
            {check?.kind === 'reading' && check.plan === undefined && <p>{view.say(WORDS.inTurn)}</p>}
            {check?.kind === 'failed' && <p class="fault">{view.say(WORDS.failed)}</p>}
            {check?.kind === 'refused' && <p class="fault">{view.say(check.words)}</p>}
            {check?.kind === 'checked' && <p>{countedRows(view, check.plan)}</p>}
          </div>
        );
      })}
    </>
  );
}

/** It is read, or loaded: `upload.js` goes there. */
function onward({ query, say }: View, { id }: Upload, started: Started | undefined): Fragments {
  const text = query.toString();
  const to = text === '' ? `/sheets/${id}` : `/sheets/${id}?${text}`;
  return {
    progress: (
      <p data-goto={to}>
        <a href={to}>{say(started === undefined ? { en: 'Read.', zh: '已读取。' } : WORDS.loaded)}</a>
      </p>
    ),
  };
}

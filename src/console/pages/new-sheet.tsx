/** Sheets are uploaded here, and those that wait to be started are listed. */

import { checksOf } from '../../app/uploads/checking.js';
import { KEPT_MS, listUploads, UPLOAD_LIMITS, type Upload } from '../../app/uploads/folder.js';
import { startedUpload } from '../../app/uploads/starting.js';
import type { Words } from '../../domain/words.js';
import { DataTable } from '../components/table.js';
import { Csrf } from '../layout.js';
import { receiveUpload } from '../receive-upload.js';
import { staticAddress } from '../static-files.js';
import type { Route, View, Visit } from '../visit.js';

const WORDS = {
  title: { en: 'New sheet', zh: '上传表格' },
  choose: { en: 'Sheets of merchants', zh: '商户表' },
  drop: { en: 'Choose files, or drop them here', zh: '选择文件，或将文件拖到此处' },
  kinds: {
    en: `CSV or Excel (.xlsx), up to ${UPLOAD_LIMITS.files} files of 50 MB and 1,000,000 rows each.`,
    zh: `CSV 或 Excel（.xlsx），最多 ${UPLOAD_LIMITS.files} 个文件，每个不超过 50 MB、1,000,000 行。`,
  },
  browse: { en: 'Choose files', zh: '选择文件' },
  upload: { en: 'Upload and check', zh: '上传并检查' },
  nothingYet: {
    en: 'The sheet is checked first. Nothing is sent, and nothing is stored in the ledger, until you start it.',
    zh: '先检查表格；在您启动之前，不会提交，也不会导入任何商户。',
  },
  waiting: { en: 'Uploads that wait to be started', zh: '已上传、待启动的表格' },
  none: { en: 'None.', zh: '无。' },
  files: { en: 'Files', zh: '文件' },
  by: { en: 'Uploaded', zh: '上传' },
  until: { en: 'Kept until', zh: '保留至' },
  tooLarge: { en: 'larger than 50 MB', zh: '超过 50 MB' },
  tooMany: { en: `more than ${UPLOAD_LIMITS.files} files`, zh: `超过 ${UPLOAD_LIMITS.files} 个文件` },
  uploading: { en: 'Uploading', zh: '正在上传' },
  failed: {
    en: 'The upload did not come to its end. Check the connection, and upload again.',
    zh: '上传未完成，请检查网络连接后重试。',
  },
} as const satisfies Record<string, Words>;

export const newSheetRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/sheets/new',
    needs: 'operator',
    async show(visit) {
      const uploads = await listUploads(visit.store.settings, Date.now());
      const waiting = await Promise.all(
        uploads.map(async (it) => ((await startedUpload(it)) === undefined ? [it] : [])),
      );
      return { title: WORDS.title, body: <NewSheet visit={visit} uploads={waiting.flat()} /> };
    },
  },
  {
    method: 'POST',
    path: '/sheets/new',
    needs: 'operator',
    action: 'sheets.upload',
    body: 'own',
    async act(visit) {
      const upload = await receiveUpload(visit);
      visit.note(upload.id, String(upload.files.length));
      // Read while the browser asks for its page.
      await checksOf(visit.store, upload, { acceptWarnings: true, again: false });
      return { to: `/sheets/${upload.id}` };
    },
  },
];

function NewSheet({ visit, uploads }: { visit: Visit; uploads: readonly Upload[] }) {
  return (
    <>
      <h1>{visit.say(WORDS.title)}</h1>
      <p class="under">{visit.say(WORDS.nothingYet)}</p>
      <form
        class="upload"
        method="post"
        action="/sheets/new"
        enctype="multipart/form-data"
        data-bytes={UPLOAD_LIMITS.bytesOfFile}
        data-files={UPLOAD_LIMITS.files}
        data-too-large={visit.say(WORDS.tooLarge)}
        data-too-many={visit.say(WORDS.tooMany)}
        data-failed={visit.say(WORDS.failed)}
      >
        {/* Before the files: the server reads it first. */}
        <Csrf of={visit} />
        <label class="drop">
          <strong>{visit.say(WORDS.drop)}</strong>
          <small>{visit.say(WORDS.kinds)}</small>
          <input type="file" name="file" multiple required accept=".csv,.tsv,.txt,.xlsx" />
          <span class="button">{visit.say(WORDS.browse)}</span>
          <span class="chosen" />
        </label>
        <p class="fault" role="alert" hidden />
        <p class="uploading" hidden>
          <progress max="100" value="0" aria-label={visit.say(WORDS.uploading)} />
          <span role="status" />
        </p>
        <p class="buttons">
          <button type="submit" class="main">
            {visit.say(WORDS.upload)}
          </button>
        </p>
      </form>
      <script src={staticAddress('upload.js')} defer />
      {uploads.length > 0 && (
        <section>
          <h2>{visit.say(WORDS.waiting)}</h2>
          <Uploads view={visit} uploads={uploads} />
        </section>
      )}
    </>
  );
}

function Uploads({ view, uploads }: { view: View; uploads: readonly Upload[] }) {
  return (
    <DataTable
      caption={view.say(WORDS.waiting)}
      rows={uploads}
      empty={view.say(WORDS.none)}
      columns={[
        {
          heading: view.say(WORDS.files),
          look: 'wide',
          cell: ({ id, files }) => (
            <a href={`/sheets/${id}`}>
              {files.map(({ name }) => (
                <bdi class="file">{name}</bdi>
              ))}
            </a>
          ),
        },
        {
          heading: view.say(WORDS.by),
          cell: ({ at, user }) => (
            <>
              {view.time(at)} <small>{user}</small>
            </>
          ),
        },
        { heading: view.say(WORDS.until), cell: ({ at }) => view.time(at + KEPT_MS) },
      ]}
    />
  );
}

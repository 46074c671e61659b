/** Batches in a table: the same on the first page and on that of all batches. */

import { fileInWords, LOAD_AGAIN } from '../../app/batches.js';
import type { BatchToday } from '../../app/today.js';
import { dayInWords } from '../../domain/calendar.js';
import { outcomesInWords } from '../../domain/outcome-words.js';
import type { Words } from '../../domain/words.js';
import type { View } from '../visit.js';
import { OutcomeBar } from './bar.js';
import { DataTable } from './table.js';

const WORDS = {
  caption: { en: 'Batches', zh: '批次' },
  batch: { en: 'Batch', zh: '批次' },
  file: { en: 'File', zh: '文件' },
  rows: { en: 'Rows', zh: '行数' },
  progress: { en: 'Progress', zh: '进度' },
  loaded: { en: 'Loaded', zh: '导入时间' },
  left: { en: 'Sent by', zh: '预计提交完' },
  all: { en: 'all sent', zh: '已全部提交' },
  none: { en: 'No batch yet.', zh: '还没有批次。' },
  upload: { en: 'Upload a sheet', zh: '上传表格' },
} as const satisfies Record<string, Words>;

export function BatchTable({ view, batches }: { view: View; batches: readonly BatchToday[] }) {
  return (
    <DataTable
      caption={view.say(WORDS.caption)}
      rows={batches}
      empty={<NoBatch view={view} />}
      columns={[
        {
          heading: view.say(WORDS.file),
          look: 'wide',
          cell: ({ batch, file }) => (
            <a href={`/batches/${encodeURIComponent(batch)}`}>
              <bdi>{view.say(fileInWords(file))}</bdi>
              <small class="id">{batch}</small>
            </a>
          ),
        },
        { heading: view.say(WORDS.rows), look: 'number', cell: ({ rows }) => view.number(rows) },
        {
          heading: view.say(WORDS.progress),
          look: 'wide',
          cell: ({ outcomes, complete }) => (
            <>
              <OutcomeBar view={view} outcomes={outcomes} />
              <small>{view.say(complete ? outcomesInWords(outcomes) : LOAD_AGAIN)}</small>
            </>
          ),
        },
        {
          heading: view.say(WORDS.left),
          cell: ({ sentBy }) => view.say(sentBy === undefined ? WORDS.all : dayInWords(sentBy, Date.now())),
        },
        { heading: view.say(WORDS.loaded), cell: ({ loadedAt }) => view.time(loadedAt) },
      ]}
    />
  );
}

/** The way to the first batch, for those who may make one. */
function NoBatch({ view }: { view: View }) {
  return (
    <>
      {view.say(WORDS.none)}
      {view.leadsTo('POST', '/sheets/new') && (
        <>
          {' '}
          <a href="/sheets/new">{view.say(WORDS.upload)}</a>
        </>
      )}
    </>
  );
}

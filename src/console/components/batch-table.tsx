/** Batches in a table: the same on the first page and on that of all batches. */

import { fileInWords, LOAD_AGAIN } from '../../app/batches.js';
import type { BatchToday } from '../../app/today.js';
import { dayInWords } from '../../domain/calendar.js';
import { outcomesInWords } from '../../domain/outcome-words.js';
import { counted, type Words } from '../../domain/words.js';
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
  waits: (rows: number): Words => ({
    en: `${counted(rows, 'row')} ${rows === 1 ? 'waits' : 'wait'}`,
    zh: `${rows} 行等待中`,
  }),
  none: { en: 'No batch yet.', zh: '还没有批次。' },
  upload: { en: 'Upload a sheet', zh: '上传表格' },
} as const;

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
          cell: ({ sentBy, later }) => view.say(sentInWords(sentBy, later)),
        },
        { heading: view.say(WORDS.loaded), cell: ({ loadedAt }) => view.time(loadedAt) },
      ]}
    />
  );
}

/** When its rows are sent, and how many of them wait longer. */
export function sentInWords(sentBy: string | undefined, later: number): Words {
  if (sentBy === undefined) return later === 0 ? WORDS.all : WORDS.waits(later);
  const day = dayInWords(sentBy, Date.now());
  if (later === 0) return day;
  const { en, zh } = WORDS.waits(later);
  return { en: `${day.en}; ${en}`, zh: `${day.zh}；${zh}` };
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

import { type ListedNight, NIGHT_ENDINGS } from '../../app/schedule.js';
import { outcomesInWords } from '../../domain/outcome-words.js';
import { same, type Words } from '../../domain/words.js';
import type { View } from '../visit.js';
import { DataTable } from './table.js';

const WORDS = {
  noNight: { en: 'No night yet.', zh: '还没有执行记录。' },
  night: { en: 'Night', zh: '执行' },
  schedule: { en: 'Run', zh: '任务' },
  byHand: { en: 'by hand or cron', zh: '手动或 cron' },
  ended: { en: 'Ended', zh: '结束' },
  files: { en: 'Files', zh: '文件' },
  outcomes: { en: 'Rows', zh: '各行结果' },
  toCall: (count: string): Words => ({ en: `${count} to contact`, zh: `待联系 ${count} 个` }),
  rejected: { en: 'rejected', zh: '未导入' },
  notReady: { en: 'not ready', zh: '暂未处理' },
  noFile: { en: 'not read: no file', zh: '不是文件，未读取' },
} as const;

/** What nights did: their files, what became of the rows, and who is to be contacted. */
export function NightTable({ view, caption, nights }: { view: View; caption: string; nights: readonly ListedNight[] }) {
  return (
    <DataTable<ListedNight>
      caption={caption}
      rows={nights}
      empty={view.say(WORDS.noNight)}
      columns={[
        {
          heading: view.say(WORDS.night),
          cell: ({ name, startedAt }) => (
            <>
              {name}
              <small>{view.time(startedAt)}</small>
            </>
          ),
        },
        { heading: view.say(WORDS.schedule), cell: ({ schedule }) => <bdi>{schedule ?? view.say(WORDS.byHand)}</bdi> },
        {
          heading: view.say(WORDS.ended),
          look: 'wide',
          cell: ({ ending, endedAt, stopped }) => (
            <>
              {view.say(NIGHT_ENDINGS[ending ?? 'running'])}
              {endedAt !== undefined && <small>{view.time(endedAt)}</small>}
              {stopped !== undefined && <small>{view.say(same(stopped))}</small>}
            </>
          ),
        },
        { heading: view.say(WORDS.files), look: 'wide', cell: (night) => <Files view={view} night={night} /> },
        {
          heading: view.say(WORDS.outcomes),
          look: 'wide',
          cell: ({ outcomes, toCall = 0 }) => (
            <>
              {view.say(outcomesInWords(outcomes))}
              {toCall > 0 && <small>{view.say(WORDS.toCall(view.number(toCall)))}</small>}
            </>
          ),
        },
      ]}
    />
  );
}

function Files({ view, night: { files, rejected, notReady = [], noFiles = [] } }: { view: View; night: ListedNight }) {
  return (
    <ul class="files">
      {files.map(({ name, batch, notes = [] }) => (
        <li>
          <a href={`/batches/${encodeURIComponent(batch)}`}>
            <bdi>{name}</bdi>
          </a>
          {notes.map((note) => (
            <small>{note}</small>
          ))}
        </li>
      ))}
      {rejected.map(({ name, why }) => (
        <li>
          <bdi>{name}</bdi> <span class="result failed">{view.say(WORDS.rejected)}</span>
          <small>{why}</small>
        </li>
      ))}
      {notReady.map((name) => (
        <li>
          <bdi>{name}</bdi> <span class="result">{view.say(WORDS.notReady)}</span>
        </li>
      ))}
      {noFiles.map((name) => (
        <li>
          <bdi>{name}</bdi> <span class="result failed">{view.say(WORDS.noFile)}</span>
        </li>
      ))}
    </ul>
  );
}

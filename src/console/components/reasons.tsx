import type { BatchReasons } from '../../app/batch-reasons.js';
import type { Words } from '../../domain/words.js';
import type { ReasonCount } from '../../reporter/report-tally.js';
import type { View } from '../visit.js';
import { DataTable } from './table.js';

const WORDS = {
  title: { en: 'Reasons', zh: '原因' },
  problem: { en: 'Problem', zh: '问题代码' },
  rows: { en: 'Rows', zh: '行数' },
  reason: { en: 'What it means', zh: '含义' },
  none: { en: 'No row has a problem.', zh: '没有问题。' },
  counting: { en: 'They are being counted.', zh: '正在统计。' },
  asOf: (at: string): Words => ({
    en: `As of ${at}; they are being counted again.`,
    zh: `截至 ${at}，正在重新统计。`,
  }),
} as const;

/** Rows by what the report calls their problem; each leads to those rows. */
export function Reasons({ view, id, found }: { view: View; id: string; found: BatchReasons }) {
  const { reasons, asOf } = found;
  if (reasons === undefined) return <p class="empty">{view.say(WORDS.counting)}</p>;
  return (
    <>
      <DataTable<ReasonCount>
        caption={view.say(WORDS.title)}
        rows={reasons}
        empty={view.say(WORDS.none)}
        columns={[
          { heading: view.say(WORDS.rows), look: 'number', cell: ({ rows }) => view.number(rows) },
          {
            heading: view.say(WORDS.problem),
            cell: ({ problem }) => (
              <a class="id" href={`/batches/${encodeURIComponent(id)}?${new URLSearchParams({ problem })}`}>
                {problem}
              </a>
            ),
          },
          { heading: view.say(WORDS.reason), look: 'wide', cell: ({ reason }) => reason },
        ]}
      />
      {asOf !== undefined && <p class="under">{view.say(WORDS.asOf(view.time(asOf)))}</p>}
    </>
  );
}

import { CHECKS, type Finding, VERDICTS } from '../../app/doctor/finding.js';
import type { View } from '../visit.js';
import { Prose } from './prose.js';
import { DataTable } from './table.js';

/** What `doctor` says, faults first. */
export function DoctorFindings({
  view,
  caption,
  findings,
}: {
  view: View;
  caption: string;
  findings: readonly Finding[];
}) {
  const order: readonly Finding['verdict'][] = ['fault', 'warning', 'ok'];
  const sorted = order.flatMap((verdict) => findings.filter((it) => it.verdict === verdict));
  return (
    <DataTable<Finding>
      caption={caption}
      rows={sorted}
      empty=""
      columns={[
        {
          heading: view.say({ en: 'Verdict', zh: '结论' }),
          cell: ({ verdict }) => <span class={`verdict ${verdict}`}>{view.say(VERDICTS[verdict])}</span>,
        },
        { heading: view.say({ en: 'Checked', zh: '检查项' }), cell: ({ check }) => view.say(CHECKS[check]) },
        {
          heading: view.say({ en: 'Finding', zh: '说明' }),
          look: 'wide',
          cell: ({ says, todo }) => (
            <>
              <Prose view={view} text={view.say(says)} />
              {todo !== undefined && (
                <small>
                  <Prose view={view} text={`→ ${view.say(todo)}`} />
                </small>
              )}
            </>
          ),
        },
      ]}
    />
  );
}

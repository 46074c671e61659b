import { PARKED_BECAUSE } from '../../app/push-plan.js';
import type { ListedPush } from '../../app/pushes.js';
import type { Words } from '../../domain/words.js';
import type { View } from '../visit.js';
import { DataTable } from './table.js';

const WORDS = {
  id: { en: 'Push', zh: '编号' },
  type: { en: 'Type', zh: '类型' },
  received: { en: 'Received', zh: '收到时间' },
  why: { en: 'Why it is kept: it …', zh: '保留原因' },
} as const satisfies Record<string, Words>;

interface Props {
  readonly view: View;
  readonly pushes: readonly ListedPush[];
  readonly caption: Words;
  readonly empty: Words;
}

/** Pushes, and why those are kept that fit no registration. */
export function PushTable({ view, pushes, caption, empty }: Props) {
  return (
    <DataTable<ListedPush>
      caption={view.say(caption)}
      rows={pushes}
      empty={view.say(empty)}
      columns={[
        {
          heading: view.say(WORDS.id),
          cell: ({ id }) => (
            <a class="id" href={`/pushes/${id}`}>
              {id}
            </a>
          ),
        },
        { heading: view.say(WORDS.received), cell: ({ receivedAt }) => view.time(receivedAt) },
        { heading: view.say(WORDS.type), cell: ({ infoType }) => <span class="id">{infoType}</span> },
        {
          heading: view.say(WORDS.why),
          look: 'wide',
          cell: ({ parked }) => (parked === undefined ? '' : view.say(PARKED_BECAUSE[parked])),
        },
      ]}
    />
  );
}

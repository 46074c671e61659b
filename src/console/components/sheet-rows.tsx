/** What was found in a sheet, cell by cell. */
import { FINDING_KINDS, type FindingsPage, type SheetFinding } from '../../app/uploads/findings.js';
import type { Words } from '../../domain/words.js';
import type { View } from '../visit.js';
import { WORDS } from '../words.js';
import { Choice } from './field.js';
import { Pager } from './pager.js';
import { cellInWords, FINDING_WORDS, type FindingGroup, KindBadge } from './sheet-plan.js';
import { DataTable } from './table.js';

const ROWS = {
  title: { en: 'By cell', zh: '按单元格' },
  show: { en: 'Show', zh: '显示' },
  cell: { en: 'Cell', zh: '单元格' },
  kind: { en: 'Kind', zh: '类别' },
  merchant: { en: 'Merchant', zh: '商户' },
  problem: { en: 'What was found, and what to do', zh: '问题与处理办法' },
  none: { en: 'Nothing to show.', zh: '没有可显示的内容。' },
} as const satisfies Record<string, Words>;

interface Props {
  readonly view: View;
  readonly path: string;
  readonly groups: readonly FindingGroup[];
  readonly page: FindingsPage;
}

export function SheetRows({ view, path, groups, page }: Props) {
  const show = view.query.get('show') ?? '';
  const choices = [
    { value: '', words: view.say(WORDS.all) },
    ...FINDING_KINDS.filter((kind) => groups.some((it) => it.kind === kind)).map((kind) => ({
      value: kind,
      words: view.say(FINDING_WORDS[kind]),
    })),
    ...groups.map(({ code, words }) => ({ value: code, words: view.say(words) })),
  ];
  return (
    <section id="rows">
      <h2>{view.say(ROWS.title)}</h2>
      <form class="filters" method="get" action={`${path}#rows`} data-submits>
        {['file', 'warnings', 'again'].map((name) =>
          view.query.has(name) ? <input type="hidden" name={name} value={view.query.get(name) ?? ''} /> : null,
        )}
        <Choice label={view.say(ROWS.show)} name="show" value={show} choices={choices} />
        <button type="submit">{view.say(WORDS.filter)}</button>
      </form>
      <DataTable
        caption={view.say(ROWS.title)}
        rows={page.findings}
        empty={view.say(ROWS.none)}
        columns={[
          { heading: view.say(ROWS.cell), look: 'id', cell: ({ cell }) => view.say(cellInWords(cell)) },
          { heading: view.say(ROWS.merchant), look: 'wide', cell: ({ name }) => <bdi>{name}</bdi> },
          { heading: view.say(ROWS.kind), cell: ({ kind }) => <KindBadge view={view} kind={kind} /> },
          { heading: view.say(ROWS.problem), look: 'wide', cell: (finding) => <Said view={view} finding={finding} /> },
        ]}
      />
      <Pager view={view} path={path} by="from" next={page.next} />
    </section>
  );
}

function Said({ view, finding: { reason, nextStep, code } }: { view: View; finding: SheetFinding }) {
  const next = view.say(nextStep);
  return (
    <>
      {view.say(reason)}
      {next !== '' && <small>{next}</small>}
      <small class="id">{code}</small>
    </>
  );
}

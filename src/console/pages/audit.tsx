/** Who did what, and when: the newest first. */
import { auditPage } from '../../app/console-users.js';
import type { AuditEntry } from '../../domain/console-user.js';
import { isIdentity } from '../../domain/merchant.js';
import { same, type Words } from '../../domain/words.js';
import { ACTIONS, detailInWords, RESULTS } from '../actions.js';
import { Pager } from '../components/pager.js';
import { DataTable } from '../components/table.js';
import type { Route } from '../visit.js';

const WORDS = {
  title: { en: 'Audit', zh: '操作记录' },
  at: { en: 'When', zh: '时间' },
  user: { en: 'User', zh: '用户' },
  action: { en: 'Action', zh: '操作' },
  subject: { en: 'Concerning', zh: '对象' },
  result: { en: 'Result', zh: '结果' },
  none: { en: 'Nothing was done yet.', zh: '暂无操作。' },
} as const satisfies Record<string, Words>;

const MOST = 50;

export const auditRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/audit',
    needs: 'admin',
    async show(visit) {
      const { entries, next } = await auditPage(visit.store, MOST, visit.query.get('before') ?? undefined);
      return {
        title: WORDS.title,
        body: (
          <>
            <h1>{visit.say(WORDS.title)}</h1>
            <DataTable<AuditEntry>
              caption={visit.say(WORDS.title)}
              rows={entries}
              empty={visit.say(WORDS.none)}
              columns={[
                { heading: visit.say(WORDS.at), cell: ({ at }) => visit.time(at) },
                { heading: visit.say(WORDS.user), cell: ({ user }) => <bdi>{user}</bdi> },
                {
                  heading: visit.say(WORDS.action),
                  look: 'wide',
                  cell: ({ action }) => visit.say(actionInWords(action)),
                },
                {
                  heading: visit.say(WORDS.subject),
                  look: 'wide',
                  cell: ({ action, subject, detail }) => (
                    <>
                      <Subject subject={subject} />{' '}
                      {detail !== '' && <small>{visit.say(detailInWords(action, detail))}</small>}
                    </>
                  ),
                },
                {
                  heading: visit.say(WORDS.result),
                  cell: ({ result }) => <span class={`result ${result}`}>{visit.say(RESULTS[result])}</span>,
                },
              ]}
            />
            <Pager view={visit} path="/audit" by="before" next={next} />
          </>
        ),
      };
    },
  },
];

/** A merchant or a batch has a page. */
function Subject({ subject }: { subject: string }) {
  const room = isIdentity(subject) ? 'merchants' : /^b[0-9a-f]{12}$/.test(subject) ? 'batches' : undefined;
  if (room === undefined) return <bdi>{subject}</bdi>;
  return <a href={`/${room}/${subject}`}>{subject}</a>;
}

/** A later version may have written actions that this one does not know. */
function actionInWords(action: string): Words {
  const known: Words | undefined = ACTIONS[action as keyof typeof ACTIONS];
  return known ?? same(action);
}

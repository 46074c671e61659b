/** Every batch, the newest first. */
import { pageOfBatches } from '../../app/today.js';
import type { Words } from '../../domain/words.js';
import { BatchTable } from '../components/batch-table.js';
import { Pager } from '../components/pager.js';
import { Live } from '../layout.js';
import type { Fragments, Route, View } from '../visit.js';

const TITLE: Words = { en: 'Batches', zh: '批次' };
const MOST = 25;

export const batchesRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/batches',
    needs: 'viewer',
    live,
    async show(visit) {
      const { list } = await live(visit);
      return {
        title: TITLE,
        body: (
          <>
            <h1>{visit.say(TITLE)}</h1>
            <Live name="list">{list}</Live>
          </>
        ),
      };
    },
  },
];

async function live(view: View): Promise<Fragments> {
  const page = Math.max(Number.parseInt(view.query.get('page') ?? '1', 10) || 1, 1);
  const { batches, inAll } = await pageOfBatches(view.store, (page - 1) * MOST, MOST);
  return {
    list: (
      <>
        <BatchTable view={view} batches={batches} />
        <Pager view={view} path="/batches" by="page" next={page * MOST < inAll ? String(page + 1) : undefined} />
      </>
    ),
  };
}

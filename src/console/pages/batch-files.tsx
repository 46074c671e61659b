/** What can be taken away from a batch, filtered as the page shows it: the report, its links, and codes to print. */
import { batchRows, type ShownRow } from '../../app/batch-rows.js';
import { batchNamed } from '../../app/batches.js';
import { batchesToReport, report } from '../../app/report.js';
import { fileNamePart } from '../../reporter/file-name.js';
import { CARD_WORDS } from '../../reporter/link-sheet.js';
import { addressWith, NONE_SO_FAR, Pager } from '../components/pager.js';
import { Qr } from '../components/qr.js';
import { filterIn } from '../components/row-filter.js';
import { type DownloadType, download } from '../download.js';
import type { Route, View, Visit } from '../visit.js';

const WORDS = {
  again: {
    en: 'A report that was corrected can be uploaded again; created merchants are not registered twice.',
    zh: '报告更正后可再次上传，已创建的商户不会重复注册。',
  },
  files: { en: 'Download', zh: '下载' },
  csv: { en: 'CSV', zh: 'CSV' },
  xlsx: { en: 'Excel', zh: 'Excel' },
  links: { en: 'Links', zh: '链接' },
  codes: { en: 'QR codes to print', zh: '二维码（打印）' },
  filtered: { en: 'rows as filtered', zh: '按当前筛选' },
  report: { en: 'report', zh: '报告' },
  title: { en: 'Links to open', zh: '待打开的链接' },
  scan: { en: 'QR code of the link', zh: '链接的二维码' },
  back: { en: 'Back to the batch', zh: '返回批次' },
} as const;

/** On one page for print. */
const MOST_CODES = 100;

const FILES = { 'report.csv': 'csv', 'report.xlsx': 'xlsx', 'links.csv': 'csv' } as const satisfies Record<
  string,
  DownloadType
>;

export const batchFilesRoutes: readonly Route[] = [
  ...Object.entries(FILES).map(
    ([file, kind]): Route => ({
      method: 'GET',
      path: `/batches/:id/${file}`,
      needs: 'viewer',
      show: (visit) => reportFile(visit, kind, file === 'links.csv'),
    }),
  ),
  {
    method: 'GET',
    path: '/batches/:id/codes',
    needs: 'viewer',
    async show(visit) {
      const batch = await batchNamed(visit.store, visit.params.id);
      const from = Math.max(Number.parseInt(visit.query.get('from') ?? '0', 10) || 0, 0);
      const wanted = { ...filterIn(visit.query), links: true, from, most: MOST_CODES, language: visit.language };
      const { rows, next, isCutShort } =
        batch.purgedAt === undefined
          ? await batchRows(visit.store, batch, wanted)
          : { rows: [], next: undefined, isCutShort: false };
      const own = `/batches/${encodeURIComponent(batch.id)}`;
      return {
        title: WORDS.title,
        plain: true,
        body: (
          <>
            <p class="buttons no-print">
              <a class="button" href={addressWith(own, visit.query, 'from', undefined)}>
                {visit.say(WORDS.back)}
              </a>
            </p>
            <h1>
              <bdi>{batch.purgedAt === undefined ? batch.file : batch.id}</bdi>
            </h1>
            {rows.length === 0 && <p class="empty">{visit.say(isCutShort ? NONE_SO_FAR : CARD_WORDS.none)}</p>}
            <div class="codes">
              {rows.map((row) => (
                <Code view={visit} row={row} />
              ))}
            </div>
            <Pager view={visit} path={`${own}/codes`} by="from" next={next === undefined ? undefined : String(next)} />
          </>
        ),
      };
    },
  },
];

async function reportFile(visit: Visit, format: DownloadType, links: boolean): Promise<Response> {
  const { store, params, query, language, say } = visit;
  const batches = await batchesToReport(store, { id: params.id ?? '' });
  const { only, who, problem } = filterIn(query);
  const pieces = await report(store, batches, {
    format,
    language,
    only: only && new Set([only]),
    who: who && new Set([who]),
    problem,
    links,
  });
  const [batch] = batches;
  const stem = batch?.file.replace(/\.(csv|xlsx)$/i, '') ?? '';
  const parts = [stem, say(links ? WORDS.links : WORDS.report), only, who, problem].filter((it) => it !== undefined);
  const name = `${fileNamePart(parts.join(' '))}.${format}`;
  return download(
    name,
    format,
    logged(pieces, (error) => {
      store.log.warn({ err: error, batch: batch?.id }, 'a download was cut short');
    }),
  );
}

async function* logged<T>(pieces: AsyncIterable<T>, log: (error: unknown) => void): AsyncGenerator<T> {
  try {
    yield* pieces;
  } catch (error) {
    log(error);
    throw error;
  }
}

/** Beside the rows: what is downloaded has the same filter. */
export function Downloads({ view, id }: { view: View; id: string }) {
  const filter = new URLSearchParams([...view.query].filter(([name]) => name !== 'from'));
  const query = filter.toString();
  const to = (file: string): string => `/batches/${encodeURIComponent(id)}/${file}${query === '' ? '' : `?${query}`}`;
  const isFiltered = Object.values(filterIn(filter)).some((it) => it !== undefined);
  return (
    <p class="downloads">
      <span class="under">
        {view.say(WORDS.files)}
        {isFiltered && view.say({ en: ` (${WORDS.filtered.en})`, zh: `（${WORDS.filtered.zh}）` })}
      </span>
      <a class="button" href={to('report.csv')} download>
        {view.say(WORDS.csv)}
      </a>
      <a class="button" href={to('report.xlsx')} download>
        {view.say(WORDS.xlsx)}
      </a>
      <a class="button" href={to('links.csv')} download>
        {view.say(WORDS.links)}
      </a>
      <a class="button" href={to('codes')}>
        {view.say(WORDS.codes)}
      </a>
      {view.leadsTo('POST', '/sheets/new') && <small>{view.say(WORDS.again)}</small>}
    </p>
  );
}

function Code({ view, row }: { view: View; row: ShownRow }) {
  const { name, authorize_url: url, line, linkEndsAt = 0 } = row;
  return (
    <article class="card">
      <h2>
        <bdi>{name}</bdi>
      </h2>
      <Qr text={url} label={`${view.say(WORDS.scan)}: ${name}`} />
      <p>{view.say(CARD_WORDS.todo)}</p>
      <p>{view.say(CARD_WORDS.until(view.time(linkEndsAt), line))}</p>
      <p class="id">{url}</p>
    </article>
  );
}

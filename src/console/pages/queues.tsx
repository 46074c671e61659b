/** BullMQ's queues, for engineers: bull-board, which only looks. Jobs have ids; what is true of a merchant is in the ledger. */
import type { Store } from '../../app/wiring/store.js';
import type { Language } from '../../domain/words.js';
import { WORK_KINDS } from '../../domain/work.js';
import { openQueue } from '../../redis/ledger/relay.js';
import { QUEUES_POLICY } from '../guard.js';
import { staticAddress } from '../static-files.js';
import type { Route, Visit } from '../visit.js';
import { WORDS } from '../words.js';

type Board = (request: Request) => Response | Promise<Response>;

/** Made at the first look: loading it with the console would slow down every start. */
const boards = new WeakMap<Store['redis'], Promise<Board>>();

export const queuesRoutes: readonly Route[] = ['/queues', '/queues/*'].map((path) => ({
  method: 'GET',
  path,
  needs: 'admin',
  show: look,
}));

async function look({ store: { redis, settings }, request, language }: Visit): Promise<Response> {
  // Where its own logo leads.
  if (new URL(request.url).pathname === '/queues/')
    return new Response(null, { status: 302, headers: { location: '/queues' } });
  const board = boards.get(redis) ?? boardOf(redis);
  boards.set(redis, board);
  const response = await (await board)(request);
  const headers = {
    'content-type': response.headers.get('content-type') ?? '',
    'content-security-policy': QUEUES_POLICY,
  };
  if (!headers['content-type'].startsWith('text/html')) return new Response(response.body, { ...response, headers });
  const page = inLanguage(withoutForeign(await response.text()), language);
  return new Response(settings.isRehearsal ? withBand(page, language) : page, { status: response.status, headers });
}

/** bull-board's own texts follow the browser; here they follow the console. */
function inLanguage(html: string, language: Language): string {
  if (language === 'en') return html;
  return html
    .replace('<html lang="en"', '<html lang="zh-CN"')
    .replace(/(<script id="__UI_CONFIG__"[^>]*>\s*{)/, '$1"locale":{"lng":"zh-CN"},');
}

/** Its script draws the whole window, so the band lies over the lower edge of it. */
function withBand(html: string, language: Language): string {
  return html
    .replace('</head>', `<link href="${staticAddress('queues.css')}" rel="stylesheet"></head>`)
    .replace('</body>', `<p class="band" role="note">${WORDS.rehearsal[language]}</p></body>`);
}

/** Its font of another host, and the styles of its loading sign: the policy would refuse both, and the browser report it. */
function withoutForeign(html: string): string {
  return html
    .replace(/<link href="https?:[^>]*>/g, '')
    .replace(/<style>[\s\S]*?<\/style>/g, '')
    .replace(/ style="[^"]*"/g, '');
}

async function boardOf(redis: Store['redis']): Promise<Board> {
  const [{ createRequire }, { dirname }, { Hono }, { serveStatic }] = await Promise.all([
    import('node:module'),
    import('node:path'),
    import('hono'),
    import('@hono/node-server/serve-static'),
  ]);
  const [{ createBullBoard }, { BullMQAdapter }, { HonoAdapter }] = await Promise.all([
    import('@bull-board/api'),
    import('@bull-board/api/bullMQAdapter'),
    import('@bull-board/hono'),
  ]);
  const api = createRequire(import.meta.url).resolve('@bull-board/api');
  const adapter = new HonoAdapter(serveStatic);
  adapter.setBasePath('/queues');
  createBullBoard({
    queues: WORK_KINDS.map((kind) => new BullMQAdapter(openQueue(redis, kind), { readOnlyMode: true })),
    serverAdapter: adapter,
    options: {
      uiBasePath: dirname(createRequire(api).resolve('@bull-board/ui/package.json')),
      uiConfig: { boardTitle: 'fastregister', miscLinks: [{ text: 'Console', url: '/' }] },
    },
  });
  const app = new Hono().route('/queues', adapter.registerPlugin());
  return (request) => app.fetch(request);
}

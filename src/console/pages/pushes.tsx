/** Received pushes, those that fit no registration, and another try for them. */
import { refuseWithout } from '../../app/needs.js';
import { MATCHED_BY, matchedInWords, pushFields, REPLAYED_BY, replayedInWords } from '../../app/push-words.js';
import {
  countParked,
  explainPush,
  findPush,
  listPushes,
  matchPush,
  type Replay,
  replayPushes,
} from '../../app/pushes.js';
import { isIdentity } from '../../domain/merchant.js';
import { same, type Words } from '../../domain/words.js';
import { Confirm } from '../components/confirm.js';
import { Facts, FormField } from '../components/field.js';
import { PushTable } from '../components/push-table.js';
import { DataTable } from '../components/table.js';
import { Csrf, Live } from '../layout.js';
import type { ConsolePage, Fragments, Route, View, Visit } from '../visit.js';

const WORDS = {
  title: { en: 'Pushes', zh: '推送' },
  what: {
    en: 'A push that fits no registration is kept, and matched by itself when its merchant is loaded. What needs a person is here.',
    zh: '未匹配到注册的推送会保留，导入其商户后自动匹配。需要人工处理的也在这里。',
  },
  parked: { en: 'Those that fit no registration', zh: '未匹配到注册的推送' },
  newest: { en: 'The newest', zh: '最新的推送' },
  id: { en: 'Push', zh: '编号' },
  type: { en: 'Type', zh: '类型' },
  noneParked: { en: 'Every push fits a registration.', zh: '所有推送均已匹配。' },
  none: { en: 'No push yet.', zh: '还没有推送。' },
  more: (count: string): Words => ({ en: `${count} more are not shown.`, zh: `另有 ${count} 条未显示。` }),
  replayAll: { en: 'Replay …', zh: '重新处理…' },
  replay: { en: 'Replay', zh: '重新处理' },
  replayWhat: {
    en: 'What they say is recorded, with the settings and the program of now.',
    zh: '按当前的配置和程序记录这些推送的内容。',
  },
  callsFor: { en: 'Calls for', zh: '需要的处理' },
  says: { en: 'What it says', zh: '内容' },
  match: { en: 'Match by hand', zh: '人工匹配' },
  matchWhat: {
    en: 'Gives the push to a registration that you name, and records there what it says.',
    zh: '将推送归入指定的注册，并记录其内容。',
  },
  registration: { en: 'Registration', zh: '商户编号' },
  registrationRule: { en: 'Its id, as on the page of the merchant.', zh: '见商户页面。' },
  preview: { en: 'Preview', zh: '预览' },
  matchIt: { en: 'Match', zh: '匹配' },
  back: { en: 'Back', zh: '返回' },
} as const;

const MOST = 50;
const MOST_PARKED = 200;

export const pushesRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/pushes',
    needs: 'viewer',
    live,
    async show(visit) {
      const { parked, newest } = await live(visit);
      return {
        title: WORDS.title,
        body: (
          <>
            <div class="heading">
              <h1>{visit.say(WORDS.title)}</h1>
              {visit.may('admin') && (
                <a class="button" href="/pushes/replay">
                  {visit.say(WORDS.replayAll)}
                </a>
              )}
            </div>
            <p class="under">{visit.say(WORDS.what)}</p>
            <section>
              <h2>{visit.say(WORDS.parked)}</h2>
              <Live name="parked">{parked}</Live>
            </section>
            <section>
              <h2>{visit.say(WORDS.newest)}</h2>
              <Live name="newest">{newest}</Live>
            </section>
          </>
        ),
      };
    },
  },
  {
    method: 'GET',
    path: '/pushes/replay',
    needs: 'admin',
    async show(visit) {
      refuseWithoutKeys(visit);
      const replay = await replayPushes(visit.store, { ids: [], since: undefined, because: undefined });
      return {
        title: WORDS.replay,
        body: (
          <>
            <h1>{visit.say(WORDS.replay)}</h1>
            <p>{visit.say(replayedInWords(replay, false))}</p>
            <Planned view={visit} replay={replay} />
            {replay.changing > 0 && <ReplayForm visit={visit} action="/pushes/replay" />}
            <Back view={visit} />
          </>
        ),
      };
    },
  },
  {
    method: 'POST',
    path: '/pushes/replay',
    needs: 'admin',
    action: 'pushes.replay',
    async act(visit) {
      refuseWithoutKeys(visit);
      const replay = await replayPushes(visit.store, {
        ids: [],
        since: undefined,
        because: visit.say(REPLAYED_BY(visit.user)),
      });
      visit.note('', String(replay.changing));
      return { to: '/pushes', said: replayedInWords(replay, true) };
    },
  },
  {
    method: 'GET',
    path: '/pushes/:id',
    needs: 'viewer',
    show: pushPage,
  },
  {
    method: 'POST',
    path: '/pushes/:id/replay',
    needs: 'admin',
    action: 'pushes.replay',
    async act(visit) {
      const { id = '' } = visit.params;
      visit.note(id);
      refuseWithoutKeys(visit);
      const because = visit.say(REPLAYED_BY(visit.user));
      const replay = await replayPushes(visit.store, { ids: [id], since: undefined, because });
      visit.note(id, String(replay.changing));
      return { to: '/pushes', said: replay.pushes[0]?.callsFor ?? replayedInWords(replay, true) };
    },
  },
  {
    method: 'POST',
    path: '/pushes/:id/preview',
    needs: 'admin',
    action: undefined,
    async act(visit) {
      refuseWithoutKeys(visit);
      const { id, registration } = named(visit);
      return pushPage(visit, { registration, ...(await matchPush(visit.store, id, registration, undefined)) });
    },
  },
  {
    method: 'POST',
    path: '/pushes/:id/match',
    needs: 'admin',
    action: 'pushes.match',
    async act(visit) {
      const { id, registration } = named(visit);
      visit.note(id, registration);
      refuseWithoutKeys(visit);
      const { words, changed } = await matchPush(visit.store, id, registration, visit.say(MATCHED_BY(visit.user)));
      return { to: '/pushes', said: matchedInWords(words, changed) };
    },
  },
];

/** What is no id may be a name, which stays out of the audit. */
function named({ params, form }: { params: View['params']; form: Readonly<Record<string, string>> }) {
  const registration = (form.registration ?? '').trim();
  return { id: params.id ?? '', registration: isIdentity(registration) ? registration : '' };
}

/** @throws SettingsError where this process cannot read pushes, or seal what they bring */
function refuseWithoutKeys({ store }: View): void {
  refuseWithout(store, ['push', 'encryption']);
}

async function live(view: View): Promise<Fragments> {
  const [inAll, parked, newest] = await Promise.all([
    countParked(view.store),
    listPushes(view.store, { parked: true, most: MOST_PARKED }),
    listPushes(view.store, { most: MOST }),
  ]);
  const shown = parked.toReversed();
  return {
    parked: (
      <>
        <PushTable view={view} pushes={shown} caption={WORDS.parked} empty={WORDS.noneParked} />
        {inAll > shown.length && <p class="under">{view.say(WORDS.more(view.number(inAll - shown.length)))}</p>}
      </>
    ),
    newest: <PushTable view={view} pushes={newest} caption={WORDS.newest} empty={WORDS.none} />,
  };
}

interface MatchPreview {
  readonly registration: string;
  readonly words: Words;
  readonly changed: boolean;
}

async function pushPage(visit: Visit, preview?: MatchPreview): Promise<ConsolePage> {
  refuseWithoutKeys(visit);
  const stored = await findPush(visit.store, visit.params.id ?? '');
  const { says, callsFor, detail } = await explainPush(visit.store, stored);
  const shown = { infoType: stored.infoType, ...says, ...(detail !== undefined && { detail: visit.say(detail) }) };
  const isParked = 'why' in stored;
  return {
    title: same(stored.id),
    body: (
      <>
        <div class="heading">
          <h1 class="push">{stored.id}</h1>
          {visit.may('admin') && (
            <Confirm
              visit={visit}
              id="replay"
              label={visit.say(WORDS.replay)}
              title={visit.say(WORDS.replay)}
              action={`/pushes/${stored.id}/replay`}
              does={visit.say(WORDS.replay)}
            >
              <p>{visit.say(callsFor)}</p>
              <p class="under">{visit.say(WORDS.replayWhat)}</p>
            </Confirm>
          )}
        </div>
        <p>
          {visit.say(WORDS.callsFor)}: {visit.say(callsFor)}
        </p>
        <section>
          <h2>{visit.say(WORDS.says)}</h2>
          <Facts
            facts={pushFields({ receivedAt: stored.receivedAt, ...shown }, (at) => same(visit.time(at))).map(
              ([what, words]) => [visit.say(what), <bdi>{visit.say(words)}</bdi>],
            )}
          />
        </section>
        {isParked && visit.may('admin') && <Match visit={visit} id={stored.id} preview={preview} />}
        <Back view={visit} />
      </>
    ),
  };
}

function Match({ visit, id, preview }: { visit: Visit; id: string; preview: MatchPreview | undefined }) {
  return (
    <section>
      <h2>{visit.say(WORDS.match)}</h2>
      <p class="under">{visit.say(WORDS.matchWhat)}</p>
      <form method="post" action={`/pushes/${id}/preview`} class="filters">
        <Csrf of={visit} />
        <FormField
          label={visit.say(WORDS.registration)}
          name="registration"
          value={preview?.registration ?? ''}
          required
          maxlength={32}
          hint={visit.say(WORDS.registrationRule)}
        />
        <button type="submit">{visit.say(WORDS.preview)}</button>
      </form>
      {preview !== undefined && (
        <form method="post" action={`/pushes/${id}/match`} class="preview">
          <Csrf of={visit} />
          <input type="hidden" name="registration" value={preview.registration} />
          <p>{visit.say(matchedInWords(preview.words, preview.changed))}</p>
          {preview.changed && (
            <button type="submit" class="main">
              {visit.say(WORDS.matchIt)}
            </button>
          )}
        </form>
      )}
    </section>
  );
}

function Planned({ view, replay }: { view: View; replay: Replay }) {
  return (
    <DataTable<Replay['pushes'][number]>
      caption={view.say(WORDS.replay)}
      rows={replay.pushes.slice(0, MOST_PARKED)}
      empty={view.say(WORDS.noneParked)}
      columns={[
        { heading: view.say(WORDS.id), look: 'id', cell: ({ id }) => <a href={`/pushes/${id}`}>{id}</a> },
        { heading: view.say(WORDS.type), look: 'id', cell: ({ infoType }) => infoType },
        { heading: view.say(WORDS.callsFor), look: 'wide', cell: ({ callsFor }) => view.say(callsFor) },
      ]}
    />
  );
}

function ReplayForm({ visit, action }: { visit: Visit; action: string }) {
  return (
    <form method="post" action={action} class="preview">
      <Csrf of={visit} />
      <p>{visit.say(WORDS.replayWhat)}</p>
      <button type="submit" class="main">
        {visit.say(WORDS.replay)}
      </button>
    </form>
  );
}

function Back({ view }: { view: View }) {
  return (
    <p>
      <a href="/pushes">{`‹ ${view.say(WORDS.back)}`}</a>
    </p>
  );
}

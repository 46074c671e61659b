/** The processes that work on this ledger, and the missing ones. */
import {
  type LiveProcess,
  liveOf,
  type Presence,
  type ProcessRole,
  workersWithOtherApi,
} from '../../domain/presence.js';
import type { Words } from '../../domain/words.js';
import { openNights } from '../../redis/nights.js';
import { type MissingWorker, processesNow, troubleOfProcess } from '../../reporter/missing-worker.js';
import { otherApiInWords, SAME_API } from '../status-words.js';
import { processSourcesOf } from '../wiring/process-sources.js';
import type { Store } from '../wiring/store.js';
import type { Finding } from './finding.js';

/** Which processes work on this ledger, and which are missing. */
export async function checkProcesses({ settings, redis, workload }: Store): Promise<Finding[]> {
  const sources = processSourcesOf(settings, redis);
  const { presence, missing } = await processesNow(sources);
  const { awaiting_legal_person: asked = 0, submitting = 0 } = await workload.states();
  const schedules = await openNights(redis).schedules();
  return [
    workerFinding(presence, missing),
    ...unableFindings(presence, missing),
    roleFinding(presence, 'receiver', asked + submitting, {
      wants: {
        en: 'registrations wait for a push, and WeChat may push a result only once',
        zh: '个商户在等待推送，而微信可能只推送一次结果',
      },
      todo: {
        en: 'Start `fastregister listen` or `fastregister serve`.',
        zh: '请启动 `fastregister listen` 或 `fastregister serve`。',
      },
    }),
    ...(schedules.length === 0
      ? []
      : [
          roleFinding(presence, 'scheduler', schedules.length, {
            wants: { en: 'nightly runs are scheduled', zh: '个夜间任务已安排' },
            todo: {
              en: 'Start `fastregister serve`, or `fastregister serve --only nights`.',
              zh: '请启动 `fastregister serve` 或 `fastregister serve --only nights`。',
            },
          }),
        ]),
    ...versionFindings(presence),
    ...apiFindings(presence, settings.wechatRegistrationApi),
  ];
}

function workerFinding(presence: Presence, missing: MissingWorker | undefined): Finding {
  const check = 'worker';
  if (missing !== undefined) return { check, verdict: 'fault', says: missing.reason, todo: missing.nextStep };
  const live = liveOf(presence, 'worker');
  if (live.length > 0) return { check, verdict: 'ok', says: placesOf(live) };
  const why =
    presence.waitingSince === undefined
      ? { en: 'nothing waits that could be sent now', zh: '目前没有可提交的行' }
      : {
          en: 'what waits is sent by the next nightly run, or may not be sent now, or waits since a moment ago',
          zh: '等待的行将由下一次夜间任务提交，或暂不可提交，或刚刚开始等待',
        };
  return { check, verdict: 'ok', says: { en: `none runs: ${why.en}`, zh: `没有运行：${why.zh}` } };
}

/** Where no worker can send, the finding before says so. */
function unableFindings({ live }: Presence, missing: MissingWorker | undefined): Finding[] {
  return live
    .filter(({ role, problem }) => problem !== undefined && !(role === 'worker' && missing?.problem === problem))
    .map((unable): Finding => {
      const { nextStep, ...says } = troubleOfProcess(unable);
      return { check: unable.role, verdict: 'fault', says, todo: nextStep };
    });
}

function roleFinding(
  presence: Presence,
  role: ProcessRole,
  waiting: number,
  { wants, todo }: { readonly wants: Words; readonly todo: Words },
): Finding {
  const live = liveOf(presence, role);
  if (live.length > 0) return { check: role, verdict: 'ok', says: placesOf(live) };
  if (waiting === 0) {
    return {
      check: role,
      verdict: 'ok',
      says: { en: 'none runs, and none is needed now', zh: '没有运行，目前也不需要' },
    };
  }
  const says = { en: `none runs, and ${waiting} ${wants.en}`, zh: `没有运行；有 ${waiting} ${wants.zh}` };
  return { check: role, verdict: 'warning', says, todo };
}

/** Two versions at work may write what the other does not know. */
function versionFindings({ live }: Presence): Finding[] {
  const versions = [...new Set(live.map(({ version }) => version))].sort();
  if (versions.length < 2) return [];
  const places = versions.map((version) => `${version}: ${placesOf(live.filter((it) => it.version === version)).en}`);
  return [
    {
      check: 'versions',
      verdict: 'warning',
      says: {
        en: `processes of different versions work on this ledger: ${places.join('; ')}`,
        zh: `有不同版本的进程在使用此登记簿：${places.join('；')}`,
      },
      todo: {
        en: 'End those of the older version, and start them again with the newer one.',
        zh: '请停止旧版本的进程，并用新版本重新启动。',
      },
    },
  ];
}

function apiFindings(presence: Presence, api: string): Finding[] {
  const others = workersWithOtherApi(presence, api);
  if (others.length === 0) return [];
  return [{ check: 'API of the workers', verdict: 'warning', says: otherApiInWords(others, api), todo: SAME_API }];
}

function placesOf(live: readonly LiveProcess[]): Words {
  return {
    en: live.map(({ role, host, pid }) => `${role} at ${host}:${pid}`).join(', '),
    zh: live.map(({ host, pid }) => `${host}:${pid}`).join('、'),
  };
}

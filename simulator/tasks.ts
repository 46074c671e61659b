/** Enterprises and their tasks: one runs at a time, and each ends as its fate says. */

import { hexOf } from './chance.js';
import type { Fate } from './fates.js';
import type { PushesOfTask } from './pushes.js';
import type { Counts } from './tally.js';
import { DAY_MS, type Timeline } from './timeline.js';

export type RegistrationApi = 'fastregisterweapp' | 'fastregisterenterpriseweapp';

export interface Fields {
  readonly name: string;
  readonly code: string;
  readonly codeType: number;
  readonly legalPersonaWechat: string;
  readonly legalPersonaName: string;
  readonly componentPhone: string;
}

export interface Merchant {
  readonly code: string;
  /** Creates that arrived with this code, whatever was answered. */
  creates: number;
  readonly answers: Counts;
  /** Special answers of its fate that are used up. */
  oddAnswers: number;
  readonly tasks: Task[];
}

export interface Task {
  readonly id: string;
  readonly api: RegistrationApi;
  readonly merchant: Merchant;
  readonly fields: Fields;
  readonly fate: Fate;
  readonly acceptedAt: number;
  readonly status: number;
  /** Infinity: the legal person lets the 24 hours pass. */
  legalPersonAt: number;
  stage: 'running' | 'created' | 'failed';
  appid: string | undefined;
  readonly pushes: PushesOfTask;
  cancelEnd: () => void;
}

export interface Tasks {
  merchant(code: string): Merchant;
  isBusy(merchant: Merchant): boolean;
  /** Starts a task, which ends by itself. */
  accept(api: RegistrationApi, merchant: Merchant, fields: Fields, fate: Fate): Task;
  /** Ends it now; a second call changes nothing. */
  end(task: Task): Promise<void>;
  /** The legal person confirms at this moment. False: it is over, or by its fate no legal person confirms. */
  confirm(task: Task): boolean;
  progress(task: Task): 'legal_person' | 'checking' | 'over';
  /** A new task is hidden from search for some seconds. */
  isVisible(task: Task): boolean;
  byFields(name: string, wechat: string, legalPersonaName: string): Task | undefined;
  byId(id: string): Task | undefined;
  merchants(): Iterable<Merchant>;
}

/** WeChat gives the legal person so long; no task lives longer. */
const LONGEST_TASK_MS = DAY_MS;
const TIMED_OUT = 100003;

export interface TaskTimes {
  readonly seed: number;
  readonly taskVisibleAfterMs: number;
  readonly legalPersonDelayMs: number;
  readonly checkDelayMs: number;
}

export function startTasks(times: TaskTimes, timeline: Timeline, tell: (task: Task) => Promise<void>): Tasks {
  const merchants = new Map<string, Merchant>();
  const tasksById = new Map<string, Task>();
  const latestByFields = new Map<string, Task>();

  async function end(task: Task): Promise<void> {
    if (task.stage !== 'running') return;
    task.cancelEnd();
    task.stage = task.status === 0 ? 'created' : 'failed';
    if (task.status === 0) {
      const born = task.merchant.tasks.filter(({ appid }) => appid).length;
      task.appid = `wx${hexOf(times.seed, `${task.merchant.code} ${born}`, 16)}`;
    }
    await tell(task);
  }

  return {
    merchant(code) {
      const key = comparable(code);
      const known = merchants.get(key);
      if (known) return known;
      const merchant: Merchant = { code: key, creates: 0, answers: {}, oddAnswers: 0, tasks: [] };
      merchants.set(key, merchant);
      return merchant;
    },
    isBusy: (merchant) => merchant.tasks.at(-1)?.stage === 'running',
    accept(api, merchant, fields, fate) {
      const acceptedAt = timeline.now();
      const plannedMs = fate.legalPersonMs ?? times.legalPersonDelayMs;
      const wanted = merchant.tasks.length < fate.statusTimes ? fate.status : 0;
      const confirms = !isTimeOut(wanted) && plannedMs + times.checkDelayMs < LONGEST_TASK_MS;
      const task: Task = {
        id: hexOf(times.seed, `task ${merchant.code} ${merchant.tasks.length}`, 24),
        api,
        merchant,
        fields,
        fate,
        acceptedAt,
        status: confirms || isTimeOut(wanted) ? wanted : TIMED_OUT,
        legalPersonAt: confirms ? acceptedAt + plannedMs : Number.POSITIVE_INFINITY,
        stage: 'running',
        appid: undefined,
        pushes: { sent: 0, acknowledged: 0, results: 0 },
        cancelEnd: () => {},
      };
      task.cancelEnd = timeline.after(
        confirms ? plannedMs + times.checkDelayMs : LONGEST_TASK_MS,
        () => void end(task),
      );
      merchant.tasks.push(task);
      tasksById.set(task.id, task);
      latestByFields.set(fieldsKey(fields.name, fields.legalPersonaWechat, fields.legalPersonaName), task);
      return task;
    },
    end,
    confirm(task) {
      if (task.stage !== 'running' || task.legalPersonAt === Number.POSITIVE_INFINITY) return false;
      if (timeline.now() >= task.legalPersonAt) return true;
      task.cancelEnd();
      task.legalPersonAt = timeline.now();
      task.cancelEnd = timeline.after(times.checkDelayMs, () => void end(task));
      return true;
    },
    progress(task) {
      if (task.stage !== 'running') return 'over';
      return timeline.now() < task.legalPersonAt ? 'legal_person' : 'checking';
    },
    isVisible: (task) => timeline.now() >= task.acceptedAt + times.taskVisibleAfterMs,
    byFields: (name, wechat, legalPersonaName) => latestByFields.get(fieldsKey(name, wechat, legalPersonaName)),
    byId: (id) => tasksById.get(id),
    merchants: () => merchants.values(),
  };
}

function isTimeOut(status: number): boolean {
  return status >= 100001 && status <= 100003;
}

/** One enterprise, however the hyphen and the case of its code are written. */
function comparable(code: string): string {
  return code.trim().toUpperCase().replaceAll('-', '');
}

function fieldsKey(name: string, wechat: string, legalPersonaName: string): string {
  return JSON.stringify([name, wechat.toLowerCase(), legalPersonaName]);
}

/** What WeChat sends the platform when a task has ended: the pushes that its fate asks for, in that order. */

import type { Authorizations } from './authorizations.js';
import type { Authorizers } from './authorizers.js';
import { foreignMessage, type Letterhead, OUTCOME_INFO_TYPE, outcomeMessage } from './messages.js';
import type { PushFaults, Settings } from './options.js';
import type { Push, Pushes } from './pushes.js';
import type { Task } from './tasks.js';
import { HOUR_MS, MINUTE_MS, type Timeline } from './timeline.js';

const LATE_MS = 30 * HOUR_MS;
const FAILURE_AFTER_SUCCESS_MS = 10 * MINUTE_MS;
const SUCCESS_AFTER_FAILURE_MS = MINUTE_MS;
const LONGEST_DELAY_MS = 20 * MINUTE_MS;
/** A push held back for a later one goes alone when none comes for so long. */
const LONGEST_HOLD_MS = 5 * MINUTE_MS;
/** The merchant does something about the authorisation so long after the result. */
const MERCHANT_ACTS_AFTER_MS = HOUR_MS;
const CONTRADICTING_STATUS = 103;

export interface Outcomes {
  /** Resolves when the pushes of this moment have been tried. */
  tell(task: Task): Promise<void>;
  /** Pushes that were never sent, by fate or by fault. */
  readonly counts: { lost: number; repeated: number; delayed: number; reordered: number };
}

export function startOutcomes(
  settings: Settings,
  timeline: Timeline,
  random: () => number,
  pushes: Pushes,
  authorizers: Authorizers,
  authorizations: Authorizations,
): Outcomes {
  const counts = { lost: 0, repeated: 0, delayed: 0, reordered: 0 };
  const throughFaults = faultyChannel(settings.pushFaults, timeline, random, pushes, counts);
  const oldFailures = new Map<string, Push>();
  const queues = new WeakMap<Task, Promise<void>>();

  const head = (): Letterhead => ({ componentAppid: settings.componentAppid, createTimeS: pushes.createTimeS() });

  function authorized(task: Task, appid: string): Push {
    return { ...authorizations.push('authorized', appid, hasDeadCodes(task)), about: task.pushes };
  }

  function success(task: Task, appid: string): Push {
    const authCode = authorizers.newCode(appid, hasDeadCodes(task));
    const message = outcomeMessage(head(), task, { status: 0, appid, authCode });
    return { infoType: OUTCOME_INFO_TYPE, message, about: task.pushes, isResult: true };
  }

  function failure(task: Task, status: number): Push {
    const message = outcomeMessage(head(), task, { status, appid: undefined, authCode: undefined });
    return { infoType: OUTCOME_INFO_TYPE, message, about: task.pushes, isResult: true };
  }

  /** Pushes about one task go one behind the other; only a fault lets one overtake. */
  function say(task: Task, push: Push): void {
    // A row that asks for odd pushes gets those exactly, so the random faults spare it.
    const send = task.fate.oddities.size > 0 ? pushes.send : throughFaults;
    queues.set(
      task,
      (queues.get(task) ?? Promise.resolve()).then(() => send(push)),
    );
  }

  function sayOutcome(task: Task, outcome: Push): void {
    say(task, outcome);
    if (task.fate.oddities.has('twice')) say(task, outcome);
  }

  function sayBefore(task: Task): void {
    const { oddities } = task.fate;
    const old = oldFailures.get(task.merchant.code);
    if (oddities.has('stale') && old) say(task, old);
    if (oddities.has('foreign')) say(task, { infoType: OUTCOME_INFO_TYPE, message: foreignMessage(head()) });
    if (oddities.has('forged')) say(task, { ...failure(task, CONTRADICTING_STATUS), forged: true });
  }

  function saySuccess(task: Task, appid: string): void {
    const { oddities } = task.fate;
    if (!oddities.has('noauth') && !oddities.has('authlast')) say(task, authorized(task, appid));
    if (oddities.has('failok')) {
      say(task, failure(task, CONTRADICTING_STATUS));
      timeline.after(SUCCESS_AFTER_FAILURE_MS, () => sayOutcome(task, success(task, appid)));
      return;
    }
    if (oddities.has('reauth')) timeline.after(MERCHANT_ACTS_AFTER_MS, () => authorizations.renew(appid));
    if (oddities.has('unauth')) timeline.after(MERCHANT_ACTS_AFTER_MS, () => authorizations.withdraw(appid));
    if (oddities.has('noresult')) {
      counts.lost += 1;
      return;
    }
    sayOutcome(task, success(task, appid));
    if (oddities.has('authlast')) say(task, authorized(task, appid));
    if (oddities.has('okfail')) {
      timeline.after(FAILURE_AFTER_SUCCESS_MS, () => say(task, failure(task, CONTRADICTING_STATUS)));
    }
  }

  function sayFailure(task: Task): void {
    const push = failure(task, task.status);
    oldFailures.set(task.merchant.code, push);
    sayOutcome(task, push);
  }

  function sayNow(task: Task): void {
    sayBefore(task);
    if (task.appid) saySuccess(task, task.appid);
    else sayFailure(task);
  }

  return {
    counts,
    async tell(task) {
      // It exists from now on, whether the platform hears of it or not.
      const hidesToken = task.fate.oddities.has('tokenless');
      if (task.appid) authorizers.add({ appid: task.appid, principalName: task.fields.name, hidesToken });
      settings.log(`task ${task.id} ended with status ${task.status}`);
      const { oddities } = task.fate;
      if (oddities.has('lost')) counts.lost += 1;
      else if (oddities.has('late')) timeline.after(LATE_MS, () => sayNow(task));
      else sayNow(task);
      await queues.get(task);
    },
  };
}

function hasDeadCodes({ fate: { oddities } }: Task): boolean {
  return oddities.has('deadcode') || oddities.has('tokenless');
}

/** The same `send`, through a network that loses, repeats, delays and reorders with the given probabilities. */
function faultyChannel(
  faults: PushFaults,
  timeline: Timeline,
  random: () => number,
  pushes: Pushes,
  counts: Outcomes['counts'],
): Pushes['send'] {
  let held: { push: Push; release: () => void } | undefined;

  function hold(push: Push): void {
    const cancel = timeline.after(LONGEST_HOLD_MS, () => void letGo());
    held = { push, release: cancel };
  }

  async function letGo(): Promise<void> {
    const waiting = held;
    held = undefined;
    waiting?.release();
    if (waiting) await pushes.send(waiting.push);
  }

  return async (push) => {
    if (random() < faults.lose) {
      counts.lost += 1;
      return;
    }
    if (random() < faults.delay) {
      counts.delayed += 1;
      timeline.after(random() * LONGEST_DELAY_MS, () => void pushes.send(push));
      return;
    }
    if (!held && random() < faults.reorder) {
      counts.reordered += 1;
      hold(push);
      return;
    }
    await pushes.send(push);
    await letGo();
    if (random() < faults.repeat) {
      counts.repeated += 1;
      await pushes.send(push);
    }
  };
}

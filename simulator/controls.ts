/** What is no part of WeChat: looking inside a running simulator and steering it, under `/simulator/`. */

import type { ServerResponse } from 'node:http';
import type { Authorizations } from './authorizations.js';
import { FATES } from './fates.js';
import type { Faults } from './faults.js';
import { type Call, objectIn, sendJson, sendPage } from './gateway.js';
import type { Json } from './registration.js';
import type { Tasks } from './tasks.js';
import { durationMs, type Timeline } from './timeline.js';

export const CONTROLS_PREFIX = '/simulator/';

export interface Controls {
  readonly state: () => unknown;
  readonly setPushUrl: (url: string | undefined) => void;
  readonly setUsedCalls: (count: number) => void;
  readonly faults: Faults;
  readonly timeline: Timeline;
  readonly tasks: Tasks;
  readonly authorizations: Authorizations;
}

/** What can be looked at. */
const FACTS: Readonly<Record<string, (controls: Controls) => unknown>> = {
  'GET state': ({ state }) => state(),
  'GET fates': () => FATES.map(({ word, example, does }) => ({ word, example, does: does.en })),
};

/** What can be done; the answer is what was wrong with the request, or undefined when it was done. */
const STEERING: Readonly<Record<string, (controls: Controls, json: Json) => string | undefined>> = {
  'POST push-url': ({ setPushUrl }, { url }) => {
    if (url !== null && (typeof url !== 'string' || !URL.canParse(url))) return 'Send {"url": "http://…"}, or null.';
    setPushUrl(url ?? undefined);
    return undefined;
  },
  'POST quota': ({ setUsedCalls }, { used }) => {
    if (typeof used !== 'number' || !Number.isInteger(used) || used < 0) return 'Send {"used": 1000}.';
    setUsedCalls(used);
    return undefined;
  },
  'POST faults': ({ faults }, json) => faults.set(json),
  'DELETE faults': ({ faults }) => {
    faults.clear();
    return undefined;
  },
  'POST reauthorize': ({ authorizations }, { appid }) =>
    authorizations.renew(String(appid)) ? undefined : 'Send {"appid": "wx…"}, of a Mini Program that exists.',
  'POST unauthorize': ({ authorizations }, { appid }) =>
    authorizations.withdraw(String(appid))
      ? undefined
      : 'Send {"appid": "wx…"}, of one that has authorised the platform.',
  'POST account': ({ authorizations }, { name, register_type: registerType }) => {
    if (typeof name !== 'string' || typeof registerType !== 'number') return 'Send {"name": "…", "register_type": 0}.';
    authorizations.authorizeAccount(name, registerType);
    return undefined;
  },
  'POST advance': ({ timeline }, { by }) => {
    if (typeof by !== 'string' && typeof by !== 'number') return 'Send {"by": "24h"}.';
    try {
      timeline.advance(durationMs(by));
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  },
};

export function control(controls: Controls, call: Call, response: ServerResponse): void {
  const asked = `${call.method} ${call.path.slice(CONTROLS_PREFIX.length)}`;
  const fact = Object.hasOwn(FACTS, asked) ? FACTS[asked] : undefined;
  const steer = Object.hasOwn(STEERING, asked) ? STEERING[asked] : undefined;
  if (asked === 'GET authorize') {
    authorize(controls, call, response);
  } else if (fact) {
    sendJson(response, JSON.stringify(fact(controls)));
  } else if (steer) {
    const problem = steer(controls, objectIn(call.body.toString()) ?? {});
    sendJson(response, JSON.stringify(problem ? { problem } : { done: true }), problem ? 400 : 200);
  } else {
    sendJson(response, JSON.stringify({ problem: `There is no ${asked} here.` }), 404);
  }
}

/** The legal person opens the successor's authorize_url, and confirms by that. */
function authorize({ tasks }: Controls, { query }: Call, response: ServerResponse): void {
  const task = tasks.byId(query.get('taskid') ?? '');
  const words =
    task && tasks.confirm(task) ? 'The legal person has confirmed.' : 'No task waits for confirmation here.';
  sendPage(response, task ? 200 : 404, words);
}

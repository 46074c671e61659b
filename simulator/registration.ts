/** The two registration APIs: what create, search and query answer. */

import type { Answer, Reply } from './answers.js';
import type { Budgets } from './budgets.js';
import { fractionOf, pickByWeight } from './chance.js';
import { type Answering, type Fate, magicWordsIn, ORDINARY_FATE, readFate } from './fates.js';
import type { Settings } from './options.js';
import type { Fields, Merchant, RegistrationApi, Task, Tasks } from './tasks.js';

/** The successor's status numbers; sources agree on 11 and 12 only. */
const STATUS_WAITING = 1;
const STATUS_CHECKING = 8;
const STATUS_FAILED = 11;
const STATUS_CREATED = 12;

const CODE_SHAPES: Readonly<Record<number, RegExp>> = {
  1: /^.{18}$/u,
  2: /^.{8}-.$/u,
  3: /^.{15}$/u,
};
const WEIXIN_ID = /^[A-Za-z][\w-]{5,19}$/;

/** `\u4e2d` in the raw body; an even number of backslashes before it would make it plain text. */
const ESCAPED_CHINESE = /(?<!\\)(?:\\\\)*\\u(?:[3-9][0-9a-f]|f[9af])[0-9a-f]{2}/i;

export type Json = Readonly<Record<string, unknown>>;

export interface Registration {
  create(api: RegistrationApi, json: Json, rawBody: string): Promise<Reply>;
  search(json: Json): Reply;
  query(json: Json): Reply;
  readonly unknownFates: ReadonlySet<string>;
}

export function startRegistration(
  settings: Settings,
  tasks: Tasks,
  budgets: Budgets,
  authorizeUrl: (task: Task) => string,
): Registration {
  const unknownFates = new Set<string>();

  function fateOf({ name, legalPersonaWechat, code }: Fields): Fate {
    const words = magicWordsIn(name, legalPersonaWechat);
    if (words === undefined) {
      return readFate(pickByWeight(settings.mix, fractionOf(settings.seed, code)) ?? 'ok') ?? ORDINARY_FATE;
    }
    const fate = readFate(words);
    if (fate) return fate;
    unknownFates.add(words);
    settings.log(`unknown fate ${words}: treated as created`);
    return ORDINARY_FATE;
  }

  /** What every create of the seeds' API is refused for, in WeChat's order as far as it is known. */
  function refusal(fields: Fields, rawBody: string): number {
    if (!Object.hasOwn(CODE_SHAPES, fields.codeType)) return 89248;
    // Staff of WeChat said that a wrong length answers the inner error, too.
    if (!CODE_SHAPES[fields.codeType]?.test(fields.code)) return 89247;
    if (!WEIXIN_ID.test(fields.legalPersonaWechat)) return 86004;
    if (ESCAPED_CHINESE.test(rawBody)) return 61070;
    return budgets.takeTry(fields.legalPersonaWechat);
  }

  /** The special answer of this create, if its fate has one left. */
  function oddAnswering(merchant: Merchant, { answering }: Fate): Answering | undefined {
    if (!answering || merchant.oddAnswers >= answering.times) return undefined;
    merchant.oddAnswers += 1;
    return answering;
  }

  async function start(api: RegistrationApi, merchant: Merchant, fields: Fields): Promise<Reply> {
    if (tasks.isBusy(merchant)) return refuse(89249);
    const fate = fateOf(fields);
    const wire = oddAnswering(merchant, fate);
    if (wire?.kind === 'errcode') return refuse(wire.number);
    if (wire && !wire.accepts) return { answer: { errcode: 0 }, wire };
    const task = tasks.accept(api, merchant, fields, fate);
    settings.log(`task ${task.id} accepted with fate ${fate.words}`);
    if (fate.oddities.has('early')) await tasks.end(task);
    return { answer: api === 'fastregisterweapp' ? { errcode: 0 } : successorAnswer(task), wire };
  }

  function successorAnswer(task: Task): Answer {
    const body = { taskid: task.id, authorize_url: authorizeUrl(task), status: successorStatus(task) };
    return { errcode: 0, body };
  }

  function successorStatus(task: Task): number {
    const progress = tasks.progress(task);
    if (progress === 'over') return endedStatus(task);
    return progress === 'checking' ? STATUS_CHECKING : STATUS_WAITING;
  }

  return {
    unknownFates,
    async create(api, json, rawBody) {
      if (api === 'fastregisterweapp' && settings.retired) return refuse(-1);
      const missing = missingIn(api, json);
      if (missing !== 0) return refuse(missing);
      const fields = fieldsOf(json);
      if (!fields) return refuse(47001);
      const refused = api === 'fastregisterweapp' ? refusal(fields, rawBody) : successorRefusal(fields, rawBody);
      if (refused !== 0) return refuse(refused);
      return start(api, tasks.merchant(fields.code), fields);
    },
    search(json) {
      const { name, legal_persona_wechat: wechat, legal_persona_name: person } = json;
      if (![name, wechat, person].every(isGiven)) return refuse(89253);
      const task = tasks.byFields(String(name), String(wechat), String(person));
      if (!task) return refuse(89250);
      if (task.fate.searchErrcode !== undefined) return refuse(task.fate.searchErrcode);
      if (!tasks.isVisible(task)) return refuse(89250);
      return refuse({ legal_person: 89251, checking: 89252, over: 89250 }[tasks.progress(task)]);
    },
    query(json) {
      if (json.new_version !== true || !isGiven(json.taskid)) return refuse(86030);
      const task = tasks.byId(String(json.taskid));
      if (task?.api !== 'fastregisterenterpriseweapp') return refuse(89250);
      if (task.fate.searchErrcode !== undefined) return refuse(task.fate.searchErrcode);
      return { answer: successorAnswer(task) };
    },
  };
}

function missingIn(api: RegistrationApi, json: Json): number {
  if (api === 'fastregisterenterpriseweapp') {
    const complete =
      json.new_version === true && ['name', 'code', 'component_phone'].every((key) => isGiven(json[key]));
    return complete ? 0 : 86030;
  }
  const needed = ['name', 'code', 'legal_persona_wechat', 'legal_persona_name'];
  const complete = needed.every((key) => isGiven(json[key])) && json.code_type !== undefined;
  return complete ? 0 : 89253;
}

/** Undefined where a value has another type than the published one. */
function fieldsOf(json: Json): Fields | undefined {
  const { name, code, code_type: codeType = 1, legal_persona_wechat: wechat = '' } = json;
  const { legal_persona_name: person = '', component_phone: phone = '' } = json;
  if (typeof name !== 'string' || typeof code !== 'string' || typeof codeType !== 'number') return undefined;
  if (typeof wechat !== 'string' || typeof person !== 'string' || typeof phone !== 'string') return undefined;
  return { name, code, codeType, legalPersonaWechat: wechat, legalPersonaName: person, componentPhone: phone };
}

function successorRefusal({ code }: Fields, rawBody: string): number {
  return /^[0-9A-Z]{18}$/i.test(code) && !ESCAPED_CHINESE.test(rawBody) ? 0 : 86022;
}

function endedStatus({ stage, status }: Task): number {
  if (stage === 'created') return STATUS_CREATED;
  return status >= 1001 && status <= 1008 ? status : STATUS_FAILED;
}

/** Undefined, null and an empty text are missing; any other value is given, if perhaps of the wrong type. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && String(value).trim() !== '';
}

function refuse(errcode: number): Reply {
  return { answer: { errcode } };
}

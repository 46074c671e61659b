/**
 * The successor: WeChat sends no message. It answers a link, the platform hands that to the legal person, and the task
 * is known by its id from then on.
 */
import { answerToQuery, answerToSearch, NO_STATUS } from './answers.js';
import type { Client } from './client.js';
import type { RegistrationInfo } from './push.js';
import type { Answered, RegistrationApi, SearchReading } from './registration-api.js';

const PATH = '/wxa/component/fastregisterenterpriseweapp';

export function fastregisterenterpriseweapp(client: Client): RegistrationApi {
  return {
    name: 'fastregisterenterpriseweapp',
    path: PATH,
    invites: 'link',
    needs: { legalPerson: false, codeTypes: [1], phone: true },
    details: ['name'],
    create: ({ name, code, componentPhone }, token) =>
      client.post({
        path: PATH,
        // The component access token, by the name that the other API has for it.
        query: { action: 'create', access_token: token },
        body: { name, code, component_phone: componentPhone, new_version: true },
      }),
    taskOf: ({ taskid, authorize_url: authorizeUrl }) => ({
      ...(isText(taskid) && { taskId: taskid }),
      ...(isText(authorizeUrl) && { authorizeUrl }),
    }),
    canSearch: (taskId) => taskId !== undefined,
    search: (_merchant, taskId = '', token) =>
      client.post({
        path: PATH,
        query: { action: 'query', access_token: token },
        body: { taskid: taskId, new_version: true },
      }),
    readSearch,
    matchOf: (info) => ({
      taskIds: taskIdsIn(info),
      // Where it is a task's id, no enterprise has it. Rows that were loaded for the other API may have other kinds of code.
      codes: info.code ? [info.code] : [],
    }),
  };
}

/** The status decides where it is 11, 12 or 1001 to 1008; about the others sources disagree, so they are only shown. */
function readSearch({ errcode, said, body }: Answered): SearchReading {
  if (errcode !== 0) return { problem: `search:${errcode}`, said, answer: answerToSearch(errcode) };
  const status = isText(body.status) || typeof body.status === 'number' ? String(body.status) : NO_STATUS;
  // Its errmsg is `ok`, whatever the status says.
  return { problem: `query:${status}`, said: '', answer: answerToQuery(status) };
}

/** `code` of a push may hold the task id. A credit code is never one. */
function taskIdsIn({ taskId, code }: RegistrationInfo): string[] {
  const fromCode = code !== undefined && !CREDIT_CODE.test(code) ? [code] : [];
  return taskId === undefined ? fromCode : [taskId, ...fromCode.filter((id) => id !== taskId)];
}

const CREDIT_CODE = /^[0-9A-Z]{18}$/i;

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

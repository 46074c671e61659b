/**
 * The calls that WeChat answers, one line each: the path, how the call passes its token, and the function that answers.
 */

import type { Reply } from './answers.js';
import type { Authorizers } from './authorizers.js';
import type { Budgets } from './budgets.js';
import type { FaultScope } from './faults.js';
import type { Settings } from './options.js';
import type { Json, Registration } from './registration.js';
import type { RegistrationApi } from './tasks.js';
import { TOKEN_LIFE_S, type Tokens } from './tokens.js';

export interface Action {
  readonly scope: FaultScope;
  readonly answer: (json: Json, rawBody: string) => Reply | Promise<Reply>;
}

export interface Route {
  /** Names of the query parameter that carries the component access token; none: the call needs none. */
  readonly tokenNames: readonly string[];
  /** Whether calls use up a budget. */
  readonly metered: boolean;
  /** By the `action` parameter; the empty name where the path is enough. */
  readonly actions: Readonly<Record<string, Action>>;
}

export const REGISTRATION_PATHS: Readonly<Record<RegistrationApi, string>> = {
  fastregisterweapp: '/cgi-bin/component/fastregisterweapp',
  fastregisterenterpriseweapp: '/wxa/component/fastregisterenterpriseweapp',
};

const TOKEN_FAMILY = ['component_access_token', 'access_token'];

export interface Rooms {
  readonly settings: Settings;
  readonly tokens: Tokens;
  readonly authorizers: Authorizers;
  readonly budgets: Budgets;
  readonly registration: Registration;
  readonly startTickets: () => void;
}

export function routesFor(rooms: Rooms): Readonly<Record<string, Route>> {
  const { registration } = rooms;
  const single = (tokenNames: readonly string[], scope: FaultScope, answer: Action['answer']): Route => ({
    tokenNames,
    metered: false,
    actions: { '': { scope, answer } },
  });
  return {
    [REGISTRATION_PATHS.fastregisterweapp]: {
      tokenNames: ['component_access_token'],
      metered: true,
      actions: {
        create: { scope: 'create', answer: (json, raw) => registration.create('fastregisterweapp', json, raw) },
        search: { scope: 'search', answer: (json) => registration.search(json) },
      },
    },
    [REGISTRATION_PATHS.fastregisterenterpriseweapp]: {
      tokenNames: ['access_token'],
      metered: true,
      actions: {
        create: {
          scope: 'create',
          answer: (json, raw) => registration.create('fastregisterenterpriseweapp', json, raw),
        },
        query: { scope: 'query', answer: (json) => registration.query(json) },
      },
    },
    '/cgi-bin/component/api_start_push_ticket': single([], 'start_push_ticket', startPushTicket(rooms)),
    '/cgi-bin/component/api_component_token': single([], 'component_token', componentToken(rooms)),
    '/cgi-bin/component/api_query_auth': single(TOKEN_FAMILY, 'query_auth', queryAuth(rooms)),
    '/cgi-bin/component/api_get_authorizer_list': single(TOKEN_FAMILY, 'authorizer_list', authorizerList(rooms)),
    '/cgi-bin/component/api_get_authorizer_info': single(TOKEN_FAMILY, 'authorizer_info', authorizerInfo(rooms)),
    '/cgi-bin/openapi/quota/get': single(['access_token'], 'quota', quota(rooms)),
    '/cgi-bin/clear_quota': single(['access_token'], 'clear_quota', clearQuota(rooms, 'appid')),
    '/cgi-bin/component/clear_quota': single(
      ['component_access_token'],
      'clear_quota',
      clearQuota(rooms, 'component_appid'),
    ),
  };
}

function startPushTicket({ settings, startTickets }: Rooms): Action['answer'] {
  return (json) => {
    const refused = checkPlatform(settings, json, json.component_secret);
    if (refused === 0) startTickets();
    return reply(refused);
  };
}

function componentToken({ settings, tokens }: Rooms): Action['answer'] {
  return (json) => {
    const refused =
      checkPlatform(settings, json, json.component_appsecret) || tokens.checkTicket(json.component_verify_ticket);
    if (refused !== 0) return reply(refused);
    return bare({ component_access_token: tokens.newToken(), expires_in: TOKEN_LIFE_S });
  };
}

function queryAuth({ settings, authorizers }: Rooms): Action['answer'] {
  return (json) => {
    if (json.component_appid !== settings.componentAppid) return reply(40013);
    const exchanged = authorizers.exchange(json.authorization_code);
    return exchanged ? bare(exchanged) : reply(61010);
  };
}

function authorizerList({ settings, authorizers }: Rooms): Action['answer'] {
  return (json) => {
    if (json.component_appid !== settings.componentAppid) return reply(40013);
    const { offset, count } = json;
    if (typeof offset !== 'number' || typeof count !== 'number') return reply(47001);
    return bare(authorizers.list(offset, count));
  };
}

function authorizerInfo({ settings, authorizers }: Rooms): Action['answer'] {
  return (json) => {
    if (json.component_appid !== settings.componentAppid) return reply(40013);
    const info = authorizers.info(json.authorizer_appid);
    return info ? bare(info) : reply(61003);
  };
}

function quota({ settings, budgets }: Rooms): Action['answer'] {
  return (json) => {
    const path = String(json.cgi_path);
    if (!Object.values(REGISTRATION_PATHS).includes(path)) return reply(76021);
    const perMinute = Number.isFinite(settings.callsPerMinute)
      ? { call_count: settings.callsPerMinute, refresh_second: 60 }
      : {};
    const body = { quota: budgets.quota(path), rate_limit: perMinute, component_rate_limit: perMinute };
    return { answer: { errcode: 0, body } };
  };
}

/** The platform's own calls; the calls of its merchants' accounts are not counted here. */
function clearQuota({ settings, budgets }: Rooms, appidName: 'appid' | 'component_appid'): Action['answer'] {
  return (json) => reply(json[appidName] === settings.componentAppid ? budgets.clear() : 40013);
}

function checkPlatform(settings: Settings, { component_appid: appid }: Json, secret: unknown): number {
  if (appid !== settings.componentAppid) return 40013;
  if (!secret) return 41004;
  return secret === settings.componentAppsecret ? 0 : 40125;
}

function reply(errcode: number): Reply {
  return { answer: { errcode } };
}

function bare(body: Record<string, unknown>): Reply {
  return { answer: { errcode: 0, body, bare: true } };
}

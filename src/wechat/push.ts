/** What WeChat pushes to the authorisation event URL, as values. Texts stay as they came, digit for digit. */
import { wordsOf } from './said.js';
import { readXml, type XmlElement } from './xml.js';

interface PushHead {
  /** As it came, e.g. `notify_third_fasteregister`. */
  readonly infoType: string;
  /** `AppId`: the platform. Not to be mixed up with `appid`, the new Mini Program. */
  readonly componentAppid: string | undefined;
  /** `CreateTime`, whole seconds on the wire, in milliseconds; undefined where it is missing or no time. */
  readonly createdAt: number | undefined;
}

/** The end of one registration, `notify_third_fasteregister`. Failures carry no appid and no auth_code; some no info. */
export interface RegistrationPush extends PushHead {
  readonly kind: 'registration';
  /** As it came. Missing is not 0. */
  readonly status: string | undefined;
  readonly msg: string | undefined;
  readonly appid: string | undefined;
  readonly authCode: string | undefined;
  readonly info: RegistrationInfo;
}

/** The task that a push is about: the first API repeats its parameters, the successor names its task. */
export interface RegistrationInfo {
  readonly name: string | undefined;
  readonly code: string | undefined;
  readonly codeType: string | undefined;
  readonly legalPersonaWechat: string | undefined;
  readonly legalPersonaName: string | undefined;
  readonly componentPhone: string | undefined;
  readonly taskId: string | undefined;
}

/** `component_verify_ticket`, every ten minutes. */
export interface TicketPush extends PushHead {
  readonly kind: 'verify_ticket';
  readonly ticket: string;
}

/** `authorized`, `updateauthorized` and `unauthorized`. */
export interface AuthorizationPush extends PushHead {
  readonly kind: 'authorization';
  readonly event: AuthorizationEvent;
  readonly authorizerAppid: string | undefined;
  readonly authorizationCode: string | undefined;
  /** `AuthorizationCodeExpiredTime`, by WeChat's clock, in milliseconds. */
  readonly codeExpiresAt: number | undefined;
}

export type AuthorizationEvent = 'authorized' | 'updateauthorized' | 'unauthorized';

/** Every other InfoType; there are new ones over time. */
export interface OtherPush extends PushHead {
  readonly kind: 'other';
}

export interface Unreadable {
  readonly kind: 'unreadable';
  /** Names no value of the push: it may be logged. */
  readonly detail: string;
  /** No key of this process opens it. */
  readonly isSealed?: true;
}

export type Push = RegistrationPush | TicketPush | AuthorizationPush | OtherPush;

const PUSH_FIELDS = new Set([
  'AppId',
  'CreateTime',
  'InfoType',
  'status',
  'msg',
  'appid',
  'auth_code',
  'ComponentVerifyTicket',
  'AuthorizerAppid',
  'AuthorizationCode',
  'AuthorizationCodeExpiredTime',
  'taskid',
] as const);

const INFO_FIELDS = new Set([
  'name',
  'code',
  'code_type',
  'legal_persona_wechat',
  'legal_persona_name',
  'component_phone',
  'taskid',
] as const);

type PushField = typeof PUSH_FIELDS extends ReadonlySet<infer Name> ? Name : never;
type InfoField = typeof INFO_FIELDS extends ReadonlySet<infer Name> ? Name : never;
type Fields<Name> = (name: Name) => string | undefined;

/** `info` is the only field of these pushes that holds fields. */
const TEXT_FIELDS: ReadonlySet<string> = new Set([...PUSH_FIELDS, ...INFO_FIELDS]);

/** Reads what `openPush` has decrypted. Never throws. */
export function readPush(xml: string): Push | Unreadable {
  const reading = readXml(xml, TEXT_FIELDS);
  if (!reading.ok) return unreadable(reading.detail);
  const { root } = reading;
  if (root.name !== 'xml') return unreadable('its outermost element is not <xml>');
  const infos = root.children.filter((child) => child.name === 'info');
  if (infos.length > 1) return unreadable('it has more than one <info>');
  const info = infos[0] ?? { name: 'info', text: '', children: [] };

  const fields = fieldsOf(root, PUSH_FIELDS);
  const infoFields = fieldsOf(info, INFO_FIELDS);
  if (typeof fields === 'string') return unreadable(fields);
  if (typeof infoFields === 'string') return unreadable(infoFields);
  return typed(fields, infoFields);
}

/** What has to be known of a push before it is stored; it is read whole afterwards. */
export interface PushSketch {
  /** `unreadable` where there is none. */
  readonly infoType: string;
  readonly createdAt: number | undefined;
  readonly ticket: string | undefined;
}

/**
 * Five times faster than reading it, which the answer to WeChat does not wait for. The first element of a name is taken:
 * they come before `info`, the only field with content that other people choose. A push that might bring a ticket is read whole.
 */
export function sketchPush(message: Buffer): PushSketch {
  // A character of each byte: what is looked for is ASCII, and to decode all characters takes longer than the rest.
  const bytes = message.toString('latin1');
  const infoType = firstText(bytes, '<InfoType>');
  if (infoType !== undefined && /^[ -~]*$/.test(infoType) && !bytes.includes('ComponentVerifyTicket')) {
    return { infoType, createdAt: millisecondsOf(firstText(bytes, '<CreateTime>')), ticket: undefined };
  }
  const push = readPush(message.toString());
  if (push.kind === 'unreadable') return { infoType: 'unreadable', createdAt: undefined, ticket: undefined };
  const ticket = push.kind === 'verify_ticket' ? push.ticket : undefined;
  return { infoType: push.infoType, createdAt: push.createdAt, ticket };
}

function firstText(xml: string, tag: string): string | undefined {
  const start = xml.indexOf(tag) + tag.length;
  if (start < tag.length) return undefined;
  const isCdata = xml.startsWith('<![CDATA[', start);
  const from = isCdata ? start + '<![CDATA['.length : start;
  const end = xml.indexOf(isCdata ? ']]>' : '<', from);
  return end < 0 ? undefined : xml.slice(from, end).trim() || undefined;
}

function typed(field: Fields<PushField>, info: Fields<InfoField>): Push | Unreadable {
  const infoType = field('InfoType');
  if (infoType === undefined) return unreadable('it has no <InfoType>');
  const msg = field('msg');
  const head: PushHead = { infoType, componentAppid: field('AppId'), createdAt: millisecondsOf(field('CreateTime')) };

  switch (infoType) {
    case 'notify_third_fasteregister':
      return {
        ...head,
        kind: 'registration',
        status: field('status'),
        msg: msg === undefined ? undefined : wordsOf(msg),
        appid: field('appid'),
        authCode: field('auth_code'),
        info: {
          name: info('name'),
          code: info('code'),
          codeType: info('code_type'),
          legalPersonaWechat: info('legal_persona_wechat'),
          legalPersonaName: info('legal_persona_name'),
          componentPhone: info('component_phone'),
          taskId: info('taskid') ?? field('taskid'),
        },
      };
    case 'component_verify_ticket': {
      const ticket = field('ComponentVerifyTicket');
      return ticket === undefined
        ? unreadable('it has no <ComponentVerifyTicket>')
        : { ...head, kind: 'verify_ticket', ticket };
    }
    case 'authorized':
    case 'updateauthorized':
    case 'unauthorized':
      return {
        ...head,
        kind: 'authorization',
        event: infoType,
        authorizerAppid: field('AuthorizerAppid'),
        authorizationCode: field('AuthorizationCode'),
        codeExpiresAt: millisecondsOf(field('AuthorizationCodeExpiredTime')),
      };
    default:
      return { ...head, kind: 'other' };
  }
}

/** The text fields by name; or what is wrong with them: a field with two values must not be read as either. */
function fieldsOf<Name extends string>(parent: XmlElement, names: ReadonlySet<Name>): Fields<Name> | string {
  const fields = new Map<string, string>();
  for (const { name, text, children } of parent.children) {
    if (!names.has(name as Name)) continue;
    if (children.length > 0) return `<${name}> holds further elements instead of text`;
    if ((fields.get(name) ?? text) !== text) return `<${name}> is given twice, with different values`;
    fields.set(name, text);
  }
  // Empty counts as missing.
  return (name) => fields.get(name) || undefined;
}

/** Ten digits hold every second from 2001 to 2286. */
function millisecondsOf(seconds: string | undefined): number | undefined {
  return seconds !== undefined && /^[1-9]\d{9}$/.test(seconds) ? Number(seconds) * 1000 : undefined;
}

function unreadable(detail: string): Unreadable {
  return { kind: 'unreadable', detail };
}

/** Pushes as WeChat makes them: encrypted, signed, with their query. */
import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Merchant } from '../../src/domain/merchant.js';
import { sealTicket } from '../../src/redis/component-store.js';
import { openPushes } from '../../src/redis/pushes/pushes.js';
import { openVault } from '../../src/redis/vault.js';
import { decodeAesKey, encrypt, type PushCredential, signatureOf } from '../../src/wechat/crypt.js';
import { type RegistrationPush, readPush } from '../../src/wechat/push.js';

export const PLATFORM = 'wx0123456789abcdef';
export const CREDENTIAL: PushCredential = {
  token: 'rehearsal',
  aesKey: decodeAesKey('abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG'),
};

export interface SealedRequest {
  readonly query: string;
  readonly body: Buffer;
}

export function seal(xml: string, { token, aesKey }: PushCredential = CREDENTIAL, appid = PLATFORM): SealedRequest {
  return sign(encrypt(aesKey, xml, appid, randomBytes(16)), token);
}

/** Signs whatever is given as `<Encrypt>`. @param at ms since 1970 */
export function sign(encrypted: string, token = CREDENTIAL.token, at = Date.now()): SealedRequest {
  const timestamp = String(Math.floor(at / 1000));
  const nonce = randomBytes(5).toString('hex');
  const signature = signatureOf(token, timestamp, nonce, encrypted);
  return {
    query: `signature=none&timestamp=${timestamp}&nonce=${nonce}&encrypt_type=aes&msg_signature=${signature}`,
    body: Buffer.from(`<xml><AppId><![CDATA[${PLATFORM}]]></AppId><Encrypt><![CDATA[${encrypted}]]></Encrypt></xml>`),
  };
}

export interface PushedResult {
  readonly status?: string | undefined;
  readonly msg?: string;
  readonly appid?: string;
  readonly authCode?: string;
  /** ms since 1970 */
  readonly createdAt?: number;
  readonly taskId?: string;
}

/** `merchant` undefined: a push without `<info>`. */
export function registrationXml(merchant: Merchant | undefined, result: PushedResult): string {
  const { status, msg = 'OK', appid, authCode, createdAt = Date.now(), taskId } = result;
  const info =
    merchant === undefined
      ? ''
      : `<info><name><![CDATA[${merchant.name}]]></name><code><![CDATA[${merchant.code}]]></code><code_type>${merchant.codeType}</code_type><legal_persona_wechat><![CDATA[${merchant.legalPersonaWechat}]]></legal_persona_wechat><legal_persona_name><![CDATA[${merchant.legalPersonaName}]]></legal_persona_name><component_phone><![CDATA[${merchant.componentPhone}]]></component_phone>${taskId === undefined ? '' : `<taskid>${taskId}</taskid>`}</info>`;
  return [
    `<xml><AppId><![CDATA[${PLATFORM}]]></AppId><CreateTime>${Math.floor(createdAt / 1000)}</CreateTime>`,
    '<InfoType><![CDATA[notify_third_fasteregister]]></InfoType>',
    status === undefined ? '' : `<status>${status}</status>`,
    `<msg><![CDATA[${msg}]]></msg>`,
    appid === undefined ? '' : `<appid><![CDATA[${appid}]]></appid>`,
    authCode === undefined ? '' : `<auth_code><![CDATA[${authCode}]]></auth_code>`,
    `${info}</xml>`,
  ].join('');
}

/** The same, as the receiver reads it. */
export function registrationPush(merchant: Merchant | undefined, result: PushedResult): RegistrationPush {
  const push = readPush(registrationXml(merchant, result));
  if (push.kind !== 'registration') throw new Error(push.kind);
  return push;
}

export function ticketXml(ticket: string, createdAt = Date.now()): string {
  return `<xml><AppId><![CDATA[${PLATFORM}]]></AppId><CreateTime>${Math.floor(createdAt / 1000)}</CreateTime><InfoType><![CDATA[component_verify_ticket]]></InfoType><ComponentVerifyTicket><![CDATA[${ticket}]]></ComponentVerifyTicket></xml>`;
}

export function otherXml(infoType: string, fields = ''): string {
  return `<xml><AppId><![CDATA[${PLATFORM}]]></AppId><CreateTime>${Math.floor(Date.now() / 1000)}</CreateTime><InfoType><![CDATA[${infoType}]]></InfoType>${fields}</xml>`;
}

export const TEST_VAULT = openVault(Buffer.alloc(32, 7));

/** As the receiver keeps it; times in ms since 1970. */
export async function keepTicket(redis: Redis, ticket: string, createdAt: number, receivedAt: number): Promise<void> {
  const push = { receivedAt, createdAt, infoType: 'component_verify_ticket', query: '', body: Buffer.from('') };
  await openPushes(redis).store([{ ...push, ticket: sealTicket(TEST_VAULT, ticket) }]);
}

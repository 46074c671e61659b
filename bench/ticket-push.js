/** A push as WeChat sends it every ten minutes: a verify ticket, encrypted and signed by the credentials of a rehearsal. */
import { randomBytes } from 'node:crypto';

export const PUSH_PATH = '/wechat/events';

/**
 * @param crypt the module wechat/crypt.js of the build under test
 * @param credentials REHEARSAL_CREDENTIALS of simulator/options.js
 * @returns makes one that was signed at a time, in ms since 1970
 */
export function ticketPushes({ decodeAesKey, encrypt, signatureOf }, credentials) {
  const key = decodeAesKey(credentials.encodingAesKey);
  const appid = credentials.componentAppid;
  return (at = Date.now()) => {
    const seconds = Math.floor(at / 1_000);
    const xml = `<xml><AppId><![CDATA[${appid}]]></AppId><CreateTime>${seconds}</CreateTime><InfoType><![CDATA[component_verify_ticket]]></InfoType><ComponentVerifyTicket><![CDATA[ticket@@@${randomBytes(48).toString('base64url')}]]></ComponentVerifyTicket></xml>`;
    const encrypted = encrypt(key, xml, appid, randomBytes(16));
    const nonce = randomBytes(5).toString('hex');
    const signature = signatureOf(credentials.messageToken, String(seconds), nonce, encrypted);
    return {
      path: `${PUSH_PATH}?signature=${signature}&timestamp=${seconds}&nonce=${nonce}&encrypt_type=aes&msg_signature=${signature}`,
      body: `<xml><AppId><![CDATA[${appid}]]></AppId><Encrypt><![CDATA[${encrypted}]]></Encrypt></xml>`,
    };
  };
}

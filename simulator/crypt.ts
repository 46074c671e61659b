/** WeChat's envelope, written from its description alone; it shares no code with the receiver that opens it. */

import { createCipheriv, createHash } from 'node:crypto';

/** WeChat pads to 32 bytes although the AES block has 16. */
const PADDING_BLOCK = 32;

/** SHA-1 over the parts, sorted as strings and joined: both `signature` and `msg_signature`. */
export function signatureOf(...parts: string[]): string {
  return createHash('sha1').update(parts.sort().join('')).digest('hex');
}

/** The key is 43 characters of Base64 whose final `=` WeChat leaves out. */
export function keyFrom(encodingAesKey: string): Buffer {
  return Buffer.from(`${encodingAesKey}=`, 'base64');
}

/** 16 random bytes, the length, the message and the platform's appid, padded and encrypted; Base64. */
export function sealMessage(message: string, key: Buffer, appid: string, random16: Buffer): string {
  const text = Buffer.from(message, 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  const plain = Buffer.concat([random16, length, text, Buffer.from(appid, 'utf8')]);
  const padBytes = PADDING_BLOCK - (plain.length % PADDING_BLOCK);
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  return Buffer.concat([
    cipher.update(plain),
    cipher.update(Buffer.alloc(padBytes, padBytes)),
    cipher.final(),
  ]).toString('base64');
}

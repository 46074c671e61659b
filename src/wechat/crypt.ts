/**
 * WeChat's encrypted envelope of pushes. What arrives from outside is answered with a value, never with an exception.
 *
 * AES-256-CBC; the key is the Base64 of EncodingAESKey, the IV its first 16 bytes; the plain text is 16 random bytes,
 * the message's length in bytes (4, big-endian), the message, the platform's appid, padded as in PKCS#7 but to 32.
 */
import { isUtf8 } from 'node:buffer';
import { createCipheriv, createDecipheriv, type Decipher, hash, timingSafeEqual } from 'node:crypto';

/** One pair of the platform's settings. Token and key may be rotated one without the other. */
export interface PushCredential {
  readonly token: string;
  /** As `decodeAesKey` gives it. */
  readonly aesKey: Buffer;
}

export interface SealedPush {
  /** The current credential first, then the ones that are being rotated out. */
  readonly credentials: readonly PushCredential[];
  readonly componentAppid: string;
  /** As it came from the URL: anything may stand there. */
  readonly query: { readonly timestamp?: unknown; readonly nonce?: unknown; readonly msg_signature?: unknown };
  readonly body: Buffer | string;
}

export interface NotOpened {
  readonly ok: false;
  readonly why: 'bad_signature' | 'unreadable';
  readonly detail: string;
}

export interface Opened {
  readonly ok: true;
  /** XML in UTF-8, where it is not damaged. */
  readonly message: Buffer;
  /** The query's `msg_signature`. It is no part of the query's text, which it would keep in memory. */
  readonly signature: string;
}

export type OpenedPush = Opened | NotOpened;

export type Decrypted<Message = string> =
  | { readonly ok: true; readonly message: Message; readonly appid: string }
  | Undecipherable;

interface Undecipherable {
  readonly ok: false;
  readonly detail: string;
}

const PADDING_BLOCK = 32;
const AES_BLOCK = 16;
const RANDOM_BYTES = 16;
/** In the place of bytes that are not UTF-8. */
const REPLACEMENT = '\ufffd';
/** The random bytes and the length. */
const HEAD_BYTES = RANDOM_BYTES + 4;

/** Throws: a wrong key is a fault of the settings. The last character's two spare bits may be set; WeChat's own sample sets them. */
export function decodeAesKey(encodingAesKey: string): Buffer {
  if (!/^[A-Za-z0-9+/]{43}$/.test(encodingAesKey)) {
    throw new Error(
      `The EncodingAESKey must be 43 letters and digits as the platform's page shows it; this one has ${encodingAesKey.length} characters${encodingAesKey.length === 43 ? ', some of them not allowed' : ''}. Copy it again.`,
    );
  }
  return Buffer.from(`${encodingAesKey}=`, 'base64');
}

/** `msg_signature`: lower-case hex SHA-1 of the four parts, sorted as strings and joined. */
export function signatureOf(token: string, timestamp: string, nonce: string, encrypt: string): string {
  return hash('sha1', joinedInOrder(token, timestamp, nonce, encrypt), 'hex');
}

/** By hand: `sort` and `join` of an array would take as long as a third of the hash. */
function joinedInOrder(one: string, other: string, third: string, fourth: string): string {
  const [a, b] = one <= other ? [one, other] : [other, one];
  const [c, d] = third <= fourth ? [third, fourth] : [fourth, third];
  const [first, isLarger] = a <= c ? [a, c] : [c, a];
  const [last, isSmaller] = b <= d ? [d, b] : [b, d];
  return first + (isLarger <= isSmaller ? isLarger + isSmaller : isSmaller + isLarger) + last;
}

const SIGNATURE_BYTES = 40;
const GIVEN = Buffer.alloc(SIGNATURE_BYTES);
const RIGHT = Buffer.alloc(SIGNATURE_BYTES);

/** In constant time, so that an answer's delay reveals nothing about the right signature. */
export function isSignature(given: string, right: string): boolean {
  if (given.length !== SIGNATURE_BYTES) return false;
  GIVEN.write(given, 'latin1');
  RIGHT.write(right, 'latin1');
  // The bytes are the low halves of the characters, which may differ in the high ones.
  return timingSafeEqual(GIVEN, RIGHT) && given === right;
}

export function encrypt(key: Buffer, message: string, appid: string, random16: Buffer): string {
  const text = Buffer.from(message, 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  const plain = Buffer.concat([random16, length, text, Buffer.from(appid, 'utf8')]);
  const pad = PADDING_BLOCK - (plain.length % PADDING_BLOCK);
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, AES_BLOCK)).setAutoPadding(false);
  return Buffer.concat([cipher.update(plain), cipher.update(Buffer.alloc(pad, pad)), cipher.final()]).toString(
    'base64',
  );
}

export function decrypt(key: Buffer, encrypted: string): Decrypted {
  const sealed = fromBase64(encrypted);
  const opened = sealed === undefined ? undecipherable('<Encrypt> is not Base64') : decryptBytes(key, sealed);
  return opened.ok ? { ...opened, message: opened.message.toString() } : opened;
}

function decryptBytes(key: Buffer, sealed: Buffer): Decrypted<Buffer> {
  if (sealed.length % AES_BLOCK !== 0) {
    return undecipherable(`<Encrypt> holds ${sealed.length} bytes, which is not a multiple of ${AES_BLOCK}`);
  }
  if (sealed.length < HEAD_BYTES) return tooShort();
  // Without auto padding this is all of it.
  const plain = withoutPadding(decipherOf(key).update(sealed));
  if (plain === undefined) return undecipherable('the padding is wrong: the key does not fit, or bytes were changed');
  if (plain.length < HEAD_BYTES) return tooShort();

  const end = HEAD_BYTES + plain.readUInt32BE(RANDOM_BYTES);
  if (end > plain.length) return undecipherable('the message claims to be longer than what was sent');
  // The message may be damaged, a character cut in its middle or another encoding: refused it would be lost, and it is
  // WeChat's. The appid shows whether the key fits.
  const appid = plain.toString('utf8', end);
  if (appid.includes(REPLACEMENT) && !isUtf8(plain.subarray(end))) {
    return undecipherable('the appid behind the message is not UTF-8');
  }
  return { ok: true, message: plain.subarray(HEAD_BYTES, end), appid };
}

const deciphers = new WeakMap<Buffer, Decipher>();

/**
 * One for all pushes: to make one takes longer than to decrypt a push. In CBC, what was decrypted before changes only the first block,
 * as the IV does, and that block is the random bytes.
 */
function decipherOf(key: Buffer): Decipher {
  let decipher = deciphers.get(key);
  if (decipher === undefined) {
    decipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, AES_BLOCK)).setAutoPadding(false);
    deciphers.set(key, decipher);
  }
  return decipher;
}

/** Verifies, then decrypts, then checks that the push is meant for this platform. */
export function openPush(sealed: SealedPush): OpenedPush {
  const { credentials, componentAppid } = sealed;
  const encrypted = verified(sealed);
  if ('ok' in encrypted) return encrypted;
  let detail = 'no EncodingAESKey is set';
  for (const { aesKey } of credentials) {
    const opened = decryptBytes(aesKey, encrypted.bytes);
    if (opened.ok && opened.appid === componentAppid) {
      return { ok: true, message: opened.message, signature: encrypted.signature };
    }
    detail = opened.ok ? 'the push is for another platform: its appid is not ours' : opened.detail;
  }
  return closed('unreadable', detail);
}

function verified({ credentials, query, body }: SealedPush): Signed | NotOpened {
  const { timestamp, nonce, msg_signature: signature } = query;
  if (typeof timestamp !== 'string' || typeof nonce !== 'string' || typeof signature !== 'string') {
    return closed('bad_signature', 'the URL lacks timestamp, nonce or msg_signature');
  }
  const encrypted = encryptOf(typeof body === 'string' ? body : body.toString('latin1'));
  if (encrypted === undefined) {
    return closed('unreadable', 'the body has no single <Encrypt> of Base64; pushes are always encrypted');
  }
  for (const { token } of credentials) {
    const right = signatureOf(token, timestamp, nonce, encrypted.text);
    if (isSignature(signature, right)) return { bytes: encrypted.bytes, signature: right };
  }
  return closed('bad_signature', 'msg_signature does not fit any of our tokens');
}

interface Signed {
  readonly bytes: Buffer;
  readonly signature: string;
}

interface Encrypted {
  readonly text: string;
  readonly bytes: Buffer;
}

/** Only what stands between the tags is trusted, and that only after its signature fits; so no XML parser is needed here. */
function encryptOf(body: string): Encrypted | undefined {
  const start = body.indexOf('<Encrypt>');
  const end = body.indexOf('</Encrypt>', start);
  if (start < 0 || end < 0) return undefined;
  const content = body.slice(start + '<Encrypt>'.length, end).trim();
  const text =
    content.startsWith('<![CDATA[') && content.endsWith(']]>') ? content.slice('<![CDATA['.length, -3).trim() : content;
  const bytes = fromBase64(text);
  if (bytes === undefined) return undefined;
  // Base64 has no tags in it, so it need not be searched for them.
  if (body.includes('<Encrypt>', end)) return undefined;
  return declares(body.slice(0, start)) || declares(body.slice(end)) ? undefined : { text, bytes };
}

/** Anything that begins with `<!` and is not CDATA. */
function declares(xml: string): boolean {
  return /<!(?!\[CDATA\[)/.test(xml);
}

/** Node drops what is not Base64, so a text of anything else has fewer bytes than its length says. (A pattern takes 3 µs.) */
function fromBase64(text: string): Buffer | undefined {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length > 0 && bytes.length === Math.floor(((text.length - padding) * 3) / 4) ? bytes : undefined;
}

function withoutPadding(plain: Buffer): Buffer | undefined {
  const pad = plain[plain.length - 1] ?? 0;
  if (pad < 1 || pad > PADDING_BLOCK) return undefined;
  const end = plain.length - pad;
  // The random bytes are no padding.
  for (let at = Math.max(end, RANDOM_BYTES); at < plain.length; at += 1) if (plain[at] !== pad) return undefined;
  return plain.subarray(0, end);
}

function tooShort(): Undecipherable {
  return undecipherable('the plain text is shorter than its own head');
}

function undecipherable(detail: string): Undecipherable {
  return { ok: false, detail };
}

function closed(why: NotOpened['why'], detail: string): NotOpened {
  return { ok: false, why, detail };
}

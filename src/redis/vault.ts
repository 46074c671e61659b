/**
 * Seals secrets before they reach Redis: AES-256-GCM with FASTREGISTER_SECRET_KEY. Each sealed text names its key, so that the
 * key can be changed while texts that the previous key has sealed still exist.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

export interface Vault {
  /** `label` names the owner of the secret; a sealed text opens under its own label only. */
  seal(text: string, label: string): string;
  /** Throws if neither key has sealed the text, or the text was changed. */
  open(sealed: string, label: string): string;
  /** Whether the present key has sealed the text, not the previous one. */
  isCurrent(sealed: string): boolean;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Enough to distinguish two keys, too little to find one. */
export function fingerprintOf(secretKey: Buffer): string {
  return createHash('sha256').update('fastregister secret key').update(secretKey).digest('hex').slice(0, 12);
}

/** Distinguishes long random secrets without revealing them. */
export function markOf(secret: string): string {
  return createHash('sha256').update('fastregister mark').update(secret).digest('hex').slice(0, 16);
}

/**
 * @param secretKey 32 bytes
 * @param previous the previous key (FASTREGISTER_SECRET_KEY_PREVIOUS): only opens texts
 */
export function openVault(secretKey: Buffer, previous?: Buffer): Vault {
  const current = fingerprintOf(secretKey);
  const keys = new Map([[current, secretKey]]);
  const nextNonce = openNonces();
  if (previous !== undefined) keys.set(fingerprintOf(previous), previous);

  return {
    seal(text, label) {
      const nonce = nextNonce();
      const cipher = createCipheriv('aes-256-gcm', secretKey, nonce).setAAD(Buffer.from(label));
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return `${current}.${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64')}`;
    },

    open(sealed, label) {
      const [id = '', text = ''] = sealed.split('.', 2);
      const key = keys.get(id);
      if (key === undefined) throw notOurs();
      const bytes = Buffer.from(text, 'base64');
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES))
          .setAAD(Buffer.from(label))
          .setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
        return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString(
          'utf8',
        );
      } catch (cause) {
        throw notOurs(cause);
      }
    },

    isCurrent: (sealed) => sealed.startsWith(`${current}.`),
  };
}

function notOurs(cause?: unknown): Error {
  return new Error(
    'A sealed secret does not open: FASTREGISTER_SECRET_KEY is not the key that sealed it, nor is FASTREGISTER_SECRET_KEY_PREVIOUS',
    { cause },
  );
}

/** Fetching random bytes takes as long as the rest of sealing, so they are fetched for many seals at once. */
const NONCES_AT_ONCE = 256;

function openNonces(): () => Buffer {
  let nonces = Buffer.alloc(0);
  return () => {
    if (nonces.length === 0) nonces = randomBytes(NONCES_AT_ONCE * NONCE_BYTES);
    const nonce = nonces.subarray(0, NONCE_BYTES);
    nonces = nonces.subarray(NONCE_BYTES);
    return nonce;
  };
}

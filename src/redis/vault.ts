/** What is worth a Mini Program is sealed before it reaches Redis: AES-256-GCM with FASTREGISTER_SECRET_KEY. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export interface Vault {
  /** `label` says whose secret it is; a sealed text opens under its own label only. */
  seal(text: string, label: string): string;
  /** Throws where the key is another one, or the text was changed. */
  open(sealed: string, label: string): string;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** @param secretKey 32 bytes */
export function openVault(secretKey: Buffer): Vault {
  return {
    seal(text, label) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', secretKey, nonce).setAAD(Buffer.from(label));
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
    },

    open(sealed, label) {
      const bytes = Buffer.from(sealed, 'base64');
      const decipher = createDecipheriv('aes-256-gcm', secretKey, bytes.subarray(0, NONCE_BYTES))
        .setAAD(Buffer.from(label))
        .setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString(
          'utf8',
        );
      } catch (cause) {
        throw new Error('A sealed secret does not open: FASTREGISTER_SECRET_KEY is not the key that sealed it', {
          cause,
        });
      }
    },
  };
}

/**
 * Throw-away certificates without an openssl command: a CA, and what it signs. X.509 as in RFC 5280, as much of it as a
 * TLS server of a test needs.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

export interface Certificate {
  /** PEM, as servers and NODE_EXTRA_CA_CERTS want them. */
  readonly certificate: string;
  readonly key: string;
}

export interface Authority extends Certificate {
  issue(host: string, valid?: Validity): Certificate;
}

interface Validity {
  readonly from: Date;
  readonly to: Date;
}

const DAY_MS = 86_400_000;

const OIDS = {
  commonName: '550403',
  ecdsaWithSha256: '2a8648ce3d040302',
  basicConstraints: '551d13',
  subjectAltName: '551d11',
} as const;

export function newAuthority(): Authority {
  const subject = `A CA of a test ${randomBytes(4).toString('hex')}`;
  const { publicKey, privateKey } = newKeys();
  const isCa = extension('basicConstraints', sequence(tlv(0x01, Buffer.from([0xff]))));
  const signed = (about: Omit<ToSign, 'issuer'>) => pem(signedBy(privateKey, { ...about, issuer: subject }));
  return {
    certificate: signed({ subject, publicKey, valid: today(), extensions: [isCa] }),
    key: keyPem(privateKey),
    issue(host, valid = today()) {
      const own = newKeys();
      const extensions = [extension('subjectAltName', sequence(alternativeName(host)))];
      return {
        certificate: signed({ subject: host, publicKey: own.publicKey, valid, extensions }),
        key: keyPem(own.privateKey),
      };
    },
  };
}

function today(): Validity {
  return { from: new Date(Date.now() - DAY_MS), to: new Date(Date.now() + DAY_MS) };
}

function newKeys(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

interface ToSign {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly valid: Validity;
  readonly extensions: readonly Buffer[];
}

function signedBy(key: KeyObject, { subject, issuer, publicKey, valid, extensions }: ToSign): Buffer {
  const algorithm = sequence(oid('ecdsaWithSha256'));
  const body = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    // 0x01 in front, or the number could be a negative one.
    tlv(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    named(issuer),
    sequence(time(valid.from), time(valid.to)),
    named(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...extensions)),
  );
  return sequence(body, algorithm, tlv(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', body, key)])));
}

function named(commonName: string): Buffer {
  return sequence(tlv(0x31, sequence(oid('commonName'), tlv(0x0c, Buffer.from(commonName)))));
}

/** UTCTime: 261231235959Z. */
function time(date: Date): Buffer {
  return tlv(
    0x17,
    Buffer.from(
      `${date
        .toISOString()
        .replace(/\.\d+|[-:T]/g, '')
        .slice(2)}`,
    ),
  );
}

function alternativeName(host: string): Buffer {
  return isIPv4(host) ? tlv(0x87, Buffer.from(host.split('.').map(Number))) : tlv(0x82, Buffer.from(host));
}

function extension(name: 'basicConstraints' | 'subjectAltName', value: Buffer): Buffer {
  return sequence(oid(name), tlv(0x04, value));
}

function oid(name: keyof typeof OIDS): Buffer {
  return tlv(0x06, Buffer.from(OIDS[name], 'hex'));
}

function sequence(...parts: Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

/** DER: a tag, the length, the value. */
function tlv(tag: number, value: Buffer): Buffer {
  const { length } = value;
  const short = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...short]), value]);
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function keyPem(key: KeyObject): string {
  return String(key.export({ type: 'pkcs8', format: 'pem' }));
}

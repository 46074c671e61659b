import { createCipheriv } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeAesKey,
  decrypt,
  encrypt,
  isSignature,
  openPush,
  type SealedPush,
  signatureOf,
} from '../../src/wechat/crypt.js';
import { ANY_CHARACTER } from '../support/any-character.js';

/** Samples that WeChat publishes with its own implementations in Java, C++, Python and C#. */
const JAVA_KEY = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';
const JAVA_APPID = 'wxb11529c136998cb6';
const JAVA_RANDOM = Buffer.from('aaaabbbbccccdddd');
const JAVA_SAMPLES: readonly [message: string, sealed: string][] = [
  ['我是中文abcd123', 'jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg=='],
  [
    '<xml><ToUserName><![CDATA[oia2Tj我是中文jewbmiOUlr6X-1crbLOvLw]]></ToUserName><FromUserName><![CDATA[gh_7f083739789a]]></FromUserName><CreateTime>1407743423</CreateTime><MsgType><![CDATA[video]]></MsgType><Video><MediaId><![CDATA[eYJ1MbwPRJtOvIEabaxHs7TX2D-HV71s79GUxqdUkjm6Gs2Ed1KF3ulAOA9H1xG0]]></MediaId><Title><![CDATA[testCallBackReplyVideo]]></Title><Description><![CDATA[testCallBackReplyVideo]]></Description></Video></xml>',
    'jn1L23DB+6ELqJ+6bruv23M2GmYfkv0xBh2h+XTBOKVKcgDFHle6gqcZ1cZrk3e1qjPQ1F4RsLWzQRG9udbKWesxlkupqcEcW7ZQweImX9+wLMa0GaUzpkycA8+IamDBxn5loLgZpnS7fVAbExOkK5DYHBmv5tptA9tklE/fTIILHR8HLXa5nQvFb3tYPKAlHF3rtTeayNf0QuM+UW/wM9enGIDIJHF7CLHiDNAYxr+r+OrJCmPQyTy8cVWlu9iSvOHPT/77bZqJucQHQ04sq7KZI27OcqpQNSto2OdHCoTccjggX5Z9Mma0nMJBU+jLKJ38YB1fBIz+vBzsYjrTmFQ44YfeEuZ+xRTQwr92vhA9OxchWVINGC50qE/6lmkwWTwGX9wtQpsJKhP+oS7rvTY8+VdzETdfakjkwQ5/Xka042OlUb1/slTwo4RscuQ+RdxSGvDahxAJ6+EAjLt9d8igHngxIbf6YyqqROxuxqIeIch3CssH/LqRs+iAcILvApYZckqmA7FNERspKA5f8GoJ9sv8xmGvZ9Yrf57cExWtnX8aCMMaBropU/1k+hKP5LVdzbWCG0hGwx/dQudYR/eXp3P0XxjlFiy+9DMlaFExWUZQDajPkdPrEeOwofJb',
  ],
];

const PUBLISHED_PUSHES = [
  {
    title: 'the C# sample',
    token: 'QDG6eK',
    key: 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C',
    appid: 'wx5823bf96d3bd56c7',
    query: {
      msg_signature: '477715d11cdb4164915debcba66cb864d751f3e6',
      timestamp: '1409659813',
      nonce: '1372623149',
    },
    body: '<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName><Encrypt><![CDATA[RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==]]></Encrypt></xml>',
    says: '<Content><![CDATA[hello]]></Content>\n<MsgId>4561255354251345929</MsgId>',
  },
  {
    title: 'the Python sample',
    token: 'spamtest',
    key: JAVA_KEY,
    appid: 'wx2c2769f8efd9abc2',
    query: {
      msg_signature: '5d197aaffba7e9b25a30732f161a50dee96bd5fa',
      timestamp: '1409735669',
      nonce: '1320562132',
    },
    body: '<xml><ToUserName><![CDATA[gh_10f6c3c3ac5a]]></ToUserName><FromUserName><![CDATA[oyORnuP8q7ou2gfYjqLzSIWZf0rs]]></FromUserName><CreateTime>1409735668</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[abcdteT]]></Content><MsgId>6054768590064713728</MsgId><Encrypt><![CDATA[hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFmOD2LdJF9FrXpbUAh0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3yt+WGzjlpKn6NPhRjpA912xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1BD1DlD+C0CR8e6OewpusjZ4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE=]]></Encrypt></xml>',
    says: '<MsgId>6054768590064713728</MsgId>',
  },
];

const KEY = Buffer.alloc(32, 7);
const OTHER_KEY = Buffer.alloc(32, 8);
const RANDOM = Buffer.alloc(16, 1);
const APPID = 'wx0000000000000000';
const XML = '<xml><InfoType>authorized</InfoType></xml>';

function sealed(changes: { token?: string; key?: Buffer; appid?: string; encrypted?: string } = {}): SealedPush {
  const { token = 'token', key = KEY, appid = APPID } = changes;
  const encrypted = changes.encrypted ?? encrypt(key, XML, appid, RANDOM);
  return {
    credentials: [{ token: 'token', aesKey: KEY }],
    componentAppid: APPID,
    query: { timestamp: '1', nonce: '2', msg_signature: signatureOf(token, '1', '2', encrypted) },
    body: envelope(`<![CDATA[${encrypted}]]>`),
  };
}

function envelope(encrypted: string): string {
  return `<xml><AppId><![CDATA[${APPID}]]></AppId><Encrypt>${encrypted}</Encrypt></xml>`;
}

/** Encrypts bytes as they are, with whatever padding they have. */
function raw(plain: Buffer): string {
  const cipher = createCipheriv('aes-256-cbc', KEY, KEY.subarray(0, 16)).setAutoPadding(false);
  return Buffer.concat([cipher.update(plain), cipher.final()]).toString('base64');
}

/** A plain text of 64 bytes: random, length, 12 bytes of message, 18 of appid, 14 of padding. */
function plainText(change: (plain: Buffer) => void = () => {}): string {
  const plain = Buffer.concat([
    RANDOM,
    Buffer.from([0, 0, 0, 12]),
    Buffer.from('<xml>ok</xml'),
    Buffer.from(APPID),
    Buffer.alloc(14, 14),
  ]);
  change(plain);
  return raw(plain);
}

describe('the EncodingAESKey', () => {
  test('has 32 bytes, also where its last character has spare bits set', () => {
    expect(decodeAesKey(JAVA_KEY)).toHaveLength(32);
  });

  test.each([
    ['', 'this one has 0 characters. Copy it again.'],
    [JAVA_KEY.slice(1), 'this one has 42 characters. Copy it again.'],
    [`${JAVA_KEY}=`, 'this one has 44 characters. Copy it again.'],
    [` ${JAVA_KEY}`, 'this one has 44 characters. Copy it again.'],
    [` ${JAVA_KEY.slice(1)}`, 'this one has 43 characters, some of them not allowed. Copy it again.'],
  ])('is refused with a reason when it is %j', (key, reason) => {
    expect(() => decodeAesKey(key)).toThrow(reason);
  });

  test('is not repeated in the reason', () => {
    expect(() => decodeAesKey(`${JAVA_KEY}=`)).not.toThrow(new RegExp(JAVA_KEY));
  });
});

describe("WeChat's published samples", () => {
  test.each(JAVA_SAMPLES)('the Java sample encrypts to the published text: %.20s', (message, encrypted) => {
    const key = decodeAesKey(JAVA_KEY);
    expect(encrypt(key, message, JAVA_APPID, JAVA_RANDOM)).toBe(encrypted);
    expect(decrypt(key, encrypted)).toEqual({ ok: true, message, appid: JAVA_APPID });
  });

  test.each(PUBLISHED_PUSHES)('$title opens', ({ token, key, appid, query, body, says }) => {
    const opened = openPush({
      credentials: [{ token, aesKey: decodeAesKey(key) }],
      componentAppid: appid,
      query,
      body: Buffer.from(body),
    });
    expect(opened.ok && opened.message.toString()).toContain(says);
  });
});

describe('the cipher', () => {
  test('gives back every message and appid', () => {
    const text = fc.string({ unit: ANY_CHARACTER, maxLength: 300 });
    fc.assert(
      fc.property(text, text, fc.uint8Array({ minLength: 16, maxLength: 16 }), (message, appid, random) => {
        const encrypted = encrypt(KEY, message, appid, Buffer.from(random));
        expect(decrypt(KEY, encrypted)).toEqual({ ok: true, message, appid });
      }),
    );
  });

  test('gives back a message and an appid that are empty', () => {
    expect(decrypt(KEY, encrypt(KEY, '', '', RANDOM))).toEqual({ ok: true, message: '', appid: '' });
  });

  test('reads what it should, before the failures below change it', () => {
    expect(decrypt(KEY, plainText())).toEqual({ ok: true, message: '<xml>ok</xml', appid: APPID });
  });

  test('reads the rest of a message in which a character was cut or is in another encoding', () => {
    const damaged = plainText((plain) => plain.writeUInt8(0xe5, 25));
    expect(decrypt(KEY, damaged)).toEqual({ ok: true, message: '<xml>\ufffdk</xml', appid: APPID });
  });

  test.each([
    ['the last byte claims no padding', (plain: Buffer) => plain.writeUInt8(0, 63), 'padding'],
    ['the last byte claims 33 bytes of padding', (plain: Buffer) => plain.writeUInt8(33, 63), 'padding'],
    ['one pad byte differs', (plain: Buffer) => plain.writeUInt8(13, 50), 'padding'],
    ['the length exceeds the buffer by one', (plain: Buffer) => plain.writeUInt32BE(31, 16), 'longer'],
    ['the length is the largest there is', (plain: Buffer) => plain.writeUInt32BE(0xffffffff, 16), 'longer'],
    ['the appid is not UTF-8', (plain: Buffer) => plain.writeUInt8(0xff, 32), 'UTF-8'],
  ])('says what is wrong where %s', (_, change, reason) => {
    expect(decrypt(KEY, plainText(change))).toEqual({ ok: false, detail: expect.stringContaining(reason) });
  });

  test.each([
    ['is empty', '', '<Encrypt> is not Base64'],
    ['is not Base64', '%%%%', '<Encrypt> is not Base64'],
    ['is not whole blocks', 'AAAA', '<Encrypt> holds 3 bytes, which is not a multiple of 16'],
    ['holds padding only', raw(Buffer.alloc(32, 32)), 'the plain text is shorter than its own head'],
    ['is one block', raw(Buffer.alloc(16, 17)), 'the plain text is shorter than its own head'],
    [
      'has 33 bytes of padding',
      raw(Buffer.concat([RANDOM, Buffer.alloc(15), Buffer.alloc(33, 33)])),
      'the padding is wrong',
    ],
  ])('says what is wrong where the text %s', (_, encrypted, detail) => {
    expect(decrypt(KEY, encrypted)).toEqual({ ok: false, detail: expect.stringContaining(detail) });
  });

  test('opens each text alike, whatever was opened before', () => {
    const texts = ['<xml>1</xml>', XML, '<xml>1</xml>'].map((xml) => encrypt(KEY, xml, APPID, RANDOM));
    decrypt(KEY, raw(Buffer.alloc(64, 64)));
    expect(texts.map((text) => decrypt(KEY, text))).toMatchObject([
      { message: '<xml>1</xml>', appid: APPID },
      { message: XML, appid: APPID },
      { message: '<xml>1</xml>', appid: APPID },
    ]);
  });

  test('does not open with another key', () => {
    expect(decrypt(OTHER_KEY, encrypt(KEY, XML, APPID, RANDOM)).ok).toBe(false);
  });
});

test('a signature fits its own parts only', () => {
  const right = signatureOf('token', '1', '2', 'AAAA');
  expect(isSignature(right, right)).toBe(true);
  expect(isSignature(signatureOf('token', '1', '2', 'AAAB'), right)).toBe(false);
  expect(isSignature(right.slice(1), right)).toBe(false);
  expect(isSignature(right.toUpperCase(), right)).toBe(false);
  expect(isSignature('é'.repeat(20), right)).toBe(false);
  const alike = String.fromCharCode(right.charCodeAt(39) + 0x100);
  expect(isSignature(right.slice(0, 39) + alike, right)).toBe(false);
});

describe('a push', () => {
  test('opens, as bytes and as text, in CDATA and without', () => {
    const push = sealed();
    const opened = { ok: true, message: Buffer.from(XML), signature: push.query.msg_signature };
    expect(openPush(push)).toEqual(opened);
    expect(openPush({ ...push, body: Buffer.from(push.body as string) })).toEqual(opened);
    const plain = envelope(encrypt(KEY, XML, APPID, RANDOM));
    expect(openPush({ ...push, body: plain }).ok).toBe(true);
  });

  test('opens whatever white space is around its text, and where nothing is around its <Encrypt>', () => {
    const push = sealed();
    const encrypted = encrypt(KEY, XML, APPID, RANDOM);
    for (const content of [`\n<![CDATA[${encrypted}]]>\n`, `<![CDATA[ ${encrypted}\n]]>`, ` ${encrypted} `]) {
      expect(openPush({ ...push, body: envelope(content) })).toMatchObject({ ok: true, message: Buffer.from(XML) });
    }
    expect(openPush({ ...push, body: `<Encrypt>${encrypted}</Encrypt>` }).ok).toBe(true);
  });

  test('opens with the previous token, the previous key, or one of each', () => {
    const credentials = [
      { token: 'new token', aesKey: OTHER_KEY },
      { token: 'token', aesKey: KEY },
    ];
    expect(openPush({ ...sealed(), credentials }).ok).toBe(true);
    expect(openPush({ ...sealed({ token: 'new token' }), credentials }).ok).toBe(true);
    expect(openPush({ ...sealed({ key: OTHER_KEY }), credentials }).ok).toBe(true);
    expect(openPush({ ...sealed({ token: 'token of last year' }), credentials }).ok).toBe(false);
  });

  test('with a flipped bit is refused by its signature, before anything is decrypted', () => {
    const push = sealed();
    const body = (push.body as string).replace(
      /CDATA\[(.)(?=[^\]]*\]\]><\/Encrypt>)/,
      (_, first) => `CDATA[${first === 'A' ? 'B' : 'A'}`,
    );
    expect(body).not.toBe(push.body);
    expect(openPush({ ...push, body })).toMatchObject({ ok: false, why: 'bad_signature' });
  });

  test('without a signature is refused', () => {
    const push = sealed();
    const { query: right } = push;
    const lacking = [
      {},
      { ...right, msg_signature: undefined },
      { ...right, msg_signature: [right.msg_signature] },
      { ...right, nonce: ['2', '2'] },
      { ...right, nonce: ['2'] },
      { ...right, timestamp: 1 },
    ];
    for (const query of lacking) {
      const detail = 'the URL lacks timestamp, nonce or msg_signature';
      expect(openPush({ ...push, query })).toEqual({ ok: false, why: 'bad_signature', detail });
    }
    expect(openPush(sealed({ token: 'another' }))).toMatchObject({
      detail: 'msg_signature does not fit any of our tokens',
    });
    expect(openPush({ ...push, credentials: [] })).toMatchObject({ ok: false, why: 'bad_signature' });
  });

  test('for another platform is refused', () => {
    expect(openPush(sealed({ appid: 'wx1111111111111111' }))).toMatchObject({
      ok: false,
      why: 'unreadable',
      detail: expect.stringContaining('another platform'),
    });
    expect(openPush(sealed({ appid: '' }))).toMatchObject({ ok: false, why: 'unreadable' });
  });

  test('well signed around bytes that do not decrypt is unreadable', () => {
    expect(openPush(sealed({ encrypted: plainText((plain) => plain.writeUInt8(0, 63)) }))).toMatchObject({
      ok: false,
      why: 'unreadable',
      detail: expect.stringContaining('padding'),
    });
  });

  test.each([
    ['nothing', ''],
    ['no <Encrypt>', '<xml><AppId>wx</AppId></xml>'],
    ['an open <Encrypt>', '<xml><Encrypt>AAAA'],
    ['an empty <Encrypt>', envelope('')],
    ['two of them', `<xml><Encrypt>AAAA</Encrypt><Encrypt>AAAA</Encrypt></xml>`],
    ['an entity', envelope('&lt;')],
    ['a document type', `<!DOCTYPE xml [<!ENTITY e "AAAA">]>${envelope('AAAA')}`],
    ['a message that is not encrypted', XML],
    ['only its end', '12345678AAAA</Encrypt>'],
    ['a CDATA that does not end', envelope('<![CDATA[AAAAAAA')],
    ['a CDATA that does not begin', envelope('AAAAAAAAAAAAA]]>')],
  ])('whose envelope holds %s is unreadable', (_, body) => {
    const detail = 'the body has no single <Encrypt> of Base64; pushes are always encrypted';
    expect(openPush({ ...sealed(), body })).toEqual({ ok: false, why: 'unreadable', detail });
  });

  test('never throws, whatever comes', () => {
    const push = sealed();
    fc.assert(
      fc.property(fc.anything(), fc.uint8Array({ maxLength: 500 }), fc.base64String(), (odd, bytes, encrypted) => {
        const query = { ...push.query, nonce: odd };
        expect(openPush({ ...push, query }).ok).toBe(odd === '2');
        expect(openPush({ ...push, body: Buffer.from(bytes) }).ok).toBe(false);
        expect(openPush(sealed({ encrypted })).ok).toBe(false);
      }),
    );
  });
});

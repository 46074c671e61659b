import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readPush, sketchPush } from '../../src/wechat/push.js';
import { readGeneral, readPlain, readXml } from '../../src/wechat/xml.js';
import { runs } from '../support/runs.js';

/** As the English document prints it, with its mistyped end of <appid>. */
const ENGLISH_SAMPLE = `<xml>
    <AppId><![CDATA[The third-party platform's appid]]></AppId>
    <CreateTime>1535442403</CreateTime>
    <InfoType><![CDATA[notify_third_fasteregister]]></InfoType>
    <appid>The created Mini Program's appid<appid>
    <status>0</status>
    <auth_code>xxxxxThird-party authorization code </auth_code>
    <msg>OK</msg>
    <info>
    <name><![CDATA[Enterprise name]]></name>
    <code><![CDATA[Enterprise code]]></code>
    <code_type>1</code_type>
    <legal_persona_wechat><![CDATA[Weixin ID of the legal person]]></legal_persona_wechat>
    <legal_persona_name><![CDATA[Name of the legal person]]></legal_persona_name>
    <component_phone><![CDATA[Contact number of the third-party platform]]></component_phone>
    </info>
</xml>`;

/** As the Chinese document prints it. */
const CHINESE_SAMPLE = `
   <xml>
       <AppId><![CDATA[第三方平台appid]]></AppId>
       <CreateTime>1535442403</CreateTime>
       <InfoType><![CDATA[notify_third_fasteregister]]></InfoType>
       <appid>创建小程序appid<appid>
       <status>0</status>
       <auth_code>xxxxx第三方授权码</auth_code>
       <msg>OK</msg>
       <info>
       <name><![CDATA[企业名称]]></name>
       <code><![CDATA[企业代码]]></code>
       <code_type>1</code_type>
       <legal_persona_wechat><![CDATA[法人微信号]]></legal_persona_wechat>
       <legal_persona_name><![CDATA[法人姓名]]></legal_persona_name>
       <component_phone><![CDATA[第三方联系电话]]></component_phone>
       </info>
   </xml>
`;

const HEAD =
  '<AppId><![CDATA[wxplatform]]></AppId><CreateTime>1535442403</CreateTime><InfoType><![CDATA[notify_third_fasteregister]]></InfoType>';
const INFO =
  '<info><name><![CDATA[企业]]></name><code><![CDATA[000000000000000018]]></code><code_type>1</code_type><legal_persona_wechat><![CDATA[weixin_id]]></legal_persona_wechat><legal_persona_name><![CDATA[法人]]></legal_persona_name><component_phone><![CDATA[02000000000]]></component_phone></info>';

function push(fields: string): string {
  return `<xml>${HEAD}${fields}</xml>`;
}

const NO_INFO = {
  name: undefined,
  code: undefined,
  codeType: undefined,
  legalPersonaWechat: undefined,
  legalPersonaName: undefined,
  componentPhone: undefined,
  taskId: undefined,
};

describe("the documents' samples", () => {
  test('the English sample is read, every field of it, although <appid> is not closed', () => {
    expect(readPush(ENGLISH_SAMPLE)).toEqual({
      kind: 'registration',
      infoType: 'notify_third_fasteregister',
      componentAppid: "The third-party platform's appid",
      createdAt: 1535442403000,
      status: '0',
      msg: 'OK',
      appid: "The created Mini Program's appid",
      authCode: 'xxxxxThird-party authorization code',
      info: {
        name: 'Enterprise name',
        code: 'Enterprise code',
        codeType: '1',
        legalPersonaWechat: 'Weixin ID of the legal person',
        legalPersonaName: 'Name of the legal person',
        componentPhone: 'Contact number of the third-party platform',
        taskId: undefined,
      },
    });
  });

  test('the Chinese sample is read as well', () => {
    expect(readPush(CHINESE_SAMPLE)).toMatchObject({
      componentAppid: '第三方平台appid',
      appid: '创建小程序appid',
      status: '0',
      authCode: 'xxxxx第三方授权码',
      info: { name: '企业名称', legalPersonaName: '法人姓名', componentPhone: '第三方联系电话' },
    });
  });
});

describe('a field without its end', () => {
  const REST = ['<status>0</status>', '<auth_code>code</auth_code>', '<msg>OK</msg>', INFO];
  const openings = [
    '<appid>wx1<appid>',
    '<appid><![CDATA[wx1]]><appid>',
    '<appid>\n<![CDATA[wx1]]>\n<appid>\n',
    '<appid>wx1',
    '<appid><![CDATA[wx1]]>',
  ];
  const cases = openings.flatMap((appid) =>
    [0, 1, 2, 3, 4].map(
      (place) => [appid, place, [...REST.slice(0, place), appid, ...REST.slice(place)].join('')] as const,
    ),
  );

  test.each(cases)('%j in place %i costs neither it nor a later field', (_, __, fields) => {
    expect(readPush(push(fields))).toMatchObject({
      componentAppid: 'wxplatform',
      appid: 'wx1',
      status: '0',
      authCode: 'code',
      msg: 'OK',
      info: { name: '企业', code: '000000000000000018', componentPhone: '02000000000' },
    });
  });

  test.each(['<appid><appid>', '<appid>', '<appid/>', '<appid></appid>', '<appid><![CDATA[]]><appid>'])(
    '%s is an appid that is missing',
    (appid) => {
      expect(readPush(push(`${appid}<status>101</status>${INFO}`))).toMatchObject({
        appid: undefined,
        status: '101',
        info: { name: '企业' },
      });
    },
  );

  test('is repaired inside <info> too', () => {
    expect(readPush(push('<status>0</status><info><name>企业<name><code>0123</info>'))).toMatchObject({
      info: { name: '企业', code: '0123' },
    });
  });
});

describe('a registration push', () => {
  test('without a status has none: it is not 0', () => {
    expect(readPush(push('<msg>OK</msg>'))).toMatchObject({ kind: 'registration', status: undefined, msg: 'OK' });
    expect(readPush(push('<status></status>'))).toMatchObject({ status: undefined });
  });

  test('of a failure may lack appid, auth_code and info', () => {
    expect(readPush(push('<status>-1</status><msg>authorize third party failed</msg>'))).toEqual({
      kind: 'registration',
      infoType: 'notify_third_fasteregister',
      componentAppid: 'wxplatform',
      createdAt: 1535442403000,
      status: '-1',
      msg: 'authorize third party failed',
      appid: undefined,
      authCode: undefined,
      info: NO_INFO,
    });
  });

  test('of the successor names its task', () => {
    const info = '<info><taskid><![CDATA[0012]]></taskid><name></name></info>';
    expect(readPush(push(`<status>0</status>${info}`))).toMatchObject({ info: { ...NO_INFO, taskId: '0012' } });
  });

  test('may name its task beside <info>, but the one inside goes before it', () => {
    expect(readPush(push('<taskid>0012</taskid>'))).toMatchObject({ info: { ...NO_INFO, taskId: '0012' } });
    const both = '<taskid>0012</taskid><info><taskid>0013</taskid></info>';
    expect(readPush(push(both))).toMatchObject({ info: { taskId: '0013' } });
  });

  test('keeps every digit, and leading zeros', () => {
    expect(readPush(push('<status>00</status><info><code>0912345678901234567890</code></info>'))).toMatchObject({
      status: '00',
      info: { code: '0912345678901234567890' },
    });
  });

  test('does not take AppId for appid, nor appid for AppId', () => {
    const type = '<InfoType>notify_third_fasteregister</InfoType>';
    expect(readPush(`<xml>${type}<appid>wx1</appid></xml>`)).toMatchObject({ componentAppid: undefined, appid: 'wx1' });
    expect(readPush(`<xml>${type}<AppId>wx2</AppId></xml>`)).toMatchObject({ componentAppid: 'wx2', appid: undefined });
  });

  test('has its entities decoded outside CDATA only', () => {
    expect(readPush(push('<msg>a &lt;&gt;&amp;&quot;&apos; &#20225;&#x4e1a; &nbsp; & b &amp;lt;</msg>'))).toMatchObject(
      {
        msg: 'a <>&"\' 企业 &nbsp; & b &lt;',
      },
    );
    expect(readPush(push('<msg><![CDATA[&lt;b> <c/>]]></msg>'))).toMatchObject({ msg: '&lt;b> <c/>' });
  });

  test.each([
    ['&#1114111;', '\u{10ffff}'],
    ['&#xd7ff;&#xe000;', '\ud7ff\ue000'],
    ['a&#0;', 'a&#0;'],
    ['&#x110000;', '&#x110000;'],
    ['&#xd800;', '&#xd800;'],
    ['&#xdfff;', '&#xdfff;'],
  ])('has characters by number only where there is such a character: %s', (written, read) => {
    expect(readPush(push(`<msg>${written}</msg>`))).toMatchObject({ msg: read });
  });

  test('has one kind of line ends, and none around a text', () => {
    expect(readPush(push('<msg>\r\na\r\nb\rc\r\n</msg>'))).toMatchObject({ msg: 'a\nb\nc' });
    expect(readPush(push('<msg>&#13;a&#32;</msg>'))).toMatchObject({ msg: 'a' });
  });

  test('that says two things of one field is read as neither', () => {
    expect(readPush(push('<status>0</status><status>101</status>'))).toEqual({
      kind: 'unreadable',
      detail: '<status> is given twice, with different values',
    });
    expect(readPush(push('<status>0</status><status>0</status>'))).toMatchObject({ status: '0' });
    expect(readPush(push('<info><name>企业</name><name>另一企业</name></info>'))).toEqual({
      kind: 'unreadable',
      detail: '<name> is given twice, with different values',
    });
    expect(readPush(push(`${INFO}${INFO}`))).toEqual({ kind: 'unreadable', detail: 'it has more than one <info>' });
    expect(readPush(push('<appid>wx1<b>x</b></appid>'))).toEqual({
      kind: 'unreadable',
      detail: '<appid> holds further elements instead of text',
    });
  });

  test.each(['', 'soon', '0', '-1535442403', '1535442403000', '1e9', '１５３５４４２４０３'])(
    'has no time where CreateTime is %j',
    (time) => {
      const xml = `<xml><InfoType>notify_third_fasteregister</InfoType><CreateTime>${time}</CreateTime></xml>`;
      expect(readPush(xml)).toMatchObject({ kind: 'registration', createdAt: undefined });
    },
  );
});

describe('other pushes', () => {
  test('a ticket', () => {
    const head =
      '<AppId>wxplatform</AppId><CreateTime>1413192605</CreateTime><InfoType>component_verify_ticket</InfoType>';
    expect(readPush(`<xml>${head}<ComponentVerifyTicket>ticket@@@1</ComponentVerifyTicket></xml>`)).toEqual({
      kind: 'verify_ticket',
      infoType: 'component_verify_ticket',
      componentAppid: 'wxplatform',
      createdAt: 1413192605000,
      ticket: 'ticket@@@1',
    });
    expect(readPush(`<xml>${head}</xml>`)).toMatchObject({ kind: 'unreadable' });
  });

  test.each(['authorized', 'updateauthorized', 'unauthorized'])('%s', (infoType) => {
    const fields = '<AuthorizerAppid>wx1</AuthorizerAppid><AuthorizationCode>code</AuthorizationCode>';
    expect(readPush(`<xml><InfoType>${infoType}</InfoType>${fields}</xml>`)).toMatchObject({
      kind: 'authorization',
      infoType,
      authorizerAppid: 'wx1',
      authorizationCode: 'code',
      codeExpiresAt: undefined,
    });
  });

  test('authorized says until when its code lives', () => {
    const fields =
      '<InfoType>authorized</InfoType><AuthorizationCodeExpiredTime>1535442403</AuthorizationCodeExpiredTime>';
    expect(readPush(`<xml>${fields}</xml>`)).toMatchObject({ codeExpiresAt: 1535442403000 });
  });

  test('of a type that we do not know are kept by name, whatever they hold', () => {
    const xml =
      '<xml><InfoType>notify_new</InfoType><list><item a="1">x</item><item>y<name>z</name></item></list></xml>';
    expect(readPush(xml)).toEqual({
      kind: 'other',
      infoType: 'notify_new',
      componentAppid: undefined,
      createdAt: undefined,
    });
  });
});

describe('what is no push', () => {
  const TYPE = '<InfoType>authorized</InfoType>';
  const NO_DECLARATIONS = 'it declares a document type or entities, which no push does';

  test.each([
    ['nothing', '', /^it is not XML \(\w+ in line 1\)$/],
    ['no XML', 'success', /^it is not XML/],
    ['XML that ends early', `<xml>\n${TYPE}`, /^it is not XML \(\w+ in line \d\)$/],
    ['another outermost element', `<html>${TYPE}</html>`, 'its outermost element is not <xml>'],
    [
      'two outermost elements',
      `<xml>${TYPE}</xml><xml>${TYPE}</xml>`,
      /^it (is not XML|has more than one outermost element)/,
    ],
    ['text around it', `<xml>${TYPE}</xml>x`, /^it is not XML/],
    ['no InfoType', '<xml><MsgType>text</MsgType></xml>', 'it has no <InfoType>'],
    ['no ticket', '<xml><InfoType>component_verify_ticket</InfoType></xml>', 'it has no <ComponentVerifyTicket>'],
    ['a document type', `<!DOCTYPE xml><xml>${TYPE}</xml>`, NO_DECLARATIONS],
    ['a declared entity', '<!DOCTYPE xml [<!ENTITY a "b">]><xml><InfoType>&a;</InfoType></xml>', NO_DECLARATIONS],
    ['a declaration behind a comment', `<!-- --><!DOCTYPE xml><xml>${TYPE}</xml>`, NO_DECLARATIONS],
    ['a great depth', `<xml>${TYPE}${'<a>'.repeat(50)}${'</a>'.repeat(50)}</xml>`, /^it is nested deeper than 16/],
    ['a great size', `<xml>${TYPE}`.padEnd(300_000), 'it has 300000 characters; 262144 are allowed'],
    ['tags that cross', `<xml>${TYPE}<a><b></a></b></xml>`, /^it is not XML/],
  ])('%s is unreadable, for a reason', (_, xml, detail) => {
    expect(readPush(xml)).toEqual({ kind: 'unreadable', detail: expect.stringMatching(detail) });
  });

  test('is nothing that is just not too long, or mentions a declaration', () => {
    expect(readPush(`<xml>${TYPE}</xml>`.padEnd(262_144)).kind).toBe('authorization');
    expect(readPush(`<xml>${TYPE}</xml>`.padEnd(262_145)).kind).toBe('unreadable');
    expect(readPush(`<xml><!-- <!DOCTYPE xml> -->${TYPE}</xml>`).kind).toBe('authorization');
    expect(readPush(`<xml a="1"><msg><![CDATA[<!DOCTYPE xml>]]></msg>${TYPE}</xml>`).kind).toBe('authorization');
  });

  test('is described without repeating what it holds', () => {
    for (const xml of ['<xml><张三>13800000000</李四></xml>', '<xml><constructor>secret</constructor><!-- --></xml>']) {
      const reading = readPush(xml);
      expect(reading).toMatchObject({ kind: 'unreadable' });
      expect(JSON.stringify(reading)).not.toMatch(/张三|李四|13800000000|secret/);
    }
  });
});

describe('the two readers', () => {
  const TEXT_FIELDS = new Set(['AppId', 'appid', 'status', 'msg', 'name', 'code']);
  const space = fc.constantFrom('', ' ', '\n    ', '\t');
  const name = fc
    .oneof(
      fc.constantFrom('AppId', 'appid', 'status', 'msg', 'name', 'code', 'info', 'item'),
      fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,8}$/),
    )
    .filter((one) => !/^(xml|constructor|prototype|__proto__|hasownproperty|tostring|valueof)$|^__/i.test(one));
  const plainText = fc
    .string({
      unit: fc.constantFrom('a', '0', '企', '𠮷', ' ', '　', '>', '"', '\n', '&lt;', '&amp;', '&#20225;', ']'),
    })
    .filter((text) => !text.includes(']]>'));
  const cdata = fc
    .string({
      unit: fc.constantFrom('a', '0', '企', ' ', '<', '>', '&', '&lt;', '\n', ']', '<!DOCTYPE', '</a>', '<!--'),
    })
    .filter((text) => !text.includes(']]>') && !text.endsWith(']'))
    .map((text) => `<![CDATA[${text}]]>`);
  const text = fc.array(fc.oneof(plainText, cdata), { maxLength: 3 }).map((parts) => parts.join(''));
  const { element } = fc.letrec<{ element: string }>((tie) => ({
    element: fc.oneof(
      { maxDepth: 4 },
      fc.tuple(name, text, space).map(([tag, content, gap]) => `<${tag}>${content}</${tag}${gap}>`),
      fc.tuple(name, space).map(([tag, gap]) => `<${tag}${gap}/>`),
      fc
        .tuple(name, fc.array(fc.tuple(space, tie('element')), { maxLength: 4 }), space)
        .map(([tag, children, gap]) => `<${tag}>${children.flat().join('')}${gap}</${tag}>`),
    ),
  }));
  const document = fc
    .tuple(
      fc.constantFrom('', '\ufeff', '<?xml version="1.0" encoding="UTF-8"?>\n'),
      fc.array(fc.tuple(space, element), { maxLength: 6 }),
      space,
    )
    .map(([prolog, children, gap]) => `${prolog}<xml>${children.flat().join('')}</xml>${gap}`);

  test('agree on everything that is well-formed', () => {
    let [plain, all] = [0, 0];
    fc.assert(
      fc.property(document, (xml) => {
        all += 1;
        const first = readPlain(xml, TEXT_FIELDS);
        if (first === undefined) return;
        plain += 1;
        expect({ ok: true, root: first }).toEqual(readGeneral(xml));
      }),
      { numRuns: runs(1_000) },
    );
    expect(plain).toBeGreaterThan(all / 2);
  });

  test('between them read everything that is well-formed', () => {
    fc.assert(
      fc.property(document, (xml) => {
        expect(readXml(xml, TEXT_FIELDS)).toMatchObject({ ok: true });
      }),
    );
  });

  test('agree where attributes and comments leave the reading to the second', () => {
    const plain = `<xml><AppId>wx</AppId><info><name><![CDATA[<企业>]]></name></info></xml>`;
    const odd = plain.replace('<xml>', '<xml a="b"><!-- <x> -->').replace('<info>', '<info b="1">');
    expect(readPlain(odd, TEXT_FIELDS)).toBeUndefined();
    expect(readXml(odd, TEXT_FIELDS)).toEqual(readXml(plain, TEXT_FIELDS));
    expect(readXml('<xml><item a="1"/></xml>', TEXT_FIELDS)).toEqual(readXml('<xml><item/></xml>', TEXT_FIELDS));
  });

  test('never repair correct XML', () => {
    const nested = '<xml><appid>a<appid></appid></appid><status>0</status></xml>';
    expect(readPlain(nested, TEXT_FIELDS)).toBeUndefined();
    expect(readXml(nested, TEXT_FIELDS)).toMatchObject({ ok: true });
    const holder = '<xml><name><code>1</code></name></xml>';
    expect(readXml(holder, TEXT_FIELDS)).toMatchObject({
      root: { children: [{ name: 'name', children: [{ name: 'code', text: '1' }] }] },
    });
  });

  test('allow the same depth', () => {
    for (const depth of [15, 16, 17]) {
      const xml = `${'<a>'.repeat(depth)}${'</a>'.repeat(depth)}`;
      expect(readPlain(xml, TEXT_FIELDS) !== undefined).toBe(depth <= 16);
      expect(readGeneral(xml).ok).toBe(depth <= 16);
    }
  });

  test('never throw, whatever comes', () => {
    const bits = fc.constantFrom(
      '<xml>',
      '</xml>',
      '<appid>',
      '</appid>',
      '<![CDATA[',
      ']]>',
      '<!',
      '<?xml ',
      '?>',
      '<!--',
      '-->',
      '&',
      '&#0;',
      '&#x110000;',
      '<',
      '>',
      '/',
      '</',
      '\r\n',
      '__proto__',
      '企',
      '<InfoType>authorized</InfoType>',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(bits, { maxLength: 30 }).map((parts) => parts.join('')),
        ),
        (xml) => {
          expect(readPush(xml).kind).toBeDefined();
        },
      ),
      { numRuns: runs(2000) },
    );
    const broken = fc.nat(ENGLISH_SAMPLE.length - 1);
    fc.assert(
      fc.property(broken, broken, fc.string({ maxLength: 3 }), (at, to, instead) => {
        const xml = ENGLISH_SAMPLE.slice(0, Math.min(at, to)) + instead + ENGLISH_SAMPLE.slice(Math.max(at, to));
        expect(readPush(xml).kind).toBeDefined();
      }),
    );
  });
});

describe('the sketch that the answer waits for', () => {
  test.each([
    ['a registration', push(`<status>0</status>${INFO}`)],
    [
      'a ticket',
      push('')
        .replace('notify_third_fasteregister', 'component_verify_ticket')
        .replace('</xml>', '<ComponentVerifyTicket><![CDATA[ticket@@@1]]></ComponentVerifyTicket></xml>'),
    ],
    ['the English sample', ENGLISH_SAMPLE],
    ['the Chinese sample', CHINESE_SAMPLE],
    [
      'another InfoType, without CDATA',
      '<xml><InfoType> authorized </InfoType><CreateTime>1535442403</CreateTime></xml>',
    ],
    ['no time', '<xml><InfoType>authorized</InfoType><CreateTime>soon</CreateTime></xml>'],
    ['spaces in its tags', '<xml><InfoType >authorized</InfoType ></xml>'],
    ['what is no push', 'hello'],
  ])('of %s says what reading it says', (_, xml) => {
    const read = readPush(xml);
    expect(sketchPush(Buffer.from(xml))).toEqual({
      infoType: read.kind === 'unreadable' ? 'unreadable' : read.infoType,
      createdAt: read.kind === 'unreadable' ? undefined : read.createdAt,
      ticket: read.kind === 'verify_ticket' ? read.ticket : undefined,
    });
  });

  test.each([
    ['', '<InfoType>authorized</InfoType><CreateTime>1535442403</CreateTime><msg'],
    ['<xml>', '<InfoType><![CDATA[ authorized ]]></InfoType><CreateTime>1535442403</CreateTime><msg'],
  ])('knows of a push that is damaged behind it what it is: %s', (begin, rest) => {
    expect(readPush(begin + rest).kind).toBe('unreadable');
    expect(sketchPush(Buffer.from(begin + rest))).toEqual({
      infoType: 'authorized',
      createdAt: 1535442403000,
      ticket: undefined,
    });
  });

  test.each(['<xml><InfoType>authorized', '<xml><InfoType><![CDATA[authorized<'])(
    'knows nothing of a push that is damaged within it: %s',
    (xml) =>
      expect(sketchPush(Buffer.from(xml))).toEqual({ infoType: 'unreadable', createdAt: undefined, ticket: undefined }),
  );

  test('never throws', () => {
    const piece = fc.constantFrom(
      '<InfoType>',
      '</InfoType>',
      '<![CDATA[',
      ']]>',
      '<',
      'ComponentVerifyTicket',
      '<CreateTime>',
      'x',
    );
    fc.assert(fc.property(fc.array(piece), (pieces) => sketchPush(Buffer.from(pieces.join(''))).infoType.length > 0));
  });
});

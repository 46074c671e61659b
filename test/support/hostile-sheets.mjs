/**
 * Files that want to harm whoever reads them: mutations of the samples, and attacks that are made up. The same seed and
 * number make the same file. Plain JavaScript, as bench/hostile-sheets.js uses it, too.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { crc32, deflateRawSync } from 'node:zlib';

const SAMPLES = new URL('../../samples/', import.meta.url);
const ZH = ['企业名称', '企业代码', '企业代码类型', '法人微信', '法人姓名', '第三方联系电话'];
const EN = ['name', 'code', 'code_type', 'legal_persona_wechat', 'legal_persona_name', 'component_phone'];
const ROW = ['示例敌意商贸有限公司', '91999900MA00000017', '', 'hostile_wx', '张示一', '0592-0000000'];

/** @param {number} seed @param {number} number */
export function hostileFile(seed, number) {
  const random = randomFrom(seed * 1_000_003 + number);
  const [kind, make] = random.pick(number % 2 === 0 ? MUTATIONS : ATTACKS);
  const bytes = make(random);
  const extension = bytes.length > 1 && bytes[0] === 0x50 && bytes[1] === 0x4b ? 'xlsx' : 'csv';
  return { name: `${String(number).padStart(6, '0')}-${kind}.${extension}`, kind, bytes };
}

/** `share`: of the size that hurts most. */
export function attack(kind, { seed = 1, share = 1 } = {}) {
  const at = ATTACKS.findIndex(([name]) => name === kind);
  const size = (least, most) => Math.max(least, Math.round(most * share));
  const bytes = ATTACKS[at][1]({ ...randomFrom(seed * 7_919 + at), size });
  const isZip = bytes.length > 1 && bytes[0] === 0x50 && bytes[1] === 0x4b;
  return { name: `${kind}.${isZip ? 'xlsx' : 'csv'}`, kind, bytes };
}

// Chance: mulberry32.

function randomFrom(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const whole = (from, to) => from + Math.floor(next() * (to - from + 1));
  return {
    next,
    whole,
    pick: (list) => list[whole(0, list.length - 1)],
    /** Small ones are likelier, and the largest is not left out. */
    size: (from, to) => Math.round(from * (to / from) ** next()),
    bytes: (length) => Buffer.from(Array.from({ length }, () => whole(0, 255))),
  };
}

// Mutations of what offices save.

const samples = readdirSync(new URL('intake/', SAMPLES))
  .filter((name) => /\.(csv|txt|xlsx?)$/.test(name))
  .map((name) => readFileSync(new URL(`intake/${name}`, SAMPLES)))
  .concat(readFileSync(new URL('merchants.csv', SAMPLES)))
  .filter((bytes) => bytes.length > 0);
const workbooks = samples.filter((bytes) => bytes.readUInt16BE(0) === 0x504b && bytes.includes('PK\u0005\u0006'));

const DELICATE = ['"', '""', ',', ';', '\t', '\r', '\n', '\0', '<', '>', '&', '</row>', '\ufeff', "'", '=', '[', ']'];

function mutated(random, bytes) {
  let changed = bytes;
  for (let times = random.whole(1, 8); times > 0; times -= 1) {
    const at = random.whole(0, changed.length);
    const to = Math.min(changed.length, at + random.size(1, 400));
    const [before, part, after] = [changed.subarray(0, at), changed.subarray(at, to), changed.subarray(to)];
    switch (random.whole(0, 6)) {
      case 0:
        changed = Buffer.concat([before, after]);
        break;
      case 1:
        changed = Buffer.concat([before, random.bytes(part.length), after]);
        break;
      case 2:
        changed = Buffer.concat([before, ...Array(random.size(1, 300)).fill(part), after]);
        break;
      case 3:
        changed = Buffer.concat([before, Buffer.from(random.pick(DELICATE).repeat(random.size(1, 3000))), after]);
        break;
      case 4: {
        const other = random.pick(samples);
        changed = Buffer.concat([before, other.subarray(random.whole(0, other.length))]);
        break;
      }
      case 5:
        changed = before;
        break;
      default:
        changed = Buffer.from(changed);
        for (let flips = random.whole(1, 20); flips > 0 && changed.length > 0; flips -= 1) {
          const place = random.whole(0, changed.length - 1);
          changed[place] = (changed[place] ?? 0) ^ (1 << random.whole(0, 7));
        }
    }
  }
  return changed;
}

/** The archive stays whole, what is in it does not. */
function mutatedInside(random) {
  const parts = partsOf(random.pick(workbooks));
  for (let times = random.whole(1, 3); times > 0; times -= 1) {
    const at = random.whole(0, parts.length - 1);
    const part = parts[at];
    if (part !== undefined) parts[at] = { ...part, content: mutated(random, part.content) };
  }
  return zipOf(parts, { deflate: random.next() < 0.5 });
}

/** Of the samples, which store their parts as they are. */
function partsOf(archive) {
  const parts = [];
  for (let at = 0; archive.readUInt32LE(at) === 0x04034b50; ) {
    const [size, nameLength] = [archive.readUInt32LE(at + 22), archive.readUInt16LE(at + 26)];
    const name = archive.toString('utf8', at + 30, at + 30 + nameLength);
    const from = at + 30 + nameLength + archive.readUInt16LE(at + 28);
    const packed = archive.readUInt32LE(at + 18);
    parts.push({ name, content: archive.subarray(from, from + size) });
    at = from + packed;
  }
  return parts;
}

const MUTATIONS = [
  ['mutated', (random) => mutated(random, random.pick(samples))],
  ['mutated-inside', mutatedInside],
];

// Attacks on the reader of CSV.

const csv = (...rows) => Buffer.from(rows.map((row) => row.join(',')).join('\n'));
const oneCell = (cell, column = 0) => csv(EN, ROW.with(column, `"${cell.replaceAll('"', '""')}"`), ROW);
const encoded = (text, encoding) => {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le');
  return encoding === 'le' ? bytes : bytes.swap16();
};

const CSV_ATTACKS = [
  ['heading-letters', (r) => csv([r.pick(['a', '示', 'ａ', '１']).repeat(r.size(100, 65_000)), 'x'], ROW)],
  [
    'heading-brackets',
    (r) => csv([...EN, r.pick(['(', '[', '{', '<', '【', '([{<', '(a[']).repeat(r.size(10, 20_000))], ROW),
  ],
  ['heading-expands', (r) => csv([...EN, '\ufdfa'.repeat(r.size(10, 20_000))], ROW)],
  ['heading-parts', (r) => csv([...EN, 'name/'.repeat(r.size(10, 12_000))], ROW)],
  ['headings-many', (r) => csv([...EN, ...Array(r.size(10, 60_000)).fill('x')], ROW, ['a'])],
  ['headings-again', (r) => csv([...EN, ...Array(r.size(2, 5_000)).fill('企业名称')], ROW)],
  ['headings-wide', (r) => csv([...EN, ...Array(r.size(100, 500)).fill('x')], ['a\n'.repeat(r.size(100, 150_000))])],
  ['titles', (r) => csv(...Array(r.size(1, 5_000)).fill([r.pick(['说明', '', '"', 'x'.repeat(900)])]), ZH, ROW)],
  ['quotation-mark-open', (r) => csv(EN, ROW, ['"示例', ...ROW], [`${ROW}\n`.repeat(r.size(1, 20_000))])],
  [
    'quotation-marks',
    (r) => csv(EN, [r.pick(['"', '""', '"",', '","', '"a', '"\n', '\'"']).repeat(r.size(1, 200_000))], ROW),
  ],
  ['quotation-marks-in-head', (r) => Buffer.from(r.pick(['"', '"a"b', '";"', '"\n"']).repeat(r.size(10, 100_000)))],
  [
    'rows-swallowed',
    (r) => csv(EN, [`"示例\n${Array(r.size(1, 2_000)).fill(ROW.join(',')).join('\n')}"`, ...ROW.slice(1)]),
  ],
  ['lines-blank', (r) => csv(EN, ROW, ['\n'.repeat(r.size(100, 1_000_000))])],
  ['lines-of-one', (r) => csv(EN, ['a\n'.repeat(r.size(100, 200_000))])],
  [
    'lines-ragged',
    (r) => csv(EN, ...Array.from({ length: r.size(100, 50_000) }, (_, at) => ['x', ...Array(at % 5).fill('')])),
  ],
  ['lines-blank-in-head', (r) => Buffer.from('\n'.repeat(r.size(100, 500_000)))],
  [
    'carriage-returns',
    (r) => Buffer.from([EN, ...Array(r.size(1, 20_000)).fill(ROW)].join(r.pick(['\r', '\r\r\n', '\n\r']))),
  ],
  ['separators', (r) => csv(EN, ROW, [r.pick([',', ';', '\t', ', ']).repeat(r.size(100, 2_000_000))], ROW)],
  [
    'separators-then-a-cell',
    (r) => csv(EN, [`${','.repeat(r.size(100, 16_000))}x`], ROW, [`${','.repeat(r.size(100, 16_000))}x`]),
  ],
  ['cell-long', (r) => oneCell(r.pick(['x', '示', ' ', '\n', '"']).repeat(r.size(30_000, 3_000_000)), r.whole(0, 5))],
  [
    'cell-at-the-limit',
    (r) =>
      csv(
        EN,
        ...Array(r.size(2, 200)).fill(ROW.with(r.whole(0, 5), r.pick(['x', '1', '1-', "'", '．']).repeat(15_000))),
      ),
  ],
  [
    'cell-like-an-id',
    (r) => oneCell(r.pick(['1', '1-1 ', '110000199001010', '１', '1 ']).repeat(r.size(5, 8_000)), r.whole(0, 5)),
  ],
  ['cell-of-apostrophes', (r) => oneCell("'".repeat(r.size(5, 32_000)), r.whole(0, 5))],
  [
    'cell-of-a-formula',
    (r) => oneCell(`${r.pick(['=', '="', '@', '+', '-', '\t='])}${'"'.repeat(r.size(1, 16_000))}`, r.whole(0, 5)),
  ],
  [
    'cell-of-a-number',
    (r) => oneCell(`9.${'0'.repeat(r.size(1, 32_000))}${r.pick(['', 'E+17', '.0', 'X'])}`, r.whole(0, 5)),
  ],
  ['cell-that-expands', (r) => oneCell('\ufdfa'.repeat(r.size(1, 32_000)), r.whole(0, 5))],
  [
    'cell-of-controls',
    (r) =>
      oneCell(
        r
          .pick(['\u001b]52;c;eA==\u0007', '\u202e', '\u0000', '\u001d\u001e\u001f', '\u200b', '\ud800'])
          .repeat(r.size(1, 3_000)),
        r.whole(0, 5),
      ),
  ],
  ['no-line-end', (r) => Buffer.alloc(r.size(1_000, 30_000_000), r.pick(['x', '示', ' ', '0']))],
  ['nul', (r) => Buffer.alloc(r.size(1, 2_000_000))],
  ['nul-between', (r) => Buffer.from(`${[EN, ROW].join('\n')}\n`.repeat(r.size(1, 100)).replaceAll(',', ',\0'))],
  ['noise', (r) => r.bytes(r.size(1, 60_000))],
  ['noise-after-headings', (r) => Buffer.concat([csv(EN, ROW, ['']), r.bytes(r.size(1, 60_000))])],
  ['utf-8-cut', (r) => csv(EN, ...Array(r.size(1, 5_000)).fill(ROW)).subarray(0, -r.whole(1, 40))],
  [
    'utf-8-overlong',
    (r) =>
      Buffer.concat([
        csv(EN, ROW, ['']),
        Buffer.from('c080f0808080eda080edb080f8888080'.repeat(r.size(1, 1_000)), 'hex'),
      ]),
  ],
  [
    'utf-16-halves',
    (r) =>
      Buffer.concat([
        encoded([EN, ROW].join('\n'), r.pick(['le', 'be'])),
        Buffer.from(r.pick(['00d8', 'd800', '00dc00d8', 'ff', '0a']).repeat(r.size(1, 5_000)), 'hex'),
      ]),
  ],
  [
    'utf-16-odd',
    (r) => encoded([EN, ...Array(r.size(1, 2_000)).fill(ROW)].join('\n'), r.pick(['le', 'be'])).subarray(0, -1),
  ],
  ['utf-16-cell-long', (r) => encoded(`${EN}\n${'示'.repeat(r.size(10_000, 1_000_000))},1\n`, r.pick(['le', 'be']))],
  ['mark-and-nothing', (r) => Buffer.from(r.pick(['efbbbf', 'fffe', 'feff', '84319533', 'efbbbffffe', 'efbb']), 'hex')],
  [
    'gb18030-halves',
    (r) =>
      Buffer.concat([
        csv(EN, ROW, ['']),
        Buffer.from(r.pick(['81', '8130', '813081', 'fe39', 'ff', '80']).repeat(r.size(1, 20_000)), 'hex'),
      ]),
  ],
  [
    'foreign',
    (r) =>
      Buffer.concat([
        Buffer.from(
          r.pick(['d0cf11e0a1b11ae1', '89504e47', '255044462d', '1f8b', '504b0304', '504b0506', '3c68746d6c']),
          'hex',
        ),
        r.bytes(r.size(1, 60_000)),
      ]),
  ],
];

// Attacks on the reader of workbooks.

const O = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const inline = (text, attributes = '') => `<c t="inlineStr"${attributes}><is><t>${text}</t></is></c>`;
const row = (cells, attributes = '') => `<row${attributes}>${cells.map((cell) => inline(cell)).join('')}</row>`;
const rows = (count, make) => Array.from({ length: count }, (_, at) => make(at)).join('');
const HEAD = row(EN);
const sheetXml = (inside, behind = '') => `<worksheet><sheetData>${inside}</sheetData>${behind}</worksheet>`;
const relationships = (all) =>
  `<Relationships>${all.map(([id, type, target]) => `<Relationship Id="${id}" Type="${O}/${type}" Target="${target}"/>`).join('')}</Relationships>`;

function workbookParts({
  sheet = sheetXml(HEAD + row(ROW)),
  strings = '<sst/>',
  styles = '<styleSheet/>',
  list,
  related,
  document,
  root,
} = {}) {
  return [
    { name: '_rels/.rels', content: root ?? relationships([['r', 'officeDocument', 'xl/workbook.xml']]) },
    {
      name: 'xl/workbook.xml',
      content:
        document ??
        `<workbook xmlns:r="${O}"><sheets>${list ?? '<sheet name="a" sheetId="1" r:id="s"/>'}</sheets></workbook>`,
    },
    {
      name: 'xl/_rels/workbook.xml.rels',
      content:
        related ??
        relationships([
          ['s', 'worksheet', 'worksheets/sheet1.xml'],
          ['t', 'sharedStrings', 'sharedStrings.xml'],
          ['u', 'styles', 'styles.xml'],
        ]),
    },
    { name: 'xl/worksheets/sheet1.xml', content: sheet },
    { name: 'xl/sharedStrings.xml', content: strings },
    { name: 'xl/styles.xml', content: styles },
  ];
}
const workbook = (parts, options = {}) => zipOf(workbookParts(parts), { deflate: true, ...options });
const cellText = (text) => sheetXml(`${HEAD}<row>${inline(text)}${inline('1')}</row>${row(ROW)}`);
const range = (r) =>
  `${r.pick(['A', 'B', 'XFD', 'A1:B', 'ZZZZ', ''])}${r.whole(-5, 2_000_000)}:${r.pick(['A', 'XFD', 'F', ''])}${r.whole(-5, 99_999_999)}`;
const sheetsOf = (count, target) => ({
  list: rows(count, (at) => `<sheet name="s${at}" sheetId="${at + 1}" r:id="i${at}"/>`),
  related: relationships([...Array.from({ length: count }, (_, at) => [`i${at}`, 'worksheet', target(at)])]),
});

const XLSX_ATTACKS = [
  ['xml-deep', (r) => workbook({ sheet: `<worksheet>${'<a>'.repeat(r.size(60, 3_000_000))}` })],
  ['xml-deep-in-strings', (r) => workbook({ strings: `<sst>${'<si>'.repeat(r.size(60, 2_000_000))}` })],
  ['xml-deep-and-closed', (r) => workbook({ sheet: sheetXml(`${'<a>'.repeat(r.size(10, 200_000))}</b>`) })],
  [
    'xml-tag-long',
    (r) =>
      workbook({ sheet: sheetXml(`${HEAD}<row ${r.pick(['a', '示', ' '])}${'x'.repeat(r.size(1_000, 4_000_000))}`) }),
  ],
  [
    'xml-attribute-long',
    (r) =>
      workbook({ sheet: sheetXml(`${HEAD}<row r="${'1'.repeat(r.size(1_000, 4_000_000))}">${inline('x')}</row>`) }),
  ],
  [
    'xml-attributes-many',
    (r) =>
      workbook({
        sheet: sheetXml(`${HEAD}<row ${rows(r.size(10, 100_000), (at) => `a${at}="1" `)}>${inline('x')}</row>`),
      }),
  ],
  [
    'xml-comment-long',
    (r) => workbook({ sheet: sheetXml(`${HEAD}<!--${'-x'.repeat(r.size(1_000, 2_000_000))}-->${row(ROW)}`) }),
  ],
  ['xml-instruction-long', (r) => workbook({ sheet: sheetXml(`${HEAD}<?x ${'?'.repeat(r.size(1_000, 4_000_000))}`) })],
  ['xml-cdata-long', (r) => workbook({ sheet: cellText(`<![CDATA[${']'.repeat(r.size(1_000, 4_000_000))}]]>`) })],
  [
    'xml-open',
    (r) =>
      workbook({
        sheet: sheetXml(
          `${HEAD}${row(ROW)}${r.pick(['<row', '<row r="1', '</row', '<', '&', '&amp', '<!', '<![CDATA[', '<c><v>'])}`,
        ).slice(0, -30),
      }),
  ],
  [
    'xml-references',
    (r) =>
      workbook({
        sheet: cellText(
          r
            .pick(['&', '&amp;', '&#65;', '&#x;', '&lt', '&nbsp;', '&#0;', '&#xD800;', '&#x110000;', '&#99999999999;'])
            .repeat(r.size(1, 30_000)),
        ),
      }),
  ],
  [
    'xml-entities',
    (r) =>
      workbook({
        [r.pick([
          'sheet',
          'strings',
          'styles',
          'document',
        ])]: `<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">${rows(9, (at) => `<!ENTITY a${at} "${`&a${at - 1 < 0 ? '' : at - 1};`.repeat(10)}">`)}]><sst><si><t>&a8;</t></si></sst>`,
      }),
  ],
  [
    'xml-entity-of-a-file',
    () =>
      workbook({
        sheet:
          '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><worksheet><sheetData><row><c><v>&b;</v></c></row></sheetData></worksheet>',
      }),
  ],
  [
    'xml-not-utf-8',
    (r) => workbook({ sheet: Buffer.concat([Buffer.from(sheetXml(HEAD).slice(0, -25)), r.bytes(r.size(1, 1_000))]) }),
  ],
  ['xml-utf-16', () => workbook({ sheet: Buffer.from(`\ufeff${sheetXml(HEAD)}`, 'utf16le') })],
  [
    'xml-tags-many',
    (r) =>
      workbook({
        sheet: sheetXml(HEAD + r.pick(['<row/>', '<c/>', '<a></a>', '<v>1</v>']).repeat(r.size(1_000, 1_500_000))),
      }),
  ],
  [
    'xml-wrong-nesting',
    (r) =>
      workbook({
        sheet: sheetXml(
          HEAD + r.pick(['<c><row><c>', '<row><row>', '<is><t><v>', '</t>', '<rPh>', '</rPh>']).repeat(r.size(1, 20)),
        ),
      }),
  ],
  [
    'cell-long',
    (r) => workbook({ sheet: cellText(r.pick(['x', '示', ' ', '_x000D_']).repeat(r.size(32_000, 14_000_000))) }),
  ],
  [
    'cell-long-number',
    (r) =>
      workbook({
        sheet: sheetXml(
          `${HEAD}<row><c><v>${r.pick(['1', '1e', '9.'])}${'9'.repeat(r.size(1_000, 4_000_000))}</v></c></row>`,
        ),
      }),
  ],
  [
    'cell-of-controls',
    (r) =>
      workbook({
        sheet: cellText(
          r
            .pick(['_x0000_', '_xD800_', '_xDC00__xD800_', '\u0001', '_x001B_]0;x_x0007_', '\ufffe'])
            .repeat(r.size(1, 4_000)),
        ),
      }),
  ],
  ['cells-many', (r) => workbook({ sheet: sheetXml(`${HEAD}<row>${inline('x').repeat(r.size(100, 400_000))}</row>`) })],
  [
    'cells-of-one-place',
    (r) =>
      workbook({ sheet: sheetXml(`${HEAD}<row r="2">${'<c r="A2"><v>1</v></c>'.repeat(r.size(100, 500_000))}</row>`) }),
  ],
  [
    'cells-of-no-column',
    (r) =>
      workbook({
        sheet: sheetXml(
          `${HEAD}<row r="2">${inline('x', ` r="${r.pick(['ZZZZZZ', 'XFD', 'XFE', 'a', '1', 'A'.repeat(300), '-', 'É'])}2"`)}</row>`,
        ),
      }),
  ],
  [
    'cells-without-results',
    (r) => workbook({ sheet: sheetXml(`${HEAD}<row>${'<c><f>A1</f></c>'.repeat(r.size(100, 200_000))}</row>`) }),
  ],
  [
    'rows-of-no-number',
    (r) =>
      workbook({
        sheet: sheetXml(
          HEAD +
            rows(r.size(1, 2_000), () =>
              row(ROW, ` r="${r.pick(['-1', '0', '1', '99999999', '1e308', '1048577', 'x', '', '9'.repeat(400)])}"`),
            ),
        ),
      }),
  ],
  ['rows-many', (r) => workbook({ sheet: sheetXml(HEAD + '<row><c><v>1</v></c></row>'.repeat(r.size(100, 200_000))) })],
  [
    'dimension',
    (r) =>
      workbook({
        sheet: `<worksheet><dimension ref="A1:${r.pick(['XFD1048576', 'ZZZZZZ99999999', '-1', ''])}"/><cols><col min="1" max="${r.whole(1, 2 ** 31)}"/></cols><sheetData>${HEAD}${row(ROW)}</sheetData></worksheet>`,
      }),
  ],
  [
    'headings-many',
    (r) => workbook({ sheet: sheetXml(row([...EN, ...Array(r.size(10, 20_000)).fill('企业名称')]) + row(ROW)) }),
  ],
  [
    'heading-letters',
    (r) => workbook({ sheet: sheetXml(row([r.pick(['a', '示', '([']).repeat(r.size(100, 32_000)), 'x'])) }),
  ],
  [
    'strings-long',
    (r) =>
      workbook({
        strings: `<sst>${`<si><t>${'x'.repeat(32_767)}</t></si>`.repeat(r.size(1, 500))}</sst>`,
        sheet: sheetXml(
          `${HEAD}${rows(r.size(1, 300), () => `<row>${rows(30, (at) => `<c t="s"><v>${at}</v></c>`)}</row>`)}`,
        ),
      }),
  ],
  [
    'strings-one-repeated',
    (r) =>
      workbook({
        strings: `<sst><si><t>${'示'.repeat(32_767)}</t></si></sst>`,
        sheet: sheetXml(
          `${row([...EN, ...Array(20).fill('x')])}${rows(r.size(1, 20_000), () => `<row>${'<c t="s"><v>0</v></c>'.repeat(26)}</row>`)}`,
        ),
      }),
  ],
  [
    'strings-in-headings',
    (r) =>
      workbook({
        strings: `<sst><si><t>${'企'.repeat(32_767)}</t></si></sst>`,
        ...sheetsOf(r.size(1, 250), () => 'worksheets/sheet1.xml'),
        sheet: sheetXml(rows(60, () => `<row>${'<c t="s"><v>0</v></c>'.repeat(31)}</row>`)),
      }),
  ],
  [
    'strings-many',
    (r) => workbook({ strings: `<sst>${r.pick(['<si/>', '<si><t>x</t></si>']).repeat(r.size(1_000, 800_000))}</sst>` }),
  ],
  [
    'strings-one-too-long',
    (r) => workbook({ strings: `<sst><si><t>${'x'.repeat(r.size(32_000, 14_000_000))}</t></si></sst>` }),
  ],
  [
    'strings-of-no-number',
    (r) =>
      workbook({
        sheet: sheetXml(
          `${HEAD}<row>${rows(6, () => `<c t="s"><v>${r.pick(['-1', '1e9', 'NaN', '0.5', '', ' ', '99999999999999999999'])}</v></c>`)}</row>`,
        ),
      }),
  ],
  [
    'merges-many',
    (r) =>
      workbook({
        sheet: sheetXml(
          HEAD + row(ROW),
          `<mergeCells>${rows(r.size(10, 150_000), (at) => `<mergeCell ref="A${at + 3}:XFD${at + 1_000_000}"/>`)}</mergeCells>`,
        ),
      }),
  ],
  [
    'merges-of-no-range',
    (r) =>
      workbook({
        sheet: sheetXml(
          HEAD + row(ROW),
          `<mergeCells>${rows(r.size(1, 500), () => `<mergeCell ref="${range(r)}"/>`)}</mergeCells>`,
        ),
      }),
  ],
  [
    'merges-without-a-range',
    (r) => workbook({ sheet: sheetXml(HEAD + row(ROW), `<mergeCell ${'mergeCell '.repeat(r.size(10, 20_000))}`) }),
  ],
  [
    'formats-of-brackets',
    (r) =>
      workbook({
        styles: `<styleSheet><numFmts>${`<numFmt numFmtId="200" formatCode="${r.pick(['[', '&quot;', '_', '\\', '[&quot;']).repeat(r.size(10, 60_000))}"/>`}</numFmts></styleSheet>`,
      }),
  ],
  [
    'formats-many',
    (r) =>
      workbook({
        styles: `<styleSheet><cellXfs>${r.pick(['<xf numFmtId="14"/>', '<numFmt numFmtId="7" formatCode="yy"/>']).repeat(r.size(10, 200_000))}</cellXfs></styleSheet>`,
        sheet: sheetXml(`${HEAD}<row><c s="99999999"><v>1</v></c><c s="-1"><v>1e400</v></c></row>`),
      }),
  ],
  [
    'sheets-over-one-part',
    (r) =>
      workbook({
        ...sheetsOf(r.size(10, 20_000), () => 'worksheets/sheet1.xml'),
        sheet: sheetXml('<a/>'.repeat(r.size(10, 20_000))),
      }),
  ],
  [
    'sheets-without-headings',
    (r) =>
      zipOf(
        [
          ...workbookParts(sheetsOf(200, (at) => `w/${at}.xml`)),
          ...Array.from({ length: 200 }, (_, at) => ({
            name: `xl/w/${at}.xml`,
            content: sheetXml(rows(r.size(1, 49), () => row(Array(100).fill('法人姓名/x')))),
          })),
        ],
        { deflate: true },
      ),
  ],
  [
    'sheets-of-odd-names',
    (r) =>
      workbook({
        list: rows(
          r.size(1, 250),
          () =>
            `<sheet name="${r.pick(['&#x1b;]0;x', '\u202e', 'x'.repeat(60_000), '&#10;'])}" state="${r.pick(['hidden', 'veryHidden', 'x'])}" r:id="s"/>`,
        ),
      }),
  ],
  [
    'relations-many',
    (r) =>
      workbook({
        related: relationships(
          Array.from({ length: r.size(10, 50_000) }, (_, at) => [`i${at}`, 'worksheet', 'worksheets/sheet1.xml']),
        ),
      }),
  ],
  [
    'relations-odd',
    (r) =>
      workbook({
        related: relationships([
          [
            's',
            'worksheet',
            r.pick([
              '../../../etc/passwd',
              '/',
              '',
              'http://127.0.0.1/x',
              'workbook.xml',
              '_rels/workbook.xml.rels',
              '../'.repeat(20_000),
            ]),
          ],
        ]),
      }),
  ],
  [
    'relations-of-root',
    (r) =>
      workbook({
        root: relationships([
          [
            'r',
            'officeDocument',
            r.pick(['_rels/.rels', 'xl/styles.xml', 'xl/worksheets/sheet1.xml', '.xml', '/xl/workbook.xml']),
          ],
        ]),
      }),
  ],
  [
    'zip-bomb',
    (r) =>
      workbook({
        [r.pick([
          'sheet',
          'strings',
          'styles',
        ])]: `<a>${r.pick([' ', '0', '\n']).repeat(r.size(1_000_000, 40_000_000))}</a>`,
      }),
  ],
  ['zip-bomb-of-rows', (r) => workbook({ sheet: sheetXml(HEAD + '<row></row>'.repeat(r.size(1_000, 1_400_000))) })],
  [
    'zip-parts-many',
    (r) =>
      zipOf([
        ...workbookParts(),
        ...Array.from({ length: r.size(10, 15_000) }, (_, at) => ({ name: `x/${at}`, content: '' })),
      ]),
  ],
  [
    'zip-overlaps',
    (r) =>
      zipOf(workbookParts(), {
        deflate: true,
        directory: (entry, at) => (at > 0 ? entry.writeUInt32LE(r.whole(0, 200), 42) : 0),
      }),
  ],
  ['zip-one-name', () => zipOf([...workbookParts(), ...workbookParts()], { deflate: true })],
  [
    'zip-odd-names',
    (r) =>
      zipOf([
        ...workbookParts(),
        { name: r.pick(['../../x', '/etc/passwd', 'C:\\x', '', '\0', 'x'.repeat(60_000)]), content: 'x' },
      ]),
  ],
  [
    'zip-lying-sizes',
    (r) =>
      zipOf(workbookParts({ sheet: sheetXml(HEAD + row(ROW).repeat(r.size(1, 20_000))) }), {
        deflate: true,
        directory: (entry) => entry.writeUInt32LE(r.pick([0, 1, 50, 4_294_967_295, 300_000_000]), r.pick([20, 24])),
      }),
  ],
  [
    'zip-lying-checksum',
    (r) => zipOf(workbookParts(), { directory: (entry) => entry.writeUInt32LE(r.whole(0, 4_294_967_295), 16) }),
  ],
  [
    'zip-odd-method',
    (r) => zipOf(workbookParts(), { directory: (entry) => entry.writeUInt16LE(r.pick([1, 8, 9, 12, 14, 93, 99]), 10) }),
  ],
  ['zip-flags', (r) => zipOf(workbookParts(), { directory: (entry) => entry.writeUInt16LE(r.whole(0, 65_535), 8) })],
  [
    'zip-lying-count',
    (r) => zipOf(workbookParts(), { end: (end) => end.writeUInt16LE(r.pick([0, 1, 5, 7, 65_535]), 10) }),
  ],
  [
    'zip-lying-place',
    (r) => zipOf(workbookParts(), { end: (end) => end.writeUInt32LE(r.whole(0, 4_294_967_295), 16) }),
  ],
  [
    'zip-cut',
    (r) => {
      const whole = workbook({});
      return whole.subarray(0, r.whole(4, whole.length));
    },
  ],
  [
    'zip-noise-inside',
    (r) => {
      const whole = Buffer.from(workbook({ sheet: sheetXml(HEAD + rows(200, (at) => row(ROW.with(0, `示例${at}`)))) }));
      for (let times = r.whole(1, 30); times > 0; times -= 1) whole[r.whole(40, whole.length - 1)] = r.whole(0, 255);
      return whole;
    },
  ],
  ['zip-comment', (r) => Buffer.concat([workbook({}), Buffer.from('PK\u0005\u0006'.repeat(r.size(1, 30_000)))])],
];

const ATTACKS = [...CSV_ATTACKS.map(named('csv')), ...XLSX_ATTACKS.map(named('xlsx'))];
export const ATTACK_KINDS = ATTACKS.map(([kind]) => kind);

function named(format) {
  return ([kind, make]) => [`${format}-${kind}`, make];
}

/** `directory` and `end` are told the records before they are written, to lie in them. */
function zipOf(parts, { deflate = false, directory = () => {}, end = () => {} } = {}) {
  const [bodies, records] = [[], []];
  let offset = 0;
  for (const [at, { name, content }] of parts.entries()) {
    const [nameBytes, bytes] = [Buffer.from(name), Buffer.from(content)];
    const packed = deflate ? deflateRawSync(bytes, { level: 6 }) : bytes;
    const record = Buffer.alloc(46);
    record.write('PK\u0001\u0002', 'latin1');
    record.writeUInt16LE(20, 4);
    record.writeUInt16LE(20, 6);
    record.writeUInt16LE(0x0800, 8);
    record.writeUInt16LE(deflate ? 8 : 0, 10);
    record.writeUInt16LE(0x21, 14);
    record.writeUInt32LE(crc32(bytes), 16);
    record.writeUInt32LE(packed.length, 20);
    record.writeUInt32LE(bytes.length, 24);
    record.writeUInt16LE(nameBytes.length, 28);
    record.writeUInt32LE(offset, 42);
    const header = Buffer.concat([Buffer.from('PK\u0003\u0004'), record.subarray(6, 32), nameBytes]);
    directory(record, at);
    bodies.push(header, packed);
    records.push(record, nameBytes);
    offset += header.length + packed.length;
  }
  const list = Buffer.concat(records);
  const last = Buffer.alloc(22);
  last.write('PK\u0005\u0006', 'latin1');
  last.writeUInt16LE(Math.min(parts.length, 65_535), 8);
  last.writeUInt16LE(Math.min(parts.length, 65_535), 10);
  last.writeUInt32LE(list.length, 12);
  last.writeUInt32LE(offset, 16);
  end(last);
  return Buffer.concat([...bodies, list, last]);
}

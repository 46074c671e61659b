import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SHEET_LIMITS } from '../../src/domain/sheet-limits.js';
import { prefixed, readWholeXml } from '../../src/producer/sheets/xml.js';
import { runs } from '../support/runs.js';

type Seen = readonly [kind: 'open' | 'text' | 'close', ...words: (string | undefined)[]];

/** What its handlers hear; texts that come in several pieces as one. */
async function heard(xml: string | Buffer, cuts: readonly number[] = []): Promise<Seen[]> {
  const bytes = Buffer.from(xml);
  const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
  const seen: Seen[] = [];
  const text = (words: string) => {
    const last = seen.at(-1);
    if (last?.[0] === 'text') seen[seen.length - 1] = ['text', `${last[1]}${words}`];
    else seen.push(['text', words]);
  };
  async function* pieces() {
    for (const [piece, end] of at.slice(1).entries()) yield bytes.subarray(at[piece], end);
  }
  await readWholeXml(pieces(), {
    open: (name, attributes) => seen.push(['open', name, attributes.a, prefixed(attributes, 'id')]),
    text,
    close: (name) => seen.push(['close', name]),
  });
  return seen;
}

interface Element {
  readonly name: string;
  readonly a: string | undefined;
  readonly inside: readonly (Element | string)[];
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

function written({ name, a, inside }: Element): string {
  const attribute = a === undefined ? '' : ` a="${escaped(a)}"`;
  const content = inside.map((it) => (typeof it === 'string' ? escaped(it) : written(it))).join('<!-- < -->');
  return content === '' ? `<${name}${attribute}/>` : `<${name}${attribute} >${content}</${name} >`;
}

function told({ name, a, inside }: Element): Seen[] {
  const local = name.slice(name.indexOf(':') + 1);
  const content = inside.flatMap((it): Seen[] => (typeof it === 'string' ? [['text', it]] : told(it)));
  return [['open', local, a, undefined], ...content, ['close', local]];
}

/** As `heard` puts them together. */
function joined(seen: readonly Seen[]): Seen[] {
  const all: Seen[] = [];
  for (const one of seen) {
    const last = all.at(-1);
    if (one[0] === 'text' && last?.[0] === 'text') all[all.length - 1] = ['text', `${last[1]}${one[1]}`];
    else if (one[1] !== '' || one[0] !== 'text') all.push(one);
  }
  return all;
}

const text = fc.array(fc.constantFrom('&', '<', '>', '"', "'", ']]>', ' ', '\n', 'a', '示', '𠮷'), { maxLength: 5 });
const { tree } = fc.letrec<{ tree: Element }>((tie) => ({
  tree: fc.record({
    name: fc.constantFrom('row', 'x:row', 'c'),
    a: fc.option(
      text.map((all) => all.join('')),
      { nil: undefined },
    ),
    inside: fc.array(
      fc.oneof(
        { depthSize: 'small' },
        text.map((all) => all.join('')),
        tie('tree'),
      ),
      { maxLength: 3 },
    ),
  }),
}));

describe('XML', () => {
  test('is read as it was written, however it is cut into pieces', async () => {
    await fc.assert(
      fc.asyncProperty(tree, fc.array(fc.nat(300), { maxLength: 6 }), async (root, cuts) => {
        const xml = `\ufeff<?xml version="1.0"?>\r\n${written(root)}\n`;
        expect(await heard(xml, cuts)).toEqual(joined(told(root)));
      }),
      { numRuns: runs(500) },
    );
  });

  test('may have CDATA, references, and attributes in either quotation mark and under any prefix', async () => {
    expect(await heard(`<w a='"' r:id = "x&amp;y"><![CDATA[<&]]]]>&#20013;&#x6587;&quot;&apos;</w>`)).toEqual([
      ['open', 'w', '"', 'x&y'],
      ['text', '<&]]中文"\''],
      ['close', 'w'],
    ]);
  });

  test.each([
    ['nothing', ''],
    ['no element', 'text'],
    ['an element that is not closed', '<a><b></b>'],
    ['another one that is closed', '<a></b>'],
    ['a second root', '<a/><b/>'],
    ['text behind the root', '<a/>x'],
    ['an unknown entity', '<a>&nbsp;</a>'],
    ['a reference that is not finished', '<a>&amp</a>'],
    ['a bare &', '<a>&</a>'],
    ['NUL', '<a>&#0;</a>'],
    ['half of a pair', '<a>&#xD800;</a>'],
    ['no character at all', '<a>&#x110000;</a>'],
    ['an attribute without a value', '<a b></a>'],
    ['an attribute without quotation marks', '<a b=c></a>'],
    ['a tag inside a tag', '<a <b>></a>'],
    ['an unknown declaration', '<a><!ELEMENT b></a>'],
    ['an unknown declaration without an end', '<a><!ELEMENT '],
    ['an attribute that sax stumbles over', '<a hasOwnProperty="" b=""></a>'],
    ['a comment without an end', '<a><!-- </a>'],
  ])('is none with %s', async (_, xml) => {
    await expect(heard(xml)).rejects.toThrow();
    await expect(
      heard(
        xml,
        Array.from({ length: xml.length }, (__, at) => at),
      ),
    ).rejects.toThrow();
  });

  test('is none in another encoding', async () => {
    await expect(heard(Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e]))).rejects.toThrow();
    await expect(heard(Buffer.from('<a>示</a>').subarray(0, 4))).rejects.toThrow();
  });

  test('with a document type is refused as such, wherever it is cut', async () => {
    const xml = '<!doctype a [<!ENTITY b "bb">]><a>&b;</a>';
    for (let cut = 0; cut < 12; cut += 1)
      await expect(heard(xml, [cut])).rejects.toThrow(/declares an XML document type/);
  });

  const { depth, tag, attributes } = SHEET_LIMITS;
  const nested = (levels: number) => '<a>'.repeat(levels) + '</a>'.repeat(levels);

  test('is as deep, and its tags as long, as the limits let them be', async () => {
    expect(await heard(nested(depth.most))).toHaveLength(2 * depth.most);
    await expect(heard(nested(depth.most + 1))).rejects.toThrow(/more than 64 levels of XML/);
    const many = (count: number) => `<a ${Array.from({ length: count }, (_, at) => `b${at}="" `).join('')}/>`;
    expect(await heard(many(attributes.most))).toHaveLength(2);
    await expect(heard(many(attributes.most + 1))).rejects.toThrow(/more than 256 attributes/);
    for (const [begins, ends] of [
      ['<a b="', '"/>'],
      ['<a><!--', '--></a>'],
      ['<a><?b ', '?></a>'],
    ] as const) {
      const long = `${begins}${'x'.repeat(2 * tag.most)}${ends}`;
      const cuts = Array.from({ length: 16 }, (_, at) => at * 50_000);
      await expect(heard(long, cuts)).rejects.toThrow(/more than 262,144 characters in one XML tag/);
    }
  });

  // sax looks through the beginning of a declaration for each further character.
  test('with a declaration of a million characters is refused at once', async () => {
    await expect(heard(`<a><!${'示'.repeat(1_000_000)}`)).rejects.toThrow('a declaration is unknown');
  });

  test('of one long text is passed on in pieces', async () => {
    const cuts = Array.from({ length: 40 }, (_, at) => at * 50_000);
    for (const [begins, ends] of [
      ['<a>', '</a>'],
      ['<a><![CDATA[', ']]></a>'],
    ]) {
      const [, [, words = ''] = []] = await heard(`${begins}${'示'.repeat(600_000)}${ends}`, cuts);
      expect(words).toHaveLength(600_000);
    }
  });
});

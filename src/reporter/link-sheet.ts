/** A page to print: a card with its QR code for each merchant. */
import type { Language, Words } from '../domain/words.js';
import { html } from './html.js';
import type { MerchantLink } from './links.js';
import { qrPng } from './qr.js';

export interface LinkSheetOptions {
  /** What the sheet is of, e.g. the name of the file. */
  readonly title: string;
  readonly language: Language;
  /** A time in the reader's words, from ms since 1970. */
  readonly time: (at: number) => string;
}

/** Of the cards, here and in the console. */
export const CARD_WORDS = {
  todo: {
    en: 'The legal person scans this with their own WeChat and finishes the checks of ID card and face.',
    zh: '请法定代表人用本人微信扫码，完成身份证校验和人脸识别。',
  },
  until: (time: string, line: number | string): Words => ({
    en: `valid until ${time} · line ${line}`,
    zh: `有效至 ${time} · 第 ${line} 行`,
  }),
  none: { en: 'There is no link to open at present.', zh: '当前没有可用的链接。' },
} as const;

/** Everything is in one file, so that it can be sent to the person who prints it. */
export function* linkSheet(links: Iterable<MerchantLink>, options: LinkSheetOptions): Generator<string> {
  const { title, language, time } = options;
  yield `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}">
<head><meta charset="utf-8"><title>${html(title)}</title><style>${STYLE}</style></head>
<body>
<h1>${html(title)}</h1>
<main>
`;
  let cards = 0;
  for (const { line, merchant, url, endsAt } of links) {
    cards += 1;
    yield `<article>
<h2>${html(merchant)}</h2>
<img alt="${html(url)}" src="data:image/png;base64,${qrPng(url).toString('base64')}">
<p>${html(CARD_WORDS.todo[language])}</p>
<p>${html(CARD_WORDS.until(time(endsAt), line)[language])}</p>
<p><a href="${html(href(url))}">${html(url)}</a></p>
</article>
`;
  }
  yield `${cards === 0 ? `<p>${html(CARD_WORDS.none[language])}</p>\n` : ''}</main>\n</body>\n</html>\n`;
}

/** A link that is none is shown, and cannot be clicked on. */
function href(url: string): string {
  return /^https?:\/\//i.test(url) ? url : '#';
}

const STYLE = `
body{font:14px/1.5 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;margin:1cm}
main{display:grid;grid-template-columns:repeat(auto-fill,minmax(8cm,1fr));gap:6mm}
article{border:1px solid #999;border-radius:2mm;padding:4mm;break-inside:avoid;text-align:center}
h2{font-size:16px;margin:0 0 2mm}
img{width:5cm;height:5cm;image-rendering:pixelated}
p{margin:1mm 0}
a{color:inherit;font-size:9px;word-break:break-all}
@media print{h1{font-size:14px}a{text-decoration:none}}
`;

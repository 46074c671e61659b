/** What is said to people is said in both languages; reports choose one (`--lang`). */
export interface Words {
  readonly en: string;
  readonly zh: string;
}

export type Language = keyof Words;

export const LANGUAGES = ['zh', 'en'] as const satisfies readonly Language[];

/** The language of a locale as LC_ALL and LANG name it: `zh_CN.UTF-8` is Chinese, anything else is read in English. */
export function languageOfLocale({
  LC_ALL,
  LC_MESSAGES,
  LANG,
}: Readonly<Record<string, string | undefined>>): Language {
  return /^zh(?![a-z])/i.test(LC_ALL || LC_MESSAGES || LANG || '') ? 'zh' : 'en';
}

/** An error for the person who gave the input: what is wrong, where, and what to do. Logs have it in English. */
export class UserError extends Error {
  override readonly name: string = 'UserError';
  readonly words: Words;

  constructor(words: Words, options?: ErrorOptions) {
    super(words.en, options);
    this.words = words;
  }
}

export const NOTHING_TO_DO: Words = {
  en: 'Nothing to do: it continues automatically.',
  zh: '无需操作，系统会自动继续。',
};

/** WeChat's older pages call a new Mini Program verified; since 2023-12-25 it is not. */
export const AFTER_CREATION: Words = {
  en: 'The new Mini Program is not verified yet: verification and filing come next. Choose offline categories only.',
  zh: '新小程序默认未认证，接下来请办理认证和备案；仅可选择线下类目。',
};

/** The side that has to act next, as the report's `who_acts` says it. */
export const ACTORS = {
  us: { en: 'fastregister and its operator', zh: '运营人员' },
  merchant: { en: 'the merchant', zh: '商户' },
  legal_person: { en: 'the legal person', zh: '法人' },
  platform: { en: 'the administrator of the third-party platform', zh: '第三方平台管理员' },
  nobody: { en: 'nobody: nothing to do', zh: '无需操作' },
} as const satisfies Record<string, Words>;

export type Actor = keyof typeof ACTORS;

/** A name, an address or a number, which is the same in every language. */
export function same(text: string): Words {
  return { en: text, zh: text };
}

/** `1 batch`, `2 batches`. Chinese has no plural. */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : /(?:s|x|ch|sh)$/.test(thing) ? 'es' : 's'}`;
}

/** Joins sentences. One that ends without a mark, because it ends with WeChat's words or a link, is separated from the next. */
export function joined(sentences: readonly Words[]): Words {
  const said = sentences.filter(({ en }) => en !== '');
  return {
    en: inOneText(
      said.map(({ en }) => en),
      ENGLISH,
    ),
    zh: inOneText(
      said.map(({ zh }) => zh),
      CHINESE,
    ),
  };
}

interface Punctuation {
  /** Fits a sentence that has its mark. */
  readonly ends: RegExp;
  readonly mark: string;
  readonly between: string;
}

const ENGLISH: Punctuation = { ends: /[.!?;:…][”)]?$/u, mark: ';', between: ' ' };
const CHINESE: Punctuation = { ends: /[。！？；：…]$/u, mark: '；', between: '' };

function inOneText(sentences: readonly string[], { ends, mark, between }: Punctuation): string {
  const last = sentences.length - 1;
  return sentences.map((text, at) => (at === last || ends.test(text) ? text : `${text}${mark}`)).join(between);
}

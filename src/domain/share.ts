/** Shares of rows, as people write them. */

/** 0.05 as `5%`. */
export function shareAsText(share: number): string {
  return `${Number((share * 100).toFixed(4))}%`;
}

/** `5%` as 0.05, in the characters of a Chinese keyboard, too; undefined where it is no share. */
export function shareFromText(text: string): number | undefined {
  const percent = /^(\d{1,3}(?:\.\d+)?)%$/.exec(text.normalize('NFKC'))?.[1];
  return percent === undefined || Number(percent) > 100 ? undefined : Number(percent) / 100;
}

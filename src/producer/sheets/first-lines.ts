/** Where each enterprise of a file was first seen, and with what details. A Map of a million ids takes 130 MB, these arrays 60. */

export interface FirstLines {
  /** The earlier row of this enterprise; undefined if there is none: then this row is remembered as the first. */
  seen(registration: string, line: number, details: readonly string[]): SeenBefore | undefined;
  /** The line of the enterprise's first row; undefined if there is none. Remembers nothing. */
  lineOf(registration: string): number | undefined;
}

export interface SeenBefore {
  readonly line: number;
  /** The positions of the details that differ; a blank detail never differs. */
  readonly differing: readonly number[];
}

const SMALLEST = 1024;
/** The most that a row has: see `DetailField`. */
const DETAILS = 4;

/**
 * Open addressing over 64 of an id's 80 bits. With a million merchants, the chance that two of them share these bits is one
 * in forty million. `check` would then show one duplicate too many; `load` compares whole ids.
 */
export function openFirstLines(): FirstLines {
  let size = SMALLEST;
  let count = 0;
  let low = new Uint32Array(size);
  let high = new Uint32Array(size);
  /** 0: the slot is free. Lines are counted from 1. */
  let lines = new Uint32Array(size);
  /** Hashes of the details; 0 for a blank one. */
  let details = new Uint32Array(size * DETAILS);

  /** The slot that has this id, or the free slot for it. */
  function placeOf(a: number, b: number): number {
    let at = a & (size - 1);
    while (lines[at] !== 0 && (low[at] !== a || high[at] !== b)) at = (at + 1) & (size - 1);
    return at;
  }

  function put(at: number, a: number, b: number, line: number, hashes: ArrayLike<number>): void {
    low[at] = a;
    high[at] = b;
    lines[at] = line;
    details.set(hashes, at * DETAILS);
  }

  function grow(): void {
    const before = { size, low, high, lines, details };
    size *= 2;
    low = new Uint32Array(size);
    high = new Uint32Array(size);
    lines = new Uint32Array(size);
    details = new Uint32Array(size * DETAILS);
    for (let at = 0; at < before.size; at += 1) {
      const line = before.lines[at] ?? 0;
      if (line === 0) continue;
      const [a = 0, b = 0] = [before.low[at], before.high[at]];
      put(placeOf(a, b), a, b, line, before.details.subarray(at * DETAILS, (at + 1) * DETAILS));
    }
  }

  return {
    lineOf(registration) {
      return lines[placeOf(bits(registration, 0), bits(registration, 8))] || undefined;
    },
    seen(registration, line, texts) {
      const a = bits(registration, 0);
      const b = bits(registration, 8);
      const at = placeOf(a, b);
      const hashes = texts.map(hashOf);
      const before = lines[at] ?? 0;
      if (before !== 0) {
        const differs = (hash: number, place: number): boolean => {
          const known = details[at * DETAILS + place];
          return hash !== 0 && known !== 0 && hash !== known;
        };
        return { line: before, differing: hashes.flatMap((hash, place) => (differs(hash, place) ? [place] : [])) };
      }
      put(at, a, b, line, hashes);
      count += 1;
      // Two thirds full: in a fuller table, finding a free slot takes long.
      if (count * 3 > size * 2) grow();
      return undefined;
    },
  };
}

/** 32 of the 40 bits of eight characters of base32. */
function bits(id: string, from: number): number {
  let value = 0;
  for (let at = from; at < from + 8; at += 1) {
    const code = id.charCodeAt(at);
    value = (Math.imul(value, 32) + (code >= 97 ? code - 97 : code - 24)) >>> 0;
  }
  return value;
}

/** FNV-1a over UTF-16 units. Two details of one enterprise are taken for the same with a chance of one in four billion. */
function hashOf(text: string): number {
  if (text === '') return 0;
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash === 0 ? 1 : hash;
}

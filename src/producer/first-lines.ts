/** Where each merchant of a file was first seen. A Map of a million ids takes 130 MB, these arrays 24. */

export interface FirstLines {
  /** The line on which this merchant was seen before; undefined, and remembered, where it was not. */
  seen(registration: string, line: number): number | undefined;
}

const SMALLEST = 1024;

/**
 * Open addressing over 64 of an id's 80 bits: two of a million merchants are taken for one with a chance of one in
 * forty million, and then `check` shows one duplicate too many; `load` compares whole ids.
 */
export function openFirstLines(): FirstLines {
  let size = SMALLEST;
  let count = 0;
  let low = new Uint32Array(size);
  let high = new Uint32Array(size);
  /** 0: nobody is here. Lines are counted from 1. */
  let lines = new Uint32Array(size);

  /** Where it is, or where it would be. */
  function placeOf(a: number, b: number): number {
    let at = a & (size - 1);
    while (lines[at] !== 0 && (low[at] !== a || high[at] !== b)) at = (at + 1) & (size - 1);
    return at;
  }

  function put(at: number, a: number, b: number, line: number): void {
    low[at] = a;
    high[at] = b;
    lines[at] = line;
  }

  function grow(): void {
    const before = { size, low, high, lines };
    size *= 2;
    low = new Uint32Array(size);
    high = new Uint32Array(size);
    lines = new Uint32Array(size);
    for (let at = 0; at < before.size; at += 1) {
      const line = before.lines[at] ?? 0;
      if (line === 0) continue;
      const [a = 0, b = 0] = [before.low[at], before.high[at]];
      put(placeOf(a, b), a, b, line);
    }
  }

  return {
    seen(registration, line) {
      const a = bits(registration, 0);
      const b = bits(registration, 8);
      const at = placeOf(a, b);
      const before = lines[at];
      if (before !== 0) return before;
      put(at, a, b, line);
      count += 1;
      // Two thirds full: beyond, looking for a free place takes long.
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

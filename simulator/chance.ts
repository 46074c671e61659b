/** Chance that can be repeated: the same seed gives the same rehearsal. */

import { createHash } from 'node:crypto';

/** Mulberry32: a small generator of evenly spread numbers in [0, 1). Not for secrets, and nothing here is one. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function randomHex(random: () => number, length: number): string {
  return Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join('');
}

/** Hex digits that depend on the seed and the text only, not on the order of calls. */
export function hexOf(seed: number, text: string, length: number): string {
  return createHash('sha256').update(`${seed}\n${text}`).digest('hex').slice(0, length);
}

/** A number in [0, 1) that depends on the seed and the text only. */
export function fractionOf(seed: number, text: string): number {
  return Number.parseInt(hexOf(seed, text, 12), 16) / 16 ** 12;
}

/** Walks the weights until `fraction` (in [0, 1)) of their sum is behind. */
export function pickByWeight(weights: Readonly<Record<string, number>>, fraction: number): string | undefined {
  const entries = Object.entries(weights);
  let left = fraction * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [word, weight] of entries) {
    left -= weight;
    if (left < 0) return word;
  }
  return undefined;
}

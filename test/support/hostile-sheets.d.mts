export interface HostileFile {
  /** Its number or kind, and an extension. */
  readonly name: string;
  readonly kind: string;
  readonly bytes: Buffer;
}

export function hostileFile(seed: number, number: number): HostileFile;
export const ATTACK_KINDS: readonly string[];
/** One of that kind, of the size that hurts most, or of a share of it. */
export function attack(kind: string, options?: { readonly seed?: number; readonly share?: number }): HostileFile;

export interface HostileFile {
  /** Its number or kind, and an extension. */
  readonly name: string;
  readonly kind: string;
  readonly bytes: Buffer;
}

export function hostileFile(seed: number, number: number): HostileFile;
export function everyAttack(seed?: number): readonly HostileFile[];
/** One of that kind, of the size that hurts most. */
export function attack(kind: string, seed?: number): HostileFile;

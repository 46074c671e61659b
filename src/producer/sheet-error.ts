/** Why a file is refused as a whole, in one line for the person who has it (exit status 2). */
export class SheetError extends Error {
  override readonly name = 'SheetError';
}

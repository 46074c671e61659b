/** Why a file cannot be read at all, in one line for the person who has it (exit status 2). */
export class SheetError extends Error {
  override readonly name = 'SheetError';
}

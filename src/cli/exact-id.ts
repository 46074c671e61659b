/** Commands that act on one merchant take its id and nothing else: a name may mean another merchant tomorrow. */
import { exactIdNeeded } from '../app/registration-named.js';
import { isIdentity } from '../domain/merchant.js';
import { UsageError } from './command.js';

/** @throws UsageError that says how the id is found */
export function registrationId(command: string, text: string): string {
  if (isIdentity(text)) return text;
  const { en, zh } = exactIdNeeded(command, text);
  throw new UsageError({ en: `${text} is no registration id. ${en}`, zh: `${text} 不是商户编号。${zh}` });
}

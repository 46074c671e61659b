import type { Snapshot } from '../domain/snapshot.js';
import type { Words } from '../domain/words.js';
import { RequestError } from './request-error.js';
import type { Store } from './wiring/store.js';

/** @throws RequestError where there is none */
export async function registrationNamed({ ledger }: Pick<Store, 'ledger'>, id: string): Promise<Snapshot> {
  const snapshot = await ledger.read(id);
  if (snapshot !== undefined) return snapshot;
  throw noRegistration(id);
}

export function noRegistration(id: string): RequestError {
  return new RequestError('not_found', {
    en: `There is no registration ${id}. The report names it as registration_id, and \`fastregister find\` finds it.`,
    zh: `没有商户编号 ${id}。商户编号见报告的 registration_id 列，也可用 \`fastregister find\` 查找。`,
  });
}

/** What a command that acts says of a name, a code or an appid. */
export function exactIdNeeded(command: string, text: string): Words {
  const find = `fastregister find ${quoted(text)}`;
  return {
    en: `\`${command}\` acts on one merchant by its exact registration id (16 letters and digits): \`${find}\` shows it.`,
    zh: `\`${command}\` 只接受准确的商户编号（16 位字母和数字）：请用 \`${find}\` 查找。`,
  };
}

function quoted(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

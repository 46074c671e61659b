import type { Snapshot } from '../domain/snapshot.js';
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
    en: `There is no registration ${id}. The report names it as registration_id.`,
    zh: `没有注册记录 ${id}。报告的 registration_id 列有编号。`,
  });
}

/** What the two registration APIs of WeChat have in common; nothing outside this room knows which one is spoken. */
import type { Needs } from '../domain/check-row.js';
import type { IdentityFields, Merchant } from '../domain/merchant.js';
import type { Reply } from './client.js';

export interface RegistrationApi {
  /** As WECHAT_REGISTRATION_API names it. */
  readonly name: string;
  /** The path whose quota WeChat counts. */
  readonly path: string;
  /** What a row must have before it may be sent. */
  readonly needs: Omit<Needs, 'defaultPhone'>;
  /** The fields by which a push is matched and a merchant is known again. */
  readonly identity: IdentityFields;
  create(merchant: Merchant, token: string): Promise<Reply>;
  /** What an accepted `create` tells beside errcode 0. */
  taskOf(body: Readonly<Record<string, unknown>>): { taskId?: string; authorizeUrl?: string };
  /** Asks what became of the task; WeChat knows it by `taskId` or by the merchant. */
  search(merchant: Merchant, taskId: string | undefined, token: string): Promise<Reply>;
}

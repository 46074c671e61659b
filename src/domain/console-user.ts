/** Who may do what in the console. */
import type { Words } from './words.js';

/** Each may do what those before it may. */
export const CONSOLE_ROLES = {
  viewer: { en: 'viewer', zh: '查看员' },
  operator: { en: 'operator', zh: '操作员' },
  admin: { en: 'admin', zh: '管理员' },
} as const satisfies Record<string, Words>;

export type ConsoleRole = keyof typeof CONSOLE_ROLES;

export const CONSOLE_ROLE_NAMES = Object.keys(CONSOLE_ROLES) as readonly ConsoleRole[];

export function mayAct(role: ConsoleRole, needed: ConsoleRole): boolean {
  return CONSOLE_ROLE_NAMES.indexOf(role) >= CONSOLE_ROLE_NAMES.indexOf(needed);
}

/** The user whose password is FASTREGISTER_CONSOLE_PASSWORD. */
export const BUILT_IN_USER = 'admin';

export interface ConsoleUser {
  readonly name: string;
  readonly role: ConsoleRole;
  /** ms since 1970 */
  readonly addedAt: number;
  readonly addedBy: string;
}

/** Letters and digits of any language: 王小明 is a name to log in with, too. */
const USER_NAME = /^[\p{L}\p{N}][\p{L}\p{N}._@-]{0,39}$/u;

/** Why it is no name of a user; undefined where it is one. */
export function faultOfUserName(name: string): Words | undefined {
  if (USER_NAME.test(name)) return undefined;
  return {
    en: 'The name of a user has 1 to 40 letters, digits and . _ @ -, and begins with a letter or digit.',
    zh: '用户名为 1 至 40 个字母、汉字、数字或 . _ @ -，以字母、汉字或数字开头。',
  };
}

const SHORTEST_PASSWORD = 10;
const LONGEST_PASSWORD = 200;

/** Why it is no password; undefined where it is one. */
export function faultOfPassword(password: string): Words | undefined {
  const { length } = [...password];
  if (length >= SHORTEST_PASSWORD && length <= LONGEST_PASSWORD) return undefined;
  return {
    en: `A password has ${SHORTEST_PASSWORD} to ${LONGEST_PASSWORD} characters.`,
    zh: `密码为 ${SHORTEST_PASSWORD} 至 ${LONGEST_PASSWORD} 个字符。`,
  };
}

/** How many wrong passwords cost nothing: of one user, and of an address, behind which a whole office may be. */
const FREE_TRIES = 4;
export const FREE_TRIES_OF_ADDRESS = 20;
const FIRST_WAIT_MS = 15_000;
const LONGEST_WAIT_MS = 10 * 60_000;

/** How long a client waits after so many wrong passwords in a row; twice as long each time, up to ten minutes. */
export function waitAfterTriesMs(count: number, freeTries = FREE_TRIES): number {
  return count <= freeTries ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (count - freeTries - 1), LONGEST_WAIT_MS);
}

/** An action of a person in the console, or on its users. */
export interface AuditEntry {
  /** ms since 1970 */
  readonly at: number;
  readonly user: string;
  /** e.g. `users.add`; its words are in the console's table of actions. */
  readonly action: string;
  /** What it concerned: a batch, a registration, a user. Never a merchant's name. */
  readonly subject: string;
  /** `refused`: it was not done, and the page said why. */
  readonly result: 'done' | 'refused' | 'failed';
  /** e.g. how many rows. Never a merchant's data. */
  readonly detail: string;
}

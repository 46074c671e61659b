/** Who may enter: the users of the ledger, and the built-in one whose password is a setting. */
import { createHash } from 'node:crypto';
import { hashPassword, isPassword, PasswordsBusy } from '../app/passwords.js';
import type { Store } from '../app/wiring/store.js';
import { BUILT_IN_USER, type ConsoleRole, FREE_TRIES_OF_ADDRESS } from '../domain/console-user.js';
import { countedAddress } from '../http/addresses.js';
import { openConsoleSessions } from '../redis/console-sessions.js';
import { openConsoleUsers, type StoredUser } from '../redis/console-users.js';

export interface SignedIn {
  readonly user: string;
  readonly role: ConsoleRole;
}

export interface Accounts {
  /** Until there is a user or a password, every page is closed. */
  isOpen(): Promise<boolean>;
  /** Answers the token of a session, or why there is none. */
  enter(name: string, password: string, client: EnteringClient): Promise<Entrance>;
  find(token: string): Promise<SignedIn | undefined>;
  leave(token: string): Promise<void>;
}

interface EnteringClient {
  readonly address: string;
  readonly device: string | undefined;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

export type Entrance =
  | { readonly kind: 'entered'; readonly token: string; readonly device: string | undefined }
  /** `isUser`: there is a user of that name. For the audit, never for the client. */
  | { readonly kind: 'wrong'; readonly isUser: boolean }
  | { readonly kind: 'wait'; readonly waitMs: number }
  /** Too many strangers try at once: nothing was compared. */
  | { readonly kind: 'busy' };

export function openAccounts({ redis, settings, identify }: Pick<Store, 'redis' | 'settings' | 'identify'>): Accounts {
  const users = openConsoleUsers(redis);
  const sessions = openConsoleSessions(redis);
  const { consolePassword } = settings;
  // The same in every process, so that a session of one is known to the other; another password is another mark.
  const builtIn =
    consolePassword === undefined ? undefined : hashPassword(consolePassword, Buffer.from(identify('console')));

  async function credentialOf(
    name: string,
    stored: StoredUser | undefined,
  ): Promise<Pick<StoredUser, 'role' | 'password'> | undefined> {
    if (stored !== undefined) return stored;
    return name === BUILT_IN_USER && builtIn !== undefined ? { role: 'admin', password: await builtIn } : undefined;
  }

  return {
    isOpen: async () => builtIn !== undefined || (await users.count()) > 0,
    async enter(name, password, { address, device, signal }) {
      // A browser that has been in before is not kept out by strangers, whatever their address.
      const isKnown = device !== undefined && (await sessions.isDeviceOf(device, name));
      const client = isKnown ? `device ${device}` : `${address} ${name}`;
      const place = `address ${countedAddress(address) ?? address}`;
      const waitMs =
        (isKnown ? 0 : await sessions.tryToBegin(place, FREE_TRIES_OF_ADDRESS)) || (await sessions.tryToBegin(client));
      if (waitMs > 0) return { kind: 'wait', waitMs };
      const credential = await credentialOf(name, await users.find(name));
      const isRight = await isPassword(password, credential?.password, isKnown ? undefined : { signal }).catch(busy);
      if (isRight === 'busy') return { kind: 'busy' };
      if (!isRight || credential === undefined) return { kind: 'wrong', isUser: credential !== undefined };
      await sessions.forgetTries(client);
      if (!isKnown) await sessions.forgetTries(place);
      const token = await sessions.begin({ user: name, mark: markOf(credential.password) });
      return { kind: 'entered', token, device: isKnown ? undefined : await sessions.rememberDevice(name) };
    },
    async find(token) {
      const session = await sessions.find(token);
      if (session === undefined) return undefined;
      const credential = await credentialOf(session.user, session.stored);
      if (credential === undefined || markOf(credential.password) !== session.mark) return undefined;
      return { user: session.user, role: credential.role };
    },
    leave: (token) => sessions.end(token),
  };
}

/** Of a slow hash, so it is no help to guess the password. */
function markOf(hash: string): string {
  return createHash('sha256').update(hash).digest('base64url').slice(0, 24);
}

function busy(error: unknown): 'busy' {
  if (error instanceof PasswordsBusy) return 'busy';
  throw error;
}

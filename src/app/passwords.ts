/** Passwords, as something that can be compared with them and says nothing of them. */
import { randomBytes, type ScryptOptions, scrypt as scryptWithCallback, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const scrypt = promisify<string, Buffer, number, ScryptOptions, Buffer>(scryptWithCallback);

/** 32 MB and a tenth of a second: what OWASP asks for at least. Only tests change it (test/support/cheap-passwords.ts). */
export const PASSWORD_COST = { N: 2 ** 15, r: 8, p: 1 };
const LENGTH = 32;

/** At most so many at once: a flood of tries takes memory and threads for two of them. */
const AT_ONCE = 2;
let running = 0;

/** The try of a browser in which the user has not been before. All others go first. */
export interface StrangersTry {
  /** Aborted when the client has gone: its turn is that of the next one. */
  readonly signal: AbortSignal;
}

/** So many tries of strangers wait, about two seconds; the others are refused at once. */
const MOST_STRANGERS = 40;

/** Too many tries of strangers wait already. */
export class PasswordsBusy extends Error {
  override readonly name = 'PasswordsBusy';
}

interface Turn {
  begin(): void;
}

const waiting: Turn[] = [];
let strangers: (Turn & StrangersTry & { refuse(error: PasswordsBusy): void })[] = [];

/** `scrypt$32768$8$1$SALT$HASH` */
export async function hashPassword(password: string, salt = randomBytes(16)): Promise<string> {
  return stored(salt, await derived(password, salt, PASSWORD_COST));
}

/** Takes as long where there is no user of that name. @throws PasswordsBusy for a stranger where too many wait */
export async function isPassword(
  password: string,
  kept: string | undefined,
  stranger?: StrangersTry,
): Promise<boolean> {
  const [, N, r, p, salt, hash] = (kept ?? stored(Buffer.alloc(16), Buffer.alloc(LENGTH))).split('$');
  const expected = Buffer.from(hash ?? '', 'base64');
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  const given = await derived(password, Buffer.from(salt ?? '', 'base64'), cost, stranger);
  return timingSafeEqual(given, expected) && kept !== undefined;
}

function stored(salt: Buffer, hash: Buffer): string {
  const { N, r, p } = PASSWORD_COST;
  return ['scrypt', N, r, p, salt.toString('base64'), hash.toString('base64')].join('$');
}

async function derived(
  password: string,
  salt: Buffer,
  cost: typeof PASSWORD_COST,
  stranger?: StrangersTry,
): Promise<Buffer> {
  if (running >= AT_ONCE) await turn(stranger);
  else running += 1;
  try {
    // The same character can be typed in two ways.
    return await scrypt(password.normalize('NFKC'), salt, LENGTH, { ...cost, maxmem: 64 * 1024 * 1024 });
  } finally {
    // Its turn is handed on, so `running` stays.
    refuseGone();
    const next = waiting.shift() ?? strangers.shift();
    if (next !== undefined) next.begin();
    else running -= 1;
  }
}

function turn(stranger: StrangersTry | undefined): Promise<void> {
  return new Promise((begin, refuse) => {
    if (stranger === undefined) return waiting.push({ begin });
    refuseGone();
    if (strangers.length >= MOST_STRANGERS) return refuse(new PasswordsBusy());
    strangers.push({ ...stranger, begin, refuse });
  });
}

function refuseGone(): void {
  for (const { signal, refuse } of strangers) if (signal.aborted) refuse(new PasswordsBusy());
  strangers = strangers.filter(({ signal }) => !signal.aborted);
}

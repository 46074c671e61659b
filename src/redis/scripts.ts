/** Loads the Lua scripts; a script is run by its digest, and its text is sent only if the server does not know it yet. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setImmediate as untilTheLoopTurns } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { prefix, withKeys } from './keys.js';
import { withConstants } from './lua-constants.js';

export type ScriptName =
  | 'read'
  | 'record'
  | 'acquire'
  | 'end-check'
  | 'console-session'
  | 'ask-day'
  | 'stop'
  | 'reserved'
  | 'resume'
  | 'under-way'
  | 'calls-since'
  | 'due-next'
  | 'token-wait'
  | 'question'
  | 'dispatch'
  | 'sweep'
  | 'give-back'
  | 'open-batch'
  | 'accept'
  | 'complete-batch'
  | 'drop-batch'
  | 'page'
  | 'batch-sizes'
  | 'batch-changes'
  | 'rows-with-digest'
  | 'purge'
  | 'last-outcome'
  | 'tidy'
  | 'store-pushes'
  | 'park'
  | 'ack-pushes'
  | 'forget-consumers'
  | 'notice-take'
  | 'notice-settle'
  | 'send-once'
  | 'queue-notice'
  | 'lease-acquire'
  | 'lease-renew'
  | 'lease-release'
  | 'push-passed'
  | 'save-night'
  | 'save-token'
  | 'refuse-token'
  | 'drop-ticket'
  | 'exchange-pace'
  | 'offer-code'
  | 'withdraw'
  | 'settle-codes'
  | 'keep-token'
  | 'beat'
  | 'presence'
  | 'replace-field'
  | 'seal-field'
  | 'note-row'
  | 'noted'
  | 'fields'
  | 'epoch'
  | 'epoch-report';

type Argument = string | number | Buffer;

export type RunScript = (keys: string[], args: Argument[]) => Promise<unknown>;

const folder = new URL('./lua/', import.meta.url);

/** @param beforeLoading called first if the server does not know the script: it may be another server */
export function script(redis: Redis, name: ScriptName, beforeLoading?: () => Promise<void>): RunScript {
  const { text, digest } = source(name);
  return (keys, args) =>
    knownOrLoaded(
      () => redis.evalsha(digest, keys.length, ...keys, ...args),
      async () => {
        await beforeLoading?.();
        return redis.eval(text, keys.length, ...keys, ...args);
      },
    );
}

/** A script whose answers stay bytes, so that only the parts that are read are decoded. */
export function scriptForBytes(redis: Redis, name: ScriptName): RunScript {
  const { text, digest } = source(name);
  return (keys, args) =>
    knownOrLoaded(
      () => redis.callBuffer('EVALSHA', digest, keys.length, ...keys, ...args),
      () => redis.callBuffer('EVAL', text, keys.length, ...keys, ...args),
    );
}

async function knownOrLoaded(known: () => Promise<unknown>, load: () => Promise<unknown>): Promise<unknown> {
  try {
    return await known();
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('NOSCRIPT')) return load();
    throw error;
  }
}

/** Runs a script for one caller; all callers of a run share `common`. */
export type AskScript = (common: string, args: Argument[]) => Promise<unknown>;

/** A run for this many callers occupies Redis for a few milliseconds. */
const ASKED_AT_ONCE = 64;

/** Which argument of a caller is long, and mostly the same as that of the caller before: the write set. */
const LONG_ARGUMENT = { read: undefined, record: 2, acquire: 4 } as const;

/**
 * A script that does the same for many callers: requests that come while a run is under way share the next run. The
 * busier the processes, the more requests share a run, and Redis' write to the disk. Its ARGV are `common` and the
 * arguments of each, one after the other, with '' for a long argument that repeats that of the caller before; it answers a list, in
 * which an error concerns one caller.
 */
export function manyScript(
  redis: Redis,
  name: keyof typeof LONG_ARGUMENT,
  beforeLoading?: () => Promise<void>,
): AskScript {
  const run = script(redis, name, beforeLoading);
  let waiting = new Map<string, PendingRun[]>();
  let sending = false;

  async function send(): Promise<void> {
    sending = true;
    while (waiting.size > 0) {
      await untilTheLoopTurns();
      const groups = waiting;
      waiting = new Map();
      await Promise.all([...groups].flatMap(([common, asked]) => parts(asked).map((part) => runFor(common, part))));
    }
    sending = false;
  }

  async function runFor(common: string, asked: readonly PendingRun[]): Promise<void> {
    try {
      const answers = (await run([prefix()], [common, ...argumentsOf(asked, LONG_ARGUMENT[name])])) as unknown[];
      asked.forEach(({ resolve, reject }, at) => {
        const answer = answers[at];
        if (answer instanceof Error) reject(answer);
        else resolve(answer);
      });
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }

  return (common, args) =>
    new Promise((resolve, reject) => {
      const asked = waiting.get(common);
      if (asked === undefined) waiting.set(common, [{ args, resolve, reject }]);
      else asked.push({ args, resolve, reject });
      if (!sending) void send();
    });
}

interface PendingRun {
  readonly args: Argument[];
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

function argumentsOf(asked: readonly PendingRun[], long: number | undefined): Argument[] {
  const all: Argument[] = [];
  let before: Argument | undefined;
  for (const { args } of asked) {
    for (let at = 0; at < args.length; at += 1) {
      const argument = args[at] as Argument;
      all.push(at === long && argument === before ? '' : argument);
      if (at === long) before = argument;
    }
  }
  return all;
}

function parts(asked: readonly PendingRun[]): (readonly PendingRun[])[] {
  const all: (readonly PendingRun[])[] = [];
  for (let at = 0; at < asked.length; at += ASKED_AT_ONCE) all.push(asked.slice(at, at + ASKED_AT_ONCE));
  return all;
}

/** Loaded before the scripts that use them, each after the files whose functions it uses. */
const SHARED = ['prelude', 'pushes', 'day', 'line', 'first-rows', 'fact'];

/** The text that Redis runs: the shared functions, then the script. */
export function textOf(name: string): string {
  const files = [...sharedBy(name), name].map((file) => readLua(file).text);
  return withKeys(withConstants(files.join('\n')));
}

/**
 * The shared files with a name that the script uses, or another file that it needs. To define all shared functions takes
 * Redis ten microseconds, each time a script runs.
 */
function sharedBy(name: string): readonly string[] {
  const needed = new Set(['prelude']);
  const uses = new Set([...readLua(name).uses, ...readLua('prelude').uses]);
  for (let before = 0; before < needed.size; ) {
    before = needed.size;
    for (const file of SHARED) {
      const { defines, uses: its } = readLua(file);
      if (needed.has(file) || !defines.some((it) => uses.has(it))) continue;
      needed.add(file);
      for (const it of its) uses.add(it);
    }
  }
  return SHARED.filter((file) => needed.has(file));
}

interface LuaFile {
  readonly text: string;
  /** Names that later files may use. */
  readonly defines: readonly string[];
  /** Every word outside comments, which are more than the names that it uses. */
  readonly uses: ReadonlySet<string>;
}

const luaFiles = new Map<string, LuaFile>();

function readLua(name: string): LuaFile {
  let file = luaFiles.get(name);
  if (file === undefined) {
    const text = readFileSync(new URL(`${name}.lua`, folder), 'utf8');
    const code = text.replace(/--.*/g, '');
    const defined = [...code.matchAll(/^(?:local function|function|local) ([\w, ]+)/gm)].map(([, names = '']) => names);
    file = { text, defines: defined.join(' ').match(/\w+/g) ?? [], uses: new Set(code.match(/\w+/g)) };
    luaFiles.set(name, file);
  }
  return file;
}

/** By ledger and name: the keys of the ledger are written out in the text. */
const sources = new Map<string, { text: string; digest: string }>();

function source(name: ScriptName): { text: string; digest: string } {
  let known = sources.get(`${prefix()} ${name}`);
  if (known === undefined) {
    const text = textOf(name);
    known = { text, digest: createHash('sha1').update(text).digest('hex') };
    sources.set(`${prefix()} ${name}`, known);
  }
  return known;
}

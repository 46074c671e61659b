/**
 * The ledger: what is true of every registration. It knows how a fact is written down, not what a fact means: that is
 * domain/registration's to say.
 */
import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { AUTH_CODE_LIVES_MS } from '../../domain/limits.js';
import type { StopRule } from '../../domain/line.js';
import { linkOf } from '../../domain/link.js';
import {
  apply,
  type Consequence,
  type Fact,
  isOver,
  isUnsent,
  type Move,
  next,
  type Registration,
  turnOfWaitingRow,
  type Wait,
} from '../../domain/registration.js';
import { key } from '../keys.js';
import { type CodeStep, codeStep } from '../pushes/auth-codes.js';
import { manyScript } from '../scripts.js';
import { difference, registrationFrom } from './registration-fields.js';
import { type RowChange, rowChanges } from './row-changes.js';
import { type DetailColumns, type Row, unpackRow } from './rows.js';

/** A piece of work that waits in BullMQ: its queue, and its job id there. */
export interface Job {
  readonly kind: WorkKind;
  readonly name: string;
}

/** Work of the kind `authorize` is about a Mini Program, and has its appid where the other kinds have a registration's id. */
export type WorkKind = 'submit' | 'follow-up' | 'authorize';

/** A job's name begins with what it is about. */
export function registrationOf(job: string): string {
  return job.slice(0, job.indexOf('-'));
}

/** A registration as it was read, with what is needed to decide and to record. */
export interface Snapshot {
  readonly registration: Registration;
  /** Mark of the last fact when it was read, '' before the first: nobody recorded anything since, if it is still the same. */
  readonly version: string;
  /** Redis' clock, ms since 1970. */
  readonly now: number;
  /** The row whose details are sent; undefined once it has been purged. */
  readonly row: Row | undefined;
}

/** What a fact does beside the registration's own move. */
export interface Effects {
  /** The job that this fact completes. */
  readonly job?: Job;
  /** Quota day that WeChat calls used up (45009). */
  readonly closeDay?: string;
  /** WeChat's words to it, and the times of the checks that follow (limits.ts, quotaRechecksMs). */
  readonly closing?: { readonly said: string; readonly recheck: readonly number[] };
  /** What the answer to the probe of a closed day says of the day. */
  readonly probe?: Probe;
  /** How long WeChat wants to be left alone (45011), in ms. */
  readonly pauseMs?: number;
  /** The quota day of a create that Redis had forgotten: it counts there again, where it changes anything. */
  readonly charge?: string;
  /** The Weixin ID's try of the day was none; `call`: neither was the call. */
  readonly giveBack?: GiveBack;
  /** WeChat says that the Weixin ID's tries of the day are used up (91030), whatever we counted. */
  readonly spent?: { readonly day: string; readonly person: string };
  /** Whether a create got the answer of an API that is offline; `most` merchants and nothing else on a day stop the line. */
  readonly offline?: {
    readonly day: string;
    readonly met: boolean;
    readonly most: number;
    readonly because: string;
    readonly problem: string;
  };
  /** What the answer to a create says of the creates that wait for it. */
  readonly verdict?: 'accepted' | 'refused' | 'taken' | 'again' | 'failed';
  /** What a search says of the way to WeChat, where it tries a stopped line. */
  readonly heard?: 'taken' | 'again' | 'failed';
  /** A fault of WeChat or of the network that this call met; with the code '' an ordinary answer, after which the count begins anew. */
  readonly repeatedError?: RepeatedError | { readonly call: RepeatedError['call']; readonly code: '' };
  /** Recorded, too, should that fault stop the line: the try that it has cost is given back. */
  readonly ifStopped?: Fact;
}

export interface RepeatedError extends StopRule {
  readonly call: 'create' | 'search';
  readonly code: string;
  /** What came, in words that name no merchant. */
  readonly met: string;
}

export interface Probe {
  readonly day: string;
  /** `again`: WeChat did not process the call. `unknown`: it may have. */
  readonly verdict: 'open' | 'again' | 'unknown';
  readonly said: string;
}

export interface GiveBack {
  readonly day: string;
  readonly person: string;
  readonly call: boolean;
}

/** An entry of the history: the fact, the state that it led to (absent: it changed nothing), and the id of the write. */
export interface HistoryEntry extends Omit<Fact, 'authCode'> {
  readonly to?: Registration['state'];
  /** Of a row: what became of it, and `batch/index` of the row that was to be sent until then. */
  readonly rows?: Move['rows'];
  readonly rowBefore?: string;
  readonly writeId?: string;
}

export interface Recorded {
  readonly before: Registration;
  readonly after: Registration;
  readonly move: Move | undefined;
}

export interface Ledger {
  read(id: string): Promise<Snapshot | undefined>;
  /**
   * Records a fact, deciding anew as often as somebody else was faster. Throws only where there is no such registration.
   * `known` saves reading it first, where it was read or recorded just before. `writeId`: where a journal has it already.
   */
  record(id: string, fact: Fact, effects?: Effects, known?: Snapshot, writeId?: string): Promise<Recorded>;
  history(id: string): Promise<HistoryEntry[]>;
  /** Whose the successor's task is. */
  ofTask(taskId: string): Promise<string | undefined>;
  /** Whose the Mini Program is. */
  ofAppid(appid: string): Promise<string | undefined>;
}

/** What a fact passes in a process that keeps a journal: Redis may have forgotten what goes before it. */
export interface Gate {
  /** Up to which the process has compared its journal. */
  epoch(): string;
  /** Resolves when the fact may be tried again. */
  pass(): Promise<void>;
  /** Records what journals have of a registration that Redis had forgotten. */
  restore(registration: string): Promise<void>;
  /** How long others are waited for, too; absent: they are not. */
  readonly settleMs?: number;
}

/** @param gate absent for whoever restores what was forgotten, and for commands of a person */
export function openLedger(redis: Redis, gate?: Gate): Ledger {
  const readScript = manyScript(redis, 'read');
  const recordScript = manyScript(redis, 'record', gate?.pass);
  const columns = columnsOfBatches(redis);

  async function read(id: string): Promise<Snapshot | undefined> {
    const answer = (await readScript('', [id])) as (string | number)[] | null;
    if (answer === null) return undefined;
    const [version, now, packed, ...fields] = answer;
    const registration = registrationFrom(id, fields as string[]);
    const json = String(packed).slice(String(packed).indexOf('\n') + 1);
    const row = json === '' ? undefined : unpackRow(json, await columns(batchOf(registration.row)));
    return {
      registration,
      version: String(version),
      now: Number(now),
      row,
    };
  }

  async function record(
    id: string,
    fact: Fact,
    effects: Effects = {},
    known?: Snapshot,
    writeId = newWriteId(),
  ): Promise<Recorded> {
    for (let snapshot = known ?? (await read(id)); ; snapshot = await read(id)) {
      if (snapshot === undefined) throw new Error(`There is no registration ${id}`);
      const { step, recorded } = decide(snapshot, fact, writeId, effects);
      const job = [effects.job?.kind ?? '', effects.job?.name ?? ''];
      const common = gate === undefined ? '' : JSON.stringify({ epoch: gate.epoch(), settleMs: gate.settleMs });
      const answer = await recordScript(common, [id, snapshot.version, JSON.stringify(step), ...job]);
      if (answer === 'epoch') await gate?.pass();
      if (answer === 'forgotten') await gate?.restore(id);
      if (answer === 'done' || (await hasWriteId(redis, id, writeId))) return recorded;
    }
  }

  async function history(id: string): Promise<HistoryEntry[]> {
    const entries = await redis.lrange(key('history', id), 0, -1);
    return entries.map((entry) => JSON.parse(entry) as HistoryEntry);
  }

  async function ofTask(taskId: string): Promise<string | undefined> {
    return (await redis.hget(key('tasks'), taskId)) ?? undefined;
  }

  async function ofAppid(appid: string): Promise<string | undefined> {
    return (await redis.hget(key('appids'), appid)) ?? undefined;
  }

  return { read, record, history, ofTask, ofAppid };
}

/** The decided fact as the scripts write it (prelude.lua, `record`, names the fields). */
export interface WriteSet extends Omit<Effects, 'job' | 'repeatedError' | 'ifStopped'> {
  readonly at: number;
  readonly unchanged?: true;
  readonly entry: string;
  /** The entry of the waiting row that took its turn. */
  readonly turn?: string;
  /** Fields and values by turns; the version is always among them. */
  readonly set: readonly string[];
  readonly del?: readonly string[] | undefined;
  readonly state: Registration['state'];
  readonly wait?: Wait | undefined;
  /** The state to which the fact itself led, where a waiting row took its turn in the same step. */
  readonly passed?: Registration['state'];
  /** Absent where all rows go on showing the registration. */
  readonly rows?: readonly RowChange[];
  /** Other details are sent instead of those of its row. */
  readonly replaced?: true;
  /** `due` is text: a number that a Lua script hands on is printed by Redis at the price of another command. */
  readonly later?: { readonly kind: WorkKind; readonly due: string } | undefined;
  readonly ready?: WorkKind | undefined;
  readonly over?: true;
  readonly unasked?: true;
  readonly task?: string;
  readonly owns?: { readonly appid: string; readonly code?: CodeStep | undefined };
  readonly link?: number;
  readonly unlink?: true;
  readonly stop?: { readonly because: string; readonly problem: string; readonly at: number };
  /** `undo` is a step, as JSON. */
  readonly repeatedError?: Effects['repeatedError'] & { readonly undo?: string };
}

export function decide(
  snapshot: Snapshot,
  fact: Fact,
  writeId: string,
  effects: Effects,
): { step: WriteSet; recorded: Recorded } {
  const before = snapshot.registration;
  const move = next(before, fact);
  const entry = historyEntry(before, fact, move, writeId);
  const { job: _, ifStopped, repeatedError, ...others } = effects;
  const writesFor = (after: Registration) => ({
    ...others,
    ...(repeatedError !== undefined && { repeatedError: { ...repeatedError, ...undoOf(snapshot, after, ifStopped) } }),
  });
  if (move === undefined || move.rows === 'already_created') {
    const { state, wait } = before;
    const set = [VERSION, writeId];
    const step: WriteSet = {
      unchanged: true,
      at: fact.at,
      entry,
      set,
      state,
      wait,
      ...taskOf(fact),
      ...writesFor(before),
    };
    return { step, recorded: { before, after: before, move } };
  }
  const passed = apply(before, fact, move);
  const turn = turnOfWaitingRow(passed, fact.at);
  const turnMove = turn && next(passed, turn);
  const after = turn && turnMove ? apply(passed, turn, turnMove) : passed;
  const so = turnMove?.so === undefined ? move.so : [...(move.so ?? []), ...turnMove.so];
  const { set, del } = difference(before, after);
  const step: WriteSet = {
    at: fact.at,
    entry,
    ...(turn && turnMove && { turn: historyEntry(passed, turn, turnMove, writeId), passed: passed.state }),
    set: [...set, VERSION, writeId],
    ...(del.length > 0 && { del }),
    state: after.state,
    wait: after.wait,
    ...rowsOf(before, turnMove === undefined ? before : passed, after, turnMove ?? move),
    later: whatIsDueLater(after, so),
    ready: whatIsReady(after, so),
    ...(isOver(after.state) && { over: true }),
    ...(isBackInLine(before, after) && { unasked: true }),
    ...taskOf(fact),
    ...miniProgramOf(fact),
    ...linkChange(before, after),
    ...(so?.includes('stop_line') && {
      stop: { because: fact.because ?? '', problem: fact.problem ?? '', at: fact.at },
    }),
    ...writesFor(after),
  };
  return { step, recorded: { before, after, move } };
}

/** The step that would follow this one, decided now: the script knows whether it is needed. */
function undoOf(snapshot: Snapshot, after: Registration, ifStopped: Fact | undefined): { undo?: string } {
  if (ifStopped === undefined) return {};
  const { step } = decide({ ...snapshot, registration: after }, ifStopped, newWriteId(), {});
  return step.unchanged ? {} : { undo: JSON.stringify(step) };
}

function miniProgramOf(fact: Fact): Pick<WriteSet, 'owns'> {
  const { kind, appid, authCode, at, pushedAt = at } = fact;
  if (kind !== 'mini_program_created' || appid === undefined) return {};
  if (authCode === undefined) return { owns: { appid } };
  const diesAt = at + AUTH_CODE_LIVES_MS;
  const code = codeStep({ authCode, at, diesAt, pushedAt, from: 'created', isShared: false });
  return { owns: { appid, code } };
}

/** Its call was none, or has its end: there is nothing to ask about before it is sent again. */
function isBackInLine(before: Registration, after: Registration): boolean {
  return !isUnsent(before.state) && isUnsent(after.state);
}

/** `last`: as it was when the last rule moved it. */
function rowsOf(
  before: Registration,
  last: Registration,
  after: Registration,
  { rows }: Move,
): Pick<WriteSet, 'rows' | 'replaced'> {
  const changes = rowChanges({ before, last, after, replaces: rows === 'replaces' });
  return { ...(changes && { rows: changes }), ...(rows === 'replaces' && { replaced: true }) };
}

function historyEntry(before: Registration, fact: Fact, move: Move | undefined, writeId: string): string {
  const rows = move?.rows && { rows: move.rows, rowBefore: before.row };
  return JSON.stringify(Object.assign({}, fact, { authCode: undefined, to: move?.to, ...rows, writeId }));
}

function taskOf({ taskId }: Fact): Pick<WriteSet, 'task'> {
  return taskId === undefined ? {} : { task: taskId };
}

function linkChange(before: Registration, after: Registration): Pick<WriteSet, 'link' | 'unlink'> {
  const [was, is] = [linkOf(before)?.endsAt, linkOf(after)?.endsAt];
  if (was === is) return {};
  return is === undefined ? { unlink: true } : { link: is };
}

function whatIsDueLater(after: Registration, so: readonly Consequence[] | undefined): WriteSet['later'] {
  if (after.until === undefined) return undefined;
  if (so?.includes('send')) return { kind: 'submit', due: String(after.until) };
  if (so?.includes('ask')) return { kind: 'follow-up', due: String(after.until) };
  return undefined;
}

function whatIsReady(after: Registration, so: readonly Consequence[] | undefined): WriteSet['ready'] {
  return so?.includes('send') && after.until === undefined ? 'submit' : undefined;
}

export function batchOf(pointer: string): string {
  return pointer.slice(0, pointer.lastIndexOf('/'));
}

/** Field of a registration's hash: the id of its last write (prelude.lua, version_of). */
const VERSION = 'v';

/** What tells a fact of this process from every other in the history. */
export function newWriteId(): string {
  marks += 1;
  return `${MARK_OF_PROCESS}.${marks.toString(36)}`;
}

const MARK_OF_PROCESS = randomBytes(6).toString('base64url');
let marks = 0;

/** ioredis sends a command again whose answer was lost: then the first run wrote the id, and the second met a conflict. */
export async function hasWriteId(redis: Redis, id: string, writeId: string): Promise<boolean> {
  const entries = await redis.lrange(key('history', id), 0, -1);
  return entries.some((entry) => entry.includes(`"${writeId}"`));
}

/** The columns of a batch never change, so each process asks once. */
function columnsOfBatches(redis: Redis): (batch: string) => Promise<DetailColumns> {
  const known = new Map<string, DetailColumns>();
  return async (batch) => {
    let columns = known.get(batch);
    if (columns === undefined) {
      columns = JSON.parse((await redis.hget(key('batch', batch), 'columns')) ?? '[]') as DetailColumns;
      if (columns.length > 0) known.set(batch, columns);
    }
    return columns;
  };
}

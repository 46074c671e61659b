/** A decided fact, as the scripts write it. */
import { randomBytes } from 'node:crypto';
import { decide } from '../../domain/decision.js';
import type { Effects } from '../../domain/effects.js';
import { AUTH_CODE_LIVES_MS } from '../../domain/limits.js';
import { linkOf } from '../../domain/link.js';
import { type Fact, isOver, isUnsent, type Move, type Registration, type Wait } from '../../domain/registration.js';
import { batchOf } from '../../domain/row.js';
import type { Recorded, Snapshot } from '../../domain/snapshot.js';
import type { WorkKind } from '../../domain/work.js';
import { type PackedCode, packCode } from '../pushes/auth-codes.js';
import { difference } from './registration-fields.js';
import { type RowChange, rowChanges } from './row-changes.js';

/** fact.lua, `record`, names the fields. */
export interface WriteSet extends Omit<Effects, 'job' | 'repeatedError' | 'ifStopped'> {
  readonly at: number;
  readonly unchanged?: true;
  /** Without the write id, which the script adds, so that one text serves many registrations. */
  readonly entry: string;
  /** The write id of a step that is part of another step; otherwise the write id is a separate argument. */
  readonly writeId?: string;
  /** The entry of the waiting row that took its turn. */
  readonly turn?: string;
  /** Fields and values, alternating; the script adds the version. */
  readonly set: readonly string[];
  readonly del?: readonly string[] | undefined;
  readonly state: Registration['state'];
  readonly wait?: Wait | undefined;
  /** The state to which the fact itself led, where a waiting row took its turn in the same step. */
  readonly passed?: Registration['state'];
  /** Absent if all rows go on showing the registration. */
  readonly rows?: readonly RowChange[];
  /** The details of another row are sent. */
  readonly replaced?: true;
  /** `due` is text: printing a number that a Lua script passes on costs Redis as much as another command. */
  readonly scheduled?: { readonly kind: WorkKind; readonly due: string } | undefined;
  readonly ready?: WorkKind | undefined;
  readonly over?: true;
  readonly unasked?: true;
  readonly task?: string;
  readonly owns?: { readonly appid: string; readonly code?: PackedCode | undefined };
  readonly link?: number;
  readonly unlink?: true;
  readonly stop?: { readonly because: string; readonly problem: string; readonly at: number };
  /** `undo` is a write set, as JSON. */
  readonly repeatedError?: Effects['repeatedError'] & { readonly undo?: string };
}

export function writeSetOf(
  snapshot: Pick<Snapshot, 'registration'>,
  fact: Fact,
  effects: Effects,
): { writeSet: WriteSet; recorded: Recorded } {
  const { before, move, passed, turn, after, scheduled, ready, stopsLine } = decide(snapshot.registration, fact);
  const recorded = { before, after, move };
  const { job: _, ifStopped, repeatedError, ...others } = effects;
  const common = {
    at: fact.at,
    entry: historyEntry(before, fact, move),
    state: after.state,
    wait: after.wait,
    ...taskOf(fact),
    ...others,
    ...(repeatedError !== undefined && { repeatedError: { ...repeatedError, ...undoOf(after, ifStopped) } }),
  };
  if (move === undefined || move.rows === 'already_created') {
    const note = fact.kind === 'noted' ? [NOTED, '1'] : [];
    return { writeSet: { ...common, unchanged: true, set: note }, recorded };
  }
  const { set, del } = difference(before, after);
  const writeSet: WriteSet = {
    ...common,
    ...(turn && { turn: historyEntry(passed, turn.fact, turn.move), passed: passed.state }),
    set,
    ...(del.length > 0 && { del }),
    ...rowsOf(before, turn === undefined ? before : passed, after, turn?.move ?? move),
    scheduled: scheduled && { kind: scheduled.kind, due: String(scheduled.at) },
    ready,
    ...(isOver(after.state) && { over: true }),
    ...(isBackInLine(before, after) && { unasked: true }),
    ...miniProgramOf(fact),
    ...linkChange(before, after),
    ...(fact.kind === 'cancel_asked' && isUnsent(before.state) && { rowVerdict: 'withdrawn' as const }),
    ...(stopsLine && { stop: { because: fact.because ?? '', problem: fact.problem ?? '', at: fact.at } }),
  };
  return { writeSet, recorded };
}

/** The write set of the follow-up step, made in advance: the script decides whether it is needed. */
function undoOf(after: Registration, ifStopped: Fact | undefined): { undo?: string } {
  if (ifStopped === undefined) return {};
  const { writeSet } = writeSetOf({ registration: after }, ifStopped, {});
  return writeSet.unchanged ? {} : { undo: JSON.stringify({ ...writeSet, writeId: newWriteId() }) };
}

function miniProgramOf(fact: Fact): Pick<WriteSet, 'owns'> {
  const { kind, appid, authCode, at, pushedAt = at } = fact;
  if (kind !== 'mini_program_created' || appid === undefined) return {};
  if (authCode === undefined) return { owns: { appid } };
  const diesAt = at + AUTH_CODE_LIVES_MS;
  const code = packCode({ authCode, at, diesAt, pushedAt, from: 'created', isShared: false });
  return { owns: { appid, code } };
}

/** Whether the call was not made, or has its answer: then no search is needed before the registration is sent again. */
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
  // As a row of another batch it is no first row of this one any more.
  const leaves = rows === 'leads' && isUnsent(before.state) && batchOf(before.row) !== batchOf(after.row);
  return { ...(changes && { rows: changes }), ...((rows === 'replaces' || leaves) && { replaced: true }) };
}

function historyEntry(before: Registration, fact: Fact, move: Move | undefined): string {
  const rows = move?.rows && { rows: move.rows, rowBefore: before.row };
  return JSON.stringify(Object.assign({}, fact, { authCode: undefined, to: move?.to, ...rows }));
}

function taskOf({ taskId }: Fact): Pick<WriteSet, 'task'> {
  return taskId === undefined ? {} : { task: taskId };
}

function linkChange(before: Registration, after: Registration): Pick<WriteSet, 'link' | 'unlink'> {
  const [was, is] = [linkOf(before)?.endsAt, linkOf(after)?.endsAt];
  if (was === is) return {};
  return is === undefined ? { unlink: true } : { link: is };
}

/** Field of a registration's hash: its history has a note (notes.ts). */
export const NOTED = 'noted';

/** Distinguishes a fact of this process from every other in the history. */
export function newWriteId(): string {
  writeIds += 1;
  return `${PROCESS_PREFIX}.${writeIds.toString(36)}`;
}

const PROCESS_PREFIX = randomBytes(6).toString('base64url');
let writeIds = 0;

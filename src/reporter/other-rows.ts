/** Sentences for rows that get their outcome from another row of the same enterprise. */

import type { Batch, Leader, NamedRow } from '../domain/batch.js';
import { ALL_DETAILS, type DetailField, differingDetails, listOfDetails, type Merchant } from '../domain/merchant.js';
import { STATES } from '../domain/registration.js';
import { batchOf, problemOfDuplicate, REPLACED, type Relation, type RowWithOutcome, WAITING } from '../domain/row.js';
import { joined, NOTHING_TO_DO, type Words } from '../domain/words.js';
import type { Batches } from '../redis/ledger/batches.js';
import type { Sentences } from './row-words.js';
import { LOOK_FOR_THE_MINI_PROGRAM } from './troubles.js';

/** The row that a sentence names, and in which details the row itself differs from it. */
export interface OtherRow {
  readonly line: number;
  readonly file: string;
  readonly batch: string;
  readonly isOfThisFile: boolean;
  readonly differing: readonly DetailField[];
  /** What the registration is now, where the other row stands for it. */
  readonly leader?: Leader | undefined;
  /** Of a duplicate: the row of a newer sheet that names the enterprise. */
  readonly namedSince?: OtherRow | undefined;
}

export type OtherRelation = Extract<
  Relation,
  { readonly kind: 'duplicate' | 'already_created' | 'replaced' | 'waits' }
>;

const NOTHING: Words = { en: '', zh: '' };

/** By index of the row; rows without another row, and rows whose other row was purged, are missing. */
export async function otherRowsOf(
  batches: Pick<Batches, 'rowAt' | 'leaders'>,
  batch: Batch,
  page: readonly RowWithOutcome[],
): Promise<ReadonlyMap<number, OtherRow>> {
  const rows = page.filter(
    ({ relation, isSuperseded }) => isSuperseded || (relation.kind !== 'registered' && relation.kind !== 'refused'),
  );
  if (rows.length === 0) return new Map();
  const leaders = await batches.leaders(rows.flatMap(({ relation }) => leaderNamedBy(relation) ?? []));
  const found = rows.map(async (entry) => {
    const leader = leaders.get(leaderNamedBy(entry.relation) ?? '');
    const pointer = pointerOf(entry.relation, batch, leader);
    const named = pointer === undefined ? undefined : await batches.rowAt(pointer);
    if (named === undefined) return [];
    const namedSince = await namedSinceFor(batches, batch, entry, leader);
    return [[entry.index, { ...otherRow(entry, named, batch), leader, namedSince }] as const];
  });
  return new Map((await Promise.all(found)).flat());
}

/** The newest of the rows of newer sheets. */
async function namedSinceFor(
  batches: Pick<Batches, 'rowAt'>,
  batch: Batch,
  entry: RowWithOutcome,
  leader: Leader | undefined,
): Promise<OtherRow | undefined> {
  if (entry.relation.kind !== 'duplicate' || leader === undefined) return undefined;
  const pointers = [leader.row, ...(leader.others ?? [])].filter((pointer) => batchOf(pointer) !== batch.id);
  const rows = await Promise.all(pointers.map(batches.rowAt));
  const newer = rows.flatMap((named, at) =>
    named !== undefined && named.batch.loadedAt > batch.loadedAt
      ? [{ named, isLeader: pointers[at] === leader.row }]
      : [],
  );
  const [newest] = newer.sort((one, other) => other.named.batch.loadedAt - one.named.batch.loadedAt);
  return newest && { ...otherRow(entry, newest.named, batch), ...(newest.isLeader && { leader }) };
}

/** The registration whose present row is the other row, or may have been sent after it. */
function leaderNamedBy(relation: Relation): string | undefined {
  return relation.kind === 'refused' || relation.kind === 'replaced' ? undefined : relation.id;
}

function pointerOf(relation: Relation, batch: Batch, leader: Leader | undefined): string | undefined {
  switch (relation.kind) {
    case 'duplicate':
      return `${batch.id}/${relation.firstIndex}`;
    case 'replaced':
      return relation.by;
    case 'already_created':
      return isOfMiniProgram(leader, relation.appid) ? leader?.row : undefined;
    default:
      return leader?.row;
  }
}

/** After `--again`, the present row is that of a later Mini Program, and says nothing of the details of the first. */
function isOfMiniProgram(leader: Leader | undefined, appid: string | undefined): boolean {
  return appid === undefined || leader?.appid === appid;
}

function otherRow({ row }: RowWithOutcome, other: NamedRow, batch: Batch): OtherRow {
  const [one, two] = [row.merchant, other.row.merchant];
  return {
    line: other.row.line,
    file: other.batch.file,
    batch: other.batch.id,
    isOfThisFile: other.batch.id === batch.id,
    // All of them, whichever API is in use by now: a report of what is over stays the same.
    differing: differingIn(two, one),
  };
}

/**
 * Duplicates that are for an operator to settle: those with other details than the row that was taken, of enterprises without a Mini
 * Program. A sheet may have been pasted twice: rows that are alike cost one command at most.
 */
export async function differingDuplicates(
  { row: rowAt }: Pick<Batches, 'row'>,
  batch: Batch,
  entries: readonly RowWithOutcome[],
): Promise<ReadonlySet<RowWithOutcome>> {
  const found = new Set<RowWithOutcome>();
  const duplicates = entries.filter(({ relation }) => relation.kind === 'duplicate');
  if (duplicates.length === 0) return found;
  const here = new Map(entries.map(({ index, row }) => [index, row]));
  const looks = duplicates.map(async (entry) => {
    const { relation, registration, row } = entry;
    if (relation.kind !== 'duplicate' || registration?.state === 'created') return;
    const first = here.get(relation.firstIndex) ?? (await rowAt(batch, relation.firstIndex));
    if (differingIn(first?.merchant, row.merchant).length > 0) found.add(entry);
  });
  await Promise.all(looks);
  return found;
}

/** None where our checks refused one of the two rows. */
function differingIn(one: Merchant | undefined, other: Merchant | undefined): readonly DetailField[] {
  return one === undefined || other === undefined ? [] : differingDetails(one, other, ALL_DETAILS);
}

export function sentencesOfOther(
  entry: RowWithOutcome,
  relation: OtherRelation,
  other: OtherRow | undefined,
): Sentences {
  switch (relation.kind) {
    case 'duplicate':
      return duplicate(other, entry.registration?.state === 'created');
    case 'already_created':
      return alreadyCreated(relation.appid ?? entry.registration?.appid, other);
    case 'replaced':
      return replaced(relation.by === undefined, other, entry.registration?.state === 'created');
    case 'waits':
      return entry.registration?.state === 'needs_review' ? waitsForReview(relation.id, other) : waits(other);
  }
}

/** A row that failed, and whose enterprise another row has sent again since: its advice has been followed already. */
export function superseded(sentences: Sentences, other: OtherRow | undefined): Sentences {
  const name = nameOf(other);
  const { isCreated, appid } = other?.leader ?? { isCreated: false };
  // Only a push has it (query:12).
  const which = appid ? ` ${appid}` : '';
  const since: Words = isCreated
    ? {
        en: `A newer row has created the Mini Program${which} since: see ${name.en}.`,
        zh: `此后较新的一行已创建小程序${which}：请见${name.zh}。`,
      }
    : {
        en: `A newer row was sent for this enterprise since: see ${name.en}.`,
        zh: `此后已按较新的一行重新提交：请见${name.zh}。`,
      };
  return { ...sentences, reason: joined([sentences.reason, since]), nextStep: NOTHING, whoActs: 'nobody' };
}

/** Of a duplicate: which row is the right one was decided when the newer sheet was made. */
function settledSince(sentences: Sentences, other: OtherRow): Sentences {
  if (other.leader !== undefined) return superseded(sentences, other);
  const name = nameOf(other);
  const since: Words = {
    en: `A newer sheet has this enterprise again: see ${name.en}.`,
    zh: `此后较新的表格中又有该企业：请见${name.zh}。`,
  };
  return { ...sentences, reason: joined([sentences.reason, since]), nextStep: NOTHING, whoActs: 'nobody' };
}

function duplicate(other: OtherRow | undefined, isCreated: boolean): Sentences {
  const line = other?.line ?? '?';
  const differing = other?.differing ?? [];
  const fields = listOfDetails(differing);
  const isAlike = differing.length === 0;
  const hasNothingToDo = isAlike || isCreated;
  const sentences: Sentences = {
    outcome: 'duplicate',
    problem: problemOfDuplicate(differing),
    reason: joined([
      {
        en: `The same merchant is in line ${line} of this file; it is registered once.`,
        zh: `与本文件第 ${line} 行为同一商户，只注册一次。`,
      },
      isAlike ? NOTHING : { en: `The two rows differ in: ${fields.en}.`, zh: `两行的${fields.zh}不同。` },
    ]),
    nextStep: hasNothingToDo
      ? { en: `See line ${line}.`, zh: `请见第 ${line} 行。` }
      : {
          en: `Line ${line} was taken. If this row is the right one, delete line ${line} and load the sheet again.`,
          zh: `已采用第 ${line} 行。如应以本行为准，请删除第 ${line} 行后重新导入。`,
        },
    whoActs: hasNothingToDo ? 'nobody' : 'us',
  };
  const { namedSince } = other ?? {};
  return hasNothingToDo || namedSince === undefined ? sentences : settledSince(sentences, namedSince);
}

function alreadyCreated(appid: string | undefined, other: OtherRow | undefined): Sentences {
  const differing = other?.differing ?? [];
  const fields = listOfDetails(differing);
  return {
    outcome: 'already_created',
    problem: '',
    reason: joined([
      {
        en: `An earlier batch created this merchant's Mini Program${appid ? ` (${appid})` : ', whose appid is not known yet'}.`,
        zh: `该商户的小程序已由之前的批次创建${appid ? `（${appid}）` : '，其 appid 尚未得知'}。`,
      },
      differing.length === 0 || other === undefined
        ? NOTHING
        : {
            en: `This row differs from ${nameOf(other).en} in: ${fields.en}.`,
            zh: `本行与${nameOf(other).zh}的${fields.zh}不同。`,
          },
    ]),
    nextStep: NOTHING,
    whoActs: 'nobody',
  };
}

function replaced(isWithdrawn: boolean, other: OtherRow | undefined, isCreated: boolean): Sentences {
  const name = nameOf(other);
  return {
    outcome: 'cancelled',
    problem: isWithdrawn ? '' : REPLACED,
    reason: isWithdrawn
      ? STATES.cancelled
      : {
          en: `A newer row names the same enterprise with other details, and has taken the place of this one: see ${name.en}.`,
          zh: `较新的一行以不同的信息填写了同一企业，已取代本行：请见${name.zh}。`,
        },
    // The enterprise has one Mini Program, whichever row was the right one.
    nextStep: isCreated
      ? {
          en: 'The Mini Program of the enterprise has been created since; leave this row out.',
          zh: '该企业的小程序此后已创建，无需再导入本行。',
        }
      : {
          en: 'If this row is the right one after all, load it in a new sheet.',
          zh: '如应以本行为准，请将本行放入新的表格重新导入。',
        },
    whoActs: 'nobody',
  };
}

function waits(other: OtherRow | undefined): Sentences {
  const name = nameOf(other);
  return {
    outcome: 'pending',
    problem: WAITING,
    reason: joined([
      {
        en: `It waits for ${name.en}, which was sent for the same enterprise with other details. If that fails, this row is sent.`,
        zh: `等待${name.zh}的结果：该行以不同的信息提交了同一企业；若其失败，将自动提交本行。`,
      },
      differenceFrom(other),
    ]),
    nextStep: NOTHING_TO_DO,
    whoActs: 'us',
  };
}

function waitsForReview(id: string, other: OtherRow | undefined): Sentences {
  const name = nameOf(other);
  return {
    outcome: 'needs_review',
    problem: WAITING,
    reason: joined([
      {
        en: `${capital(name.en)} was sent for the same enterprise, and its outcome is not known. This row was not sent: there may be a Mini Program already.`,
        zh: `${name.zh}已提交同一企业但结果未知，小程序可能已存在，故本行未提交。`,
      },
      differenceFrom(other),
    ]),
    nextStep: joined([
      LOOK_FOR_THE_MINI_PROGRAM,
      {
        en: `If it does not exist: “Send again” on the merchant's page of the console, with the outcome “needs_review” (command: \`fastregister retry ${id} --only needs_review\`), sends this row.`,
        zh: `确认没有后，请在控制台的商户页面点“重新提交”并选择结果“需人工核实”（命令：\`fastregister retry ${id} --only needs_review\`），即提交本行。`,
      },
    ]),
    whoActs: 'us',
  };
}

function differenceFrom(other: OtherRow | undefined): Words {
  if (other === undefined || other.differing.length === 0) return NOTHING;
  const fields = listOfDetails(other.differing);
  return { en: `They differ in: ${fields.en}.`, zh: `两行的${fields.zh}不同。` };
}

/** `line 7 of m.csv (batch b1a2b3c4d5e6)` */
function nameOf(other: OtherRow | undefined): Words {
  if (other === undefined) return { en: 'a row that was purged', zh: '已清除的一行' };
  const { line, file, batch, isOfThisFile } = other;
  if (isOfThisFile) return { en: `line ${line} of this file`, zh: `本文件第 ${line} 行` };
  return { en: `line ${line} of ${file} (batch ${batch})`, zh: `“${file}”第 ${line} 行（批次 ${batch}）` };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

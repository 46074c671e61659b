/** What a push is about, and what it says, before anything is recorded. */
import { describe, expect, test } from 'vitest';
import { afterWorkingDays } from '../../src/domain/calendar.js';
import type { StoredPush } from '../../src/domain/push.js';
import { factAbout, factOf, match, openStored } from '../../src/events/record.js';
import { type Push, type RegistrationPush, readPush } from '../../src/wechat/push.js';
import { idOf } from '../support/ledger.js';
import { matching, snapshotOf } from '../support/match-context.js';
import { merchant } from '../support/merchants.js';
import { CREDENTIAL, otherXml, type PushedResult, registrationPush, seal } from '../support/pushes.js';

const AT = Date.parse('2026-11-21T10:00:00Z');

function read(xml: string): Push {
  const push = readPush(xml);
  if (push.kind === 'unreadable') throw new Error(push.detail);
  return push;
}

function registration(result: PushedResult, about = true): RegistrationPush {
  return registrationPush(about ? merchant(1) : undefined, { createdAt: AT, ...result });
}

describe('a push is about', () => {
  const id = idOf(merchant(1));

  test('the merchant that it names', async () => {
    const push = registration({ status: '0', appid: 'wxnew' });
    expect(await match(matching({ known: [id] }), push)).toEqual({ kind: 'fact', snapshot: snapshotOf(id), push });
  });

  test('the task that it names, before the merchant', async () => {
    const push = registration({ status: '0', taskId: 't1' });
    const both = matching({ known: [id, 'of the task'], tasks: { t1: 'of the task' } });
    expect(await match(both, push)).toMatchObject({ kind: 'fact', snapshot: { registration: { id: 'of the task' } } });
    // A registration of which only the task is known was purged.
    const purged = matching({ known: [id], tasks: { t1: 'of the task' } });
    expect(await match(purged, push)).toMatchObject({ kind: 'fact', snapshot: { registration: { id } } });
  });

  test('the registration that has its Mini Program, but only where it names no merchant', async () => {
    const appids = { wxnew: 'has it' };
    const result = { status: '0', appid: 'wxnew' };
    const nameless = registration(result, false);
    const knows = matching({ known: ['has it'], appids });
    expect(await match(knows, nameless)).toMatchObject({ kind: 'fact', snapshot: { registration: { id: 'has it' } } });
    expect(await match(knows, registration(result))).toEqual({ kind: 'park', why: 'unknown_merchant', awaits: [id] });
  });

  test('no known merchant, and then waits for the merchant that it names', async () => {
    const nobody = matching({});
    const awaits = async (push: RegistrationPush) => match(nobody, push);
    const task = registration({ status: '0', taskId: 't1' });
    expect(await awaits(task)).toEqual({ kind: 'park', why: 'unknown_merchant', awaits: [id, 'task:t1'] });
    const nameless = registration({ status: '0', appid: 'wxnew' }, false);
    expect(await awaits(nameless)).toEqual({ kind: 'park', why: 'no_info', awaits: ['appid:wxnew'] });
    const nothing = registration({ status: '101' }, false);
    expect(await awaits(nothing)).toEqual({ kind: 'park', why: 'no_info', awaits: [] });
  });

  test('an authorisation, or nothing of ours', async () => {
    const authorized = read(otherXml('authorized'));
    expect(await match(matching({}), authorized)).toEqual({ kind: 'authorization', push: authorized });
    expect(await match(matching({}), read(otherXml('notify_new')))).toEqual({ kind: 'not_ours' });
  });

  test('something unreadable, and is kept then', async () => {
    const stored: StoredPush = { id: '1-1', entry: '1-1', receivedAt: AT, infoType: 'x', ...seal('no XML') };
    const unread = openStored(matching({}), stored);
    expect(unread).toEqual({ kind: 'unreadable', detail: expect.stringContaining('it is not XML') });
    expect(await match(matching({}), unread)).toEqual({ kind: 'park', why: 'unreadable', awaits: [] });
    const foreign = { ...stored, ...seal('<xml/>', CREDENTIAL, 'wxother') };
    expect(openStored(matching({}), foreign)).toMatchObject({ detail: expect.stringContaining('another platform') });
  });
});

describe('what a push says', () => {
  const seals = (code: string, appid: string) => `${code} of ${appid}`;
  const said = (push: RegistrationPush) => factOf(push, AT + 5_000, seals);
  const base = { at: AT + 5_000, pushedAt: AT, said: 'OK' };

  test('of a Mini Program that was created', () => {
    expect(said(registration({ status: '0', appid: 'wxnew', authCode: 'code', taskId: 't1' }))).toEqual({
      ...base,
      kind: 'mini_program_created',
      appid: 'wxnew',
      authCode: 'code of wxnew',
      aboutTask: 't1',
    });
    expect(said(registration({ status: '0', appid: 'wxnew' }))).toEqual({
      ...base,
      kind: 'mini_program_created',
      appid: 'wxnew',
      problem: 'push:no_auth_code',
    });
    expect(said(registration({ status: '0', authCode: 'code' }))).toEqual({
      ...base,
      kind: 'push_unknown',
      problem: 'push:no_appid',
    });
  });

  test('of a refusal, and until when it has to wait', () => {
    expect(said(registration({ status: '103' }))).toEqual({
      ...base,
      kind: 'registration_refused',
      problem: 'push:103',
    });
    expect(said(registration({ status: '105' }))).toMatchObject({ until: afterWorkingDays(AT + 5_000, 15) });
  });

  test('where it has no status, no words or no time', () => {
    const push = { ...registration({}), msg: undefined, createdAt: undefined };
    expect(said(push)).toEqual({ at: AT + 5_000, kind: 'push_unknown', problem: 'push:no_status' });
  });

  test('is about a row, of an enterprise with an earlier task, or about none of ours', async () => {
    const push = registration({ status: '103' });
    const finder = {
      ledger: { history: async () => [] },
      rowAt: async () => undefined,
    };
    const sent = snapshotOf('a', { row: 'b1/0', task: 'open' }, merchant(1));
    expect(await factAbout(finder, sent, push, AT, seals)).not.toHaveProperty('aboutRow');
    const second = snapshotOf('a', { row: 'b1/0', earlierTask: 'ended' }, merchant(1));
    expect(await factAbout(finder, second, push, AT, seals)).toMatchObject({ problem: 'push:103', aboutRow: 'b1/0' });
    for (const { registration } of [sent, second]) {
      const other = snapshotOf('a', registration, merchant(2));
      expect(await factAbout(finder, other, push, AT, seals)).toMatchObject({ aboutRow: '' });
      const unread = snapshotOf('a', registration);
      expect(await factAbout(finder, unread, push, AT, seals)).not.toHaveProperty('aboutRow');
    }
    const blank = { ...push, info: { ...push.info, name: '', legalPersonaWechat: undefined, legalPersonaName: '' } };
    for (const one of [sent, second]) {
      expect(await factAbout(finder, one, blank, AT, seals)).not.toHaveProperty('aboutRow');
    }
  });

  test('is about the row whose create was put off, if it repeats its details', async () => {
    const putOff = snapshotOf('a', { row: 'b1/0', task: 'none', state: 'deferred' }, merchant(1));
    const push = registration({ status: '103' });
    const finder = { ledger: { history: async () => [] }, rowAt: async () => undefined };
    expect(await factAbout(finder, putOff, push, AT, seals)).toMatchObject({ aboutRow: 'b1/0' });
    const other = { ...putOff, row: snapshotOf('a', {}, merchant(2)).row } as typeof putOff;
    expect(await factAbout(finder, other, push, AT, seals)).toMatchObject({ aboutRow: '' });
  });

  test('is not denied to a task that was sent by its name alone, whatever legal person it names', async () => {
    const finder = { ledger: { history: async () => [] }, rowAt: async () => undefined };
    const push = registration({ status: '103' });
    for (const sentByName of [{ taskId: 'task-1' }, { byLink: true as const }]) {
      for (const earlierTask of ['none', 'ended'] as const) {
        const sent = snapshotOf('a', { row: 'b1/0', earlierTask, ...sentByName }, merchant(2));
        expect(await factAbout(finder, sent, push, AT, seals)).not.toHaveProperty('aboutRow');
      }
    }
    // Its answer was lost, and an attempt before, of which the end is not known, may have reached the legal person.
    const named = registration({ status: '103', taskId: 't2' });
    const lost = snapshotOf('a', { row: 'b1/0', state: 'submitting', task: 'open', earlierTask: 'open' }, merchant(2));
    expect(await factAbout(finder, lost, named, AT, seals)).not.toHaveProperty('aboutRow');
  });
});

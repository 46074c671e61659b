import { describe, expect, test } from 'vitest';
import { merchant, type Peer, SUCCESSOR, startPeer, textIn } from './peer.js';

const create = (peer: Peer, changed: object = {}) => {
  const { name, code, component_phone } = merchant();
  return peer.post(`${SUCCESSOR}?action=create`, { name, code, component_phone, new_version: true, ...changed });
};

const query = (peer: Peer, taskid: string) => peer.post(`${SUCCESSOR}?action=query`, { taskid, new_version: true });

describe('fastregisterenterpriseweapp', () => {
  test('answers a task, a page for the legal person, and a status', async () => {
    const peer = await startPeer();
    expect(await create(peer)).toMatchObject({
      errcode: 0,
      taskid: expect.stringMatching(/^[0-9a-f]{24}$/),
      authorize_url: expect.stringContaining('http://'),
      status: 1,
    });
  });

  test.each(['name', 'code', 'component_phone', 'new_version'])('misses %s', async (field) => {
    const peer = await startPeer();
    expect(await create(peer, { [field]: undefined })).toMatchObject({ errcode: 86030 });
  });

  test('takes an 18-character code only', async () => {
    const peer = await startPeer();
    expect(await create(peer, { code: 'D2143569-X' })).toMatchObject({ errcode: 86022 });
  });

  test('knows its two actions and its own token parameter', async () => {
    const peer = await startPeer();
    expect(await peer.post(`${SUCCESSOR}?action=search`, {})).toMatchObject({ errcode: -1 });
    const url = `${peer.simulator.url}${SUCCESSOR}?action=create&component_access_token=${peer.token}`;
    const answer = await fetch(url, { method: 'POST', body: '{}' });
    expect(await answer.json()).toMatchObject({ errcode: 41001 });
  });

  test('is queried by task, through to its end', async () => {
    const peer = await startPeer();
    const { taskid } = await create(peer);
    expect(await query(peer, taskid)).toMatchObject({ errcode: 0, taskid, status: 1 });
    peer.simulator.advance('5m');
    expect(await query(peer, taskid)).toMatchObject({ status: 8 });
    peer.simulator.advance('1m');
    expect(await query(peer, taskid)).toMatchObject({ status: 12 });
    expect(await query(peer, 'nobody')).toMatchObject({ errcode: 89250 });
    expect(await peer.post(`${SUCCESSOR}?action=query`, { taskid })).toMatchObject({ errcode: 86030 });
  });

  test.each([
    ['p103', 11],
    ['p1004', 1004],
  ])('ends by %s with status %i', async (words, status) => {
    const peer = await startPeer();
    const { taskid } = await create(peer, { name: `虚构商户 fate-${words}` });
    peer.simulator.advance('10m');
    expect(await query(peer, taskid)).toMatchObject({ status });
  });

  test('names the task in the push, and leaves the other fields empty', async () => {
    const peer = await startPeer();
    const { taskid } = await create(peer);
    peer.simulator.advance('10m');
    const [push] = await peer.receiver.outcomesCount(1);
    const info = /<info>.*<\/info>/s.exec(push?.xml ?? '')?.[0] ?? '';
    expect(textIn(info, 'taskid')).toBe(taskid);
    expect(textIn(info, 'name')).toBe('');
    expect(textIn(info, 'code')).toBe('');
  });

  test('goes on as soon as the legal person opens the page', async () => {
    const peer = await startPeer();
    const { authorize_url, taskid } = await create(peer);
    expect(await (await fetch(authorize_url)).text()).toContain('has confirmed');
    expect(await query(peer, taskid)).toMatchObject({ status: 8 });
    peer.simulator.advance('30s');
    expect((await peer.receiver.outcomesCount(1))[0]?.status).toBe('0');
    expect(await (await fetch(authorize_url)).text()).toContain('No task waits');
  });

  test('does not mind that the older API is retired', async () => {
    const peer = await startPeer({ retired: true });
    expect(await create(peer)).toMatchObject({ errcode: 0 });
  });

  test('shares the one running task of an enterprise with the older API', async () => {
    const peer = await startPeer();
    const both = merchant();
    await peer.create(both);
    expect(await create(peer, { code: both.code })).toMatchObject({ errcode: 89249 });
  });
});

import { expect, test } from 'vitest';
import { hangBell } from '../../src/redis/bell.js';
import type { Reply } from '../../src/wechat/client.js';
import { openSlots } from '../../src/worker/slots.js';
import { submit } from '../../src/worker/submit.js';
import { crewWith } from '../support/crew.js';
import { idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const server = useRedis();

test('what was read before a slot was free is not sent when somebody has cancelled it meanwhile', async () => {
  const book = openBook(server.redis);
  const bell = await hangBell(server.connect());
  const answers: ((reply: Reply) => void)[] = [];
  const crew = crewWith(server.redis, bell, {
    create: () => new Promise<Reply>((answer) => answers.push(answer)),
  });
  await book.load('b1', [merchant(0), merchant(1)]);
  const [first, second] = [idOf(merchant(0)), idOf(merchant(1))];
  const inSlot = openSlots(1);
  const job = (id: string) => ({ kind: 'submit', name: `${id}-1-0` }) as const;

  let isRead = false;
  const read = crew.ledger.read;
  const ledger = { ...crew.ledger, read: (id: string) => read(id).finally(() => (isRead ||= id === second)) };
  const done = submit(crew, inSlot, job(first), first);
  await until('the first is in flight', () => answers.length === 1);
  const doneToo = submit({ ...crew, ledger }, inSlot, job(second), second);
  await until('the second is read', () => isRead);
  await book.ledger.record(second, { kind: 'cancel_asked', at: Date.now() });
  answers[0]?.({ kind: 'answer', errcode: 0, said: 'ok', body: {} });
  await Promise.all([done, doneToo]);

  expect(answers).toHaveLength(1);
  expect(await book.batches.counts('b1')).toEqual({ awaiting_legal_person: 1, cancelled: 1 });
  await bell.close();
});

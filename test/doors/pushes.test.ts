import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pushesCommand } from '../../src/cli/commands/pushes.js';
import { whoAsks } from '../../src/cli/who.js';
import { isoWithOffset } from '../../src/domain/calendar.js';
import { key } from '../../src/redis/keys.js';
import { openAuthorizers } from '../../src/redis/pushes/authorizers.js';
import { openPushes } from '../../src/redis/pushes/pushes.js';
import { run } from '../support/command-line.js';
import { idOf, openBook } from '../support/ledger.js';
import { readableLog } from '../support/log.js';
import { merchant } from '../support/merchants.js';
import {
  CREDENTIAL,
  otherXml,
  PLATFORM,
  registrationXml,
  type SealedRequest,
  seal,
  TEST_VAULT,
  ticketXml,
} from '../support/pushes.js';
import { openReceiver, post } from '../support/receiver.js';
import { useRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const DAY_MS = 86_400_000;

const server = useRedis();
let folder: string;
let receiver: Awaited<ReturnType<typeof openReceiver>>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fr-pushes-'));
  receiver = await openReceiver({
    door: server.connect(),
    redis: server.connect(),
    folder,
    log: readableLog().log,
  });
});
afterEach(async () => {
  await receiver.close();
  await rm(folder, { recursive: true, force: true });
});

async function pushes(...args: string[]) {
  return run(pushesCommand, args, {
    REDIS_URL: server.url,
    FASTREGISTER_HOME: folder,
    FASTREGISTER_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
    WECHAT_COMPONENT_APPID: PLATFORM,
    WECHAT_MESSAGE_TOKEN: CREDENTIAL.token,
    WECHAT_ENCODING_AES_KEY: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG',
  });
}

async function receive(xml: string): Promise<{ id: string; sealed: SealedRequest }> {
  const sealed = seal(xml);
  await post(receiver.port, sealed);
  const [newest] = await openPushes(server.redis).list(1);
  if (newest === undefined) throw new Error('nothing was stored');
  return { id: newest.id, sealed };
}

test('pushes list shows the newest first, and with --parked what fits no registration and why', async () => {
  const ticket = await receive(ticketXml('ticket@@@1'));
  const stray = await receive(registrationXml(undefined, { status: '-1', msg: 'authorize third party failed' }));
  await until('it is parked', async () => (await receiver.pushes.parked()) === 1);
  const all = await pushes('list');
  expect(all.stdout.split('\n')[0]).toMatch(`${stray.id}  `);
  expect(all.stdout.split('\n')[1]).toMatch(`${ticket.id}  `);
  const parked = JSON.parse((await pushes('list', '--parked', '--json')).stdout);
  expect(parked).toMatchObject([{ id: stray.id, parked: 'no_info' }]);
  const later = await receive(registrationXml(undefined, { status: '-1', msg: 'authorize third party failed' }));
  await until('both are parked', async () => (await receiver.pushes.parked()) === 2);
  const ids = async (...args: string[]) => {
    const listed = JSON.parse((await pushes('list', '--parked', '--json', ...args)).stdout) as { id: string }[];
    return listed.map(({ id }) => id);
  };
  expect(await ids()).toEqual([stray.id, later.id]);
  expect(await ids('--most', '1')).toEqual([later.id]);
});

test('pushes show says what it says and calls for, without tickets and codes; --raw prints it as it came', async () => {
  const ticket = await receive(ticketXml('ticket@@@1'));
  expect((await pushes('show', ticket.id)).stdout).not.toContain('ticket@@@1');
  const { id, sealed } = await receive(
    registrationXml(merchant(1), { status: '0', appid: 'wxnew', authCode: 'code@@@1' }),
  );
  const { stdout } = await pushes('show', id);
  expect(stdout).toContain(merchant(1).name);
  expect(stdout).toContain('wxnew');
  expect(stdout).not.toContain('code@@@1');
  expect((await pushes('show', id, '--raw')).stdout).toBe(`${sealed.query}\n${sealed.body}\n`);
});

const labels = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('  ')[0]);

test('pushes show has labels in words, none as the program names it inside', async () => {
  const { id } = await receive(registrationXml(merchant(1), { status: '0', appid: 'wxnew', authCode: 'code@@@1' }));
  const shown = labels((await pushes('show', id)).stdout);
  expect(shown).toContain("legal person's Weixin ID");
  expect(shown.filter((label) => /[._]|^[a-z]+[A-Z]/.test(label ?? ''))).toEqual([]);
});

test('pushes show has Chinese labels and reasons for those who read Chinese', async () => {
  const { id } = await receive(registrationXml(merchant(1), { status: '0', appid: 'wxnew', authCode: 'code@@@1' }));
  const shown = (await pushes('show', id, '--lang', 'zh')).stdout;
  expect(labels(shown).filter((label) => !/\p{Script=Han}/u.test(label ?? ''))).toEqual([]);
  expect(shown).toContain('（不显示）');
  expect(shown).not.toMatch(/\d{13}$/m);

  const broken = await receive('<xml><InfoType>notify_third_fasteregister</InfoType><info></info><info></info></xml>');
  await until('it is parked', async () => (await receiver.pushes.parked()) > 0);
  const { stdout } = await pushes('show', broken.id, '--lang', 'zh');
  expect(stdout).toMatch(/^无法解读的原因 +有多个 <info>$/m);
  expect(stdout).toMatch(/^需要的处理 +需人工处理：.*（有多个 <info>）$/m);
  expect((await pushes('show', broken.id)).stdout).toMatch(/^why it cannot be read +it has more than one <info>$/m);
});

test('pushes match gives a stray push to the registration that a person names, and to no other', async () => {
  const book = openBook(server.redis);
  await book.load('b1', [merchant(1), merchant(2)]);
  await book.send(idOf(merchant(1)));
  const { id } = await receive(registrationXml(undefined, { status: '-1', msg: 'authorize third party failed' }));
  await until('it is parked', async () => (await receiver.pushes.parked()) === 1);

  await expect(pushes('match', id, 'aaaaaaaaaaaaaaaa')).rejects.toThrow(/There is no registration/);
  await expect(pushes('match', '1795229255642-7', idOf(merchant(1)))).rejects.toThrow(/There is no push/);
  expect((await pushes('match', id, idOf(merchant(1)))).status).toBe(0);
  expect(await book.registration(idOf(merchant(1)))).toMatchObject({ state: 'rejected', problem: 'push:-1' });
  const matched = (await book.ledger.history(idOf(merchant(1)))).at(-1);
  expect(matched).toMatchObject({ because: `matched by hand (${whoAsks()})` });
  expect((await book.registration(idOf(merchant(2)))).state).toBe('queued');
  expect(await receiver.pushes.parked()).toBe(0);
  await expect(pushes('match', id, idOf(merchant(1)))).rejects.toThrow(/not among the pushes/);
});

test('pushes replay is dry first; with --yes it records what is new, and nothing twice', async () => {
  const book = openBook(server.redis);
  const { id } = await receive(registrationXml(merchant(1), { status: '0', appid: 'wxnew', authCode: 'code' }));
  await receive(otherXml('authorized'));
  await until('it is parked', async () => (await receiver.pushes.parked()) === 1);
  // As if the program had not looked when the sheet came.
  await server.redis.del(key('awaited'));
  await book.load('b1', [merchant(1)]);

  const dry = await pushes('replay');
  expect(dry.stdout).toContain('queued → created');
  expect((await book.registration(idOf(merchant(1)))).state).toBe('queued');

  await pushes('replay', '--yes');
  expect(await book.registration(idOf(merchant(1)))).toMatchObject({ state: 'created', appid: 'wxnew' });
  expect(await receiver.pushes.parked()).toBe(0);
  const steps = (await book.ledger.history(idOf(merchant(1)))).length;

  const again = JSON.parse((await pushes('replay', '--since', '2020-01-01T00:00:00Z', '--yes', '--json')).stdout);
  expect(again).toHaveLength(2);
  expect(again[0]).toMatchObject({ id, calls_for: expect.stringContaining('changes nothing') });
  expect((await book.ledger.history(idOf(merchant(1)))).length).toBe(steps);
});

test('pushes replay --since is a time of the quota, wherever the machine stands, or so long ago', async () => {
  const { id } = await receive(otherXml('authorized'));
  const timezone = 'Pacific/Kiritimati';
  const seen = async (since: string) => {
    const { stdout } = await pushes('replay', '--since', since, '--quota-timezone', timezone, '--json');
    return (JSON.parse(stdout) as { id: string }[]).map((push) => push.id);
  };
  const onTheClock = (at: number) => isoWithOffset(at, timezone).slice(0, 16).replace('T', ' ');
  expect(await seen(onTheClock(Date.now() - 600_000))).toEqual([id]);
  expect(await seen(onTheClock(Date.now() + 600_000))).toEqual([]);
  expect(await seen('10m')).toEqual([id]);
  await expect(seen('yesterday')).rejects.toThrow(/--since yesterday: write a day as/);
});

const authorization = (infoType: string, createdAt: number, fields = ''): SealedRequest =>
  seal(
    otherXml(infoType, `<AuthorizerAppid>wxnew</AuthorizerAppid>${fields}`).replace(
      /<CreateTime>\d+/,
      `<CreateTime>${createdAt / 1000}`,
    ),
  );

async function aMiniProgram() {
  const book = openBook(server.redis);
  const id = idOf(merchant(1));
  await book.load('b1', [merchant(1)]);
  await book.send(id);
  await book.record(id, 'mini_program_created', { appid: 'wxnew' });
  const authorizers = openAuthorizers(server.redis, TEST_VAULT);
  await authorizers.keep({
    appid: 'wxnew',
    refreshToken: 'refresh',
    registration: id,
    keptAt: Date.now() - 9 * DAY_MS,
  });
  await book.record(id, 'authorizer_kept');
  const kinds = async () => (await book.ledger.history(id)).map(({ kind }) => kind);
  return { book, id, authorizers, kinds };
}

/** As the receiver stores it: an old one is parked, another one goes into the stream. */
async function store(infoType: string, { query, body }: SealedRequest, isOld: boolean): Promise<void> {
  const [signature = ''] = /(?<=msg_signature=)\w+/.exec(query) ?? [];
  await openPushes(server.redis).store([{ receivedAt: Date.now(), infoType, query, body, signature, isOld }]);
}

test('pushes replay records an authorisation that was parked as old, after it has said what it will do', async () => {
  const { book, id, authorizers } = await aMiniProgram();
  const at = Math.floor(Date.now() / 1_000 - 4 * 86_400) * 1_000;
  await store('unauthorized', authorization('unauthorized', at), true);
  const says = `${id}: the merchant withdrew the authorisation of its Mini Program wxnew`;
  const dry = await pushes('replay');
  expect(dry.stdout).toContain(says);
  expect(dry.stderr).toContain('1 push, of which 1 would change something. Nothing was done; pass --yes.');
  expect([await authorizers.has('wxnew'), await receiver.pushes.parked()]).toEqual([true, 1]);

  const done = await pushes('replay', '--yes');
  expect(done.stdout).toContain(says);
  expect([await authorizers.has('wxnew'), await receiver.pushes.parked()]).toEqual([false, 0]);
  expect(await book.registration(id)).toMatchObject({ authorizer: 'withdrawn' });
  const withdrawn = (await book.ledger.history(id)).at(-1);
  expect(withdrawn).toMatchObject({ kind: 'authorizer_withdrawn', because: `replayed (${whoAsks()})` });
});

test.each([[[]], [['--since', '1h']]])(
  'pushes replay %j records an authorisation that our program failed on, once',
  async (since) => {
    const { authorizers, kinds } = await aMiniProgram();
    // Its recording fails at a list where a hash belongs.
    await server.redis.rename(key('authorizer', 'wxnew'), 'aside');
    await server.redis.rpush(key('authorizer', 'wxnew'), 'of another type');
    const code = '<AuthorizationCode>code@@@2</AuthorizationCode>';
    await store('updateauthorized', authorization('updateauthorized', Date.now(), code), false);
    await until('it is parked', async () => (await receiver.pushes.parked()) === 1);
    await server.redis.rename('aside', key('authorizer', 'wxnew'));

    expect((await pushes('replay', ...since)).stdout).toContain(
      'is recorded, and its code is exchanged if it still lives',
    );
    expect(await kinds()).not.toContain('authorization_pushed');
    await pushes('replay', ...since, '--yes');
    expect((await kinds()).at(-1)).toBe('authorization_pushed');
    expect([await authorizers.has('wxnew'), await receiver.pushes.parked()]).toEqual([true, 0]);
    expect(await server.redis.lrange(key('ready', 'authorize'), 0, -1)).toEqual(['wxnew']);
    const again = await pushes('replay', '--since', '1h', '--yes');
    expect(again.stdout).toContain('which was recorded when it came');
  },
);

test('pushes replay changes nothing where the merchant has authorised the platform again since', async () => {
  const { authorizers, kinds } = await aMiniProgram();
  const withdrawn = Math.floor(Date.now() / 1_000 - 4 * 86_400) * 1_000;
  await store('unauthorized', authorization('unauthorized', withdrawn), true);
  await server.redis.hset(key('authorizer', 'wxnew'), 'authorizedAt', withdrawn + 1_000);
  const before = await kinds();
  const done = await pushes('replay', '--yes');
  expect(done.stdout).toContain(
    'changes nothing, a later change of the authorisation of its Mini Program wxnew is recorded',
  );
  expect([await authorizers.has('wxnew'), await receiver.pushes.parked(), await kinds()]).toEqual([true, 0, before]);
});

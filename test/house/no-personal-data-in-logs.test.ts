/** DESIGN: no name, Weixin ID, code, phone, token, ticket or auth_code in a log line or a metric, whatever goes wrong. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { REHEARSAL_CREDENTIALS } from '../../simulator/options.js';
import { openStore } from '../../src/app/wiring/store.js';
import { readSettings } from '../../src/config.js';
import { typed } from '../support/command-line.js';
import { newEavesdropper } from '../support/eavesdropper.js';
import { openBook } from '../support/ledger.js';
import { readableLog } from '../support/log.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { portOf, run, start } from '../support/program.js';
import { EVENTS_PATH, newHome, newSimulator, rehearsalEnvironment } from '../support/rehearsal.js';
import { until } from '../support/until.js';

/** Everything that is answered, pushed, lost or refused in another way. */
const FATES = [
  'ok',
  'early',
  'twice',
  'okfail',
  'malformed',
  'foreign',
  'forged',
  'noinfo',
  'nostatus',
  'deadcode',
  'tokenless_reauth',
  'unauth',
  'noresult',
  'lost',
  'cutafter',
  'half',
  'hang',
  'html',
  'h502after',
  'empty',
  'r2',
  'r9',
  'c40001x1',
  'c61070',
  'c86004',
  'c89249x1',
  'c4711',
  'cm1x1',
  'p103',
  'p105',
  'p777',
  'pm1',
  'p100003',
];

test('a whole batch at log level trace reveals no merchant and no secret', async () => {
  const home = newHome();
  const simulator = await newSimulator({ pushRetries: 1_000 });
  const wire = await newEavesdropper(simulator.url);
  const env = {
    ...rehearsalEnvironment(join(home, 'data'), wire.url),
    FASTREGISTER_REQUEST_TIMEOUT: '1s',
    FASTREGISTER_PUSH_WAIT: '1s',
    FASTREGISTER_GIVE_UP: '3s',
    FASTREGISTER_RESULT_WAIT: '500ms',
    FASTREGISTER_LOG_LEVEL: 'trace',
    FASTREGISTER_CONSOLE_PORT: '0',
  };
  const store = await openStore(readSettings({ env }), readableLog().log, 'background');
  onTestFinished(() => store.close());
  const book = openBook(store.redis);

  const rows = FATES.map((fate, at) =>
    merchant(at, fate, { legalPersonaName: `示例${at}某`, componentPhone: `0592${at + 1_000_000}` }),
  );
  const refused = merchant(90, 'ok', { code: '123456789012345678', legalPersonaWechat: '13800000000' });
  const sheet = join(home, 'merchants.csv');
  writeFileSync(sheet, sheetOf([...rows, refused]));

  const loaded = await run(['load', sheet], { env });
  expect(loaded.status).toBe(3);
  const batch = loaded.stdout.trim();

  const program = start(['serve'], { env });
  const pushUrl = `http://127.0.0.1:${await portOf(program, 'receiver')}${EVENTS_PATH}`;
  simulator.setPushUrl(pushUrl);
  await until('every row has its outcome', async () => {
    const counts = await book.batches.counts(batch);
    const names = Object.keys(counts).map((name) => name.split('/')[0]);
    return !names.some((name) => ['queued', 'deferred', 'submitting', 'awaiting_legal_person'].includes(name ?? ''));
  });

  // What a person writes and corrects.
  const refusedId = store.identify(rows[FATES.indexOf('c61070')]?.code ?? '');
  const [note, author, corrected] = ['虚构备注：今晚确认', '虚构小王', '虚构更正商户（fate-ok）有限公司'];
  const acts = [
    await run(['note', refusedId, note, '--contacted', '--by', author, '--json'], { env }),
    await run(['correct', refusedId, '--name', corrected, '--by', author, '--yes', '--json'], { env }),
  ];
  expect(acts.map(({ status }) => status)).toEqual([0, 0]);
  await until('the corrected row was sent', async () => (await book.registration(refusedId)).attempt === 2);

  // A Redis that refuses to write makes every part of the program complain about the command that failed.
  const more = [200, 201, 202, 203, 204, 205].map((number) => merchant(number, 'in12h'));
  writeFileSync(sheet, sheetOf(more));
  expect((await typed(['load', sheet], { env })).status).toBe(0);
  await until('the new rows are under way', () => simulator.state().merchants[more[0]?.code ?? ''] !== undefined);
  await store.redis.config('SET', 'min-replicas-to-write', '1');
  await until('the worker complains', () => /"level":"(warn|error)".*NOREPLICAS/.test(program.stderr()));
  simulator.advance('13h');
  // Twelve hours take half a second here: on a busy machine those pushes came before. An address is given a ticket at once.
  simulator.setPushUrl(pushUrl);
  await until('the receiver complains', () => program.stderr().includes('kept on disk'));
  await store.redis.config('SET', 'min-replicas-to-write', '0');
  await until('all is well again', () => program.stderr().includes('the spool is empty'));

  const metrics = await (await fetch(`http://127.0.0.1:${await portOf(program, 'console')}/metrics`)).text();
  program.kill('SIGTERM');
  const { status, stderr } = await program.ended;
  expect(status).toBe(0);

  const everybody = [...rows, ...more, refused];
  const confidential = new Map<string, Iterable<string>>([
    ...wire.heard,
    ['names of the sheet', everybody.flatMap((it) => [it.name, it.legalPersonaName])],
    ['codes of the sheet', everybody.map(({ code }) => code)],
    ['Weixin IDs of the sheet', everybody.map(({ legalPersonaWechat }) => legalPersonaWechat)],
    ['notes and corrections', [note, author, corrected]],
    ['phones of the sheet', everybody.map(({ componentPhone }) => componentPhone)],
    ['secrets of the platform', [REHEARSAL_CREDENTIALS.componentAppsecret, REHEARSAL_CREDENTIALS.encodingAesKey]],
    ['the key of the vault', [readFileSync(join(home, 'data/secret.key'), 'utf8').trim()]],
  ]);
  for (const field of [
    'component_access_token',
    'component_verify_ticket',
    'authorization_code',
    'authorizer_refresh_token',
  ]) {
    expect([...(confidential.get(field) ?? [])], `no ${field} was ever on the wire`).not.toEqual([]);
  }

  const lines = [
    ...loaded.stderr.split('\n'),
    ...acts.flatMap((act) => act.stderr.split('\n')),
    ...stderr.split('\n'),
    ...metrics.split('\n'),
  ];
  expect(lines.filter((line) => line.includes('"fact":')).length).toBeGreaterThan(FATES.length);
  const told = [...confidential].flatMap(([what, values]) =>
    [...new Set(values)].flatMap((value) =>
      lines.filter((line) => line.includes(value)).map((line) => `${what}: ${line}`),
    ),
  );
  expect(told.slice(0, 5)).toEqual([]);
}, 180_000);

test('what a person says on the command line of a fault does not show a secret', async () => {
  const home = newHome();
  const secret = 'very-secret-value';
  const env = {
    FASTREGISTER_HOME: join(home, 'data'),
    WECHAT_COMPONENT_APPSECRET: secret,
    WECHAT_MESSAGE_TOKEN: secret,
    WECHAT_ENCODING_AES_KEY: secret,
    FASTREGISTER_SECRET_KEY: secret,
    REDIS_URL: `redis://:${secret}@127.0.0.1:1`,
  };
  for (const args of [['status'], ['work'], ['run', 'nothing.csv']]) {
    const { stderr, stdout } = await run(args, { env });
    expect(stderr).not.toBe('');
    expect(stderr + stdout).not.toContain(secret);
  }
});

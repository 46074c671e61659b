import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Authority, type Certificate, newAuthority } from '../support/certificates.js';
import { removeRedisFolder } from '../support/folder.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { type Ended, portOf, run, start } from '../support/program.js';
import { EVENTS_PATH, newSimulator, rehearsalEnvironment } from '../support/rehearsal.js';

let authority: Authority;
let folder: string;
let server: ChildProcess | undefined;

beforeEach(() => {
  authority = newAuthority();
  folder = mkdtempSync(join(tmpdir(), 'fr-tls-'));
  writeFileSync(caFile(), authority.certificate);
});

afterEach(async () => {
  if (server !== undefined && server.exitCode === null) {
    server.kill('SIGKILL');
    await once(server, 'exit');
  }
  removeRedisFolder(folder);
});

test('a batch is worked off through a Redis that speaks TLS only', async () => {
  const port = await startRedis(authority.issue('localhost'), '--requirepass', 'p@ss');
  const simulator = await newSimulator();
  const [sheet, report] = [join(folder, 'merchants.csv'), join(folder, 'report.csv')];
  writeFileSync(sheet, sheetOf([0, 1, 2, 3, 4, 5].map((number) => merchant(number, number < 4 ? 'ok' : 'p103'))));
  const program = start(['run', sheet, '-o', report], {
    env: {
      ...rehearsalEnvironment(join(folder, 'home'), simulator.url),
      ...trusting(`rediss://:${encodeURIComponent('p@ss')}@localhost:${port}`),
      FASTREGISTER_LOG_LEVEL: 'info',
    },
  });
  simulator.setPushUrl(`http://127.0.0.1:${await portOf(program, 'receiver')}${EVENTS_PATH}`);

  expect((await program.ended).status).toBe(3);
  const outcomes = readFileSync(report, 'utf8').match(/"(created|rejected|pending|needs_review)"/g);
  expect(outcomes?.sort()).toEqual([...Array(4).fill('"created"'), ...Array(2).fill('"rejected"')]);
});

test('a certificate for an address is taken where REDIS_URL has that address, without a warning', async () => {
  const port = await startRedis(authority.issue('127.0.0.1'));
  const { status: ended, stderr } = await status(trusting(`rediss://127.0.0.1:${port}`));
  expect([ended, stderr.replace(/^A new, empty ledger was made: .*\n/, '')]).toEqual([0, '']);
});

test('a certificate of a CA that is not trusted ends a command with 5, and says how to trust it', async () => {
  const port = await startRedis(authority.issue('localhost'));
  const { NODE_EXTRA_CA_CERTS: _, ...stranger } = trusting(`rediss://:secret@localhost:${port}`);
  const receiver = { ...rehearsalEnvironment(join(folder, 'home'), 'http://127.0.0.1:9'), ...stranger };
  expect((await run(['listen'], { env: receiver })).status).toBe(5);
  expect(await status(stranger)).toEqual({
    status: 5,
    stdout: '',
    stderr:
      `Redis at rediss://localhost:${port} cannot be reached: its certificate is not signed by a CA that this machine trusts. ` +
      'If the CA is your own, set NODE_EXTRA_CA_CERTS=/path/to/ca.pem in the environment (in .env it comes too late).\n',
  });
});

const longAgo = { from: new Date('2020-01-01'), to: new Date('2021-01-01') };

test.each([
  [
    'of another host',
    () => startRedis(authority.issue('redis.example.com')),
    /: its certificate is for another host\./,
  ],
  ['of long ago', () => startRedis(authority.issue('localhost', longAgo)), /: its certificate is not valid today\./],
  [
    'and a wish for one of ours',
    () => startRedis(authority.issue('localhost'), '--tls-auth-clients', 'yes'),
    // Which of the two, TLS 1.3 leaves to chance (errors.ts).
    /: it (asks for a certificate of ours|closed the connection after the TLS handshake)[.,] .*tls-auth-clients no/,
  ],
])('the error names what is wrong: a server with a certificate %s', async (_, begin, sentence) => {
  const port = await begin();
  const ended = await status(trusting(`rediss://localhost:${port}`));
  expect(ended).toMatchObject({ status: 5, stderr: expect.stringMatching(sentence) });
  expect(ended.stderr).toMatch(/^[^\n]+\n$/);
});

test('redis:// to a port that speaks TLS says to write rediss://', async () => {
  const port = await startRedis(authority.issue('localhost'));
  const ended = await status(trusting(`redis://localhost:${port}`));
  expect(ended).toMatchObject({ status: 5, stderr: expect.stringMatching(/speaks TLS, write rediss:\/\//) });
});

// --- helpers ----------------------------------------------------------------------------------------------------------

function caFile(): string {
  return join(folder, 'ca.pem');
}

function trusting(url: string): Record<string, string> {
  return {
    REDIS_URL: url,
    NODE_EXTRA_CA_CERTS: caFile(),
    FASTREGISTER_SECRET_KEY: randomBytes(32).toString('base64'),
    FASTREGISTER_HOME: join(folder, 'home'),
  };
}

function status(env: Record<string, string>): Promise<Ended> {
  return run(['status'], { env });
}

/** On a port that speaks nothing but TLS. */
async function startRedis({ certificate, key }: Certificate, ...settings: string[]): Promise<number> {
  const [certFile, keyFile] = [join(folder, 'server.pem'), join(folder, 'server.key')];
  writeFileSync(certFile, certificate);
  writeFileSync(keyFile, key);
  const port = await freePort();
  const place = ['--port', '0', '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes'];
  const files = ['--tls-cert-file', certFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', caFile()];
  const tls = ['--tls-port', String(port), ...files, '--tls-auth-clients', 'no'];
  server = spawn('redis-server', [...place, ...tls, ...settings], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = server.stdout?.setEncoding('utf8');
  let said = '';
  for await (const chunk of lines?.iterator({ destroyOnReturn: false }) ?? []) {
    said += chunk;
    if (/ready to accept connections/i.test(said)) {
      lines?.resume();
      return port;
    }
  }
  throw new Error(`redis-server does not start with TLS: ${said}`);
}

async function freePort(): Promise<number> {
  const placeholder = createServer().listen(0, '127.0.0.1');
  await once(placeholder, 'listening');
  const { port } = placeholder.address() as { port: number };
  placeholder.close();
  await once(placeholder, 'close');
  return port;
}

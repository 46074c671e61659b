/** The console as a process of its own. */
import { expect, test } from 'vitest';
import { portOf, start } from '../../support/program.js';
import { newHome, rehearsalEnvironment } from '../../support/rehearsal.js';
import { until } from '../../support/until.js';

const PASSWORD = 'a password of tests';

async function serve(more: Record<string, string> = {}) {
  const env = {
    ...rehearsalEnvironment(newHome(), 'http://127.0.0.1:9'),
    FASTREGISTER_CONSOLE_PORT: '0',
    FASTREGISTER_CONSOLE_PASSWORD: PASSWORD,
    ...more,
  };
  const program = start(['serve', '--only', 'console'], { env });
  const address = `http://127.0.0.1:${await portOf(program, 'console')}`;
  const cookies = new Map<string, string>();
  const ask = async (path: string, init: RequestInit = {}) => {
    const cookie = [...cookies].map((it) => it.join('=')).join('; ');
    const answer = await fetch(address + path, { redirect: 'manual', ...init, headers: { ...init.headers, cookie } });
    for (const set of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      cookies.set(name, value);
    }
    return answer;
  };
  const logIn = async (headers: Record<string, string> = {}) => {
    const page = await (await ask('/login', { headers })).text();
    const csrf = /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
    const body = new URLSearchParams({ csrf, username: 'admin', password: PASSWORD });
    return ask('/login', { method: 'POST', body, headers: { origin: address, ...headers } });
  };
  return { program, address, ask, logIn, cookies };
}

test('the process ends at once although a page follows it', async () => {
  const { program, ask, logIn } = await serve();
  expect((await ask('/')).status).toBe(303);
  expect((await logIn()).status).toBe(303);
  expect(await (await ask('/')).text()).toContain('<h1>Today</h1>');
  expect((await ask('/livez')).status).toBe(200);
  const stream = await ask('/live');
  const reader = stream.body?.getReader();
  const first = await reader?.read();
  expect(new TextDecoder().decode(first?.value)).toContain('event: changed');
  const asked = Date.now();
  program.kill('SIGTERM');
  expect((await program.ended).status).toBe(0);
  expect(Date.now() - asked).toBeLessThan(10_000);
  expect((await program.ended).stderr).not.toMatch(/"level":"error"/);
});

test('behind a trusted proxy that speaks TLS, cookies are sent over TLS only; the header of another client changes nothing', async () => {
  const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7' };
  const behind = await serve({ FASTREGISTER_CONSOLE_TRUST_PROXY: 'loopback' });
  const answer = await behind.logIn(forwarded);
  expect(answer.status).toBe(303);
  expect(answer.headers.get('strict-transport-security')).toBe('max-age=31536000');
  const cookies = answer.headers.getSetCookie();
  expect(cookies.length).toBeGreaterThan(0);
  for (const cookie of cookies) expect(cookie).toMatch(/^__Host-fastregister-.*; HttpOnly; Secure; SameSite=Lax$/);
  const alone = await serve();
  const plain = await alone.logIn(forwarded);
  expect(plain.status).toBe(303);
  for (const cookie of plain.headers.getSetCookie()) expect(cookie).not.toContain('Secure');
});

test('an upload without a session is not read', async () => {
  const { ask, address } = await serve();
  const answer = await ask('/users/add', { method: 'POST', body: 'x'.repeat(100_000), headers: { origin: address } });
  expect(answer.status).toBe(303);
  await until('it is still there', async () => (await ask('/livez')).status === 200);
});

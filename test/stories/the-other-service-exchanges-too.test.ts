import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { vaultOf } from '../../src/app/wiring/vault.js';
import { openAuthorizers } from '../../src/redis/pushes/authorizers.js';
import { openPushes } from '../../src/redis/pushes/pushes.js';
import { merchant } from '../support/merchants.js';
import { rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const EXCHANGE = '/cgi-bin/component/api_query_auth';

/** The platform's other service: it notes the bodies that it gets. */
async function otherService(): Promise<{ url: string; bodies: string[] }> {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    bodies.push(body);
    response.end('success');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`, bodies };
}

test('authorisations are relayed as they came, also of our Mini Programs, and their codes left to the other service while a token is kept', async () => {
  const service = await otherService();
  const story = await rehearse({ settings: { FASTREGISTER_FORWARD_URL: service.url } });
  const authorizers = openAuthorizers(story.store.redis, vaultOf(story.store.settings));
  const exchanges = () => story.simulator.state().calls[EXCHANGE]?.[''] ?? {};
  const it = merchant(1);
  await story.book.load('b1', [it]);
  await story.start();
  await until('its token is kept', async () => (await story.registration(it)).authorizer === 'kept');
  const { appid = '' } = await story.registration(it);
  const first = (await authorizers.find(appid))?.refreshToken;
  expect(exchanges()).toEqual({ 0: 1 });

  story.simulator.reauthorize(appid);
  await until('WeChat has told us the new token', async () => (await authorizers.find(appid))?.refreshToken !== first);
  expect(exchanges()).toEqual({ 0: 1 });

  story.simulator.unauthorize(appid);
  await until('it is withdrawn', async () => (await story.registration(it)).authorizer === 'withdrawn');
  story.simulator.reauthorize(appid);
  await until('its token is kept again', async () => (await story.registration(it)).authorizer === 'kept');
  // Without a token, the code was worth a try.
  expect(exchanges()).toEqual({ 0: 2 });

  const kinds = ['authorized', 'updateauthorized', 'unauthorized', 'authorized'];
  const stored = (await openPushes(story.store.redis).list(100)).filter(({ infoType }) => kinds.includes(infoType));
  await until('all are relayed', () => stored.every(({ body }) => service.bodies.includes(body.toString())));
  expect(stored.map(({ infoType }) => infoType).reverse()).toEqual(kinds);
});

/** Stands between the program and the simulator, and notes everything that must not be told to anybody else. */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** Fields of requests, answers and queries whose values are secrets or somebody's data. */
const CONFIDENTIAL = new Set([
  'name',
  'code',
  'legal_persona_wechat',
  'legal_persona_name',
  'component_phone',
  'component_secret',
  'component_appsecret',
  'component_verify_ticket',
  'component_access_token',
  'access_token',
  'authorization_code',
  'authorizer_access_token',
  'authorizer_refresh_token',
]);

export interface Eavesdropper {
  readonly url: string;
  /** By the name of the field. */
  readonly heard: ReadonlyMap<string, ReadonlySet<string>>;
}

export async function newEavesdropper(simulatorUrl: string): Promise<Eavesdropper> {
  const heard = new Map<string, Set<string>>();

  function note(value: unknown, field = ''): void {
    if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) note(inner, name);
    } else if (CONFIDENTIAL.has(field) && String(value) !== '') {
      const values = heard.get(field) ?? new Set();
      heard.set(field, values.add(String(value)));
    }
  }

  function noteJson(text: string): void {
    try {
      note(JSON.parse(text));
    } catch {
      // Half an answer, or an HTML page.
    }
  }

  const server = createServer(async (incoming, response) => {
    let body = '';
    for await (const chunk of incoming.setEncoding('utf8')) body += chunk;
    noteJson(body);
    const url = new URL(incoming.url ?? '/', simulatorUrl);
    note(Object.fromEntries(url.searchParams));
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const passedOn = request(url, { method: incoming.method, headers, agent: false });
    passedOn.on('error', () => response.destroy());
    passedOn.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        response.write(chunk);
      });
      answer.on('end', () => {
        noteJson(text);
        response.end();
      });
      answer.on('error', () => response.destroy());
    });
    response.on('close', () => passedOn.destroy());
    passedOn.end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard };
}

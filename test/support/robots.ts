/**
 * Group robots of 企业微信, 钉钉 and 飞书 over real HTTP, by what their own documentation says of them: key, signature, format, size.
 * They answer 200 to what they refuse, and say so in the answer.
 */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export type Kind = 'wecom' | 'dingtalk' | 'feishu';

export interface FakeRobot {
  readonly kind: Kind;
  /** As its page shows it, on this machine: it is known by its path only. */
  readonly url: string;
  readonly key: string;
  readonly secret: string | undefined;
  /** The text of each message that it took, as its group sees it. */
  readonly heard: readonly string[];
  /** Every request, taken or not. */
  readonly requests: readonly { readonly url: string; readonly body: string }[];
  /** It answers these before it does as usual. `''`: with a page. */
  answers: (object | '')[];
  /** It answers this from now on. */
  always: object | undefined;
}

interface Asked {
  readonly query: URLSearchParams;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly bytes: number;
}

interface Rules {
  readonly path: (key: string) => string;
  readonly ok: object;
  /** What it refuses, or undefined. */
  readonly refusal: (asked: Asked, robot: Pick<FakeRobot, 'key' | 'secret'>) => object | undefined;
  readonly text: (body: Asked['body']) => string;
}

const HOUR_MS = 3_600_000;

const RULES: Readonly<Record<Kind, Rules>> = {
  wecom: {
    path: (key) => `/cgi-bin/webhook/send?key=${key}`,
    ok: { errcode: 0, errmsg: 'ok' },
    refusal({ query, body }, { key }) {
      if (query.get('key') !== key) return { errcode: 93000, errmsg: `invalid webhook url, key ${query.get('key')}` };
      const content = field(body, 'markdown', 'content');
      if (body.msgtype !== 'markdown' || typeof content !== 'string')
        return { errcode: 40008, errmsg: 'invalid message type' };
      return Buffer.byteLength(content) > 4_096
        ? { errcode: 40058, errmsg: 'markdown.content exceed max length 4096' }
        : undefined;
    },
    text: (body) => String(field(body, 'markdown', 'content')),
  },
  dingtalk: {
    path: (key) => `/robot/send?access_token=${key}`,
    ok: { errcode: 0, errmsg: 'ok' },
    refusal({ query, body, bytes }, { key, secret }) {
      if (query.get('access_token') !== key) return { errcode: 300005, errmsg: 'token is not exist' };
      if (secret !== undefined) {
        const timestamp = query.get('timestamp') ?? '';
        // Base64 of the HMAC of "timestamp\nsecret" with the secret as its key; milliseconds, an hour at most.
        const right = createHmac('sha256', secret).update(`${timestamp}\n${secret}`, 'utf8').digest('base64');
        if (!/^\d{13}$/.test(timestamp) || Math.abs(Date.now() - Number(timestamp)) > HOUR_MS) {
          return { errcode: 310000, errmsg: 'invalid timestamp' };
        }
        if (query.get('sign') !== right) return { errcode: 310000, errmsg: 'sign not match' };
      }
      const isWhole =
        typeof field(body, 'markdown', 'title') === 'string' && typeof field(body, 'markdown', 'text') === 'string';
      if (body.msgtype !== 'markdown' || !isWhole) return { errcode: 40035, errmsg: 'missing parameter' };
      return bytes > 20_000 ? { errcode: 460101, errmsg: 'message too long' } : undefined;
    },
    text: (body) => String(field(body, 'markdown', 'text')),
  },
  feishu: {
    path: (key) => `/open-apis/bot/v2/hook/${key}`,
    ok: { StatusCode: 0, StatusMessage: 'success', code: 0, data: {}, msg: 'success' },
    refusal({ path, body, bytes }, { key, secret }) {
      if (!path.endsWith(`/${key}`))
        return { code: 19001, msg: 'param invalid: incoming webhook access token invalid', data: {} };
      if (secret !== undefined) {
        const timestamp = String(body.timestamp);
        // Base64 of the HMAC of nothing with "timestamp\nsecret" as its key; seconds, an hour at most.
        const right = createHmac('sha256', `${timestamp}\n${secret}`).digest('base64');
        if (
          !/^\d{10}$/.test(timestamp) ||
          Math.abs(Date.now() - Number(timestamp) * 1000) > HOUR_MS ||
          body.sign !== right
        ) {
          return {
            code: 19021,
            msg: 'sign match fail or timestamp is not within one hour from current time',
            data: {},
          };
        }
      }
      if (body.msg_type !== 'post' || bytes > 20_000 || !isPost(body))
        return { code: 9499, msg: 'Bad Request', data: {} };
      return undefined;
    },
    text: (body) => {
      const { title, paragraphs } = postIn(body);
      return [
        title,
        ...paragraphs.map((parts) =>
          parts.map(({ text, href }) => text + (href === undefined ? '' : ` ${href}`)).join(''),
        ),
      ].join('\n');
    },
  },
};

interface Part {
  readonly tag: string;
  readonly text: string;
  readonly href?: string;
}

function postIn(body: Asked['body']): { title: string; paragraphs: Part[][] } {
  const post = field(body, 'content', 'post') as Readonly<Record<string, { title: string; content: Part[][] }>>;
  const { title = '', content = [] } = post.zh_cn ?? post.en_us ?? {};
  return { title, paragraphs: content };
}

function isPost(body: Asked['body']): boolean {
  const { paragraphs } = postIn(body);
  return (
    paragraphs.length > 0 &&
    paragraphs
      .flat()
      .every(({ tag, text, href }) => text !== '' && (tag === 'text' || (tag === 'a' && href !== undefined)))
  );
}

function field(body: Asked['body'], ...names: readonly string[]): unknown {
  return names.reduce<unknown>((value, name) => (Object(value) as Record<string, unknown>)[name], body);
}

let made = 0;

/** @param secret it asks for a signature with this; absent: for none. `prefix`: a proxy stands before it, under this path. */
export async function newRobot(
  kind: Kind,
  { secret, prefix = '' }: { secret?: string; prefix?: string } = {},
): Promise<FakeRobot> {
  made += 1;
  const rules = RULES[kind];
  const heard: string[] = [];
  const requests: { url: string; body: string }[] = [];
  const key = `${kind}-key-${made}-0123456789`;
  const server = createServer(async (request, response) => {
    const body = await textOf(request);
    requests.push({ url: request.url ?? '', body });
    const url = new URL(request.url ?? '', 'http://robot');
    const asked = {
      query: url.searchParams,
      path: url.pathname,
      body: JSON.parse(body),
      bytes: Buffer.byteLength(body),
    };
    const forced = robot.answers.shift() ?? robot.always;
    const answer = forced ?? rules.refusal(asked, robot) ?? rules.ok;
    if (answer === rules.ok) heard.push(rules.text(asked.body));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(answer === '' ? '<html>Please log in</html>' : JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const robot: FakeRobot = {
    kind,
    url: `${origin}${prefix}${rules.path(key)}`,
    key,
    secret,
    heard,
    requests,
    answers: [],
    always: undefined,
  };
  return robot;
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of request.setEncoding('utf8')) text += piece;
  return text;
}
